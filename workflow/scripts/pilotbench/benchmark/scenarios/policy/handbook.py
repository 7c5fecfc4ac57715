"""The sentences of the handbook that decide nothing, from `handbook.txt`.

A line `# Title | Another title` begins a topic; every other line is a sentence of it, in which
`{early}` and the like are drawn each time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.phrases import CONTEXT
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS

SLOTS: dict[str, tuple[str, ...]] = {
    "early": ("7:00", "7:15", "7:30", "7:45", "8:00", "8:15", "8:30", "9:00"),
    "late": ("16:00", "16:30", "17:00", "17:15", "17:30", "18:00", "18:30", "19:00"),
    "noon": ("11:00", "11:30", "12:00", "12:15", "12:30", "13:00", "13:30", "14:00"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "month": ("January", "March", "April", "May", "June", "September", "October", "November"),
    "few": ("two", "three", "four", "five", "six"),
    "two": ("two", "three"),
    "many": ("eight", "ten", "twelve", "fifteen", "twenty"),
    "years": ("two", "three", "five", "six", "seven", "ten"),
    "minutes": ("five", "ten", "fifteen", "twenty", "thirty"),
    "days": ("three", "five", "seven", "ten", "fourteen"),
    "percent": ("2", "3", "5", "8", "10", "12", "15", "20"),
    "sum": ("20", "25", "30", "40", "50", "60", "80", "100", "120", "150"),
    "ext": ("112", "140", "173", "215", "228", "260", "304", "331", "347", "402", "415", "480"),
    "room": ("1.04", "1.17", "2.03", "2.11", "2.20", "3.02", "3.09", "3.15", "4.06", "4.12"),
    "floor": ("first", "second", "third", "fourth", "fifth"),
    "colour": ("green", "yellow", "red", "white", "grey"),
    "street": ("Mill Street", "Station Road", "Bridge Lane", "Park Street", "Canal Road"),
    "name": ("Ms Adler", "Mr Brandt", "Ms Costa", "Mr Dunne", "Ms Evans", "Mr Falk", "Ms Gray"),
    "degrees": ("18", "19", "20", "21", "22"),
    "region": REGIONS,
    "grade": GRADES,
    "nth": ("first", "second", "third", "fourth"),
}


VARIANTS = 24
"""How many variants of each topic are prepared, with other values in another order."""


@dataclass(frozen=True)
class Passage:
    """Sentences in an order, and how many words the first ones have together."""

    sentences: tuple[str, ...]
    words: tuple[int, ...]


@dataclass(frozen=True)
class Topic:
    """A topic of the handbook: its titles, and variants of its sentences."""

    titles: tuple[str, ...]
    variants: tuple[Passage, ...]


def _passage(random: SeededRandom, sentences: Sequence[str]) -> Passage:
    said = tuple(_filled(random, sentence) for sentence in random.mixed(sentences))
    return Passage(said, tuple(accumulate((len(one.split()) for one in said), initial=0)))


def topic(titles: Sequence[str], sentences: Sequence[str]) -> Topic:
    """Return a topic from sentences with slots in braces; its variants are always the same."""
    random = SeededRandom("handbook", *sentences)
    return Topic(tuple(titles), tuple(_passage(random, sentences) for _ in range(VARIANTS)))


def _filled(random: SeededRandom, sentence: str) -> str:
    pieces = re.split(r"\{(\w+)\}", sentence)
    pieces[1::2] = [random.pick(SLOTS[name]) for name in pieces[1::2]]
    return "".join(pieces)


@cache
def topics() -> tuple[Topic, ...]:
    """Return the topics of the handbook."""
    blocks = Path(__file__).with_suffix(".txt").read_text("utf-8").split("# ")[1:]
    lines = (block.strip().splitlines() for block in blocks)
    return tuple(topic(titles.split(" | "), sentences) for titles, *sentences in lines)


@cache
def context() -> Topic:
    """Return the sentences about sections of rules that decide nothing."""
    return topic((), CONTEXT)
