"""A model whose every request is rejected is stopped, over all processes of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.keys.rejections import ENOUGH, Rejections, same
from pilotbench.ground.errors import Rejected
from pilotbench.providers.settings import Model
from support.clocks import HandClock

MODEL = Model("mine", "azure", "gpt-x")


def rejections(folder: Path, clock: HandClock, began: float = 1.0, **model: Any) -> Rejections:
    entry = Model("mine", "azure", "gpt-x", **model)
    return Rejections(folder, entry, "http://here", began, clock)


def reject(one: Rejections, clock: HandClock, message: str, status: int = 404) -> None:
    clock.forward(1)
    error = Rejected(message)
    error.status = status
    one.rejected(error)


def stopped(one: Rejections) -> bool:
    try:
        one.check()
    except Rejected:
        return True
    return False


def test_five_identical_rejections_stop_a_model_for_all_jobs_and_say_what_to_change(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    one, other = rejections(tmp_path, clock), rejections(tmp_path, clock)
    for number in range(ENOUGH):
        assert not stopped(other)
        reject((one, other)[number % 2], clock, f"HTTP 404: no model gpt-x (request {number}4711)")
    with pytest.raises(Rejected) as caught:
        other.check()
    line = str(caught.value)
    for word in ("model_catalog.mine", "gpt-x", "azure", "HTTP 404: no model", "deployment"):
        assert word in line
    assert "\n" not in line
    assert "again" not in line
    assert "pay" not in line


@pytest.mark.parametrize(
    ("status", "stops"), [(400, False), (404, True)], ids=["single questions", "the model is gone"]
)
def test_after_an_answer_only_a_missing_model_is_stopped(
    tmp_path: Path, status: int, stops: bool
) -> None:
    clock = HandClock()
    one = rejections(tmp_path, clock)
    one.answered()
    for _ in range(2 * ENOUGH):
        reject(one, clock, f"HTTP {status}: no", status)
    assert stopped(one) is stops


def test_an_answer_or_another_message_restarts_the_count(tmp_path: Path) -> None:
    clock = HandClock()
    one = rejections(tmp_path, clock)
    for message in ("a", "a", "a", "a", "b", "a", "a", "a", "a"):
        reject(one, clock, message)
    one.answered()
    reject(one, clock, "a")
    assert not stopped(one)


def test_a_new_run_and_other_parameters_start_anew(tmp_path: Path) -> None:
    clock = HandClock()
    one = rejections(tmp_path, clock)
    for _ in range(ENOUGH):
        reject(one, clock, "HTTP 400: temperature", 400)
    assert stopped(one)
    assert not stopped(rejections(tmp_path, clock, parameters={"temperature": 1}))
    assert not stopped(rejections(tmp_path, clock, began=clock.now() + 1))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("no model (request id: 12ab34cd-9988)", "no model (request id: ff00ff00-1122)", True),
        ("limit 4096, sent 5000", "limit 4096, sent 7000", True),
        ("req_abc no such model", "req_xyz no such model", True),
        ("no such model", "bad temperature", False),
    ],
)
def test_details_that_differ_between_requests_make_no_other_message(
    one: str, other: str, equal: bool
) -> None:
    assert (same(one) == same(other)) is equal
