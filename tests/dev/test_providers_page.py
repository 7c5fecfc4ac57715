"""docs/providers.md lists the services of services.yaml, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev import providers_page
from dev.providers_page import CHINESE_PAGE, LANGUAGES, PAGE


@pytest.mark.parametrize("file", LANGUAGES, ids=["english", "chinese"])
def test_the_page_is_what_the_file_says(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert providers_page.page(text, LANGUAGES[file]) == text, "run: python -m dev.providers_page"


def test_a_row_of_the_chinese_page_is_in_chinese() -> None:
    text = CHINESE_PAGE.read_text(encoding="utf-8")
    assert "（`stream: true`）。 | 模拟：`qwen` |" in text
    assert "| 否 |" in text


def test_a_row_says_what_was_tested_and_what_was_not() -> None:
    rows = {
        line.split("|")[1].strip(): line for line in PAGE.read_text().splitlines() if "](#" in line
    }
    assert rows["[Anthropic](#anthropic)"].endswith("| simulated: `claude` |")
    assert rows["[Groq](#groq)"].endswith("| no |")
    assert "| `chat`, `responses` |" in rows["[OpenAI](#openai)"]
