"""Find the answer within a reply: a step of its own, before anything is compared.

A pack's `extract` says where the answer may stand. `found` returns each place of the reply that
says one; whether they say the same is for the scorer to decide.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from pilotbench.benchmark.scorers.languages import COURTESY, RETRACTS
from pilotbench.benchmark.scorers.marks import LABEL, after_plain_mark, alone, marks, without_label
from pilotbench.benchmark.scorers.statements import first_sentence, statements
from pilotbench.benchmark.scorers.wrapping import says, unwrapped

EXTRACTS = {
    "last_line": "the last line with text, without a mark before it",
    "alone": "the whole reply, which is the answer and nothing else",
    "marked": "what follows a mark: `Answer:`, `####`, `\\boxed{…}`, `<answer>`, …",
    "anywhere": "what is marked, else the last line or what it states (`The sum is 42.`)",
    "whole": "the whole reply as it stands, for patterns and contained text",
}
"""Each place where an answer may stand, in words."""
LONGEST_SEARCHED = 20_000
"""Marks and sentences are read in as many characters at the end of a reply."""
LONGEST_AFTERTHOUGHT = 40


class Place(NamedTuple):
    """A place that says an answer: its readings, best first, each with the rule that found it."""

    texts: tuple[str, ...]
    rules: tuple[str, ...]


def text_of(given: Any) -> str:
    """Return an answer as text: text as it is, anything else as JSON."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def found(given: Any, how: str) -> list[Place]:
    """Return the places of a reply that say an answer, the one that counts first."""
    text = text_of(given).strip()
    if how == "whole":
        return [Place((text,), ("whole reply",))]
    if how == "alone":
        return [Place((alone(text),), ("alone",))]
    if how == "last_line":
        return [_as_read_or_written(text)]
    text = text[-LONGEST_SEARCHED:]
    marked = _marked(text, stated=how == "anywhere")
    if how == "marked" or marked:
        return marked
    return [_stated(_last_line(_body(text)), "last line")]


def extracted(given: Any, how: str) -> str:
    """Return the best reading of the place that counts, or nothing."""
    return next((one.texts[0] for one in found(given, how)), "")


def as_asked(given: Any, how: str) -> str:
    """Return what stands in the place that was asked for, exactly as the model wrote it.

    That is the whole reply for `alone` and `whole`, else its last line; for `marked` without one
    of the plain marks.
    """
    text = text_of(given).strip()
    if how in ("alone", "whole"):
        return text
    line = text.rpartition("\n")[2].strip()
    return after_plain_mark(line) if how == "marked" else line


def _last_line(text: str) -> str:
    lines = map(str.strip, reversed(text.splitlines()))
    return without_label(next((one for one in lines if says(one)), ""))


def _as_read_or_written(text: str) -> Place:
    """Return the last line without a label and, where it has one, with it.

    What a pack wants may itself begin with such a word (`Solution: A`).
    """
    read = _last_line(text)
    lines = map(str.strip, reversed(text.splitlines()))
    written = unwrapped(next((one for one in lines if says(one)), ""))
    if not LABEL.match(written):
        return Place((read,), ("last line",))
    return Place((read, written), ("last line", "last line, with its label"))


def _stated(text: str, rule: str, marked: bool = False) -> Place:
    """Return a text and, as further readings of it, what its last sentence states.

    Of what is `marked`, its first sentence without a reason is a reading too.
    """
    if RETRACTS.search(text):
        return Place((text,), (rule,))
    plain = _body(text)
    texts = {text: rule, plain: rule}
    if marked:
        texts.setdefault(unwrapped(first_sentence(plain) or text), rule)
    for said in statements(plain):
        texts.setdefault(unwrapped(said), f"{rule}, statement")
    return Place(tuple(texts), tuple(texts.values()))


def _marked(text: str, stated: bool) -> list[Place]:
    """Return what the marks announce, the last first, then a short line that follows them.

    Nothing is left of a mark that a later text takes back (`Wait, …`).
    """
    announced = marks(text)
    if not announced:
        return []
    after = _body(text[max(one.end for one in announced) :])
    if RETRACTS.search(after):
        return [Place(("",), ("mark, taken back by what follows it",))]
    places = [
        _stated(one.text, f"mark {one.name}", marked=True)
        if stated
        else Place((one.text,), (f"mark {one.name}",))
        for one in reversed(announced)
    ]
    last = _last_line(after)
    short = 0 < len(last) <= LONGEST_AFTERTHOUGHT and len(last.split()) <= 2
    if short and not after.rstrip().endswith(("!", "！", ":", "：")):
        places.append(Place((last,), ("line after the mark",)))
    return places


def _body(text: str) -> str:
    """Return a reply without the courtesies that close it."""
    lines = text.splitlines()
    while len(lines) > 1 and (not says(lines[-1].strip()) or _is_courtesy(lines[-1])):
        lines.pop()
    sentences = re.split(r"(?<=[.!؟])\s+|(?<=[。！])", lines[-1]) if lines else []
    while len(sentences) > 1 and (not sentences[-1] or _is_courtesy(sentences[-1])):
        sentences.pop()
    return "\n".join([*lines[:-1], " ".join(sentences)])


def _is_courtesy(line: str) -> bool:
    return not re.search(r"\d", line) and COURTESY.search(line) is not None
