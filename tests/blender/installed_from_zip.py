"""Install the zip into a bare Blender and run one estimate; a process of its own.

python -S installed_from_zip.py ZIP RUN_DIR
"""

import importlib.util
import sys
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.clone_normals"


def main(zip_path: str, run_dir: str) -> None:
    assert importlib.util.find_spec("zmq") is None and importlib.util.find_spec("msgpack") is None
    bpy.ops.preferences.addon_enable(module="bl_pkg")
    bpy.ops.extensions.package_install_files(
        filepath=zip_path, repo="user_default", enable_on_install=True
    )
    import zmq  # noqa: PLC0415

    assert "extensions" in Path(zmq.__file__).parts, zmq.__file__
    from tests.fake_backend import FakeBackend  # noqa: PLC0415

    bpy.context.preferences.addons[MODULE].preferences.run_dir = run_dir
    bpy.data.images.new("photo", 32, 24)
    with FakeBackend(Path(run_dir)):
        assert bpy.ops.image.clone_estimate_normals(image_name="photo") == {"FINISHED"}
    assert "photo_normal" in bpy.data.images
    sys.stdout.write("round trip with bundled wheels\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
