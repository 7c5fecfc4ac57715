"""docs/providers.md lists the services of services.yaml."""

from __future__ import annotations

from dev import providers_page
from dev.providers_page import PAGE


def test_the_page_is_what_the_file_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert providers_page.page(text) == text, "run: python -m dev.providers_page"


def test_a_row_says_what_was_tested_and_what_was_not() -> None:
    rows = {
        line.split("|")[1].strip(): line for line in PAGE.read_text().splitlines() if "](#" in line
    }
    assert rows["[Anthropic](#anthropic)"].endswith("| simulated: `claude` |")
    assert rows["[Groq](#groq)"].endswith("| no |")
    assert "| `chat`, `responses` |" in rows["[OpenAI](#openai)"]
