"""OpenAI's client without a server: its requests are those of the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import NotFoundError, OpenAI

from pilotbench.gateway import in_process
from support.gateway_server import GatewayServer, said

USER: Any = [{"role": "user", "content": "What is 6 x 7?"}]


@pytest.fixture
def client(lab: GatewayServer) -> Iterator[OpenAI]:
    with in_process.client(lab.gateway, "one") as made:
        yield made


def test_equal_requests_are_counted_and_answered(lab: GatewayServer, client: OpenAI) -> None:
    lab.reply = lambda body, occurrence: said(f"{body['model']} {occurrence}")
    made = [client.chat.completions.create(model="chatty", messages=USER) for _ in range(2)]
    assert [one.choices[0].message.content for one in made] == ["chat-model 0", "chat-model 1"]
    assert [number for _, number in lab.asked] == [0, 1]


def test_a_stream_comes_in_pieces(lab: GatewayServer, client: OpenAI) -> None:
    lab.reply = lambda body, occurrence: said("forty-two")
    pieces = client.chat.completions.create(model="chatty", messages=USER, stream=True)
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "forty-two"


def test_the_models_are_listed(client: OpenAI) -> None:
    assert {model.id for model in client.models.list()} == {"chatty", "thinker"}


def test_what_is_not_served_is_an_error_of_one_line(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="/v1/embeddings: is not served"):
        client.embeddings.create(model="chatty", input="x")
    with pytest.raises(NotFoundError, match="model nobody: is not in model_catalog"):
        client.chat.completions.create(model="nobody", messages=USER)
