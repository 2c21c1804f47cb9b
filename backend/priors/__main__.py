"""The command: ``python -m backend.priors list|fetch|add|check|remove``.

Exit codes: 0 done; 1 it did not work (network, hash, a model that fails the test); 2 wrong words or
no such prior; 3 the licence was not accepted; 130 stopped by Ctrl-C.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import tyro

from backend.errors import Refused
from backend.priors import download, sphere, store
from backend.priors.asking import loaded
from backend.priors.network import opened
from shared import installed_priors
from shared.installed_priors import LARGEST_MULTIPLE, OWN_FILE, Installed
from shared.prior_catalogue import CATALOGUE, TOKEN, Pinned
from shared.settings import PRIOR_NAME

FAILED, WORDS, DECLINED, STOPPED = 1, 2, 3, 130

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]


def list_priors() -> int:
    """Show what is installed and what can be fetched."""
    there = {prior.name: prior for prior in installed_priors.everything()}
    for name in sorted(there.keys() | CATALOGUE.keys()):
        prior = there.get(name) or store.of_catalogue(CATALOGUE[name])
        state = "installed" if name in there else "can be fetched"
        axes = sphere.in_words(prior.signs)
        _say(f"{name:16} {state:15} {prior.bytes / 1e6:8.1f} MB   {prior.source}; {axes}")
    _say(f"They lie in {installed_priors.folder()}")
    return 0


def fetch(name: Name, accept_licence: bool = False) -> int:
    """Download a model of the catalogue, after its licence; the only thing that uses the network.

    Args:
        name: as ``list`` shows it.
        accept_licence: accept the licence without being asked.
    """
    pinned = CATALOGUE.get(name)
    if pinned is None:
        _complain(f"“{name}” is not in the catalogue: {', '.join(CATALOGUE)} are.")
        return WORDS
    if not _accepted(pinned, accept_licence):
        return DECLINED
    wanted = download.Wanted(pinned.url(), pinned.bytes, pinned.sha256)
    return fetched(pinned, wanted)


def fetched(pinned: Pinned, wanted: download.Wanted) -> int:
    """Download a model whose licence was accepted, from where it is wanted from, and test it."""
    path = installed_priors.path_of(pinned.sha256)
    if not path.is_file() or store.hash_of(path) != pinned.sha256:
        try:
            download.fetch(wanted, path, lambda there: _show(there, pinned.bytes))
        except download.NotFetched as problem:
            _complain(f"\n{problem}")
            return FAILED
        _say("")
    installed_priors.put(store.of_catalogue(pinned))
    _say(f"{pinned.name} is installed; size and SHA-256 are right.")
    return _tested(store.installed(pinned.name))


def add(
    file: Annotated[Path, tyro.conf.Positional], name: str = "", multiple_of: int = TOKEN
) -> int:
    """Install an ONNX file of one's own; its axes are found out on a sphere.

    Args:
        file: a normal model; it is copied.
        name: what to call it; without one, after the file.
        multiple_of: what the sides of its pictures are multiples of, if it takes any size.
    """
    if not file.is_file():
        _complain(f"There is no file {file}.")
        return WORDS
    called = name or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:40]
    if problem := _name_problem(called, multiple_of):
        _complain(problem)
        return WORDS
    sha256, size = store.copy_in(file)
    _say(f"SHA-256 {sha256}")
    known = next((pinned for pinned in CATALOGUE.values() if pinned.sha256 == sha256), None)
    if known is not None:
        _say(f"This is {known.name} of the catalogue, whose licence lies at {known.home}.")
        installed_priors.put(store.of_catalogue(known))
        return _tested(store.installed(known.name))
    try:
        signs = (1, 1, 1)
        prior = Installed(called, sha256, size, signs, multiple_of, f"{OWN_FILE}{file.name}")
        fit = sphere.axes_of(sphere.fits(opened(prior.path, multiple_of)))
    except Refused as refused:
        installed_priors.drop_unnamed(sha256)
        _complain(f"{file.name} was not installed. {_words(refused)}")
        return FAILED
    installed_priors.put(replace(prior, signs=fit.signs))
    _say(f"{called} is installed: {sphere.in_words(fit.signs)}; {fit.degrees:.1f}° on a sphere.")
    return 0


def check(name: Name) -> int:
    """Check an installed prior: its hash, whether it runs, and its axes on a sphere."""
    return _tested(store.installed(name))


def remove(name: Name) -> int:
    """Take an installed prior away."""
    installed_priors.remove(store.installed(name))
    _say(f"{name} is gone.")
    return 0


def _tested(prior: Installed) -> int:
    """Say whether a prior works, and whether its axes are the ones that are noted."""
    try:
        network = loaded(prior)
        fit = sphere.axes_of(sphere.fits(network))
    except Refused as refused:
        _complain(f"{prior.name} does not work. {_words(refused)}")
        return FAILED
    axes = sphere.in_words(fit.signs)
    if fit.signs != prior.signs:
        _complain(
            f"{prior.name} is noted with {sphere.in_words(prior.signs)}, but on a sphere it has "
            f"{axes} ({fit.degrees:.1f}° off). Do not use it; please report this."
        )
        return FAILED
    _say(f"{prior.name} works ({network.provider}): {axes}; {fit.degrees:.1f}° on a sphere.")
    return 0


def _accepted(pinned: Pinned, beforehand: bool) -> bool:
    """Show a licence and ask, unless it was accepted beforehand."""
    _say("\n".join(pinned.notices))
    _say(f"{pinned.file}, {pinned.bytes / 1e6:.1f} MB, from {pinned.home}")
    _say("These notices were written from memory; the original lies there.")
    if beforehand:
        return True
    if not sys.stdin.isatty():
        _complain("To accept the licence, say --accept-licence.")
        return False
    return input("Accept and download? [y/N] ").strip().lower() in ("y", "yes")


def _name_problem(name: str, multiple_of: int) -> str | None:
    if not PRIOR_NAME.fullmatch(name):
        return f"“{name}” is no name: lower-case letters, digits and dashes make one (--name)."
    if name in CATALOGUE:
        return f"{name} is a name of the catalogue: give another (--name)."
    if not 1 <= multiple_of <= LARGEST_MULTIPLE:
        return f"Sides are multiples of 1 to {LARGEST_MULTIPLE}, not of {multiple_of}."
    return None


def _words(refused: Refused) -> str:
    return f"{refused.message} {refused.advice}".strip()


def _show(there: int, whole: int) -> None:
    sys.stderr.write(f"\r{there / 1e6:.1f} of {whole / 1e6:.1f} MB, {there / whole:.0%}")
    sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(words: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    commands: dict[str, Callable[..., int]] = {
        "list": list_priors, "fetch": fetch, "add": add, "check": check, "remove": remove,
    }  # fmt: skip
    try:
        return tyro.extras.subcommand_cli_from_dict(
            commands, prog="python -m backend.priors", args=words
        )
    except Refused as refused:
        _complain(_words(refused))
        return WORDS
    except OSError as error:
        _complain(f"A file cannot be read or written: {error}")
        return FAILED
    except KeyboardInterrupt:
        _complain("\nStopped. The same command goes on where this one ended.")
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
