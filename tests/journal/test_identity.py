"""What changes the identity of a response, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilotbench.instances import Instance
from pilotbench.journal.identity import components, identity
from pilotbench.providers.provider import Request

INSTANCE = Instance("simple_task", "easy", 0, "Copy a to b.")
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0}
REQUEST = Request(BODY, INSTANCE, "0.8", 0, 0)


def of(request: Request, provider: str = "idealab") -> str:
    return identity(components(provider, request))


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, body={**BODY, "model": "n"}),
        replace(REQUEST, body={**BODY, "temperature": 1}),
        replace(REQUEST, body={**BODY, "seed": 1}),
        replace(REQUEST, body={**BODY, "messages": [{"role": "user", "content": "hi "}]}),
        replace(REQUEST, instance=replace(INSTANCE, request="Copy b to a.")),
        replace(REQUEST, tool_success_rate="0.9"),
        replace(REQUEST, repeat=1),
        replace(REQUEST, turn=1),
    ],
)
def test_whatever_could_change_the_answer_changes_the_identity(other: Request) -> None:
    assert of(other) != of(REQUEST)


def test_another_provider_is_another_identity() -> None:
    assert of(REQUEST, "azure") != of(REQUEST)


def test_the_order_of_keys_in_a_body_is_no_part_of_it() -> None:
    assert of(replace(REQUEST, body=dict(reversed(BODY.items())))) == of(REQUEST)


def test_an_identity_is_the_same_in_every_version_and_process() -> None:
    found = of(replace(REQUEST, body={**BODY, "x": "\ud800 ü"}))
    assert found == "339f917e5867edff6a891ee6f94b450ae1817c625e68c7911d078bd2163725a9"


def test_components_hold_no_message_and_are_short() -> None:
    long = {**BODY, "messages": [{"role": "user", "content": "secret " * 9999}]}
    assert len(str(components("idealab", replace(REQUEST, body=long)))) < 400
