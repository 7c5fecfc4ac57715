"""Numbers in words, each by a strict grammar ("two three" is not a number).

English and Chinese (with Japanese) are read here, since their forms mix with digits and scales
(`12万`, `two dozen`); other European languages by the library text2num.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", *(f"{stem}teen" for stem in ("thir", "four", "fif", "six"))]
_TEENS += ["seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
DOZEN = {"dozen": 12.0}
_SMALL = {
    **{word: value for value, word in enumerate([*_UNITS, *_TEENS])},
    **{word: 10 * place for place, word in enumerate(_TENS, start=2)},
    "a": 1,
}
NUMBER_WORDS = frozenset([*_SMALL, *SCALES, *DOZEN, "point", "dozens", "negative"]) - {"a"}

_U = f"(?:{'|'.join(_UNITS[1:])})"
_B100 = rf"(?:(?:{'|'.join(_TENS)})(?:[- ]{_U})?|{'|'.join(_TEENS)}|{_U})"
_B1000 = rf"(?:(?:{_B100}|a) hundred(?:(?: and)? {_B100})?|{_B100})"
_GROUPS = "".join(rf"(?:(?P<{name}>{_B1000}|a) {name}(?:,? |$|\b))?" for name in [*SCALES][:0:-1])
_ENGLISH = re.compile(
    rf"(?:zero|(?:(?P<dozen>{_B100}|a) dozen)|{_GROUPS}(?:(?:and )?(?P<rest>{_B1000}))?)\b",
)


def english(text: str) -> tuple[float, int] | None:
    """Return the number that `text` (in small letters) begins with in English, and its length."""
    match = _ENGLISH.match(text)
    if match is None or not match[0].strip():
        return None
    found = {name: words for name, words in match.groupdict().items() if words}
    factors = {**SCALES, **DOZEN, "rest": 1.0}
    total = sum(_below_1000(words) * factors[name] for name, words in found.items())
    return (total, len(match[0])) if found or match[0] == "zero" else None


def _below_1000(words: str) -> int:
    before, hundred, after = words.partition(" hundred")
    if hundred:
        return 100 * _below_1000(before) + _below_1000(after.removeprefix(" and"))
    return sum(_SMALL[word] for word in re.findall(r"[a-z]+", words))


_LIBRARY = ("fr", "de", "es", "pt", "it", "nl")
_LONGEST = 8
_WORDS = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,7}")
_OTHER_WORDS = frozenset(["null", "once", "elf"])
"""Words of other languages that are numbers in one: no number where they stand alone."""


def european(text: str) -> tuple[float, int] | None:
    """Return the number that `text` begins with in another European language, and its length.

    None where two languages read different numbers.
    """
    match = _WORDS.match(text)
    if match is None:
        return None
    ends = [place for place, char in enumerate(match[0]) if char == " "]
    for end in [len(match[0]), *reversed(ends)]:
        words = match[0][:end]
        if words not in _OTHER_WORDS and (values := _in_library(words.casefold())):
            return (float(values.pop()), end) if len(values) == 1 else None
    return None


@lru_cache(maxsize=10_000)
def _read(words: str) -> frozenset[int]:
    from text_to_num import text2num

    found = set()
    for language in _LIBRARY:
        with suppress(ValueError):
            found.add(text2num(words, language))
    return frozenset(found)


def _in_library(words: str) -> set[int]:
    return set(_read(words)) if len(words) <= 100 else set()


_SCALE_WORDS = {
    1e3: "thousand mille mil tausend tsd тысяча тысячи тысяч тыс ألف آلاف",
    1e6: "million millions millionen mio millón millones milhão milhões milione milioni миллион "
    "миллиона миллионов млн مليون ملايين",
    1e9: "billion milliard milliards milliarde milliarden mrd miliardi миллиард миллиарда "
    "миллиардов млрд مليار",
    1e12: "trillion billionen billones триллион триллиона триллионов",
    1e2: "hundred",
    12.0: "dozen",
}
BEHIND = {word: value for value, words in _SCALE_WORDS.items() for word in words.split()}
"""Words that multiply the number before them."""

_DIGITS = {
    digit: value
    for value, digits in enumerate(
        ["零〇", "一壹", "二贰貳两兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖"]
    )
    for digit in digits
}
_STEPS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "만": 10**4, "억": 10**8}
CHINESE = re.compile(
    rf"[{''.join([*_DIGITS, *_STEPS, *list(_LARGE)[:4]])}]+(?:点[{''.join(_DIGITS)}]+)?"
)
CHINESE_SCALE = re.compile(
    r"(?:千万|百万|十万|万亿|千亿|百亿|十亿|[万萬亿億만억]|[十百千](?![米克瓦卡赫帕伏焦字兆分]))"
)
_YEAR_DIGITS = 4


def chinese(text: str) -> float | None:
    """Return the number that `text` is in Chinese, None if it is not a number."""
    whole, _, behind = text.partition("点")
    value = _large(whole) if whole.strip("".join(_DIGITS)) else _digits(whole)
    decimals = "".join(str(_DIGITS[one]) for one in behind)
    return None if value is None else float(f"{value}.{decimals or 0}")


def chinese_scale(text: str) -> float:
    """Return the factor of such as 万, 千万 or 万亿."""
    factor = 1.0
    for one in text:
        factor *= _STEPS.get(one) or _LARGE[one]
    return factor


def _digits(text: str) -> int | None:
    """Return a number written digit by digit; short ones say "two or three" and are none."""
    if len(text) > 1 and len(text) < _YEAR_DIGITS and not set(text) & set("零〇"):
        return None
    return int("".join(str(_DIGITS[one]) for one in text)) if len(text) < 16 else None


def _large(text: str) -> int | None:
    """Return the number of sections of four digits, each larger scale once and in order."""
    for scales in ("亿億", "万萬"):
        place = max(text.rfind(scale) for scale in scales)
        if place >= 0:
            before, behind = text[:place], text[place + 1 :]
            if set(before) & set(scales):
                return None
            return _joined(_large(before) if before else None, _LARGE[text[place]], behind)
    return _section(text)


def _joined(many: int | None, scale: int, behind: str) -> int | None:
    if many is None or many == 0:
        return None
    if not behind:
        return many * scale
    if behind in _DIGITS:  # 一万二 is 12,000
        return many * scale + _DIGITS[behind] * (scale // 10) if _DIGITS[behind] else None
    rest = _large(behind.removeprefix("零"))
    return None if rest is None or rest >= scale else many * scale + rest


def _section(text: str) -> int | None:
    """Return a number under 10,000: falling steps, each with one digit before it."""
    total, last, digit, zero = 0, 10_000, None, False
    for place, one in enumerate(text):
        if one in _STEPS:
            step = _STEPS[one]
            if step >= last or (digit is None and place > 0):
                return None
            total, last, digit, zero = total + (digit or 1) * step, step, None, False
        elif _DIGITS[one] == 0:
            if digit is not None or zero or last == 10_000:
                return None
            zero = True
        elif digit is not None:
            return None
        else:
            digit = _DIGITS[one]
    if digit is None:
        return None if zero else total
    if text[0] in _STEPS and last >= 100 and not zero and len(text) == 2:
        return None  # 百五 is 105 in Japanese and 150 in Chinese
    colloquial = last if last >= 100 and not zero and last < 10_000 else 10  # 一百二 is 120
    return total + digit * (colloquial // 10)
