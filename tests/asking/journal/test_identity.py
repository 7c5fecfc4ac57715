"""What changes the identity of a response, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.asking.journal.identity import (
    RequestIdentity,
    components,
    identity,
    request_identity,
)
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs.pack_instance import PackInstance
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

INSTANCE = Instance("simple_task", "easy", 0, "Copy a to b.", {"a": 1})
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0}
REQUEST = Request(BODY, INSTANCE, "0.8", 0, 0)
QUESTION = PackInstance("pack", "none", 3, "What is 6 x 7?", extra={"answer": 41})
ASKED = replace(REQUEST, instance=QUESTION)
MODEL = Model("m", "idealab", "m")
PLAYER = replace(MODEL, kind="player")


def of(request: Request, model: Model = MODEL) -> str:
    return identity(components(model, request))


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, body={**BODY, "model": "n"}),
        replace(REQUEST, body={**BODY, "temperature": 1}),
        replace(REQUEST, body={**BODY, "seed": 1}),
        replace(REQUEST, body={**BODY, "messages": [{"role": "user", "content": "hi "}]}),
        replace(REQUEST, instance=replace(INSTANCE, request="Copy b to a.")),
        replace(REQUEST, instance=replace(INSTANCE, world={"a": 2})),
        replace(REQUEST, instance=replace(INSTANCE, index=1)),
        replace(REQUEST, tool_success_rate="0.9"),
        replace(REQUEST, repeat=1),
        replace(REQUEST, turn=1),
    ],
)
def test_everything_that_could_change_the_answer_changes_the_identity(other: Request) -> None:
    assert of(other) != of(REQUEST)


@pytest.mark.parametrize("change", [{"request": "What is 6 x 8?"}, {"world": {"a": 1}}])
def test_another_question_has_another_identity(change: dict[str, Any]) -> None:
    assert of(replace(ASKED, instance=replace(QUESTION, **change))) != of(ASKED)


@pytest.mark.parametrize(
    "change", [{"extra": {"answer": 42}}, {"task": "renamed"}, {"index": 99}], ids=str
)
def test_scoring_name_and_position_of_a_question_do_not_change_the_identity(
    change: dict[str, Any],
) -> None:
    assert of(replace(ASKED, instance=replace(QUESTION, **change))) == of(ASKED)


@pytest.mark.parametrize(
    "change", [{"goal": ({"kind": "exists"},)}, {"protected": {"b": 1}}, {"task": "renamed"}]
)
def test_the_scoring_of_a_world_does_not_change_the_identity(change: dict[str, Any]) -> None:
    assert of(replace(REQUEST, instance=replace(INSTANCE, **change))) == of(REQUEST)


def test_a_player_that_reads_the_accepted_answer_is_asked_again_when_it_changes() -> None:
    corrected = replace(ASKED, instance=replace(QUESTION, extra={"answer": 42}))
    assert of(corrected, PLAYER) != of(ASKED, PLAYER)
    assert of(corrected) == of(ASKED)


def test_another_provider_has_another_identity() -> None:
    assert of(REQUEST, replace(MODEL, provider="azure")) != of(REQUEST)


def test_the_alias_of_a_model_is_not_part_of_the_identity() -> None:
    assert of(REQUEST, replace(MODEL, name="renamed", reports="x")) == of(REQUEST)


def test_the_order_of_keys_in_a_body_is_not_part_of_the_identity() -> None:
    assert of(replace(REQUEST, body=dict(reversed(BODY.items())))) == of(REQUEST)


def test_an_identity_is_the_same_in_every_version_and_process() -> None:
    plain = replace(INSTANCE, world={})
    request = replace(REQUEST, body={**BODY, "x": "\ud800 ü"}, instance=plain)
    assert of(request) == "dab1dc49398fb8d4a430083f91bee8fddff1767bd2adc4dd8d7aef1cfb10a871"
    former = "339f917e5867edff6a891ee6f94b450ae1817c625e68c7911d078bd2163725a9"
    assert request_identity(MODEL, request).former == former
    assert request_identity(PLAYER, request).identity == former


def test_components_are_short_and_contain_no_message() -> None:
    long = {**BODY, "messages": [{"role": "user", "content": "secret " * 9999}]}
    assert len(str(components(MODEL, replace(REQUEST, body=long)))) < 400


@pytest.mark.parametrize(
    "change",
    [{"api": "responses"}, {"reasoning_history": "none"}, {"reasoning_history": "think_tag"}],
)
def test_another_way_of_writing_requests_shares_no_answers(change: dict[str, Any]) -> None:
    other = replace(MODEL, **change)
    assert of(REQUEST, other) != of(REQUEST)
    assert request_identity(other, REQUEST).identity not in _names(request_identity(MODEL, REQUEST))


@pytest.mark.parametrize("mode", ["none", "think_tag"])
def test_the_same_body_is_the_same_request_as_with_the_usual_history(mode: str) -> None:
    other = replace(MODEL, reasoning_history=mode)
    assert of(REQUEST) in _names(request_identity(other, REQUEST))


def _names(request: RequestIdentity) -> list[str]:
    return [request.identity, *(one.identity for one in request.earlier)]
