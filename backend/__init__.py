"""The CLONE engine: one picture in; normals, Gaussians, albedo and light out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("clone-normals")
except PackageNotFoundError:  # run from a source tree that was not installed
    __version__ = "0+source"
