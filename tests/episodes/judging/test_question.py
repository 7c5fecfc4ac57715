"""The request of a judge is a function of rubric, question, replies and repeat, and of no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.asking.journal.identity import request_identity
from pilotbench.benchmark.instances import Image
from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.episodes.judging.question import Subject, request
from pilotbench.providers.settings import Model

JUDGING = Judging("Is it polite?", ("judge",))
JUDGE = Model("judge", "p", "deployment", parameters={"temperature": 0})
SUBJECT = Subject(3, "Say hello.", ("Hello!",), "Hello")


def name(judging: Judging = JUDGING, model: Model = JUDGE, repeat: int = 0, **seen: Any) -> str:
    sent = request(judging, model, replace(SUBJECT, **seen), repeat, 0)
    return request_identity(model, sent).identity


@pytest.mark.parametrize(
    "same",
    [
        {"index": 7},
        {"judging": replace(JUDGING, aggregate="all", threshold=0.3, repeats=9)},
        {"judging": replace(JUDGING, models=("judge", "other"))},
        {"model": replace(JUDGE, name="renamed", price=None)},
    ],
)
def test_what_a_judge_does_not_see_asks_nothing_again(same: Any) -> None:
    assert name(**same) == name()


@pytest.mark.parametrize(
    "other",
    [
        {"repeat": 1},
        {"question": "Say goodbye."},
        {"replies": ("Hello",)},
        {"reference": "Hi"},
        {"reference": None},
        {"judging": replace(JUDGING, rubric="Is it rude?")},
        {"judging": replace(JUDGING, system="You are strict.")},
        {"judging": replace(JUDGING, scale=(1.0, 5.0))},
        {"judging": replace(JUDGING, criteria={"polite": "It is polite."})},
        {"model": replace(JUDGE, deployment="other")},
        {"model": replace(JUDGE, parameters={"temperature": 1})},
        {"images": (Image("image/png", "AAAA"),)},
    ],
)
def test_what_a_judge_sees_is_another_request(other: Any) -> None:
    assert name(**other) != name()


def test_both_orders_of_a_pair_are_two_requests() -> None:
    judging = replace(JUDGING, compare="all")
    assert name(judging, replies=("a", "b")) != name(judging, replies=("b", "a"))


def test_a_schema_is_sent_where_the_entry_asks_in_json() -> None:
    plain, strict = (
        request(JUDGING, replace(JUDGE, protocol=protocol), SUBJECT, 0, 0).body
        for protocol in ("native", "json")
    )
    assert set(plain) == {"model", "messages", "temperature"}
    schema = strict["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["reason", "verdict"]
    assert strict["messages"] == plain["messages"]


def test_a_seed_moves_with_the_repeat() -> None:
    model = replace(JUDGE, parameters={"seed": 5})
    assert [request(JUDGING, model, SUBJECT, n, 0).body["seed"] for n in (0, 1)] == [5, 6]


def test_a_second_attempt_says_that_the_first_could_not_be_read() -> None:
    first, second = (
        request(JUDGING, JUDGE, SUBJECT, 0, attempt).body["messages"][1]["content"]
        for attempt in (0, 1)
    )
    assert second.startswith(first)
    assert "could not be read" in second
