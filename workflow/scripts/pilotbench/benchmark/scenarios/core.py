"""The core of an index: a kind of work and up to 64 items, a pure function of epoch and index.

Whatever an axis may need is drawn here too, so that levels of all tasks share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.point import MOST_ITEMS
from pilotbench.benchmark.scenarios.targets import KEY
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS, ROUND, SUBJECTS, Subject

Json = dict[str, Any]
Records = tuple[Json, ...]

LISTINGS = ("table", "folder", "queue", "service")
DETAILS = ("url", "reference", "file", "cache")
ACTS = ("post", "push", "notify", "file", "schedule")
RESTS = ("none", "post", "push", "notify")
ANSWERS = ("total", "largest", "smallest")
SERVERS = "servers"
"""The subject of the listing `service`, and of no other."""
BLOCK = 8
BLOCKS = MOST_ITEMS // BLOCK
MINUTES = ("00", "15", "30", "45")
LEAST, MOST = 1_000, 9_999
LIMITS = (3_000, 7_000)
"""Between which limits lie."""
APART = 400
"""How far the two limits are at least from each other."""
DUTIES = ("duty officer", "acting controller", "deputy registrar", "shift lead")
_ANYWHERE = [(LEAST, MOST - BLOCKS)] * BLOCK
_COMBINATIONS = tuple(product(LISTINGS, DETAILS, ACTS))
_WALKED = [name for name in SUBJECTS if name != SERVERS]


@dataclass(frozen=True)
class Names:
    """The names of a world; none of them tells what part it plays.

    `details` begins the names of the items' records.

    `act` and `rest` are the places that may take records, by kind of target, and `was` those that
    did so in the past.
    """

    table: str
    database: str
    folder: str
    queue: str
    service: str
    credential: str
    joined: str
    note: str
    house: str
    host: str
    mirror: str
    details: str
    role: str
    desk: str
    act: dict[str, str]
    rest: dict[str, str]
    was: dict[str, str]


@dataclass(frozen=True)
class Core:
    """The work of an index; exactly one of the first two of its 64 items counts.

    `over`: items count whose amount is strictly above `limit`, else strictly below. `other_limit`
    may replace it, or is one that no longer holds. Amounts tell neither which of the two holds nor
    which side counts: of the first two items one is below both and one above both, the third or the
    fourth is between them, and all others are anywhere.
    """

    epoch: str = field(repr=False)
    index: int
    subject: Subject
    listing: str
    detail: str
    act: str
    rest: str
    is_noted: bool
    is_chained: bool
    answer: str
    over: bool
    limit: int
    other_limit: int
    names: Names
    salt: str

    def random(self, *words: object) -> SeededRandom:
        """Return the stream of draws of one purpose."""
        return SeededRandom("v4", self.epoch, self.index, *words)

    def records(self, items: int) -> Records:
        """Return the records of the first items."""
        blocks = range((items + BLOCK - 1) // BLOCK)
        of = (self.epoch, self.index, self.subject, self.limit, self.other_limit)
        found = [_block(*of, block) for block in blocks]
        return tuple(record for block in found for record in block)[:items]

    def counts(self, record: Json, limit: int) -> bool:
        """Return whether an item counts by its amount alone."""
        amount = record[self.subject.amount]
        return bool(amount > limit if self.over else amount < limit)


@lru_cache(maxsize=64)
def core_of(epoch: str, index: int) -> Core:
    """Return the core of an index."""
    draw = SeededRandom("v4", epoch, index, "core")
    turn, place = divmod(index, len(_COMBINATIONS))
    walk = _walk(epoch, turn)
    listing, detail, act = walk[place]
    subject = SUBJECTS[SERVERS if listing == "service" else draw.pick(_WALKED)]
    limit, other_limit = _limits(SeededRandom("v4", epoch, index, "limits"))
    is_chained = draw.chance(0.3)
    return Core(
        epoch=epoch,
        index=index,
        subject=subject,
        listing=listing,
        detail=detail,
        act=act,
        rest=draw.pick(RESTS),
        is_noted=draw.chance(0.5),
        is_chained=is_chained,
        answer="receipt" if is_chained and draw.chance(0.5) else draw.pick(ANSWERS),
        over=draw.chance(0.5),
        limit=limit,
        other_limit=other_limit,
        names=_names(draw, subject),
        salt=str(draw.whole(0, 2**52)),
    )


@lru_cache(maxsize=8)
def _walk(epoch: str, turn: int) -> list[tuple[str, str, str]]:
    """Return the kinds of work of a round of indices, each once."""
    return SeededRandom("v4", epoch, "walk", turn).mixed(_COMBINATIONS)


@lru_cache(maxsize=256)
def _block(
    epoch: str, index: int, subject: Subject, limit: int, other_limit: int, block: int
) -> Records:
    """Return eight records; no key, amount or reference of another block is among them."""
    draw = SeededRandom("v4", epoch, index, "items", block)
    numbers = draw.different(BLOCK, 0, 11_249)
    amounts = _amounts(draw, block, (limit, other_limit))
    references = draw.different(BLOCK, 0, 112_499)
    regions, grades = draw.picks(REGIONS, BLOCK), draw.picks(GRADES, BLOCK)
    return tuple(
        {
            subject.key: f"{subject.prefix}-{10_000 + BLOCKS * number + block}",
            "region": region,
            "grade": grade,
            "due": _day(draw),
            subject.amount: amount,
            "slot": f"{_day(draw)}T{draw.whole(6, 21):02d}:{draw.pick(MINUTES)}",
            "reference": f"trk-{100_000 + BLOCKS * reference + block}",
        }
        for number, reference, amount, region, grade in zip(
            numbers, references, amounts, regions, grades, strict=True
        )
    )


def _amounts(draw: SeededRandom, block: int, limits: tuple[int, int]) -> list[int]:
    """Return different amounts, none of which can be a limit."""
    ranges = _ANYWHERE if block else [*_ranges(draw, *sorted(limits)), *_ANYWHERE[4:]]
    found: dict[int, None] = {}
    while len(found) < BLOCK:
        amount = draw.whole(*ranges[len(found)]) // BLOCKS * BLOCKS + block
        if amount % ROUND:
            found[amount] = None
    return list(found)


def _ranges(draw: SeededRandom, low: int, high: int) -> list[tuple[int, int]]:
    """Return where the first four amounts lie: beyond both limits, and one of two between them."""
    outside = [(LEAST, low - BLOCKS), (high + BLOCKS, MOST - BLOCKS)]
    return [*draw.mixed(outside), *draw.mixed([(low + BLOCKS, high - BLOCKS), _ANYWHERE[0]])]


def _limits(draw: SeededRandom) -> tuple[int, int]:
    """Return two limits that are far from each other."""
    low, high = LIMITS
    first, *others = (ROUND * number for number in draw.different(40, low // ROUND, high // ROUND))
    return first, next(other for other in others if abs(first - other) >= APART)


def _day(draw: SeededRandom) -> str:
    return f"2031-{draw.whole(1, 12):02d}-{draw.whole(1, 28):02d}"


def _names(draw: SeededRandom, subject: Subject) -> Names:
    many = subject.many.replace(" ", "_")
    dashed = many.replace("_", "-")
    stems = draw.some(vocabulary.STEMS, 18)
    numbers = [str(number) for number in draw.different(17, 1000, 9999)]
    desk, act, rest, was = (
        f"{first}.{last}"
        for first, last in zip(
            draw.some(vocabulary.FIRST, 4), draw.some(vocabulary.LAST, 4), strict=True
        )
    )
    folders = draw.some(vocabulary.FOLDERS, 3)
    return Names(
        table=f"{many}_{numbers[0]}",
        database=f"{stems[0]}-{numbers[1]}",
        folder=f"{folders[0]}/{many}_{numbers[2]}",
        queue=f"{stems[1]}-{numbers[3]}",
        service=f"{stems[2]}-{numbers[4]}",
        credential=f"cr-{draw.whole(10_000_000, 99_999_999)}",
        joined=f"{stems[3]}_{subject.amount}_{numbers[5]}",
        note=f"{stems[4]}-{numbers[6]}",
        house=f"{stems[5]}-{numbers[7]}",
        host=f"https://{stems[6]}-{numbers[8]}.example",
        mirror=f"https://{stems[7]}-{numbers[9]}.example",
        details=f"{folders[1]}/{many}_{numbers[10]}",
        role=f"{draw.pick(DUTIES)} for {subject.many}",
        desk=desk,
        act={
            "post": f"https://{stems[8]}-{numbers[11]}.example/{dashed}",
            "push": f"{stems[9]}-{numbers[12]}",
            "notify": act,
            "file": f"{folders[2]}/{stems[10]}/{KEY}.json",
            "schedule": f"{stems[11]}-{KEY}",
        },
        rest={
            "post": f"https://{stems[12]}-{numbers[13]}.example/{dashed}",
            "push": f"{stems[13]}-{numbers[14]}",
            "notify": rest,
        },
        was={
            "post": f"https://{stems[14]}-{numbers[15]}.example/{dashed}",
            "push": f"{stems[15]}-{numbers[16]}",
            "notify": was,
            "file": f"{folders[2]}/{stems[16]}/{KEY}.json",
            "schedule": f"{stems[17]}-{KEY}",
        },
    )
