"""One line of the reliability table. Bar and verdict come from one place, so they cannot differ."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A figure and what it must keep to: an upper limit, or with ``exact`` that very value."""

    what: str
    value: float
    limit: float
    unit: str = ""
    exact: bool = False

    @property
    def passed(self) -> bool:
        """Whether the figure keeps to its bar."""
        return self.value == self.limit if self.exact else self.value <= self.limit

    @property
    def bar(self) -> str:
        """What was asked for, in words."""
        sign = "" if self.exact else "≤ "
        return f"{self.what} {sign}{_figure(self.limit, self.unit)}"

    @property
    def figure(self) -> str:
        """What came out, in words."""
        return f"{self.what} {_figure(self.value, self.unit)}"


@dataclass(frozen=True)
class Row:
    """The outcome of one experiment."""

    name: str
    injected: str
    bar: str
    figure: str
    passed: bool


def most(what: str, value: float, limit: float, unit: str = "") -> Check:
    """Ask that a figure stays at or below a limit."""
    return Check(what, value, limit, unit)


def exactly(what: str, value: int, wanted: int) -> Check:
    """Ask for a number of things, not one more and not one less."""
    return Check(what, value, wanted, exact=True)


def row(name: str, injected: str, checks: Sequence[Check], aside: str = "") -> Row:
    """Make a row; ``aside`` is a figure without a bar."""
    figures = [check.figure for check in checks] + ([aside] if aside else [])
    bar = "; ".join(check.bar for check in checks)
    return Row(name, injected, bar, "; ".join(figures), all(check.passed for check in checks))


def table(rows: Sequence[Row]) -> str:
    """Lay rows out in Markdown."""
    lines = ["| Experiment | Injected | Bar | Measured | |", "|---|---|---|---|---|"]
    for each in rows:
        verdict = "pass" if each.passed else "**miss**"
        cells = (each.name, each.injected, each.bar, each.figure, verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _figure(value: float, unit: str) -> str:
    digits = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"
    if unit == "s":
        digits = f"{value:.2f}"
    return f"{digits} {unit}".rstrip()
