"""Scenes, the label-free objective, training and evaluation."""
