"""A backend as a process of its own, with the stand-in engine: arguments as for backend.server."""

import sys

import tyro

from backend.server.__main__ import serve
from backend.server.settings import ServerConfig

WORKER = (sys.executable, "-m", "tests.server_worker")

if __name__ == "__main__":
    sys.exit(serve(tyro.cli(ServerConfig), WORKER))
