"""docs/configuration.md lists every key of the config as the schemas declare it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dev import configuration_page
from dev.benchmark_page import part
from dev.chinese import Say, chinese
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.wire_formats import WIRE_FORMATS

WRITTEN = configuration_page.PAGE.read_text(encoding="utf-8")
PACKS = configuration_page.PACKS.read_text(encoding="utf-8")
EXTERNAL = configuration_page.EXTERNAL.read_text(encoding="utf-8")
TRANSLATED = [
    (page.read_text(encoding="utf-8"), configuration_page.twin(page).read_text(encoding="utf-8"))
    for page in configuration_page.TRANSLATED
]


@pytest.mark.parametrize("name", configuration_page.parts())
def test_a_table_is_what_the_schema_says(name: str) -> None:
    table = configuration_page.parts()[name] + "\n"
    assert part(WRITTEN, name) == table, "run: python -m dev.configuration_page"


@pytest.mark.parametrize("name", configuration_page.packs())
def test_a_table_of_packs_is_what_the_schema_says(name: str) -> None:
    table = configuration_page.packs()[name] + "\n"
    assert part(PACKS, name) == table, "run: python -m dev.configuration_page"


@pytest.mark.parametrize("name", configuration_page.external())
def test_a_table_of_external_tasks_is_what_the_schema_says(name: str) -> None:
    table = configuration_page.external()[name] + "\n"
    assert part(EXTERNAL, name) == table, "run: python -m dev.configuration_page"


@pytest.mark.parametrize("name", configuration_page.services())
@pytest.mark.parametrize("say", [str, chinese])
def test_a_table_of_services_is_what_is_declared(name: str, say: Say) -> None:
    english = configuration_page.SERVICES
    page = english if say is str else configuration_page.twin(english)
    table = configuration_page.services(say)[name] + "\n"
    written = part(page.read_text(encoding="utf-8"), name)
    assert written == table, "run: python -m dev.configuration_page"


@pytest.mark.parametrize(
    ("name", "declared"), [("provider_kinds", KINDS), ("wire_formats", WIRE_FORMATS)]
)
def test_a_table_of_services_has_every_declaration(name: str, declared: Mapping[str, Any]) -> None:
    written = configuration_page.services()[name]
    assert [row.split("`")[1] for row in written.splitlines()[2:]] == list(declared)


def test_a_table_shows_defaults_and_nested_keys() -> None:
    tables = configuration_page.parts()
    assert "| `difficulties` | `auto` |" in tables["config_keys"]
    assert "| `partial` | `false` |" in tables["config_keys"]
    assert "| `price.cached` |  | Input tokens" in tables["model_keys"]
    assert "Default by kind: " in tables["key_keys"]
    assert "azure 50, " in tables["key_keys"]


@pytest.mark.parametrize(("written", "translation"), TRANSLATED)
def test_the_translation_lists_the_same_keys_and_defaults(written: str, translation: str) -> None:
    def rows(text: str) -> list[tuple[str, ...]]:
        return [row.group(1, 2) for row in configuration_page.ROW.finditer(text)]

    assert rows(translation) == rows(written)


@pytest.mark.parametrize(("written", "translation"), TRANSLATED)
def test_the_translation_is_of_the_present_text(written: str, translation: str) -> None:
    outdated = configuration_page.outdated(written, translation)
    assert outdated == [], "translate them, then run: python -m dev.configuration_page --translated"


def test_a_changed_meaning_makes_its_translation_outdated() -> None:
    original = "| `a` | `1` | One. |\n| `b` |  | Two. |\n"
    translation = "| `a` | `1` | 一 |\n| `b` |  | 二 |\n"
    assert configuration_page.outdated(original, translation) == ["a", "b"]
    recorded = configuration_page.translated(original, translation)
    assert configuration_page.outdated(original, recorded) == []
    assert configuration_page.translated(original, recorded) == recorded
    changed = original.replace("Two", "Three")
    assert configuration_page.outdated(changed, recorded) == ["b"]


def test_the_defaults_of_a_new_kind_are_written_and_need_no_translation() -> None:
    original = "| `a` |  | One. Default by kind: x 1. |\n| `b` |  | Two. |\n"
    translation = "| `a` |  | 一。各种类的默认值：x 1 |\n| `b` |  | 二 |\n"
    recorded = configuration_page.translated(original, translation)
    changed = original.replace("x 1", "x 1, y 2")
    written = configuration_page.with_defaults(changed, recorded)
    assert written == recorded.replace("x 1", "x 1、y 2")
    assert configuration_page.outdated(changed, written) == []
