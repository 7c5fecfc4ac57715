"""Units behind (or, of money, before) a number: which words are units, which are equal."""

from __future__ import annotations

import re

from pilotbench.benchmark.scorers.languages import DENYING, denied
from pilotbench.benchmark.scorers.number_words import BEHIND, NUMBER_WORDS, european

_GROUPS = """
% percent|per cent|pct|percentage|百分比|prozent|pour cent|por ciento|por cento|процентов|процента|\
процент|パーセント|بالمئة|في المئة
$ usd|us$|dollar|dollars|us dollar|us dollars|美元|美金|ドル|dólar|dólares|доллар|доллара|\
долларов|دولار
€ eur|euro|euros|欧元|歐元|ユーロ|евро|يورو
£ gbp|pound sterling|pounds sterling|pound|pounds|英镑
元 cny|rmb|yuan|人民币|元人民币|块
¥ jpy|yen|日元|円
km kilometre|kilometres|kilometer|kilometers|公里|千米|kilomètre|kilomètres|kilómetro|kilómetros|\
quilômetro|quilômetros|chilometro|chilometri|километр|километра|километров|км|キロメートル|كم|كيلومتر|\
كيلومترا
m metre|metres|meter|meters|米|mètre|mètres|metro|metros|метр|метра|метров|メートル|متر
cm centimetre|centimetres|centimeter|centimeters|厘米
mm millimetre|millimetres|millimeter|millimeters|毫米
mi mile|miles|英里
ft foot|feet|英尺
in inch|inches|英寸
kg kilogram|kilograms|kilogramme|kilogrammes|kilo|kilos|公斤|千克|kilogramm|kilogramo|kilogramos|\
килограмм|килограмма|килограммов|кг|キログラム
g gram|grams|gramme|grammes|克
mg milligram|milligrams|毫克
t tonne|tonnes|吨
l litre|litres|liter|liters|升
ml millilitre|millilitres|milliliter|milliliters|毫升
s sec|secs|second|seconds|秒
ms millisecond|milliseconds|毫秒
min mins|minute|minutes|分钟
h hr|hrs|hour|hours|小时
d day|days|天
km/h kph|kmh|kilometres per hour|kilometers per hour|公里/小时
m/s metres per second|meters per second|米/秒
m2 m^2|sq m|sqm|square metre|square metres|square meter|square meters|平方米
m3 m^3|cubic metre|cubic metres|cubic meter|cubic meters|立方米
°c degrees celsius|degree celsius|celsius|摄氏度
°f degrees fahrenheit|degree fahrenheit|fahrenheit|华氏度
° degree|degrees|deg|度
"""
_SAME: dict[str, str] = {}
for _line in _GROUPS.strip().splitlines():
    _first, _, _rest = _line.partition(" ")
    _SAME |= dict.fromkeys([_first, *_rest.split("|")], _first)
_MONEY = frozenset("$€£元¥")
_CODES = "USD|EUR|GBP|CNY|RMB|JPY|CHF|INR|AUD|CAD"
PREFIX = re.compile(rf"(?:(?:US|HK|NT|[ACRS])?\$|[€£¥₹₩₽₫₺₪฿]|(?:{_CODES})\b)", re.IGNORECASE)

MOST_WORDS = 4
_WORD = re.compile(r"[%‰$€£¥₹₩₽₫₺₪฿]|°?[^\W\d_]+\.?(?:\^?-?[23])?|°")
_LETTERS = frozenset("mgshdltLAVWJNCF")
_NOT_WORDS = """
or and to not no nor if but is are was were be as minus plus times over than then more less least
most maybe perhaps possibly either neither between without wrong incorrect false true unlikely
impossible unknown unsure except versus vs th st nd rd x pi bn mn half halves quarter quarters
squared cubed factorial mod sqrt even odd i you it we they that this which base hex octal binary
ish too short off ago late early
oder und nicht kein keine ou et pas non y o u e и или не
"""
_NO_UNIT = frozenset(_NOT_WORDS.split()) | DENYING
_ORDINAL = re.compile(r"thirds?|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand)ths?")
_DENIALS = re.compile(
    r"[不没沒非无無或和与與至到多余几〇一二三四五六七八九十百千万萬亿億加减減乘除弱強强错]"
    r"|の|より|番目|引き?$|割$|がらみ|足らず|[가-힣](?:미만|초과|보다)|번째|째$"
)


def is_unit(text: str) -> bool:
    """Return whether `text` can only be a unit: one to four words that change no number."""
    words = re.split(r"[\s/·*]+", text.strip())
    return len(words) <= MOST_WORDS and all(map(_is_unit_word, words))


def _is_unit_word(word: str) -> bool:
    plain = word.rstrip(".").casefold()
    if plain in _SAME and not word.isascii():
        return True
    if _WORD.fullmatch(word) is None or _DENIALS.search(word) or denied(word):
        return False
    if len(plain) == 1 and plain.isalpha() and plain != plain.swapcase():
        return word[0] in _LETTERS
    if plain in _NO_UNIT or plain in NUMBER_WORDS or _ORDINAL.fullmatch(plain):
        return False
    if plain in BEHIND or (plain != "cent" and european(plain) is not None):
        return False
    return len(plain) <= 20


def same(one: str, other: str) -> bool:
    """Return whether two units are the same: by the table, by a plural, else as written."""
    return _name(one) == _name(other)


def money(text: str) -> bool:
    """Return whether a unit is a currency."""
    return _name(text) in _MONEY or PREFIX.fullmatch(text) is not None


def _name(unit: str) -> str:
    plain = re.sub(r"\s+", " ", unit.strip().casefold().removesuffix("."))
    plain = re.sub(r"\s*([/·])\s*", r"\1", plain)
    if plain in _SAME:
        return _SAME[plain]
    alone = plain.removesuffix("s") if len(plain) > 3 else plain
    return _SAME.get(alone, alone)
