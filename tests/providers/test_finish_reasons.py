"""Finish reasons of all services: one table, found in every spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pilotbench.providers.finish_reasons import REASONS, Meaning, known, meaning


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", Meaning.COMPLETED),
        ("STOP", Meaning.COMPLETED),
        ("FINISH_REASON_STOP", Meaning.COMPLETED),
        ("end_turn", Meaning.COMPLETED),
        ("endTurn", Meaning.COMPLETED),
        (None, Meaning.COMPLETED),
        ("", Meaning.COMPLETED),
        ("tool_calls", Meaning.CALL),
        ("MALFORMED_FUNCTION_CALL", Meaning.CALL),
        ("UNEXPECTED_TOOL_CALL", Meaning.CALL),
        ("MALFORMED_RESPONSE", Meaning.CALL),
        ("length", Meaning.LENGTH),
        ("FinishReason.MAX_TOKENS", Meaning.LENGTH),
        (" Length ", Meaning.LENGTH),
        ("content_filter", Meaning.REFUSED),
        ("content-filter", Meaning.REFUSED),
        ("content_filter: PROHIBITED_CONTENT", Meaning.REFUSED),
        ("SAFETY", Meaning.REFUSED),
        ("PROHIBITED_CONTENT", Meaning.REFUSED),
        ("RECITATION", Meaning.REFUSED),
        ("ESCALATION", Meaning.REFUSED),
        ("sensitive", Meaning.REFUSED),
        ("insufficient_system_resource", Meaning.INFRASTRUCTURE),
        ("error", Meaning.INFRASTRUCTURE),
        ("error: upstream", Meaning.INFRASTRUCTURE),
        ("abort", Meaning.INFRASTRUCTURE),
        ("network_error", Meaning.INFRASTRUCTURE),
        ("MISSING_THOUGHT_SIGNATURE", Meaning.INFRASTRUCTURE),
    ],
)
def test_a_reason_is_found_in_every_spelling(reason: str | None, expected: Meaning) -> None:
    assert meaning(reason) is expected
    assert known(reason)


@pytest.mark.parametrize("reason", ["because", "stop_it", "errorless", "42", "完成"])
def test_an_unknown_reason_is_a_completed_answer_and_worth_a_report(reason: str) -> None:
    assert meaning(reason) is Meaning.COMPLETED
    assert not known(reason)


def test_no_reason_has_two_meanings() -> None:
    words = [word for text in REASONS.values() for word in text.split()]
    assert len(words) == len(set(words))
    assert set(REASONS) == set(Meaning)


def test_the_page_lists_every_reason_with_its_meaning() -> None:
    named = re.search(r"docs/\w+\.md", Meaning.__doc__ or "")
    assert named is not None
    page = (Path(__file__).parents[2] / named[0]).read_text(encoding="utf-8")
    for means, words in REASONS.items():
        listed = ", ".join(f"`{word}`" for word in words.split())
        assert f"| {means.value} | {listed} |" in page
