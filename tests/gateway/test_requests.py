"""Which model and body a request of a client means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.gateway.failures import BadRequest, UnknownModel
from pilotbench.gateway.requests import PATHS, UNSERVED, listed, read, served
from pilotbench.providers.settings import Model

Json = dict[str, Any]
CATALOG = {
    model.name: model
    for model in (
        Model("chatty", "sim", "deployed"),
        Model("again", "sim", "deployed", parameters={"temperature": 1}),
        Model("both", "sim", "two-forms"),
        Model("both-responses", "sim", "two-forms", api="responses"),
        Model("here", "sim", "everywhere"),
        Model("there", "other", "everywhere"),
        Model("claude", "anth", "claude", kind="anthropic", api="messages"),
        Model("oracle", "players", "oracle", kind="player"),
    )
}


def asked(api: str = "chat", **body: Any) -> Any:
    return read(api, json.dumps(body).encode(), CATALOG)


@pytest.mark.parametrize(
    ("api", "name", "entry"),
    [
        ("chat", "chatty", "chatty"),
        ("chat", "deployed", "chatty"),
        ("chat", "two-forms", "both"),
        ("responses", "two-forms", "both-responses"),
    ],
)
def test_a_model_is_an_entry_or_a_deployment(api: str, name: str, entry: str) -> None:
    found = asked(api, model=name)
    assert found.model.name == entry
    assert found.body == {"model": found.model.deployment}


@pytest.mark.parametrize(
    ("body", "streams", "with_usage"),
    [
        ({}, False, False),
        ({"stream": None}, False, False),
        ({"stream": True}, True, False),
        ({"stream": True, "stream_options": {"include_usage": True}}, True, True),
        ({"stream": True, "stream_options": "odd"}, True, False),
    ],
)
def test_a_stream_is_a_form_of_the_reply(body: Json, streams: bool, with_usage: bool) -> None:
    found = asked(model="chatty", **body)
    assert (found.streams, found.with_usage) == (streams, with_usage)
    assert found.body == {"model": "deployed"}


@pytest.mark.parametrize(
    ("api", "body", "words"),
    [
        ("chat", {"model": "everywhere"}, "deployment of several entries; write one: here, there"),
        ("responses", {"model": "chatty"}, "asked by api: chat, not responses: post to /v1/chat"),
        ("chat", {"model": "claude"}, "only /v1/chat/completions and /v1/responses are served"),
        ("chat", {"model": "oracle"}, "reference player"),
        ("chat", {"model": 7}, "must name an entry"),
        ("chat", {"model": "chatty", "background": True}, "background: is not passed on"),
    ],
)
def test_what_is_not_passed_on_is_said(api: str, body: Json, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        asked(api, **body)
    with pytest.raises(UnknownModel, match="did you mean chatty"):
        asked(model="chaty")


def test_only_models_that_can_be_asked_are_listed() -> None:
    names = [row["id"] for row in listed(CATALOG)["data"]]
    assert names == list(served(CATALOG))
    assert not {"claude", "oracle"} & set(names)
    assert not set(PATHS) & set(UNSERVED)


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999"])
def test_a_number_that_json_cannot_hold_is_refused(number: bytes) -> None:
    with pytest.raises(BadRequest, match="the body must be JSON"):
        read("chat", b'{"model": "chatty", "temperature": %s}' % number, CATALOG)
