"""A request as the template program sees it: typed tokens in sentences and segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

AMOUNTS = {
    "total": "order_id",
    "amount": "invoice_id",
    "weight": "shipment_id",
    "payout": "claim_id",
    "count": "sample_id",
    "usage": "meter_id",
    "minutes": "ticket_id",
    "fee": "permit_id",
    "price": "booking_id",
    "value": "refund_id",
    "budget": "grant_id",
    "load": "server_id",
    "cost": "repair_id",
}
"""The field that decides, and the field of the key, of every kind of item seen in public."""
_FORMS = (
    ("record_url", r"https://[^`]*<\w+>[^`]*"),
    ("url", r"https://[^`<]*"),
    ("cached", r"[^`:]*:<\w+>"),
    ("record_file", r"[^`]*_\d+/<\w+>[^`]*"),
    ("new_file", r"[^`]*/<\w+>[^`]*"),
    ("job", r"[^`/]*<\w+>"),
    ("folder", r"[^`<]*/[^`<]*"),
    ("person", r"[a-z]+\.[a-z]+"),
    ("credential", r"cr-\d+"),
    ("table", r"[a-z_]+_\d+"),
    ("name", r"[a-z]+-\d+"),
    ("amount", "|".join(AMOUNTS)),
    ("key", r"[a-z]+_id"),
    ("word", r"[^`]*"),
)
_TOKEN = re.compile(r"`([^`]*)`")
_SENTENCE = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])|\n+")
_SEGMENT = re.compile(r"[,;:.?!，；。：？！]\s*|、")


@dataclass(frozen=True)
class Token:
    """A name between backticks, and its form."""

    form: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Request:
    """The text of a request."""

    text: str

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Return the names between backticks, in their order."""
        found = _TOKEN.finditer(self.text)
        return tuple(Token(form_of(one[1]), one[1], one.start(), one.end()) for one in found)

    def named(self, *forms: str) -> list[str]:
        """Return the different names of some forms, in their order."""
        return list(dict.fromkeys(one.text for one in self.tokens if one.form in forms))

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Return where each sentence begins and ends."""
        return _pieces(_masked(self.text), _SENTENCE, 0, len(self.text))

    def sentence(self, place: int) -> tuple[int, int]:
        """Return the sentence around a place."""
        return _around(self.sentences, place)

    def segment(self, place: int) -> tuple[int, int]:
        """Return the piece of a sentence around a place, between its marks."""
        start, end = self.sentence(place)
        return _around(_pieces(_masked(self.text), _SEGMENT, start, end), place)

    def before(self, sentence: tuple[int, int]) -> tuple[int, int]:
        """Return the sentence before another, or an empty one."""
        at = self.sentences.index(sentence)
        return self.sentences[at - 1] if at else (0, 0)

    def after(self, sentence: tuple[int, int]) -> tuple[int, int]:
        """Return the sentence after another, or that one if it is the last."""
        at = self.sentences.index(sentence)
        return self.sentences[min(at + 1, len(self.sentences) - 1)]


def form_of(name: str) -> str:
    """Return the form of a name between backticks."""
    return next(form for form, pattern in _FORMS if re.fullmatch(pattern, name))


def _masked(text: str) -> str:
    """Return a text of the same length in which no name contains a mark."""
    return _TOKEN.sub(lambda found: "`" + "x" * len(found[1]) + "`", text).replace("i.e.", "i,e,")


def _pieces(text: str, mark: re.Pattern[str], start: int, end: int) -> list[tuple[int, int]]:
    marks = [*mark.finditer(text, start, end)]
    starts = [start, *(found.end() for found in marks)]
    ends = [*(found.start() for found in marks), end]
    return list(zip(starts, ends, strict=True))


def _around(pieces: list[tuple[int, int]], place: int) -> tuple[int, int]:
    return max((piece for piece in pieces if piece[0] <= place), default=(0, 0))
