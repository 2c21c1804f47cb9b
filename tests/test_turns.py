"""Whose turn it is: nobody waits for all the pictures of somebody else."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from backend.server.jobs import Jobs
from backend.server.turns import in_turns

from .test_jobs import upload


def order(jobs: Jobs) -> str:
    return "".join(iter(lambda: getattr(jobs.start_next(), "id", ""), ""))


def test_owners_take_turns_and_so_do_their_connections():
    jobs = Jobs()
    for name in "abc":
        upload(jobs, name, owner="me", peer=b"1")
    upload(jobs, "d", owner="me", peer=b"2")
    for name in "xy":
        upload(jobs, name, owner="you", peer=b"3")
    assert [jobs.find(name, owner).position for name, owner in (("x", "you"), ("d", "me"))] == [
        1,
        2,
    ]
    assert order(jobs) == "axdybc"


def test_who_was_just_served_comes_after_the_others():
    jobs = Jobs()
    upload(jobs, "a", owner="me", peer=b"1")
    jobs.start_next()
    upload(jobs, "b", owner="me", peer=b"1")
    upload(jobs, "x", owner="you", peer=b"3")
    assert order(jobs) == "xb"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 99)), unique=True, max_size=12))
def test_nobody_waits_for_more_than_one_job_of_each_other_client(waiting):
    ordered = in_turns(waiting, lambda job: job[0], {})
    assert sorted(ordered) == sorted(waiting)
    for client in {job[0] for job in waiting}:
        mine = [i for i, job in enumerate(ordered) if job[0] == client]
        assert all(
            len({j[0] for j in ordered[a + 1 : b]}) == b - a - 1
            for a, b in itertools.pairwise([-1, *mine])
        )
