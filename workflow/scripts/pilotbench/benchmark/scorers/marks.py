"""The marks that announce an answer: `Answer:` in several languages, `####`, boxes and tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pilotbench.benchmark.scorers.languages import ANSWER, LINKS
from pilotbench.benchmark.scorers.wrapping import (
    BOX,
    LONGEST_WRAPPED,
    TAGS,
    closes,
    opens,
    says,
    unwrapped,
)

_HEADING = re.compile(r"^#{1,6}\s+")
_BEFORE = r"^[*_ ]*(?:#{1,6}\s+[*_ ]*)?"
_LINK = rf"(?:(?:(?<![^\W_])(?:{LINKS})(?![^\W_])|[是为為])[*_ ]*[:：]?|[:：=]|\s+[–—]\s|[—])[*_ ]*"
LABEL = re.compile(rf"{_BEFORE}(?:{ANSWER})[*_ ]*{_LINK}(?!\s*$)", re.IGNORECASE)
_LABEL_ALONE = re.compile(rf"{_BEFORE}(?:{ANSWER})[*_ ]*(?:{_LINK})?[*_ ]*$", re.IGNORECASE)
_TAGGED = re.compile(r"<(final_answer|answer|ans)>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_HASHES = re.compile(r"^####\s*(?=[^#\s])")
_DENIAL = re.compile(
    r"\b(?:not?|never|neither|nor|cannot|incorrect|wrong|or|maybe|perhaps|possibly|doubt|unsure"
    r"|ne|non|pas|ou|doute|nicht|kein\w*|oder|vielleicht|zweif\w+|o|quiz[aá]s?|dudo|не|или|возможно"
    r"|сомнева\w+|ليس|أو|ربما)\b|peut-être|n['’]t\b|≠|\\neq?\b"
    r"|[不非没沒或]|可能|也许|也許|怀疑|吗|ではな|または|たぶん|かもしれ|ですか",
    re.IGNORECASE,
)
"""What in the line of a box or tag leaves it without an answer."""
SECOND = re.compile(
    r"^[\s$.。\]\\)]*(?:(?:and|et|und|y|e|и|و)\b|[和与與、と;；&])\s*[^\s$]", re.IGNORECASE
)
"""What continues an answer with a second one."""


def _denied(before: str, behind: str) -> bool:
    """Return whether the words around a box or tag deny it, ask, or go on with a second answer."""
    around = f"{before[-LONGEST_WRAPPED:]} {behind[:LONGEST_WRAPPED]}"
    asked = re.match(r"[\s$.。\]\\)]*[?？؟]", behind)
    further = SECOND.match(behind) or re.search(r"\d", behind[:LONGEST_WRAPPED])
    return bool(asked or further or _DENIAL.search(around))


class Mark(NamedTuple):
    """A mark: where it begins, where what it announces ends, that text, and its name."""

    start: int
    end: int
    text: str
    name: str


def marks(text: str) -> list[Mark]:
    """Return the marks of a reply in their order."""
    return sorted({*_tagged(text), *_boxes(text), *_labelled(text)})


def without_label(line: str) -> str:
    """Return a line without a heading's mark, a label and what wraps it.

    Where the line has one `\\boxed{…}` and denies nothing, that is what is in the box.
    """
    if len(line) >= LONGEST_WRAPPED:
        return LABEL.sub("", line[:LONGEST_WRAPPED]) + line[LONGEST_WRAPPED:]
    line = unwrapped(_HEADING.sub("", line))
    return unwrapped(_boxed(LABEL.sub("", line)))


def after_plain_mark(line: str) -> str:
    """Return what follows a mark that begins a line, as it stands, or nothing."""
    box = BOX.match(line)
    if box and closes(line, box.end()) == len(line):
        return line[box.end() : -1]
    if tag := TAGS.match(line):
        return tag[2]
    mark = _HASHES.match(line) or LABEL.match(line)
    return line[mark.end() :] if mark else ""


def alone(text: str) -> str:
    """Return a text without lines that only open or close something, and without wrapping."""
    kept = [one for one in map(str.strip, text.splitlines()) if says(one) and not opens(one)]
    return unwrapped(kept[0]) if len(kept) == 1 else unwrapped(text)


def _tagged(text: str) -> Iterator[Mark]:
    for match in _TAGGED.finditer(text):
        before, behind = _around(text, match.start(), match.end())
        said = without_label(alone(match[2].strip()))
        said = f"{before}{said}{behind}" if _denied(before, behind) else said
        yield Mark(match.start(), match.end(), said, "<answer>")


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands before and behind a place in its lines."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return text[first:start], text[end : last if last >= 0 else len(text)]


def _boxes(text: str) -> Iterator[Mark]:
    """Yield the boxes that stand in no other; a line that denies is announced as a whole."""
    until = 0
    for match in BOX.finditer(text):
        end = closes(text, match.end())
        if match.start() < until or end < 0:
            continue
        until = end
        before, behind = _around(text, match.start(), end)
        said = text[match.end() : end - 1]
        if _denied(before, behind):
            said = before + text[match.start() : end] + behind
        yield Mark(match.start(), end, unwrapped(said.strip()), "\\boxed{}")


def _labelled(text: str) -> Iterator[Mark]:
    """Yield what follows `Answer:` in its line or, where the line ends there, in the next."""
    start, lines = 0, text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        plain, end = line.strip(), start + len(line)
        plain = _from_label(plain)
        if len(plain) <= LONGEST_WRAPPED and not BOX.search(plain):
            if label := LABEL.match(plain):
                yield Mark(start, end, without_label(plain), label[0].strip(" *_#"))
            elif _LABEL_ALONE.match(plain):
                yield from _in_next_line(text, start, end, plain.strip(" *_#"))
            elif _HASHES.match(plain) and not any(map(says, map(str.strip, lines[number + 1 :]))):
                yield Mark(start, end, without_label(plain), "####")
        start = end


def _from_label(line: str) -> str:
    """Return a line from its last sentence that begins with a label, else all of it."""
    sentences = _ENDS.split(line)
    for place in range(len(sentences) - 1, 0, -1):
        if LABEL.match(sentences[place]):
            return " ".join(sentences[place:])
    return line


def _in_next_line(text: str, start: int, end: int, name: str) -> Iterator[Mark]:
    for line in text[end : end + 2 * LONGEST_WRAPPED].splitlines(keepends=True):
        end += len(line)
        if says(line.strip()) and not opens(line.strip()):
            if not BOX.search(line) and "<ans" not in line.casefold():
                yield Mark(start, end, without_label(line.strip()), name)
            return


def _boxed(line: str) -> str:
    """Return the only box of a line without negation, else the line."""
    boxes = list(BOX.finditer(line))
    if not boxes:
        return line
    start, end = boxes[0].end(), closes(line, boxes[0].end())
    single = end > 0 and all(box.end() <= end for box in boxes)
    denied = _denied(line[: boxes[0].start()], line[end:])
    return line[start : end - 1] if single and not denied else line
