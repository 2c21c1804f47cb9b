"""The experiments by name, with how much of each is done in a short and in a full run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .access import other_artists, strangers, versions
from .crowd import crowd, many_pictures, many_small_jobs
from .fuzz import fuzz
from .kills import broker_kills, worker_kills
from .lines import cut_downloads, cut_uploads, slow_lines
from .peers import ATTACKS, hostile_peers
from .pictures import odd_pictures
from .row import Row
from .starters import starter_ends
from .stops import broker_stops, worker_stops
from .uploads import broken_uploads


@dataclass(frozen=True)
class Experiment:
    """Something to inject ``short`` or ``full`` times, in a folder of its own."""

    inject: Callable[[int, Path], Row]
    short: int
    full: int


EXPERIMENTS: dict[str, Experiment] = {
    "worker-kills": Experiment(worker_kills, 5, 50),
    "broker-kills": Experiment(broker_kills, 2, 20),
    "broker-stops": Experiment(broker_stops, 1, 5),
    "worker-stops": Experiment(worker_stops, 1, 5),
    "starter-ends": Experiment(starter_ends, 1, 10),
    "fuzz": Experiment(fuzz, 100_000, 1_000_000),
    **{
        name.lower().replace(" ", "-"): Experiment(partial(hostile_peers, name), 1, 10)
        for name in ATTACKS
    },
    "strangers": Experiment(strangers, 5, 100),
    "other-artists": Experiment(other_artists, 1, 20),
    "versions": Experiment(versions, 1, 10),
    "cut-uploads": Experiment(cut_uploads, 1, 10),
    "cut-downloads": Experiment(cut_downloads, 1, 10),
    "slow-lines": Experiment(slow_lines, 1, 5),
    "broken-uploads": Experiment(broken_uploads, 1, 10),
    "odd-pictures": Experiment(odd_pictures, 8, 64),
    "crowd": Experiment(crowd, 3, 20),
    "many-small-jobs": Experiment(many_small_jobs, 2000, 5000),
    "many-pictures": Experiment(many_pictures, 100, 1000),
}
