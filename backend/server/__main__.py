"""``python -m backend.server``: run a backend, ask or stop the one that runs, keep its keys.

Exit codes: 0 done; 1 no backend to ask; 2 wrong words; 3 a live backend already has the run folder;
4 the run folder or the network address cannot be used; 5 nobody has a key for the network;
6 the self-test failed; 130 the self-test was stopped by Ctrl-C. A backend that Ctrl-C ends has done
its work: 0.
"""

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import tyro

from backend.orphans import take_children_along
from shared.connection import find

from .broker import Broker, NoNetwork, NotPublished, Service
from .client import JobFailed, Unreachable, connect
from .keys import KeyProblem, add_artist, artists, endpoint_of_address, remove_artist, server_keys
from .lock import AlreadyRunning
from .log import log_path, start_logging
from .process import WORKER_COMMAND
from .selftest import Broken, selftest
from .settings import ServerConfig
from .table import status_table

EXIT_NOBODY = 1
EXIT_WORDS = 2
EXIT_ALREADY_RUNNING = 3
EXIT_NO_PLACE = 4
EXIT_NO_KEYS = 5
EXIT_BROKEN = 6
EXIT_STOPPED = 130
_STOP_SECONDS = 10.0


def main(config: ServerConfig) -> int:
    """Do what the command line asks; returns the exit code."""
    if config.selftest:
        return test_itself(config)
    if config.command == "keys":
        return keep_keys(config)
    if config.command == "status":
        return show_status(config.run_dir)
    if config.command == "stop":
        return stop(config.run_dir)
    return serve(config)


def serve(config: ServerConfig, worker_command: tuple[str, ...] = WORKER_COMMAND) -> int:
    """Run a backend until it is told to end."""
    try:
        lan = endpoint_of_address(config.lan) if config.lan else ""
    except KeyProblem as problem:
        _say(str(problem))
        return EXIT_WORDS
    if lan and (trouble := _check_keys(config.run_dir)):
        return trouble
    service = Service(
        config.run_dir, config.device, config.threads, worker_command, config.spare, lan
    )
    try:
        broker = Broker(service)
        start_logging(config.run_dir)
    except AlreadyRunning:
        _say(_already_running(config.run_dir))
        return EXIT_ALREADY_RUNNING
    except OSError as error:
        _say(_unusable(error, config.run_dir))
        return EXIT_NO_PLACE
    except NoNetwork as error:
        _say(f"The network cannot be served. {error}")
        return EXIT_NO_PLACE
    return _serve(broker, config)


def show_status(run_dir: Path) -> int:
    """Print what the backend in a run folder is doing."""
    try:
        with connect(run_dir) as client:
            connection = find(run_dir)
            where = f"{connection.endpoint}, process {connection.pid}" if connection else ""
            _say(status_table(client.status(), where, log_path(run_dir)))
    except (Unreachable, JobFailed) as error:
        _say(str(error))
        return EXIT_NOBODY
    return 0


def stop(run_dir: Path) -> int:
    """End the backend in a run folder and wait until it is gone."""
    connection = find(run_dir)
    try:
        with connect(run_dir) as client:
            client.shut_down()
    except (Unreachable, JobFailed) as error:
        _say(str(error))
        return EXIT_NOBODY
    deadline = time.monotonic() + _STOP_SECONDS
    while find(run_dir) == connection:
        if time.monotonic() > deadline:
            _say(f"The backend has not ended within {_STOP_SECONDS:.0f} s: {log_path(run_dir)}")
            return EXIT_NOBODY
        time.sleep(0.05)
    _say("The backend has ended.")
    return 0


def keep_keys(config: ServerConfig) -> int:
    """Add, remove or list the artists who may use this backend over a network."""
    try:
        match config.words:
            case ("add", name):
                path = add_artist(config.run_dir, name, config.address, Path.cwd())
                _say(f"Carry {path} to {name}: whoever has it may use this backend as {name}.")
            case ("remove", name):
                remove_artist(config.run_dir, name)
                _say(f"{name} cannot use this backend any more.")
            case () | ("list",):
                _say("\n".join(artists(config.run_dir)) or "Nobody has a key.")
            case _:
                raise KeyProblem(
                    "Say: keys add NAME --address HOST:PORT, keys remove NAME, or keys list."
                )
    except KeyProblem as problem:
        _say(str(problem))
        return EXIT_WORDS
    return 0


def test_itself(config: ServerConfig) -> int:
    """Say whether a backend works on this machine."""
    try:
        _say(_tested(config))
    except Broken as broken:
        _say(f"The backend does not work. {broken}")
        return EXIT_BROKEN
    except KeyboardInterrupt:
        _say("Stopped before it was known whether the backend works.")
        return EXIT_STOPPED
    return 0


def _tested(config: ServerConfig) -> str:
    try:
        return selftest(config.device, config.threads, _show)
    finally:
        _show("")


def _serve(broker: Broker, config: ServerConfig) -> int:
    """Let a broker work until a signal, a client or the end of its owner stops it."""
    _family = take_children_along()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: broker.stop())
    if config.owned:
        threading.Thread(target=_watch_starter, args=(broker,), daemon=True).start()
    try:
        broker.serve()
    except NotPublished as error:
        _say(_unusable(error, config.run_dir))
        return EXIT_NO_PLACE
    except Exception:
        logging.getLogger(__name__).exception("the broker ends")
        raise
    return 0


def _watch_starter(broker: Broker) -> None:
    """Wait for the end of standard input, which comes when the starter ends, however it ends."""
    # Read the descriptor: a buffered reader holds a lock that an exiting interpreter stumbles over.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    broker.starter_gone()


def _check_keys(run_dir: Path) -> int:
    """Say what is wrong with the keys for a network; returns the exit code, or 0."""
    if not artists(run_dir):
        _say("Nobody has a key for the network. Make one for each artist first:")
        _say("  python -m backend.server keys add NAME --address THIS-MACHINE:PORT")
        return EXIT_NO_KEYS
    try:
        server_keys(run_dir)
    except KeyProblem as problem:
        _say(str(problem))
        return EXIT_NO_PLACE
    return 0


def _unusable(error: OSError, run_dir: Path) -> str:
    name = error.filename or run_dir
    advice = "See that you may read and write there, or choose another folder with --run-dir."
    return f"{name} cannot be used: {error.strerror or error}. {advice}"


def _already_running(run_dir: Path) -> str:
    connection = find(run_dir)
    if connection is None:
        return f"A backend is just starting in {run_dir}."
    where = f"process {connection.pid}, {connection.endpoint}"
    advice = "Stop it with: python -m backend.server stop"
    return f"A backend already runs in {run_dir} ({where}). {advice}"


def _show(step: str) -> None:
    """Keep one line on a terminal up to date; say nothing into a file."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{step}")
        sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(tyro.cli(ServerConfig, prog="python -m backend.server")))
