"""Whose turn it is: clients take turns, however many pictures each of them has waiting."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

_Job = TypeVar("_Job")


def in_turns(
    waiting: Sequence[_Job],
    client_of: Callable[[_Job], Hashable],
    served: Mapping[Hashable, int],
) -> list[_Job]:
    """Order jobs so that every client's first comes before any client's second.

    In every round whoever was served longest ago (the lowest number in ``served``; never is lower)
    comes first, then who came first.
    """
    clients = [client_of(job) for job in waiting]
    came = {client: place for place, client in reversed(list(enumerate(clients)))}
    ahead: Counter[Hashable] = Counter()
    places = []
    for index, client in enumerate(clients):
        places.append((ahead[client], served.get(client, -1), came[client], index))
        ahead[client] += 1
    return [waiting[index] for *_, index in sorted(places)]
