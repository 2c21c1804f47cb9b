"""Bad lines: cut in the middle of an upload or a download, and slow ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from shared.messages import Submit
from tests.server_tools import job

from .addon import Guest, request
from .backend import Backend, backend
from .proxy import Direction, Line, Proxy
from .row import Row, exactly, row

Arrays = Mapping[str, np.ndarray]

CUTS = (0.01, 0.1, 0.5, 0.99)
_SIDE = 1400  # pixels; as 32-bit floats of three channels that is 23 MB, more than a window
_SLOW = Line(delay=0.002, bytes_per_second=40e6)


def cut_uploads(count: int, folder: Path) -> Row:
    """Cut uploads; the add-on comes back over a good line and sends the same job again."""
    return _cuts("up", count, folder)


def cut_downloads(count: int, folder: Path) -> Row:
    """Cut the results on their way; the add-on comes back and asks for the same job again."""
    return _cuts("down", count, folder)


def slow_lines(count: int, folder: Path) -> Row:
    """Send jobs over a slow line, which must only take longer."""
    equal = 0
    with backend(folder) as served, served.ready(), Proxy(served.connection, _SLOW) as proxy:
        with Guest(proxy.connection) as guest:
            for index in range(count):
                arrays = _picture(index)
                guest.submit(request(job(arrays=arrays), arrays))
                equal += _same(guest.until("Finished", 120.0).arrays, arrays)
    injected = (
        f"{_SLOW.bytes_per_second / 1e6:.0f} MB/s and {_SLOW.delay * 1e3:.0f} ms more for every "
        f"64 KiB, {count} pictures of 23 MB there and back"
    )
    return row("Slow line", injected, (exactly("equal results", equal, count),))


def _cuts(direction: Direction, count: int, folder: Path) -> Row:
    equal = runs = 0
    with backend(folder) as served, served.ready():
        for index in range(count):
            for share in CUTS:
                arrays = _picture(index)
                submit = job(arrays=arrays)
                after = int(share * arrays["picture"].nbytes)
                _lose_line(served, submit, arrays, Line(cut=direction, cut_after=after))
                equal += _same(_come_back(served, submit, arrays), arrays)
                runs += served.hand_outs(submit.job)
    checks = (
        exactly("equal results", equal, count * len(CUTS)),
        exactly("times computed", runs, count * len(CUTS)),
    )
    shares = "/".join(f"{share * 100:.0f}" for share in CUTS)
    word = {"up": "upload", "down": "download"}[direction]
    return row(f"Cut {word}", f"cut at {shares} % of 23 MB, {count} times each", checks)


def _lose_line(served: Backend, submit: Submit, arrays: Arrays, line: Line) -> None:
    with Proxy(served.connection, line) as proxy, Guest(proxy.connection) as guest:
        guest.submit(request(submit, arrays))
        guest.until("Ended", 60.0)
        assert proxy.is_cut.is_set(), "the connection ended before it was cut"


def _come_back(served: Backend, submit: Submit, arrays: Arrays) -> Arrays:
    with Guest(served.connection) as guest:
        guest.submit(request(submit, arrays))
        return guest.until("Finished", 60.0).arrays


def _picture(seed: int) -> Arrays:
    pixels = np.random.default_rng(seed).random((_SIDE, _SIDE, 3), np.float32)
    return {"picture": pixels}


def _same(first: Arrays, second: Arrays) -> bool:
    return all(first[name].tobytes() == second[name].tobytes() for name in second)
