"""Find the answer within a reply: its last line with text, without what introduces or wraps it."""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_WRAPPED = 500
WRAPPING = "*_`'\"“”‘’„«»‹›「」『』《》【】〈〉 \t\u00a0\u200b\u200c\u200d\u2060\ufeff"

_CLOSING = re.compile(r"(?:[`~*_\s=$}.。!！-]|\\\]|\\\)|</[\w-]+>|\\end\{\w+\*?\})+", re.IGNORECASE)
"""A line that only closes what precedes it: a fence, a display formula, a tag, a rule."""

_HEADING = re.compile(r"^#{1,6}\s+")
_ENGLISH = r"(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|my)\s+)?(?:(?:final|correct)\s+)?"
_CHINESE = r"(?:因此|所以)?[,，]?(?:最终|最后|最終|最後|正确|正確)?的?(?:答案|答)"
_OTHERS = r"antwort|réponse|respuesta|resposta|risposta|ответ|答え|解答|정답"
_LABEL = re.compile(
    rf"^[*_ ]*(?:{_ENGLISH}answer|{_CHINESE}|{_OTHERS})[*_ ]*"
    r"(?:(?:is|是|为|為)[*_ ]*[:：]?|[:：=]|\s+[–—]\s|[—])[*_ ]*(?!\s*$)",
    re.IGNORECASE,
)
_TAGS = re.compile(r"^<(final_answer|answer|ans)>(.*)</\1>$", re.IGNORECASE)
_STYLE = r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|emph|mbox|bm)\s*\{"
_STYLED = re.compile(rf"^{_STYLE}")
_FORMULA = (
    re.compile(r"^\\\[(.+)\\\]$"),
    re.compile(r"^\\\((.+)\\\)$"),
    re.compile(r"^\$\$([^$]+)\$\$$"),
    re.compile(r"^\$((?:\\\$|[^$])+)\$$"),
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_NEGATION = re.compile(
    r"\b(?:not?|never|neither|nor|cannot|incorrect|wrong|ne|non|pas|nicht|kein\w*|не|или|or)\b"
    r"|n['’]t\b|≠|\\neq?\b|[不非没沒]",
    re.IGNORECASE,
)
_END = ".。!！;；"


def text_of(given: Any) -> str:
    """Return an answer as text: text as it is, anything else as JSON."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def extracted(given: Any, how: str) -> str:
    """Return the answer within a reply: the whole, or its last line that has text.

    A last line loses a heading's mark, a leading `Answer:` (in several languages) and what wraps
    it (see `unwrapped`). A line that only closes something is passed over. Where the line has one
    `\\boxed{…}` and denies nothing, the answer is what is in the box.
    """
    text = text_of(given).strip()
    if how == "whole":
        return text
    line = next((one for one in map(str.strip, reversed(text.splitlines())) if _says(one)), "")
    if len(line) >= LONGEST_WRAPPED:
        return _LABEL.sub("", line[:LONGEST_WRAPPED]) + line[LONGEST_WRAPPED:]
    line = unwrapped(_HEADING.sub("", line))
    return unwrapped(_boxed(_LABEL.sub("", line)))


def _says(line: str) -> bool:
    short = len(line) <= LONGEST_WRAPPED
    return bool(line.strip(WRAPPING)) and not (short and _CLOSING.fullmatch(line))


def unwrapped(text: str) -> str:
    """Return a short text without what wraps all of it.

    That is Markdown emphasis, quotes, `$…$`, `\\(…\\)`, `\\[…\\]`, `\\boxed{…}`, `\\text{…}` and
    the like, and `<answer>` tags; a final mark behind a wrapping goes too.
    """
    if len(text) >= LONGEST_WRAPPED:
        return text
    for _ in range(12):
        inner = _unwrapped_once(text)
        if inner == text:
            break
        text = inner
    return text


def _unwrapped_once(text: str) -> str:
    plain = text.strip(WRAPPING)
    bare = plain.rstrip(_END + " ")
    if bare != plain and bare[-1:] in WRAPPING:
        return bare.strip(WRAPPING)
    for form in (plain, bare):
        for pattern in _FORMULA:
            if match := pattern.match(form):
                return match[1].strip()
        if match := _TAGS.match(form):
            return match[2].strip()
        if (match := _STYLED.match(form)) and _closes(form, match.end()) == len(form):
            return form[match.end() : -1].strip()
    return plain


def _closes(text: str, start: int) -> int:
    """Return the end of the group that is open at `start`, -1 if it never closes."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0) if text[place - 1] != "\\" else 0
        if depth == 0:
            return place + 1
    return -1


def _boxed(line: str) -> str:
    """Return the only box of a line without negation, else the line."""
    boxes = list(_BOX.finditer(line))
    if not boxes:
        return line
    start, end = boxes[0].end(), _closes(line, boxes[0].end())
    outside = line[: boxes[0].start()] + " " + line[end:]
    alone = end > 0 and all(box.end() <= end for box in boxes)
    return line[start : end - 1] if alone and not _NEGATION.search(outside) else line
