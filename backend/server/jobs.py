"""Every job from its first word to the end of its keeping time; no sockets here.

Events go in as method calls, and what the job's client must hear comes out of ``take_news``. Each
job gets exactly one of Result, Failed and Cancelled, however it ends; asking for it again repeats
it.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from shared.messages import (
    Accepted,
    Cancelled,
    Failed,
    JobState,
    JobStatus,
    Message,
    Progress,
    Report,
    Result,
    Submit,
)
from shared.transfer import Assembly, specs_of
from shared.wire import WireError

from .admission import failed, no_room, refusal
from .settings import (
    ATTEMPTS,
    GONE_SECONDS,
    KEEP_BYTES,
    KEEP_JOBS,
    KEEP_SECONDS,
)
from .turns import in_turns

Key = tuple[str, str]
"""Owner and id: two owners cannot meet, not even under the same id."""

NEXT_STATES: dict[JobState, tuple[JobState, ...]] = {
    "receiving": ("queued", "failed", "cancelled"),
    "queued": ("running", "failed", "cancelled"),
    "running": ("queued", "done", "failed", "cancelled"),
    "done": (),
    "failed": (),
    "cancelled": (),
}


@dataclass(eq=False)
class Job:
    """One estimate on its way; ``peer`` is the connection that last asked for it."""

    submit: Submit
    owner: str
    peer: bytes
    inputs: Assembly | None
    progress: Progress
    state: JobState = "receiving"
    position: int = 0
    attempts: int = 0
    outcome: Result | Failed | Cancelled | None = None
    results: Mapping[str, np.ndarray] = field(default_factory=dict)
    ended: float = 0.0
    abandoned: float | None = None

    @property
    def id(self) -> str:
        """The name its client gave it."""
        return self.submit.job

    @property
    def key(self) -> Key:
        """What it is known by here."""
        return self.owner, self.id

    @property
    def over(self) -> bool:
        """Whether it has its outcome."""
        return not NEXT_STATES[self.state]

    def move(self, state: JobState) -> None:
        """Change the state along the arrows of ``NEXT_STATES``."""
        assert state in NEXT_STATES[self.state], f"{self.state} -> {state}"
        self.state = state


@dataclass(frozen=True)
class News:
    """Something the client of a job must hear."""

    job: Job
    message: Message
    frame: bytes | None = None


class Jobs:
    """All jobs; times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._jobs: dict[Key, Job] = {}
        self._queue: list[Job] = []
        self._served: dict[Hashable, int] = {}
        self._turn = 0
        self._news: list[News] = []

    def submit(self, submit: Submit, owner: str, peer: bytes) -> Failed | None:
        """Take a job, or take up a known one again; returns why not, or None."""
        if reason := refusal(submit):
            return reason
        job = self._jobs.get((owner, submit.job))
        if job is not None and job.state != "receiving":
            self.resume(job, peer)
            return None
        if self._full(submit, owner):
            message = "The backend has as many pictures waiting as it can hold."
            return failed(submit.job, "busy", message, "Try again in a while.", retryable=True)
        try:
            inputs = Assembly(submit.arrays)
        except WireError as error:
            return failed(submit.job, "bad_request", f"The picture cannot be sent: {error}.")
        job = Job(submit, owner, peer, inputs, Progress(submit.job, "receiving", 0.0, -1.0))
        self._jobs[job.key] = job
        job.position = len(self._queue) + len(self._in_state("running"))
        self._tell(job, Accepted(job.id, job.position))  # its turn is known once it has arrived
        return None

    def find(self, job: str, owner: str) -> Job | None:
        """Return an owner's job."""
        return self._jobs.get((owner, job))

    def resume(self, job: Job, peer: bytes) -> None:
        """Send everything about a job to this peer from now on, and say how it stands."""
        job.peer, job.abandoned = peer, None
        if job.outcome is not None:
            self._tell(job, job.outcome)
            return
        self._count_positions()
        self._tell(job, Accepted(job.id, job.position))
        self._tell(job, job.progress)

    def enqueue(self, job: Job) -> None:
        """Put a job whose picture has arrived into the queue."""
        job.move("queued")
        job.progress = Progress(job.id, "queued", 0.0, -1.0)
        self._queue.append(job)
        self._count_positions()

    def start_next(self) -> Job | None:
        """Hand out the job whose turn it is."""
        if not self._queue:
            return None
        job = self._waiting()[0]
        self._queue.remove(job)
        self._turn += 1
        self._served[job.owner] = self._served[job.peer] = self._turn
        job.move("running")
        job.attempts += 1
        job.position = 0
        job.progress = Progress(job.id, "starting", 0.0, -1.0)
        self._count_positions()
        return job

    def explain_wait(self, stage: str) -> None:
        """Tell the clients of queued jobs, once, what they are waiting for."""
        for job in self._queue:
            if job.progress.stage != stage:
                job.progress = Progress(job.id, stage, 0.0, -1.0)
                self._tell(job, job.progress)

    def report(self, job: Job, progress: Progress, frame: bytes | None = None) -> None:
        """Note how far a running job is; ``frame`` is its preview, of which none is kept."""
        if job.state == "running":
            job.progress = replace(progress, preview=(0, 0))
            stale = (news for news in self._news if news.job is job and news.frame is not None)
            for news in list(stale) if frame is not None else ():
                self._news.remove(news)  # whoever gets this one can do without those before
            self._tell(job, progress, frame)

    def retry(self, job: Job) -> bool:
        """Put a running job back to the front; False when it has had all its attempts."""
        if job.attempts >= ATTEMPTS:
            return False
        job.move("queued")
        self._queue.append(job)
        self._count_positions()
        return True

    def finish(
        self, job: Job, report: Report, results: Mapping[str, np.ndarray], now: float
    ) -> None:
        """End a running job with its result."""
        job.results = results
        job.progress = Progress(job.id, "done", 1.0, 0.0)
        self._end(job, "done", Result(job.id, report, specs_of(results)), now)

    def fail(self, job: Job, failure: Failed, now: float) -> None:
        """End a job that could not be done."""
        self._end(job, "failed", failure, now)

    def cancel(self, job: Job, now: float) -> None:
        """Stop a job; a finished one stays as it is, and the client hears the same word."""
        if job.over:
            self._tell(job, Cancelled(job.id))
        else:
            self._end(job, "cancelled", Cancelled(job.id), now)

    def abandon(self, peer: bytes, now: float) -> None:
        """Note that a connection is gone; its jobs wait a little for their client's return."""
        for job in self.unfinished(peer):
            job.abandoned = now

    def expire(self, now: float) -> None:
        """Stop jobs nobody came back for and forget results that were kept long enough."""
        for job in list(self.unfinished()):
            if job.abandoned is not None and now > job.abandoned + GONE_SECONDS:
                self.cancel(job, now)
                del self._jobs[job.key]  # whoever comes back later starts it anew
        ended = sorted((job for job in self._jobs.values() if job.over), key=lambda job: job.ended)
        kept_bytes = sum(_nbytes(job.results) for job in ended)
        for index, job in enumerate(ended):
            place = len(ended) - 1 - index
            crowded = place > 0 and (kept_bytes > KEEP_BYTES or place >= KEEP_JOBS)
            if not crowded and now <= job.ended + KEEP_SECONDS:
                break
            kept_bytes -= _nbytes(job.results)
            del self._jobs[job.key]
        known = {client for job in self._jobs.values() for client in (job.owner, job.peer)}
        self._served = {client: turn for client, turn in self._served.items() if client in known}
        self._count_positions()

    def unfinished(self, peer: bytes | None = None) -> Iterator[Job]:
        """List the jobs that have no outcome yet, of one connection or of all."""
        for job in list(self._jobs.values()):
            if not job.over and peer in (None, job.peer):
                yield job

    def statuses(self, owner: str) -> tuple[JobStatus, ...]:
        """Describe an owner's jobs, the oldest first."""
        return tuple(
            JobStatus(job.id, job.state, job.progress.stage, job.progress.fraction)
            for job in self._jobs.values()
            if job.owner == owner
        )

    @property
    def waiting(self) -> int:
        """How many jobs are in the queue, of all owners."""
        return len(self._queue)

    def take_news(self) -> list[News]:
        """Return what clients must hear since the last call, in order."""
        news, self._news = self._news, []
        return news

    def _end(
        self, job: Job, state: JobState, outcome: Result | Failed | Cancelled, now: float
    ) -> None:
        if job.state == "queued":
            self._queue.remove(job)
        job.move(state)
        job.outcome, job.ended, job.inputs = outcome, now, None
        self._tell(job, outcome)
        self._count_positions()

    def _waiting(self) -> list[Job]:
        """List the queue in the order of turns: what a worker died of first, then owners in turn.

        An owner's connections take turns as well: two Blenders of one artist are one owner.
        """
        retried = [job for job in self._queue if job.attempts]
        fresh = [job for job in self._queue if not job.attempts]
        of_each = in_turns(fresh, lambda job: job.peer, self._served)
        return retried + in_turns(of_each, lambda job: job.owner, self._served)

    def _count_positions(self) -> None:
        running = len(self._in_state("running"))
        for index, job in enumerate(self._waiting()):
            if job.position != index + running:
                job.position = index + running
                self._tell(job, Accepted(job.id, job.position))

    def _full(self, submit: Submit, owner: str) -> bool:
        """Whether there is no room; who has nothing waiting is taken, whatever others sent."""
        waiting = [job for job in self.unfinished() if job.key != (owner, submit.job)]
        if owner not in {job.owner for job in waiting}:
            return False
        return no_room([job.submit for job in waiting], submit)

    def _in_state(self, state: JobState) -> list[Job]:
        return [job for job in self._jobs.values() if job.state == state]

    def _tell(self, job: Job, message: Message, frame: bytes | None = None) -> None:
        self._news.append(News(job, message, frame))


def _nbytes(arrays: Mapping[str, np.ndarray]) -> int:
    return sum(array.nbytes for array in arrays.values())
