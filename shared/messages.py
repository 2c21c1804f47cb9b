"""Every message of the protocol as a frozen dataclass; no bytes here (see ``wire``).

A client opens with ``Hello`` and gets ``Welcome`` or ``Failed(code="version")``. It names a job,
sends ``Submit`` and the picture as ``Chunk`` messages, and receives ``Accepted``, ``Progress`` and
at the end ``Result`` with chunks, ``Failed`` or ``Cancelled``, each echoing the job. The worker
process speaks the same messages with the broker.
"""

from dataclasses import dataclass, field
from typing import Literal

from .settings import EstimateSettings

Transfer = Literal["srgb", "linear"]
DType = Literal["uint8", "uint16", "float16", "float32"]
Code = Literal[
    "version", "busy", "bad_image", "bad_request", "too_large", "out_of_memory",
    "worker_died", "unknown_job", "internal",
]  # fmt: skip
JobState = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class ArraySpec:
    """Name, element type and shape of an array that follows as chunks."""

    name: str
    dtype: DType
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Hello:
    """First message of a peer: what it speaks and who it is."""

    protocol: int
    peer: str


@dataclass(frozen=True)
class Welcome:
    """Answer to ``Hello``, sent again when what computes changes.

    A new ``boot_id`` means the backend was restarted; ``device`` is empty until a worker is ready.
    """

    protocol: int
    version: str
    boot_id: str
    device: str
    max_pixels: int


@dataclass(frozen=True)
class Submit:
    """Ask for an estimate; the arrays ``picture`` and optionally ``mask`` and ``hints`` follow.

    ``hints`` (H, W) uint8 is what the artist painted: 1 this is flat, 2 ignore this, 0 nothing.
    Submitting a known job again does not start it twice: its state or its result comes back.
    """

    job: str
    settings: EstimateSettings
    transfer: Transfer
    arrays: tuple[ArraySpec, ...]


@dataclass(frozen=True)
class Chunk:
    """One piece of the array ``arrays[index]``; its bytes are the message's raw frame."""

    job: str
    index: int
    offset: int


@dataclass(frozen=True)
class Credit:
    """Allow the sender of ``job``'s chunks that many more of them."""

    job: str
    chunks: int


@dataclass(frozen=True)
class Cancel:
    """Stop a job; answered with ``Cancelled`` at once, whatever the worker is doing."""

    job: str


@dataclass(frozen=True)
class Fetch:
    """Ask again for the outcome of a job, after a lost connection."""

    job: str


@dataclass(frozen=True)
class Ping:
    """Ask for a sign of life."""


@dataclass(frozen=True)
class Pong:
    """Sign of life."""

    boot_id: str


@dataclass(frozen=True)
class Shutdown:
    """Ask the backend to end."""


@dataclass(frozen=True)
class StatusRequest:
    """Ask what the backend is doing."""


@dataclass(frozen=True)
class JobStatus:
    """One line of ``Status``."""

    job: str
    state: JobState
    stage: str
    fraction: float


@dataclass(frozen=True)
class Status:
    """What the backend is doing."""

    version: str
    boot_id: str
    device: str
    uptime_seconds: float
    worker: str
    jobs: tuple[JobStatus, ...]
    """The asking owner's own."""
    waiting: int = 0
    """Jobs in the queue, of everybody."""
    clients: int = 0
    memory_bytes: int = 0
    """Of the broker and its workers."""
    versions: str = ""


@dataclass(frozen=True)
class Accepted:
    """The job is known; ``position`` jobs are ahead of it."""

    job: str
    position: int


@dataclass(frozen=True)
class Progress:
    """Where a job is; ``seconds_left`` is negative while unknown."""

    job: str
    stage: str
    fraction: float
    seconds_left: float
    preview: tuple[int, int] = (0, 0)
    """Rows and columns of the normal map so far, whose 8-bit RGB (OpenGL) is the raw frame; zeros
    when there is none."""


@dataclass(frozen=True)
class Light:
    """The recovered light, camera space x right, y up, z toward the viewer.

    ``ambient`` holds irradiance spherical harmonics, nine RGB triples in the order
    1, y, z, x, xy, yz, 3z²−1, xz, x²−y². When ``determined`` is false the picture does not say
    where its light stands and the values are the prior's.
    """

    determined: bool
    condition: float
    sun_direction: tuple[float, float, float]
    sun_colour: tuple[float, float, float]
    ambient: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class StageTime:
    """How long one stage took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """What was done to get a result, in words and figures a person can check."""

    start: str
    refinement: str
    engine: str
    device: str
    steps: int
    gaussians: int
    residual_before: float
    residual_after: float
    light: Light
    stages: tuple[StageTime, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """A finished job; its arrays follow as chunks.

    Arrays: ``normals`` (H, W, 3), ``depth`` (H, W), ``albedo``, ``shading`` and ``rerendered``
    (H, W, 3), ``confidence`` (H, W); per Gaussian ``means`` (N, 3), ``quats`` (N, 4),
    ``scales`` (N, 3), ``opacities`` (N), ``colours`` (N, 3), ``gaussian_normals`` (N, 3),
    ``gaussian_confidence`` (N); where they were asked for ``height`` (H, W), in pixels toward the
    viewer from the surface's mean plane, and ``occlusion`` (H, W), 1 where the sky is open. All
    float32.
    """

    job: str
    report: Report
    arrays: tuple[ArraySpec, ...]


@dataclass(frozen=True)
class Failed:
    """A job or a request failed: what happened and what to do next, in the user's words."""

    job: str
    code: Code
    message: str
    advice: str = ""
    retryable: bool = False


@dataclass(frozen=True)
class Cancelled:
    """A job was stopped on request."""

    job: str


@dataclass(frozen=True)
class Ready:
    """A worker tells its broker that it can take a job."""

    device: str
    engine: str
    notes: tuple[str, ...] = field(default=())


Message = (
    Hello | Welcome | Submit | Chunk | Credit | Cancel | Fetch | Ping | Pong | Shutdown
    | StatusRequest | Status | Accepted | Progress | Result | Failed | Cancelled | Ready
)  # fmt: skip
