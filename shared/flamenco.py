"""Send a job to a Flamenco Manager: the JSON it takes, and what can go wrong on the way."""

import ipaddress
import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from .settings import LightFrom

JOB_TYPE = "clone-normals"
"""What a Manager calls ``farm/flamenco/clone_normals.js``."""

MOST_BYTES = 1 << 20
PLATFORMS = {"win32": "windows"}
"""Where the name that Flamenco has for a platform is not Python's."""


@dataclass(frozen=True)
class JobSettings:
    """What the job type asks for; the fields are its settings, its defaults stand for the rest."""

    pictures: str
    """Folder with the pictures, on storage that all machines see."""
    results: str
    """Folder for the results, likewise."""
    steps: int
    size: int
    fov: float
    light_from: LightFrom
    seamless: bool
    shards: int = 4


class NotSubmitted(Exception):
    """A job did not reach the farm; the message says what happened and what to do next."""


def job(name: str, settings: JobSettings, priority: int = 50) -> dict[str, object]:
    """Return a job as the Manager's ``/api/v3/jobs`` takes it."""
    return {
        "name": name,
        "type": JOB_TYPE,
        "priority": priority,
        "submitter_platform": PLATFORMS.get(sys.platform, sys.platform),
        "settings": asdict(settings),
    }


def submit(manager: str, wanted: Mapping[str, object], seconds: float = 10.0) -> str:
    """Send a job to the Manager at a URL such as ``http://farm:8080``; return the job's id.

    Raises:
        NotSubmitted: when no Manager answers, or it does not take the job.
    """
    request = urllib.request.Request(
        f"{_checked(manager)}/api/v3/jobs",
        json.dumps(dict(wanted)).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        # A Manager is a neighbour: no proxy stands in between, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=seconds) as answer:
            return _job_id(manager, answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        raise NotSubmitted(_refusal(manager, error.code, _read(error))) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise NotSubmitted(
            f"No Flamenco Manager answers at {manager} ({reason}). Check the address, and that "
            "the Manager runs and this machine reaches it."
        ) from error


def reaches_internet(manager: str) -> bool:
    """Return whether a Manager's address lies outside the local network; looks its name up.

    Raises:
        NotSubmitted: when the URL is none, or there is no such machine.
    """
    host = urlsplit(_checked(manager)).hostname or ""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise NotSubmitted(f"There is no machine “{host}”. Check the Manager's address.") from error
    return any(
        ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found
    )


def _checked(manager: str) -> str:
    """Return a Manager's URL without a slash at the end."""
    try:
        parts = urlsplit(manager.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NotSubmitted(
            f"“{manager}” is no address of a Flamenco Manager. It looks like http://farm:8080."
        )
    return manager.strip().rstrip("/")


def _job_id(manager: str, answer: bytes) -> str:
    try:
        return str(json.loads(answer)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotSubmitted(
            f"What answers at {manager} is no Flamenco Manager. Check the address."
        ) from error


def _refusal(manager: str, code: int, answer: bytes) -> str:
    """Say why a Manager did not take a job, in its own words where it has some."""
    try:
        words = str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return f"What answers at {manager} does not take jobs (HTTP {code}). Check the address."
    if words == "job type unknown":
        return (
            f"The Flamenco Manager at {manager} does not know this type of job. Copy "
            "farm/flamenco/clone_normals.js into its folder “scripts” and restart it."
        )
    return f"The Flamenco Manager at {manager} did not take the job: {words}."


def _read(error: urllib.error.HTTPError) -> bytes:
    try:
        with error:
            return error.read(MOST_BYTES)
    except OSError:
        return b""
