"""What a request says, and the limit and the place of the past that it mentions."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.requests import request_of
from pilotbench.benchmark.scenarios.work import Assignment, assignment
from pilotbench.benchmark.scenarios.worlds import world_of

INDICES = range(200)
HOLDERS = {"post": "endpoints", "push": "queues", "notify": "inboxes"}


def made(task: str, level: str, index: int) -> Assignment:
    return assignment(core_of("public", index), LEVELS[task][level])


def said(one: Assignment) -> dict[str, dict[str, Any]]:
    """Return the slots of each kind of clause in a request."""
    return {clause.kind: dict(clause.slots) for clause in request_of(one, None)}


@pytest.mark.parametrize("kind", ["was_limit", "was_place"])
def test_most_requests_mention_what_no_longer_holds(kind: str) -> None:
    share = sum(kind in said(made("horizon", "n4", index)) for index in INDICES) / len(INDICES)
    assert 0.5 < share < 0.7


@pytest.mark.parametrize(
    ("level", "kind"),
    [("changes", "was_limit"), ("asked", "was_limit"), ("completes", "was_place")],
)
def test_nothing_of_the_past_blurs_what_is_said_later(level: str, kind: str) -> None:
    assert not [index for index in INDICES if kind in said(made("dialogue", level, index))]


@pytest.mark.parametrize("level", ["n2", "n64"])
def test_every_request_says_which_field_names_an_item(level: str) -> None:
    for index in INDICES[:40]:
        one = made("horizon", level, index)
        assert said(one)["named_by"] == {"key": one.core.subject.key}


def test_the_place_of_the_past_is_of_the_same_kind_and_takes_records() -> None:
    for index in INDICES:
        one = made("horizon", "n4", index)
        if one.was_place is None:
            continue
        assert one.was_place.kind == one.act.kind
        assert one.was_place.name not in (one.act.name, one.rest and one.rest.name)
        if not one.was_place.is_new:
            assert one.was_place.name in world_of(one)[HOLDERS[one.act.kind]]


def test_a_person_found_by_role_has_no_place_of_the_past() -> None:
    assert not [i for i in INDICES if made("observation", "named", i).was_place is not None]
