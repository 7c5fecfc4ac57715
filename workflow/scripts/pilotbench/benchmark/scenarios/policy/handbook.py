"""The sentences of the handbook that decide nothing, from `handbook.txt`.

A line `# Title | Another title` begins a topic; every other line is a sentence of it, in which
`{early}` and the like are drawn each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pilotbench.benchmark.generation.seeded_random import SeededRandom

SLOTS: dict[str, tuple[str, ...]] = {
    "early": ("7:00", "7:15", "7:30", "7:45", "8:00", "8:15", "8:30", "9:00"),
    "late": ("16:00", "16:30", "17:00", "17:15", "17:30", "18:00", "18:30", "19:00"),
    "noon": ("11:00", "11:30", "12:00", "12:15", "12:30", "13:00", "13:30", "14:00"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "month": ("January", "March", "April", "May", "June", "September", "October", "November"),
    "few": ("two", "three", "four", "five", "six"),
    "many": ("eight", "ten", "twelve", "fifteen", "twenty"),
    "years": ("two", "three", "five", "six", "seven", "ten"),
    "minutes": ("five", "ten", "fifteen", "twenty", "thirty"),
    "days": ("three", "five", "seven", "ten", "fourteen"),
    "percent": ("2", "3", "5", "8", "10", "12", "15", "20"),
    "sum": ("20", "25", "30", "40", "50", "60", "80", "100", "120", "150"),
    "ext": ("112", "140", "173", "215", "228", "260", "304", "331", "347", "402", "415", "480"),
    "room": ("1.04", "1.17", "2.03", "2.11", "2.20", "3.02", "3.09", "3.15", "4.06", "4.12"),
    "floor": ("first", "second", "third", "fourth", "fifth"),
    "colour": ("green", "yellow", "red", "white", "grey", "orange"),
    "street": ("Mill Street", "Station Road", "Bridge Lane", "Park Street", "Canal Road"),
    "name": ("Ms Adler", "Mr Brandt", "Ms Costa", "Mr Dunne", "Ms Evans", "Mr Falk", "Ms Gray"),
    "degrees": ("18", "19", "20", "21", "22"),
    "nth": ("first", "second", "third", "fourth"),
}


@dataclass(frozen=True)
class Sentence:
    """The pieces of a sentence between its slots, the values of each slot, and its words."""

    pieces: tuple[str, ...]
    slots: tuple[tuple[str, ...], ...]
    words: int

    def written(self, random: SeededRandom) -> str:
        """Return the sentence with drawn values."""
        if not self.slots:
            return self.pieces[0]
        said = [self.pieces[0]]
        for values, piece in zip(self.slots, self.pieces[1:], strict=True):
            said += (random.pick(values), piece)
        return "".join(said)


@dataclass(frozen=True)
class Topic:
    """A topic of the handbook: its titles and its sentences."""

    titles: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def sentence(text: str) -> Sentence:
    """Return a sentence from its text with slots in braces."""
    pieces = re.split(r"\{(\w+)\}", text)
    return Sentence(
        tuple(pieces[::2]), tuple(SLOTS[name] for name in pieces[1::2]), len(text.split())
    )


@cache
def topics() -> tuple[Topic, ...]:
    """Return the topics of the handbook."""
    found = []
    for block in Path(__file__).with_suffix(".txt").read_text("utf-8").split("# ")[1:]:
        head, *lines = block.strip().splitlines()
        found.append(
            Topic(tuple(head.split(" | ")), tuple(sentence(line) for line in lines if line))
        )
    return tuple(found)
