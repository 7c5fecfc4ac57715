"""How sentences become a message."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.wording import layout
from pilotbench.benchmark.scenarios.wording.register import Frame

SENTENCES = (layout.Sentence("One."), layout.Sentence("Two.", is_tied=True), layout.Sentence("Z。"))


def frame(**parts: tuple[str, ...]) -> Frame:
    given: dict[str, Any] = {
        "layouts": ("paragraph",),
        "openings": ("",),
        "closings": ("",),
        "fillers": (),
    }
    return Frame(**{**given, "follow_ups": ("",), **parts})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("paragraph", "One. Two. Z。"),
        ("lines", "One.\nTwo.\nZ。"),
        ("bullets", "- One.\n- Two.\n- Z。"),
        ("stars", "* One\n* Two\n* Z"),
        ("bare", "One\nTwo\nZ"),
    ],
)
def test_a_layout(name: str, text: str) -> None:
    assert layout.message(SENTENCES, frame(layouts=(name,)), (), SeededRandom("a")) == text


def test_a_paragraph_never_ends_before_a_tied_sentence() -> None:
    form = frame(layouts=("paragraphs",))
    found = {layout.message(SENTENCES, form, (), SeededRandom(i)) for i in range(50)}
    assert found == {"One. Two. Z。", "One. Two.\n\nZ。"}


def test_a_filler_never_comes_first_or_before_a_tied_sentence() -> None:
    found = {layout.message(SENTENCES, frame(), ("F.",), SeededRandom(i)) for i in range(50)}
    assert found == {"One. Two. Z。", "One. Two. F. Z。"}


def test_an_opening_and_a_closing_are_lines_of_their_own() -> None:
    form = frame(openings=("Hi,",), closings=("Thanks",))
    found = {layout.message(SENTENCES[:1], form, (), SeededRandom(i)) for i in range(50)}
    assert found == {"Hi,\nOne.\nThanks", "Hi,\n\nOne.\n\nThanks"}


def test_a_follow_up_is_one_paragraph_without_greeting() -> None:
    form = frame(layouts=("bullets",), openings=("Hi,",))
    assert layout.follow_up(SENTENCES[:2], form, ["PS."], SeededRandom("a")) == "PS. One. Two."
