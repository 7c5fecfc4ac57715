"""The embedded server: a real model answers through the same client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.ground.errors import ConfigError, ContextOverflow, Rejected
from pilotbench.providers.kind import Provider
from pilotbench.providers.kinds import connect
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings, Weights

PROVIDER = ProviderSettings("embedded", "llamacpp", {"cpu": Key("cpu", "embedded", 1)})
ACCESS = {"cpu": Access("llamacpp:", "")}


def model(weights: Weights | None) -> Model:
    """Return an embedded model."""
    return Model("small", "embedded", "small", weights=weights)


def request(**body: Any) -> Request:
    """Return a short request."""
    least = {
        "model": "small",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 8,
        "temperature": 0,
    }
    return Request({**least, **body}, Instance("t", "none", 0, "hi"), "none", 0, 0)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (None, "model_catalog.small.weights is missing"),
        (Weights(path="no/such.gguf"), "there is no file no/such.gguf"),
        (Weights(path="pyproject.toml"), "pyproject.toml cannot be loaded"),
    ],
)
def test_weights_that_cannot_be_used_are_one_line(weights: Weights | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        connect(PROVIDER, model(weights), ACCESS)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def provider(model_file: Path) -> Iterator[Provider]:
    made: Any = connect(PROVIDER, model(Weights(path=str(model_file), context=512)), ACCESS)
    yield made
    made.close()


@pytest.mark.model
def test_a_model_answers_and_says_what_it_read_and_wrote(provider: Provider) -> None:
    found = provider.complete(request(), "cpu", 120)
    assert found.message["content"]
    assert found.model == "small"  # the deployment, not the path of the weights
    assert found.finish_reason in ("stop", "length")
    assert 0 < found.tokens.output <= 8
    assert found.tokens.input > 5


@pytest.mark.model
def test_a_prefix_is_read_once(provider: Provider) -> None:
    provider.complete(request(max_tokens=1), "cpu", 120)
    assert provider.complete(request(max_tokens=1), "cpu", 120).tokens.cached > 5


@pytest.mark.model
def test_a_schema_is_kept(provider: Provider) -> None:
    schema = {
        "type": "object",
        "properties": {"tool": {"enum": ["reader", "writer"]}},
        "required": ["tool"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "call", "schema": schema}}
    found = provider.complete(request(response_format=form, max_tokens=40), "cpu", 120)
    assert json.loads(found.message["content"])["tool"] in ("reader", "writer")


@pytest.mark.model
def test_a_conversation_over_the_context_is_an_overflow(provider: Provider) -> None:
    long = [{"role": "user", "content": "word " * 2000}]
    with pytest.raises(ContextOverflow):
        provider.complete(request(messages=long), "cpu", 120)


@pytest.mark.model
def test_a_request_that_makes_no_sense_is_rejected(provider: Provider) -> None:
    with pytest.raises(Rejected):
        provider.complete(request(messages="nonsense"), "cpu", 120)
