"""What is read in the body of a request, whatever its wire format."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.request import READ, output_limits, turns
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
SAID = [Message("user", "a" * 100), Message("assistant", "b" * 100), Message("user", "c" * 100)]
TOOL = ToolSpec("add", "d" * 100, {"type": "object"})


@pytest.mark.parametrize("wire", WIRE_FORMATS.values(), ids=list(WIRE_FORMATS))
def test_every_format_shows_its_turns_its_limit_and_what_the_model_reads(wire: Any) -> None:
    messages = [Message("system", "s" * 100), *SAID]
    body, _ = wire.bodies("m", messages, Offer(tools=[TOOL]), {"max_tokens": 7})
    assert turns(body) in (3, 4)
    assert output_limits(body) == [7]
    read = "".join(str(body[part]) for part in READ if part in body)
    assert all(letter * 100 in read for letter in "sabcd")


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        ({}, []),
        ({"max_tokens": 1, "max_completion_tokens": 2}, [2, 1]),
        ({"max_tokens": 1, "extra_body": {"max_tokens": 3}}, [3, 1]),
        ({"max_output_tokens": 4}, [4]),
        ({"generationConfig": {"maxOutputTokens": 5}, "extra_body": None}, [5]),
    ],
)
def test_limits_are_found_in_every_place(body: Json, limits: list[Any]) -> None:
    assert output_limits(body) == limits
