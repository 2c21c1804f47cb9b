"""Where the service writes: one rotating log in the run folder, and a few words to the terminal."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

TERMINAL = "backend.terminal"
"""Logger for what a person who started the backend by hand should read."""

_FILES = 5
_FILE_BYTES = 2 * 1024 * 1024


def log_path(run_dir: Path) -> Path:
    """Return where the log of a run folder is."""
    return run_dir / "backend.log"


def start_logging(run_dir: Path) -> None:
    """Send the log of this process to the run folder, and terminal lines to standard output."""
    # A full disk or a closed terminal must not end a job: writing the log fails quietly.
    logging.raiseExceptions = False
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    to_file = RotatingFileHandler(
        log_path(run_dir), maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="utf-8"
    )
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file])
    if sys.stdout is not None:  # a windowed Python has none
        to_terminal = logging.StreamHandler(sys.stdout)
        to_terminal.setFormatter(logging.Formatter("%(message)s"))
        logging.getLogger(TERMINAL).addHandler(to_terminal)
