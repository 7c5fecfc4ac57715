"""What the entry of a model adds to the requests of a command."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.episodes.external.shard_gateway import defaults, with_defaults
from pilotbench.providers.settings import Model

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("api", "parameters", "added"),
    [
        ("chat", {}, {}),
        ("chat", {"temperature": 0.3, "max_tokens": 9}, {"temperature": 0.3, "max_tokens": 9}),
        ("responses", {}, {}),
        ("responses", {"temperature": 0.3}, {"temperature": 0.3}),
        ("responses", {"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "low"}}),
    ],
)
def test_the_parameters_of_an_entry_in_its_wire_format(
    api: str, parameters: Json, added: Json
) -> None:
    assert defaults(Model("m", "p", "d", parameters=parameters, api=api)) == added


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({}, {"temperature": 0.3, "max_tokens": 9}),
        ({"temperature": 0}, {"temperature": 0, "max_tokens": 9}),
        ({"max_completion_tokens": 5}, {"temperature": 0.3, "max_completion_tokens": 5}),
    ],
)
def test_what_a_request_sets_itself_stays(body: Json, sent: Json) -> None:
    assert with_defaults(body, {"temperature": 0.3, "max_tokens": 9}) == sent
