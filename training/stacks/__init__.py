"""Light stacks of your own objects, turned into packs to learn from.

A stack is a folder of pictures from one fixed camera, each under another single light. The object
has no true normals and needs none: the lights teach, as they do in our own scenes.
"""
