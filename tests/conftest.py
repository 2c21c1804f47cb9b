"""What every test shares: checked array shapes, reproducible examples."""

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

# the shapes in the annotations become assertions, here and not in production
install_import_hook(["backend", "training"], "beartype.beartype")

torch.set_num_threads(1)  # the pictures here are too small to share
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def pytest_addoption(parser):
    parser.addoption("--blender-python", help="Python of an environment with bpy")
