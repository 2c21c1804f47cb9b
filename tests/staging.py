"""The built extension for tests: unpacked, and importable without bpy where it needs none."""

import importlib
import sys
import types
from pathlib import Path

import build_addon

PACKAGE = "clone_normals_staged"


def stage_without_bpy(folder: Path) -> None:
    """Make the bpy-free modules of the built tree importable as ``clone_normals_staged.client``…

    The package's own ``__init__`` imports bpy, so an empty package stands in for it.
    """
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(build_addon.stage(folder))]
    sys.modules[PACKAGE] = package


def staged(module: str) -> types.ModuleType:
    """Return a module of the staged extension."""
    return importlib.import_module(f"{PACKAGE}.{module}")
