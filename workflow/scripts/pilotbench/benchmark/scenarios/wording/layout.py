"""Sentences become a message in the manner of a register."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.wording.register import Frame

MOST_FILLERS = 2
_SHARE_FILLED = 0.5
_SHARE_BROKEN = 0.35
_STOPS = (".", "。")


@dataclass(frozen=True)
class Sentence:
    """The text of a unit; `is_tied` to the one before, so that nothing may stand between."""

    text: str
    is_tied: bool = False


def message(
    sentences: Sequence[Sentence], frame: Frame, fillers: Sequence[str], random: SeededRandom
) -> str:
    """Return a whole request: opening, sentences with some of the fillers, closing."""
    layout = LAYOUTS[random.pick(frame.layouts)]
    filled = _filled(sentences, fillers, random)
    body = layout(filled, frame.join, random)
    parts = (random.pick(frame.openings), body, random.pick(frame.closings))
    gap = random.pick(("\n", "\n\n"))
    return gap.join(part for part in parts if part)


def follow_up(
    sentences: Sequence[Sentence], frame: Frame, leads: Sequence[str], random: SeededRandom
) -> str:
    """Return a short later message that begins with one of the leads."""
    parts = [random.pick(leads), *(one.text for one in sentences)]
    return frame.join.join(part for part in parts if part)


def _filled(
    sentences: Sequence[Sentence], fillers: Sequence[str], random: SeededRandom
) -> list[Sentence]:
    filled = list(sentences)
    if not fillers or not random.chance(_SHARE_FILLED):
        return filled
    for text in random.some(fillers, min(random.whole(1, MOST_FILLERS), len(fillers))):
        places = [i for i in range(1, len(filled)) if not filled[i].is_tied]
        if places:
            filled.insert(random.pick(places), Sentence(text))
    return filled


def _paragraph(sentences: Sequence[Sentence], join: str, random: SeededRandom) -> str:
    return join.join(one.text for one in sentences)


def _paragraphs(sentences: Sequence[Sentence], join: str, random: SeededRandom) -> str:
    text = sentences[0].text
    for one in sentences[1:]:
        is_broken = random.chance(_SHARE_BROKEN) and not one.is_tied
        text += ("\n\n" if is_broken else join) + one.text
    return text


def _list_of(mark: str, has_stops: bool) -> Callable[[Sequence[Sentence], str, SeededRandom], str]:
    def listed(sentences: Sequence[Sentence], join: str, random: SeededRandom) -> str:
        texts = [one.text for one in sentences]
        shown = texts if has_stops else [_without_stop(text) for text in texts]
        return "\n".join(mark + text for text in shown)

    return listed


def _without_stop(text: str) -> str:
    return text[:-1] if text.endswith(_STOPS) else text


LAYOUTS: dict[str, Callable[[Sequence[Sentence], str, SeededRandom], str]] = {
    "paragraph": _paragraph,
    "paragraphs": _paragraphs,
    "lines": _list_of("", has_stops=True),
    "bullets": _list_of("- ", has_stops=True),
    "stars": _list_of("* ", has_stops=False),
    "bare": _list_of("", has_stops=False),
}
