"""The list schedule: how fast a client without any loss would get the same answers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class ServedRequest:
    """One admitted request with its drawn duration; hashes as in conversation.py."""

    digest: str
    previous: str
    duration_s: float
    answered: bool


def chains(services: Iterable[ServedRequest]) -> list[list[float]]:
    """Return the durations of each episode's requests, episodes in the order they began.

    A request goes on from the request whose messages it repeats; after a failed attempt the same
    messages come again.
    """
    episodes: list[list[float]] = []
    answered: dict[str, list[int]] = defaultdict(list)
    failed: dict[str, list[int]] = defaultdict(list)
    for service in services:
        waiting = failed[service.digest] or answered[service.previous]
        if waiting:
            episode = waiting.pop(0)
        else:
            episode = len(episodes)
            episodes.append([])
        episodes[episode].append(service.duration_s)
        (answered if service.answered else failed)[service.digest].append(episode)
    return episodes


def makespan(jobs: Sequence[float], slots: int) -> float:
    """Return when the last job ends if each, in this order, takes the first free slot."""
    free = [0.0] * slots
    for job in jobs:
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def list_schedule(services: Iterable[ServedRequest], slots: int) -> Json:
    """Return the schedules for `slots` slots, in seconds.

    `list_s` is the one to compare with: the client's own order, a free slot never idle, no time
    between the turns of an episode. `longest_first_s` is for a client that knows the durations
    beforehand, `bound_s` what nobody can beat.
    """
    jobs = [sum(chain) for chain in chains(services)]
    if not jobs:
        return {
            "slots": slots,
            "episodes": 0,
            "list_s": 0.0,
            "longest_first_s": 0.0,
            "bound_s": 0.0,
        }
    return {
        "slots": slots,
        "episodes": len(jobs),
        "list_s": makespan(jobs, slots),
        "longest_first_s": makespan(sorted(jobs, reverse=True), slots),
        "bound_s": max(sum(jobs) / slots, max(jobs)),
    }
