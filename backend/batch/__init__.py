"""Estimate pictures without Blender: ``python -m backend.batch IN … OUT``.

IN are pictures, folders, patterns and numbered sequences, OUT is a folder. A picture whose results
already lie there, made from the same bytes with the same settings, is skipped, so a run that was
interrupted can be repeated: files appear under their names only when they are whole, the report of
a picture after them, and a .blend, which Blender makes of them all, last.

    config      the options of the command line
    plan        which pictures, what their results are called, what is done already
    results     the files of one picture
    blend       the .blend of one picture, by a Blender of its own
    in_blender  what that Blender runs
    picture     one picture, from file to files
    steady      frames of a sequence that go on from the frame before
    workers     pictures one after the other, or several at a time
    progress    what is said meanwhile
"""

from backend.batch.config import BatchConfig

__all__ = ["BatchConfig"]
