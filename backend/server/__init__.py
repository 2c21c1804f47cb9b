"""The compute service: a broker without torch, and worker processes that run the engine."""
