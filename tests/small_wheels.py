"""Wheels of a few bytes that stand in for the backend and what it needs."""

import base64
import hashlib
import zipfile
from pathlib import Path

PASSES = "print('The backend works: a small one.')"
FAILS = "raise SystemExit('A ball came back 90° wrong.')"
HANGS = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print('Waiting', flush=True)\n"
    "time.sleep(600)\n"
)


def backend(folder: Path, selftest: str = PASSES, needs: tuple[str, ...] = ("torch>=2.4",)) -> Path:
    """Write a backend whose self-test is the given program."""
    main = f"import sys, torch\nassert sys.argv[1:] == ['--selftest'], sys.argv\n{selftest}\n"
    files = {"backend/__init__.py": "", "backend/server/__init__.py": ""}
    return write(folder, "clone_normals", files | {"backend/server/__main__.py": main}, needs)


def torch(folder: Path) -> Path:
    """Write a PyTorch that can do nothing."""
    return write(folder, "torch", {"torch/__init__.py": ""})


def write(folder: Path, name: str, files: dict[str, str], needs: tuple[str, ...] = ()) -> Path:
    """Write a wheel of a package, in a version that satisfies everyone."""
    info = f"{name}-99.1.dist-info"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 99.1\n{requires}"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = files | {f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel}
    record = "".join(
        f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in files.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-99.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            archive.writestr(inside, text)
    return path


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
