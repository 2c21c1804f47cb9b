"""A pinned file from the network: it appears under its name only when size and hash are right.

What came before a connection broke, or before Ctrl-C, stays beside it and is gone on from.
"""

import hashlib
import http.client
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

SECONDS = 30.0
"""How long a silent server is waited for."""
PIECE = 1 << 18
ATTEMPTS = 4
"""Connections in a row that may break before it is left to the user to go on."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Tell = Callable[[int], None]
"""Is told how many bytes are there."""


class NotFetched(Exception):
    """A file did not come whole; the message says what happened and what to do next."""


@dataclass(frozen=True)
class Wanted:
    """A file on the network, exactly."""

    url: str
    bytes: int
    sha256: str


class _Wrong(Exception):
    """What lies there, or what the server sends, is another file."""


def fetch(wanted: Wanted, target: Path, tell: Tell) -> None:
    """Fetch a file into place; ``tell`` may raise to stop, and what came so far stays.

    Raises:
        NotFetched: when it cannot be had, or is not the file that was pinned.
    """
    _check_address(wanted.url)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(".part")
    try:
        _check_room(wanted, part)
        _persist(wanted, part, tell)
        _check_whole(wanted, part)
        part.replace(target)
    except _Wrong as wrong:
        part.unlink(missing_ok=True)
        raise NotFetched(
            f"{wrong} It was not installed. Try again; if that does not help, something between "
            "this machine and the server changes it, or the server has another file now."
        ) from wrong
    except OSError as error:
        raise NotFetched(_trouble(wanted, part, error)) from error


def _persist(wanted: Wanted, part: Path, tell: Tell) -> None:
    """Go on over broken connections until everything is there, or none brings anything more."""
    in_vain = 0
    while (before := _size(part)) != wanted.bytes:
        try:
            _go_on(wanted, part, tell)
        except urllib.error.HTTPError:
            raise
        except OSError:
            in_vain = 0 if _size(part) > before else in_vain + 1
            if in_vain == ATTEMPTS:
                raise


def _go_on(wanted: Wanted, part: Path, tell: Tell) -> None:
    """Fetch what is missing over one connection."""
    with part.open("r+b" if part.exists() else "w+b") as file:
        there = file.seek(0, 2)
        if there > wanted.bytes:
            raise _Wrong(f"{_mb(there)} are there already, of {_mb(wanted.bytes)}.")
        try:
            with _opened(wanted, there) as answer:
                _receive(answer, file, there, wanted, tell)
        except http.client.HTTPException as error:
            raise OSError(f"{type(error).__name__}") from error
        if file.tell() < wanted.bytes:
            raise OSError("the connection broke")


def _opened(wanted: Wanted, there: int) -> Any:
    """Ask for the file from a byte on."""
    headers = {"User-Agent": "clone-normals", "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    opener = urllib.request.build_opener(_SameScheme)
    return opener.open(urllib.request.Request(wanted.url, headers=headers), timeout=SECONDS)


def _receive(answer: Any, file: BinaryIO, there: int, wanted: Wanted, tell: Tell) -> None:
    """Write what the server sends where it belongs; it may begin anew."""
    if _begins_at(answer, wanted) != there:
        there = 0
        file.seek(0)
        file.truncate()
    while piece := answer.read(PIECE):
        there += len(piece)
        if there > wanted.bytes:
            raise _Wrong(f"The server sends more than the {_mb(wanted.bytes)} that are expected.")
        file.write(piece)
        tell(there)


def _begins_at(answer: Any, wanted: Wanted) -> int:
    """Return the byte that an answer begins with: the one that was asked for, or the first."""
    if answer.status != http.client.PARTIAL_CONTENT:
        length = answer.headers.get("Content-Length")
        if length is not None and length != str(wanted.bytes):
            raise _Wrong(f"The server's file has {length} bytes, expected were {wanted.bytes}.")
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if found is None or int(found[2]) != wanted.bytes:
        raise _Wrong(f"The server's file has not the {wanted.bytes} bytes that are expected.")
    return int(found[1])


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follow a server to another one, but not out of https."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise urllib.error.URLError(f"the server leads to {newurl}, which is not trusted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise NotFetched(f"{url} is no https address.")


def _check_room(wanted: Wanted, part: Path) -> None:
    there = _size(part)
    free = shutil.disk_usage(part.parent).free
    if free < wanted.bytes - there:
        raise NotFetched(
            f"{_mb(wanted.bytes - there)} are needed in {part.parent}, and {_mb(free)} are free. "
            "Make room there."
        )


def _check_whole(wanted: Wanted, part: Path) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted.sha256:
        raise _Wrong(f"What came has the SHA-256 {found}, expected was {wanted.sha256}.")


def _trouble(wanted: Wanted, part: Path, error: OSError) -> str:
    there = _size(part)
    host = urlsplit(wanted.url).hostname
    reason = getattr(error, "reason", error)
    if isinstance(error, urllib.error.HTTPError):
        return f"{host} answers {error.code} ({reason}) for {wanted.url}."
    if there:
        return (
            f"The download ended after {_mb(there)} of {_mb(wanted.bytes)} ({reason}). "
            "The same command goes on from there."
        )
    return f"{host} cannot be reached ({reason}). Check the connection, or a proxy's settings."


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
