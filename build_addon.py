"""Build the Blender extension: source tree and wheels into one installable zip per platform.

    python build_addon.py                        every platform, into dist/
    python build_addon.py --platform linux-x64   one platform
    python build_addon.py --stage DIR            the unpacked tree only, without wheels

Nothing in the source tree is edited: the manifest is generated, and ``shared/`` is copied under the
extension's own package, where no other add-on can collide with it. The backend's own package lies
in the zip as data, for the add-on to install apart from Blender's Python, so both always fit
together. The same sources give the same bytes.
"""

import argparse
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
EXTENSION = "clone_normals"
MAINTAINER = "CLONE Normals maintainers <maintainers@clone-normals.example>"

REQUIREMENTS = ("pyzmq==27.3.0", "msgpack==1.2.4")
PYTHONS = ("3.11", "3.13")
"""Blender 4.5 and 5.0 run Python 3.11, 5.1 and later 3.13."""
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "windows-x64": ("win_amd64",),
    "windows-arm64": ("win_arm64",),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_11_0_x86_64",),
}
"""Blender's names of the platforms, and those of the wheels."""

BACKEND_PARTS = ("backend", "shared", "pyproject.toml", "README.md", "LICENSE")
"""What the backend's own package is built of."""
BACKEND_FOLDER = "backend_wheel"
"""Where it lies in the extension: data for the add-on, never part of Blender's Python."""
RELEASED = "1577836800"
"""The time of every file in it, 2020-01-01, so that the same sources give the same bytes."""

SKIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache"}
TIMESTAMP = (2020, 1, 1, 0, 0, 0)

log = logging.getLogger("build_addon")


class BuildError(Exception):
    """The extension cannot be built; the text says why and what to do."""


def version() -> str:
    """Return the project's version, which is the extension's too."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def manifest(wheels: Iterable[str] = (), platform: str = "") -> str:
    """Return the text of ``blender_manifest.toml``."""
    entries = {
        "schema_version": "1.0.0",
        "id": EXTENSION,
        "version": version(),
        "name": "CLONE Normals",
        "tagline": "Normals, light and Gaussians out of one picture",
        "maintainer": MAINTAINER,
        "type": "add-on",
        "blender_version_min": "4.5.0",
        "license": ["SPDX:GPL-3.0-or-later", "SPDX:Apache-2.0"],
        "tags": ["Material", "Lighting", "3D View"],
    }
    if platform:
        entries["platforms"] = [platform]
    if wheels := sorted(wheels):
        entries["wheels"] = [f"./wheels/{name}" for name in wheels]
    permissions = {
        "network": "Install the compute process and talk to it",
        "files": "Keep the compute process and its log",
    }
    # Strings and lists of strings are written the same in JSON and in TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    lines += ["", "[permissions]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in permissions.items()]
    return "\n".join(lines) + "\n"


def source_files() -> dict[str, bytes]:
    """Return every source file by its place in the extension."""
    files = {}
    for folder, inside in ((ROOT / "blender_addon", ""), (ROOT / "shared", "shared/")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not SKIPPED & set(path.parts) and path.suffix != ".pyc":
                files[inside + path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def stage(target: Path) -> Path:
    """Write the unpacked extension without wheels to ``target/clone_normals``."""
    tree = target / EXTENSION
    shutil.rmtree(tree, ignore_errors=True)
    return _written(source_files() | {"blender_manifest.toml": manifest().encode()}, tree)


def download(platform: str, cache: Path) -> list[Path]:
    """Return the platform's wheels, downloading those that are not there yet.

    Raises:
        BuildError: when pip cannot get them.
    """
    folder = cache / platform
    complete = folder / "complete.json"
    wanted = {"requirements": REQUIREMENTS, "pythons": PYTHONS, "tags": PLATFORMS[platform]}
    stamp = json.dumps(wanted, sort_keys=True)
    if not complete.is_file() or complete.read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        for python in PYTHONS:
            log.info("downloading wheels for %s, Python %s", platform, python)
            _pip_download(python, PLATFORMS[platform], folder)
        complete.write_text(stamp)
    return sorted(folder.glob("*.whl"))


def _pip_download(python: str, tags: Iterable[str], folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--python-version", python]
    command += [part for tag in tags for part in ("--platform", tag)]
    command += ["--dest", str(folder), *REQUIREMENTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise BuildError(
            f"pip could not download {' and '.join(REQUIREMENTS)} for Python {python}: "
            f"{' '.join(reasons) or done.stderr.strip()}\n"
            "Check the network and the index that pip uses, then run this again."
        )


def backend_files() -> dict[str, bytes]:
    """Return every file that the backend's package is built of, by its place in the sources."""
    files = {}
    for part in BACKEND_PARTS:
        for path in sorted((ROOT / part).rglob("*")) or [ROOT / part]:
            if path.is_file() and not SKIPPED & set(path.parts) and path.suffix != ".pyc":
                files[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    return files


def backend_wheel(cache: Path) -> Path:
    """Return the backend's own package, building it unless it is there for these very sources.

    Raises:
        BuildError: when pip cannot build it.
    """
    files = backend_files()
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name} {len(data)} ".encode() + data)
    folder = cache / "backend" / digest.hexdigest()[:16]
    if not list(folder.glob("*.whl")):
        log.info("building the backend's package")
        with tempfile.TemporaryDirectory(dir=_made(folder.parent)) as work:
            _pip_wheel(_written(files, Path(work) / "sources"), Path(work) / "wheel")
            shutil.rmtree(folder, ignore_errors=True)
            (Path(work) / "wheel").rename(folder)
    return next(folder.glob("*.whl"))


def _pip_wheel(sources: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--wheel-dir", str(target), str(sources)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": RELEASED}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise BuildError(
            f"pip could not build the backend's package: {done.stderr.strip()}\n"
            "Check the network and the index that pip uses, then run this again."
        )


def _written(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a zip whose bytes depend on nothing but them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.create_system = 3  # as on Linux, wherever this runs
            entry.external_attr = 0o644 << 16
            entry.compress_type = (
                zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            )
            archive.writestr(entry, files[name])


def build(platform: str, out: Path, wheel_cache: Path) -> Path:
    """Build one platform's zip and return its path."""
    wheels = download(platform, wheel_cache)
    files = source_files()
    files["blender_manifest.toml"] = manifest((path.name for path in wheels), platform).encode()
    files |= {f"wheels/{path.name}": path.read_bytes() for path in wheels}
    backend = backend_wheel(wheel_cache)
    files[f"{BACKEND_FOLDER}/{backend.name}"] = backend.read_bytes()
    target = out / f"{EXTENSION}-{version()}-{platform.replace('-', '_')}.zip"
    with tempfile.TemporaryDirectory(dir=_made(out)) as folder:
        unfinished = Path(folder) / target.name
        write_zip(unfinished, files)
        return unfinished.replace(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(arguments: list[str] | None = None) -> int:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the zips go")
    parser.add_argument("--wheels", type=Path, default=ROOT / "wheels", help="downloaded wheels")
    parser.add_argument("--platform", nargs="+", choices=PLATFORMS, default=list(PLATFORMS))
    parser.add_argument("--stage", type=Path, help="write the unpacked tree here and stop")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if options.stage:
            log.info("%s", stage(options.stage))
            return 0
        for platform in options.platform:
            path = build(platform, options.out, options.wheels)
            log.info("%s  %.1f MB", path, path.stat().st_size / 1e6)
    except BuildError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
