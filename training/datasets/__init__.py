"""Public data sets in the layouts they are given out in, as evaluation cases.

They score and never teach. Each file reads one layout and says which of its facts are confirmed by
public documentation or code, and which are assumed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from training.cases import Case
from training.datasets import diligent, diode, gso, ibims, nyu

DatasetName = Literal["diode", "nyu", "ibims", "diligent", "gso"]

DATASETS: dict[DatasetName, Callable[[Path], list[Case]]] = {
    "diode": diode.cases,
    "nyu": nyu.cases,
    "ibims": ibims.cases,
    "diligent": diligent.cases,
    "gso": gso.cases,
}
"""How the cases below a data set's folder are found."""
