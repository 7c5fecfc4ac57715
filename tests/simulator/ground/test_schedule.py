"""The list schedule of the simulator: what a client without any loss would need."""

from __future__ import annotations

import pytest

from pilotbench.simulator.ground.schedule import ServedRequest, chains, list_schedule, makespan


@pytest.mark.parametrize(
    ("jobs", "slots", "seconds"),
    [([3, 1, 1, 1], 2, 3), ([1, 1, 1, 3], 2, 4), ([2, 2], 5, 2), ([1] * 10, 5, 2)],
)
def test_the_list_schedule_keeps_the_order(jobs: list[float], slots: int, seconds: float) -> None:
    assert makespan(jobs, slots) == seconds


def test_the_schedule_names_what_foresight_and_nobody_could_do_better() -> None:
    services = [ServedRequest(str(n), "", s, True) for n, s in enumerate([1.0, 1.0, 1.0, 3.0])]
    found = list_schedule(services, 2)
    assert (found["list_s"], found["longest_first_s"], found["bound_s"]) == (4, 3, 3)


def test_a_failed_attempt_and_its_retry_are_one_after_the_other() -> None:
    services = [
        ServedRequest("a", "", 1, False),
        ServedRequest("b", "", 1, True),
        ServedRequest("a", "", 2, True),
        ServedRequest("a2", "a", 4, True),
        ServedRequest("b", "", 8, True),
    ]
    assert chains(services) == [[1, 2, 4], [1], [8]]
