"""docs/configuration.md lists every key of the config as the schemas declare it."""

from __future__ import annotations

import re

import pytest

from dev import configuration_page
from dev.benchmark_page import part

WRITTEN = configuration_page.PAGE.read_text(encoding="utf-8")
TRANSLATION = configuration_page.PAGE.parent / "zh" / configuration_page.PAGE.name


@pytest.mark.parametrize("name", configuration_page.parts())
def test_a_table_is_what_the_schema_says(name: str) -> None:
    table = configuration_page.parts()[name] + "\n"
    assert part(WRITTEN, name) == table, "run: python -m dev.configuration_page"


def test_a_table_shows_defaults_and_nested_keys() -> None:
    tables = configuration_page.parts()
    assert "| `difficulties` | `[easy]` |" in tables["config_keys"]
    assert "| `partial` | `false` |" in tables["config_keys"]
    assert "| `price.cached` |  | Input tokens" in tables["model_keys"]
    assert "Default by kind: azure 50" in tables["key_keys"]


def test_the_translation_lists_the_same_keys_and_defaults() -> None:
    rows = re.compile(r"^\| (`[\w.]+` \| [^|]*) \|", re.MULTILINE)
    translated = TRANSLATION.read_text(encoding="utf-8")
    assert rows.findall(translated) == rows.findall(WRITTEN)
