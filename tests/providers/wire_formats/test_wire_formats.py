"""Every wire format is one declaration, and everything else is derived from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config, config_files, validation
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.wire_format import WireFormat
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
SERVICES = Path("docs/services.md")
BY_NAME = pytest.mark.parametrize("wire", WIRE_FORMATS.values(), ids=list(WIRE_FORMATS))
KEYS: Json = {"one": {"env": "MINE"}}


def read(provider: Json, model: Json) -> config.Settings:
    """Return the settings with one provider and one model."""
    service = {"kind": "openai", "base_url": "http://mine", "keys": KEYS, **provider}
    overlay = {
        "providers": {"mine": service},
        "model_catalog": {"m": {"provider": "mine", "deployment": "m", **model}},
        "models": "m",
    }
    merged = config_files.read((), overlay)
    validation.validate(merged)
    return config.settings(merged)


@BY_NAME
def test_each_format_is_offered_and_documented(wire: WireFormat) -> None:
    for name in ("providers", "models"):
        entry = validation.schema_of(name)["additionalProperties"]["properties"]
        assert wire.name in entry["api"]["enum"]
        assert f"{wire.name}: {wire.sentence}" in entry["api"]["description"]
    assert f"| `{wire.name}` | {wire.sentence} |" in SERVICES.read_text(encoding="utf-8")


@BY_NAME
def test_a_body_names_the_model_and_has_a_path(wire: WireFormat) -> None:
    body, _ = wire.bodies("m", [Message("system", "s"), Message("user", "u")], Offer(), {})
    assert body["model"] == "m"
    assert wire.path(body).strip("/")
    assert wire.sent(body)


@BY_NAME
def test_a_written_text_is_read_again(wire: WireFormat) -> None:
    assert wire.read(wire.written("text")).text == "text"
    assert wire.read(wire.written(None)).text == ""
    assert wire.read({}).text == ""


@pytest.mark.parametrize(
    ("provider", "model", "api"),
    [
        ({}, {}, "chat"),
        ({"api": "responses"}, {}, "responses"),
        ({"api": "responses"}, {"api": "chat"}, "chat"),
        ({}, {"api": "responses"}, "responses"),
    ],
)
def test_the_api_of_a_model_is_its_own_else_its_providers(
    provider: Json, model: Json, api: str
) -> None:
    assert read(provider, model).models["m"].api == api


@pytest.mark.parametrize(
    ("provider", "model", "why"),
    [
        ({"api": "fax"}, {}, "providers.mine.api is 'fax'; allowed: "),
        ({}, {"api": "fax"}, "model_catalog.m.api is 'fax'; allowed: "),
    ],
)
def test_an_unknown_api_is_one_clear_line(provider: Json, model: Json, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(provider, model)
    assert why + ", ".join(WIRE_FORMATS) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parameter_that_a_format_cannot_send_is_one_clear_line() -> None:
    with pytest.raises(ConfigError) as caught:
        read({"api": "responses"}, {"parameters": {"seed": 1}})
    assert "model_catalog.m.parameters cannot be sent: seed is unknown to api" in str(caught.value)


@pytest.mark.parametrize("kind", ["player", "llamacpp"])
def test_what_runs_in_this_process_has_one_format(kind: str) -> None:
    with pytest.raises(ConfigError, match=f"mine.api must be chat for the kind {kind}"):
        read({"kind": kind, "base_url": "http://mine", "api": "responses"}, {})
