"""The books of the broker: every job ends once, nothing is counted wrong, nobody sees another's."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from backend.server import admission
from backend.server import jobs as books
from backend.server.failures import worker_died
from backend.server.jobs import Job, Jobs
from backend.server.lifetime import LINGER_SECONDS, SETTLE_SECONDS, Lifetime
from backend.server.settings import ATTEMPTS, GONE_SECONDS, KEEP_SECONDS, WAITING_JOBS
from shared.messages import Accepted, ArraySpec, Cancelled, Chunk, Failed, Progress, Result, Submit
from shared.settings import EstimateSettings

from .server_worker import REPORT

PICTURE = ArraySpec("picture", "uint8", (2, 3))
ENDS = (Result, Failed, Cancelled)


def submit(job: str = "a", *arrays: ArraySpec, **settings) -> Submit:
    return Submit(job, EstimateSettings(**settings), "srgb", arrays or (PICTURE,))


def upload(jobs: Jobs, name: str = "a", owner: str = "me", peer: bytes = b"1") -> Job:
    assert jobs.submit(submit(name), owner, peer) is None
    job = jobs.find(name, owner)
    job.inputs.add(Chunk(name, 0, 0), b"123456")
    jobs.enqueue(job)
    return job


def heard(jobs: Jobs) -> list:
    return [news.message for news in jobs.take_news()]


def died(job: Job) -> Failed:
    return worker_died(job.id, "signal 9", Path("backend.log"))


class JobMachine(RuleBasedStateMachine):
    """Any order of events, from two owners on three connections."""

    known = Bundle("known")

    def __init__(self):
        super().__init__()
        self.jobs, self.now, self.running = Jobs(), 0.0, []
        self.seen: dict[int, Job] = {}
        self.ends: dict[int, list] = {}
        self.asked: dict[int, int] = {}

    def note(self):
        for news in self.jobs.take_news():
            self.seen[id(news.job)] = news.job
            if isinstance(news.message, ENDS):
                self.ends.setdefault(id(news.job), []).append(news.message)

    @rule(
        target=known,
        name=st.sampled_from("abcdef"),
        owner=st.sampled_from(["me", "you"]),
        peer=st.sampled_from([b"1", b"2", b"3"]),
    )
    def submit(self, name, owner, peer):
        before = self.jobs.find(name, owner)
        refused = self.jobs.submit(submit(name), owner, peer)
        job = self.jobs.find(name, owner)
        if before is not None and before.state != "receiving":
            assert refused is None and job is before and job.peer == peer
            self.asked[id(job)] = self.asked.get(id(job), 0) + before.over
        assert refused is None and job is not None
        self.note()
        return job

    @rule(job=known)
    def arrive(self, job):
        if job.state == "receiving" and self.jobs.find(job.id, job.owner) is job:
            job.inputs.add(Chunk(job.id, 0, 0), b"123456")
            self.jobs.enqueue(job)

    @rule()
    def start(self):
        job = self.jobs.start_next()
        if job is not None:
            assert job.state == "running" and 1 <= job.attempts <= ATTEMPTS
            self.running.append(job)

    @rule(how=st.sampled_from(["done", "failed", "died", "progress"]))
    def work(self, how):
        if not self.running:
            return
        job = self.running[0]
        if how == "progress":
            self.jobs.report(job, Progress(job.id, "Thinking", 0.5, 1.0))
            return
        self.running.pop(0)
        if job.state != "running":
            return
        if how == "done":
            self.jobs.finish(job, REPORT, {"normals": np.zeros((2, 2), np.float32)}, self.now)
        elif how == "failed" or not self.jobs.retry(job):
            self.jobs.fail(job, died(job), self.now)

    @rule(job=known)
    def cancel(self, job):
        if self.jobs.find(job.id, job.owner) is job:
            self.asked[id(job)] = self.asked.get(id(job), 0) + job.over
            self.jobs.cancel(job, self.now)

    @rule(peer=st.sampled_from([b"1", b"2", b"3"]))
    def leave(self, peer):
        self.jobs.abandon(peer, self.now)

    @rule(seconds=st.sampled_from([0.1, GONE_SECONDS, KEEP_SECONDS]))
    def wait(self, seconds):
        self.now += seconds
        self.jobs.expire(self.now)

    @invariant()
    def books_balance(self):
        self.note()
        queue = self.jobs._waiting()
        assert sorted(map(id, queue)) == sorted(map(id, self.jobs._queue))
        assert len(set(map(id, queue))) == len(queue)
        assert all(job.state == "queued" for job in queue)
        running = len(self.jobs._in_state("running"))
        assert [job.position for job in queue] == [running + i for i in range(len(queue))]
        for key, job in self.seen.items():
            ends = self.ends.get(key, [])
            assert len(ends) == (1 + self.asked.get(key, 0) if job.over else 0)
            assert (job.outcome is not None) == job.over
            assert (job.inputs is None) == job.over


TestJobMachine = JobMachine.TestCase


def test_a_job_runs_once_however_often_it_is_submitted():
    jobs = Jobs()
    job = upload(jobs)
    assert jobs.start_next() is job
    jobs.report(job, Progress("a", "Thinking", 0.3, 2.0))
    jobs.take_news()
    jobs.submit(submit(), "me", b"2")
    assert heard(jobs) == [Accepted("a", 0), Progress("a", "Thinking", 0.3, 2.0)]
    assert jobs.start_next() is None and job.peer == b"2"
    jobs.finish(job, REPORT, {}, 1.0)
    jobs.submit(submit(), "me", b"3")
    assert heard(jobs) == [Result("a", REPORT, ())] * 2


def test_an_upload_starts_over_when_it_is_submitted_again():
    jobs = Jobs()
    jobs.submit(submit(), "me", b"1")
    jobs.find("a", "me").inputs.add(Chunk("a", 0, 0), b"123")
    upload(jobs, peer=b"2")
    assert jobs.start_next().peer == b"2"


def test_owners_do_not_meet():
    jobs = Jobs()
    mine, yours = upload(jobs, owner="me"), upload(jobs, owner="you")
    assert mine is not yours and jobs.find("a", "them") is None
    jobs.cancel(yours, 0.0)
    assert mine.state == "queued" and [status.state for status in jobs.statuses("me")] == ["queued"]


def test_positions_are_told_as_they_change():
    jobs = Jobs()
    first, second, third = (upload(jobs, name) for name in "abc")
    jobs.start_next()
    jobs.take_news()
    jobs.cancel(second, 0.0)
    assert heard(jobs) == [Cancelled("b"), Accepted("c", 1)]
    jobs.fail(first, died(first), 0.0)
    assert heard(jobs)[-1] == Accepted("c", 0) and jobs.start_next() is third


def test_waiting_is_explained_once():
    jobs = Jobs()
    upload(jobs)
    heard(jobs)
    for _ in range(3):
        jobs.explain_wait("preparing")
    assert heard(jobs) == [Progress("a", "preparing", 0.0, -1.0)]


def test_a_lost_worker_costs_one_attempt():
    jobs = Jobs()
    job, other = upload(jobs), upload(jobs, "b")
    jobs.start_next()
    assert jobs.retry(job) and jobs.start_next() is job and not jobs.retry(job)
    assert other.state == "queued"


def test_too_many_jobs_are_busy_and_a_resubmission_is_not():
    jobs = Jobs()
    for index in range(WAITING_JOBS):
        upload(jobs, f"job{index}")
    assert jobs.submit(submit("more"), "me", b"1").code == "busy"
    assert jobs.submit(submit("job0"), "me", b"1") is None


def test_too_many_bytes_are_busy(monkeypatch):
    monkeypatch.setattr(admission, "WAITING_BYTES", 11)
    jobs = Jobs()
    upload(jobs)
    refused = jobs.submit(submit("b"), "me", b"1")
    assert refused.code == "busy" and refused.retryable


def test_nobody_can_take_the_place_of_those_who_have_nothing_waiting():
    jobs = Jobs()
    for index in range(WAITING_JOBS):
        upload(jobs, f"job{index}")
    assert jobs.submit(submit("first"), "you", b"2") is None
    assert jobs.submit(submit("second"), "you", b"2").code == "busy"


def test_jobs_of_a_lost_client_wait_and_then_stop():
    jobs = Jobs()
    back, gone = upload(jobs, "back", peer=b"1"), upload(jobs, "gone", peer=b"1")
    jobs.abandon(b"1", 10.0)
    jobs.resume(back, b"2")
    jobs.expire(10.0 + GONE_SECONDS - 0.1)
    assert gone.state == "queued"
    jobs.expire(10.0 + GONE_SECONDS + 0.1)
    assert gone.state == "cancelled" and back.state == "queued"
    assert jobs.find("gone", "me") is None  # so that it can be sent again


def test_results_are_kept_a_while():
    jobs = Jobs()
    job = upload(jobs)
    jobs.start_next()
    jobs.finish(job, REPORT, {}, 100.0)
    jobs.expire(100.0 + KEEP_SECONDS)
    assert jobs.find("a", "me") is job
    jobs.expire(100.1 + KEEP_SECONDS)
    assert jobs.find("a", "me") is None


def test_kept_results_have_a_limit_but_the_last_stays(monkeypatch):
    monkeypatch.setattr(books, "KEEP_BYTES", 100)
    jobs = Jobs()
    for time, name in enumerate("abc"):
        job = upload(jobs, name)
        jobs.start_next()
        jobs.finish(job, REPORT, {"normals": np.zeros(15, np.float32)}, float(time))
    jobs.expire(3.0)
    assert [status.job for status in jobs.statuses("me")] == ["c"]


def test_a_backend_lives_as_long_as_somebody_needs_it():
    alone = Lifetime()
    assert not alone.over(0.0, clients=0)
    alone.starter_gone(10.0)
    assert not alone.over(10.0, clients=0)
    assert alone.over(10.0 + SETTLE_SECONDS, clients=0)
    shared = Lifetime()
    shared.starter_gone(10.0)
    assert not shared.over(10.0 + SETTLE_SECONDS, clients=1)
    assert not shared.over(100.0, clients=2)
    assert not shared.over(100.0 + LINGER_SECONDS, clients=0)
    assert shared.over(100.1 + LINGER_SECONDS, clients=0)
