"""A register: the wordings of every clause, and the frame that surrounds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pilotbench.benchmark.scenarios.terms.clauses import Clause
from pilotbench.benchmark.scenarios.terms.subjects import SUBJECTS
from pilotbench.ground import yaml_files

FOLDER = Path(__file__).with_name("registers")
ALIKE = 0.6
"""The share of common words from which two wordings follow the same formula."""
_SLOT = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[A-Za-z']+|[^\x00-\x7f]")
_CONDITION = re.compile(r"@(\w+)(?:=(\w+))? (.*)", re.DOTALL)
_MEASURED = "个{one}"
_ARTICLE = re.compile(r"\b([Aa]) (?=\{one\})")
_SMALL_START = re.compile(r"(^|[.!?]\s+)([a-z])")
_LARGE_START = re.compile(r"(^|[.!?]\s+)(A(?= )|[A-Z](?=[a-z]))")


@dataclass(frozen=True)
class Wording:
    """A template; with `after` only directly after such a kind, without the slot `same`."""

    id: str
    template: str
    after: str = ""
    same: str = ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words outside slots; in Chinese, the characters."""
        return frozenset(_WORD.findall(_SLOT.sub("", self.template)))

    def is_like(self, other: Wording) -> bool:
        """Return whether both follow the same formula, by the share of words in common."""
        common = len(self.words & other.words)
        return common >= ALIKE * len(self.words | other.words)

    def suits(self, clause: Clause, before: Clause | None) -> bool:
        """Return whether a conditional wording can follow the clause before."""
        if before is None or not before.kind.startswith(self.after):
            return False
        values = [value for _, value in before.slots]
        return not self.same or dict(clause.slots)[self.same] in values


@dataclass(frozen=True)
class Frame:
    """What surrounds the wordings of a register; each part is drawn from its list.

    `layouts` are names of `layout.LAYOUTS`. `cases`: `lower` begins sentences with small letters.
    `join` separates sentences. `openings` and `closings` are lines of their own, or empty.
    `follow_ups` introduce a later, short message. `fillers` are sentences that decide nothing.
    """

    layouts: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    follow_ups: tuple[str, ...]
    fillers: tuple[str, ...]
    cases: tuple[str, ...] = ("normal",)
    join: str = " "


@dataclass(frozen=True, eq=False)
class Choice:
    """The wordings of one key: those for any place, and the conditional ones."""

    free: tuple[Wording, ...]
    conditional: tuple[Wording, ...]

    def suiting(self, clause: Clause, before: Clause | None) -> list[Wording]:
        """Return the conditional wordings that can follow the clause before."""
        return [one for one in self.conditional if one.suits(clause, before)]


@dataclass(frozen=True, eq=False)
class Register:
    """A way to write; `public` and `held_out` have the same keys."""

    name: str
    language: str
    public: dict[str, Choice]
    held_out: dict[str, Choice]
    frame: Frame

    @cached_property
    def fused(self) -> dict[tuple[str, str], str]:
        """The key of two kinds that share a sentence, in either sequence."""
        keys = [(*key.split("+"), key) for key in self.public if "+" in key]
        return {pair: key for a, b, key in keys for pair in ((a, b), (b, a))}


@cache
def names() -> tuple[str, ...]:
    """Return the names of the registers."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load(name: str) -> Register:
    """Return a register, read once per process."""
    read = yaml_files.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return Register(
        name=name,
        language=read["language"],
        public=_choices(read["public"], f"{name}/public"),
        held_out=_choices(read["held_out"], f"{name}/held_out"),
        frame=Frame(**{key: _frozen(value) for key, value in read["frame"].items()}),
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _choices(read: dict[str, Sequence[str]], place: str) -> dict[str, Choice]:
    return {key: _choice(texts, f"{place}/{key}") for key, texts in read.items()}


def _choice(texts: Sequence[str], place: str) -> Choice:
    all_ = [_wording(text, f"{place}/{index}") for index, text in enumerate(texts)]
    return Choice(
        free=tuple(one for one in all_ if not one.after),
        conditional=tuple(one for one in all_ if one.after),
    )


def _wording(text: str, id_: str) -> Wording:
    found = _CONDITION.fullmatch(text)
    if found is None:
        return Wording(id_, text)
    after, same, template = found.groups()
    return Wording(id_, template, after, same or "")


@cache
def with_nouns(template: str, subject: str, language: str, case: str) -> str:
    """Return a template about a subject, with the letters that begin its sentences."""
    noun = SUBJECTS[subject]
    if language == "zh":
        measured = template.replace(_MEASURED, f"{noun.measure}{noun.chinese}")
        return measured.replace("{one}", noun.chinese).replace("{many}", noun.chinese)
    vowel = noun.one[0] in "aeiou"
    text = _ARTICLE.sub(r"\1n " if vowel else r"\1 ", template)
    text = text.replace("{one}", noun.one).replace("{many}", noun.many)
    return in_case(text, case)


@cache
def in_case(text: str, case: str) -> str:
    """Return a text whose sentences begin with small letters (`lower`) or with capitals."""
    start = _LARGE_START if case == "lower" else _SMALL_START
    return start.sub(lambda found: found[1] + found[2].swapcase(), text)
