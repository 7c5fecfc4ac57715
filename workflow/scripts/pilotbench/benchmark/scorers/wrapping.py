"""What may stand around an answer without being a part of it, and how it is taken off."""

from __future__ import annotations

import re

LONGEST_WRAPPED = 500
WRAPPING = "*_`'\"“”‘’„«»‹›「」『』《》【】〈〉¡ \t\u00a0\u200b\u200c\u200d\u2060\ufeff"

TAGS = re.compile(r"^<(final_answer|answer|ans)>(.*)</\1>$", re.IGNORECASE | re.DOTALL)
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_CLOSING = re.compile(r"(?:[`~*_\s=$}.。!！-]|\\\]|\\\)|</[\w-]+>|\\end\{\w+\*?\})+", re.IGNORECASE)
"""A line that only closes what precedes it: a fence, a display formula, a tag, a rule."""
_OPENING = re.compile(r"(?:```+|~~~+)[\w-]*|\$\$|\\\[|\\\(|<[\w-]+>|\\boxed\{|\\begin\{\w+\*?\}")
_STYLE = r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|emph|mbox|bm)\s*\{"
_STYLED = re.compile(rf"^{_STYLE}")
_FORMULA = (
    re.compile(r"^\\\[(.+)\\\]$"),
    re.compile(r"^\\\((.+)\\\)$"),
    re.compile(r"^\$\$([^$]+)\$\$$"),
    re.compile(r"^\$((?:\\\$|[^$])+)\$$"),
)
_END = ".。!！;；"


def says(line: str) -> bool:
    """Return whether a line says something, so that it does not only close what precedes it."""
    short = len(line) <= LONGEST_WRAPPED
    return bool(line.strip(WRAPPING)) and not (short and _CLOSING.fullmatch(line))


def opens(line: str) -> bool:
    """Return whether a line only opens a fence, a formula or a tag."""
    return _OPENING.fullmatch(line) is not None


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
        if match := TAGS.match(form):
            return match[2].strip()
        if (match := _STYLED.match(form)) and closes(form, match.end()) == len(form):
            return form[match.end() : -1].strip()
    return plain


def closes(text: str, start: int) -> int:
    """Return the end of the group that is open at `start`, -1 if it does not close soon."""
    depth = 1
    for at in range(start, min(len(text), start + LONGEST_WRAPPED)):
        depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
        if depth == 0:
            return at + 1
    return -1
