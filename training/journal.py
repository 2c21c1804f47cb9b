"""What a training writes down as it runs: a line of figures and three plots."""

import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot as plt

LOG = "log.jsonl"


@dataclass(frozen=True)
class Entry:
    """Figures at one validation."""

    step: int
    seconds: float
    """Of training so far, over all runs."""
    loss: float
    loading: float
    """Share of this run's time spent waiting for scenes."""
    errors: dict[str, float]
    """Mean angular error of each kind of validation scene, in degrees."""

    @property
    def mean(self) -> float:
        """Mean over the kinds' errors."""
        return sum(self.errors.values()) / len(self.errors)


def write_entry(folder: Path, entry: Entry) -> None:
    """Append an entry and draw the plots anew."""
    with (folder / LOG).open("a") as file:
        file.write(json.dumps(asdict(entry)) + "\n")
    _draw(folder, read_entries(folder))


def read_entries(folder: Path) -> list[Entry]:
    """Read what was written down."""
    return [Entry(**json.loads(line)) for line in (folder / LOG).read_text().splitlines()]


def _draw(folder: Path, entries: list[Entry]) -> None:
    """Draw loss, error by kind, and steps a minute over the steps."""
    figure, (loss, error, pace) = plt.subplots(1, 3, figsize=(15, 4), layout="constrained")
    steps = [entry.step for entry in entries]
    loss.plot(steps, [entry.loss for entry in entries], color="0.3")
    loss.set_title("loss")
    for kind in entries[-1].errors:
        error.plot(steps, [entry.errors[kind] for entry in entries], label=kind)
    error.plot(steps, [entry.mean for entry in entries], color="black", label="mean")
    error.set_title("validation error, degrees")
    error.legend()
    pairs = itertools.pairwise(entries)
    rates = [60 * (b.step - a.step) / max(b.seconds - a.seconds, 1e-6) for a, b in pairs]
    pace.plot(steps[1:], rates, color="0.3")
    pace.set_title("steps a minute")
    for axes in (loss, error, pace):
        axes.set_xlabel("step")
    figure.savefig(folder / "plots.png")
    plt.close(figure)
