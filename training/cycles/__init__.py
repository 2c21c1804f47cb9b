"""The Cycles scene generator: runs in Blender's Python, knows no torch.

A seed names a scene. The *picture* has everything a photograph has; the *lights* are the same scene
under a matte coat and one sharp sun at a time, direct light only, which is what makes them teach.
"""
