"""A bad line: a TCP proxy that is slow, or is cut after so many bytes in one direction."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, replace
from typing import Literal

from shared.connection import Connection

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Line:
    """What is wrong with a line; it carries nothing more, in any direction, once it is cut."""

    delay: float = 0.0
    """Seconds that each piece waits."""
    bytes_per_second: float = float("inf")
    cut: Direction = "up"
    cut_after: float = float("inf")


class Proxy:
    """Carry bytes between clients and a backend over a bad line."""

    def __init__(self, connection: Connection, line: Line) -> None:
        self._line = line
        self._target = int(connection.endpoint.rsplit(":", 1)[1])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self._threads: list[threading.Thread] = []
        self.is_cut = threading.Event()
        endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connection = replace(connection, endpoint=endpoint)

    def __enter__(self) -> "Proxy":
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._cut()
        for thread in self._threads:
            thread.join(5.0)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                self._run(self._carry, near, far, "up")
                self._run(self._carry, far, near, "down")

    def _carry(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        left = self._line.cut_after if direction == self._line.cut else float("inf")
        with contextlib.suppress(OSError):
            while piece := source.recv(int(min(left, 65536))):
                time.sleep(self._line.delay + len(piece) / self._line.bytes_per_second)
                sink.sendall(piece)
                left -= len(piece)
                if left <= 0:
                    self.is_cut.set()
                    break
        self._cut()

    def _cut(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            one.close()

    def _run(self, target, *arguments) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
