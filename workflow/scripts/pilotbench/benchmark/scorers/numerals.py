"""Read one number from a short text: one number only, with its sign, currency, scale and unit.

What is read is listed in docs/benchmark_3.md. Whatever else stands beside the number, a second
number above all, leaves none: nothing is ever searched for within a text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from pilotbench.benchmark.scorers import number_words, units
from pilotbench.benchmark.scorers.languages import HEDGES
from pilotbench.benchmark.scorers.wrapping import unwrapped
from pilotbench.benchmark.world.folding import HARD_SPACE, folded

LONGEST = 200
LARGEST = 1e300

_H = HARD_SPACE


def _apart(match: re.Match[str]) -> str:
    """Return a LaTeX fraction, with a space before it if a digit precedes it."""
    before = match.string[: match.start()][-1:]
    return f"{' ' if before.isdigit() else ''}{match[1]}/{match[2]}"


_LATEX = (
    (re.compile(r"(?<!\\)\$([^$]*[^$\\])\$"), r"\1"),
    (re.compile(r"\{,\}|\\!"), lambda m: "," if m[0] == "{,}" else ""),
    (re.compile(r"\\[,;:> ]|(?<=\d)~(?=\d)|\\(?:thin|q)space"), lambda m: _H),
    (re.compile(r"\\([%$€])"), r"\1"),
    (re.compile(r"\\(?:times|cdot|ast)\b"), "×"),
    (re.compile(r"\\(?:approx|sim|simeq)\b"), "≈"),
    (re.compile(r"\\[dt]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}"), _apart),
    (re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)(?!\d)"), _apart),
    (re.compile(r"\^?\{?\\(?:circ|degree)\b\}?"), "°"),
    (re.compile(r"\\(?:text|textrm|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"), r" \1"),
    (re.compile(r"\^\{\s*(-?\w+)\s*\}"), r"^\1"),
)
_HEDGE = re.compile(rf"(?:[≈~≃∼=]|(?:{HEDGES})(?![a-zß-ÿ])\.?)\s*", re.I)
_NAME = re.compile(r"[A-Za-z] ?[=≈] ?")
_MINUS = re.compile(r"[−–](?=[\d$€£¥.])|(?:minus|negative)\s+(?=\S)|负(?=\S)", re.I)
_END = ".。!！;；,，、 "

_D = rf"(?:\d(?:[\d.,'{_H}]*\d)?|\.\d+)"
_POWER = r"(?:\^|\*\*)\s*\(?([+-]?\d{1,3})\)?"
_SPACED = re.compile(r"(?<=\d) (?=\d{3}(?![\d/]))")
"""A space that groups thousands: three digits follow it."""
_BARE = re.compile(rf"[+−-]?(?:\d+\s?/\s?\d+|{_D}(?:[eE][+-]?\d{{1,3}})?)(?![\d.,])")
_FORMS: tuple[tuple[re.Pattern[str], Callable[..., float | None]], ...]
_PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_GROUPED = (
    re.compile(rf"[1-9]\d{{0,2}}(?:([,'{_H}])\d{{3}})(?:\1\d{{3}})*(?:\.\d+)?"),
    re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?"),
)
_COMMA = (
    re.compile(rf"[1-9]\d{{0,2}}(?:([.'{_H}])\d{{3}})(?:\1\d{{3}})*,\d+"),
    re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){2,}"),
    re.compile(r"\d+,(?:\d{1,2}|\d{4,})|0,\d+"),
)


def number_of(text: str, unit: str = "") -> float | None:
    """Return the number that `text` is, None if it is not exactly one number.

    With `unit` no other unit is allowed; without it any words that can only be a unit are.
    """
    if len(text) > LONGEST:
        return None
    plain = _plain(unwrapped(text))
    value = next(_readings(plain, unit), None)
    return value if value is not None and abs(value) < LARGEST else None


def is_plain(text: str, unit: str = "") -> bool:
    """Return whether a text is a number in digits and at most its stated unit, nothing else."""
    plain = _SPACED.sub(_H, folded(text).strip())
    match = _BARE.match(plain)
    behind = plain[match.end() :].strip(f" {_H}") if match else "?"
    return not behind or bool(unit and units.same(behind, unit))


def _plain(text: str) -> str:
    """Return text in the common form, without LaTeX and without what introduces the number."""
    text = folded(text)
    for pattern, instead in _LATEX:
        text = pattern.sub(instead, text)
    text = _SPACED.sub(_H, re.sub(r"\s*\n\s*", " ", text)).strip(f" {_H}").rstrip(_END)
    text = _NAME.sub("", text, count=1) if _NAME.match(text) else text
    text = _HEDGE.sub("", text, count=1) if _HEDGE.match(text) else text
    return _MINUS.sub("-", text, count=1) if _MINUS.match(text) else text


def _readings(text: str, unit: str) -> Iterator[float]:
    """Yield the number, where sign, currency, number, scale and unit make up the whole text."""
    match = re.match(rf"([+-]?)(?:({units.PREFIX.pattern})\s?)?([+-]?)(?=\S)", text, re.IGNORECASE)
    if match is None or (match[1] and match[3]) or not _fits(match[2] or "", unit):
        return
    rest = text[match.end() :]
    percent = rest.startswith("百分之")
    rest = rest.removeprefix("百分之")
    found = _numeric(rest) or _in_words(rest)
    if found is None or (percent and not _fits("%", unit)):
        return
    value, end = found
    value, behind = _scaled(value, rest[end:])
    if _ends_well(rest[:end], behind, match[2] or "", unit):
        yield -value if "-" in match[1] + match[3] else value


def _fits(currency: str, unit: str) -> bool:
    return not currency or not unit or units.same(currency, unit)


def _ends_well(number: str, behind: str, currency: str, unit: str) -> bool:
    """Return whether what follows a number is nothing or an allowed unit."""
    if not behind.strip():
        return True
    words = behind.strip(f" {_H}-")
    glued = behind[0].isalpha() and number[-1].isalpha() and number.isascii()
    if glued or (currency and not (units.money(words) and units.same(words, currency))):
        return False
    return units.same(words, unit) if unit else bool(words) and units.is_unit(words)


def _scaled(value: float, behind: str) -> tuple[float, str]:
    """Return a number times the scale that follows it, and what follows that."""
    words = re.match(rf"[\s{_H}]?([^\W\d_]+)\.?", behind)
    if words and (scale := number_words.BEHIND.get(words[1].casefold())):
        return value * scale, behind[words.end() :]
    chinese = number_words.CHINESE_SCALE.match(behind.lstrip())
    if chinese:
        return value * number_words.chinese_scale(chinese[0]), behind.lstrip()[chinese.end() :]
    return value, behind


def _numeric(text: str) -> tuple[float, int] | None:
    """Return the number in digits that `text` begins with and its length."""
    for pattern, value_of in _FORMS:
        if match := pattern.match(text):
            value = value_of(*match.groups())
            broken = re.match(r"[\d.,'/^_*×:+]|\s*[\d/^*×:+=<>±-]", text[match.end() :])
            return None if value is None or broken else (value, match.end())
    return None


def _in_words(text: str) -> tuple[float, int] | None:
    if match := number_words.CHINESE.match(text):
        value = number_words.chinese(match[0])
        return None if value is None else (value, match.end())
    return number_words.english(text.casefold()) or number_words.european(text)


def _decimal(text: str) -> float | None:
    """Return a number written in one culture's way, None where no culture writes it so."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if any(pattern.fullmatch(text) for pattern in _GROUPED):
        return float(re.sub(rf"[,'{_H}]", "", text))
    if any(pattern.fullmatch(text) for pattern in _COMMA):
        return float(re.sub(rf"[.'{_H}]", "", text).replace(",", "."))
    return None


def _scientific(mantissa: str, exponent: str) -> float | None:
    value = _decimal(mantissa)
    return None if value is None else value * _power("10", exponent)


def _power(base: str, exponent: str) -> float:
    value = _decimal(base)
    try:
        return math.nan if value is None else float(value ** int(exponent))
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _fraction(whole: str | None, over: str, under: str) -> float | None:
    if float(under) == 0:
        return None
    return float(whole or 0) + float(over) / float(under)


def _exponent(mantissa: str, exponent: str) -> float | None:
    return _scientific(mantissa, exponent)


_FORMS = (
    (re.compile(rf"({_D})\s*[×x*·]\s*10\s*{_POWER}"), _scientific),
    (re.compile(rf"({_D})\s?{_POWER}"), _power),
    (re.compile(r"(?:(\d+)\s+)?(\d+)\s?/\s?(\d+)(?![\d.])"), _fraction),
    (re.compile(rf"({_D})[eE]([+-]?\d{{1,3}})(?![\w.])"), _exponent),
    (re.compile(rf"({_D})"), _decimal),
)
