"""Every provider kind is one declaration, and everything else is derived from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.ground import schemas
from pilotbench.ground.errors import ConfigError, ContextOverflow, Refused
from pilotbench.matrix import config, config_files, validation
from pilotbench.providers import kinds
from pilotbench.providers.failures import failure
from pilotbench.providers.kind import Kind
from pilotbench.providers.kinds import KINDS

FOLDER = Path(kinds.__file__).parent
BY_NAME = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def test_each_file_of_the_folder_declares_one_kind() -> None:
    files = {file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__"}
    assert files == set(KINDS) == {kind.name for kind in KINDS.values()}


def test_the_schema_of_providers_knows_every_kind_and_its_defaults() -> None:
    entry = validation.schema_of("providers")["additionalProperties"]["properties"]
    slots = entry["keys"]["additionalProperties"]["properties"]["slots"]
    assert entry["kind"]["enum"] == list(KINDS)
    for kind in KINDS.values():
        assert f"{kind.name}: {kind.sentence}" in entry["kind"]["description"]
        assert f"{kind.name} {kind.default_slots}" in slots["description"]
        assert f"{kind.name} {kind.retry_for_s:g}" in entry["retry_for_s"]["description"]


def test_completing_a_schema_does_not_change_it() -> None:
    schema = schemas.load("providers")
    kinds.completed(schema)
    assert schema == schemas.load("providers")


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    entry = {"kind": "telepathy", "keys": {"k": None}}
    with pytest.raises(ConfigError, match="allowed: " + ", ".join(KINDS)):
        validation.validate(config_files.read((), {"providers": {"mine": entry}}))


@BY_NAME
def test_defaults_of_a_provider_are_those_of_its_kind(kind: Kind) -> None:
    entry = {"kind": kind.name, "keys": {"one": None}}
    mine = config.settings(config_files.read((), {"providers": {"mine": entry}})).providers["mine"]
    assert (mine.retry_for_s, mine.keys["one"].slots) == (kind.retry_for_s, kind.default_slots)


@BY_NAME
def test_every_kind_can_tell_a_failure(kind: Kind) -> None:
    found = failure(kind.failures, 503, {}, {"error": {"message": "busy"}})
    assert not isinstance(found, ContextOverflow | Refused)
