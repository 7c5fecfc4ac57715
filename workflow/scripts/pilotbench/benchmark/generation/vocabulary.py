"""The words that worlds are made of: themes of records, and makers of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.generation.seeded_random import SeededRandom

Json = dict[str, Any]


@dataclass(frozen=True)
class Theme:
    """One kind of record: a key, a group of words and two measures (non-negative integers)."""

    noun: str
    key: str
    group: str
    groups: tuple[str, ...]
    measures: tuple[str, str]


THEMES = (
    Theme(
        "orders", "order_id", "city", ("Lund", "Turku", "Bergen", "Aarhus"), ("amount", "weight")
    ),
    Theme("readings", "reading_id", "site", ("north", "south", "ridge", "delta"), ("flow", "load")),
    Theme("parcels", "parcel_id", "depot", ("quay", "mill", "yard", "gate"), ("mass", "fee")),
    Theme("invoices", "invoice_no", "client", ("Arvo", "Bexley", "Corin", "Dagny"), ("net", "tax")),
    Theme("harvests", "plot", "crop", ("rye", "barley", "flax", "oats"), ("kilos", "hours")),
    Theme("journeys", "trip_id", "line", ("red", "green", "amber", "blue"), ("riders", "delay")),
    Theme("samples", "sample_no", "lab", ("Elm", "Fir", "Ash", "Oak"), ("count", "dose")),
    Theme("repairs", "job_no", "team", ("Alpha", "Beta", "Gamma", "Kappa"), ("minutes", "cost")),
    Theme("loans", "loan_id", "branch", ("Aston", "Brook", "Crane", "Drum"), ("sum_lent", "fines")),
    Theme(
        "catches", "catch_id", "port", ("Skagen", "Vardo", "Hull", "Brest"), ("tonnage", "price")
    ),
)

# fmt: off
FIRST = (
    "ada", "alva", "anja", "arne", "bela", "bodil", "cora", "dina", "egon", "elin", "emil",
    "enok", "erla", "finn", "frida", "gerd", "halla", "hanna", "hugo", "ida", "inga", "ivar",
    "jorn", "kaja", "karl", "lars", "leif", "lena", "liv", "mara", "mats", "nils", "nora", "odd",
    "olga", "otto", "pia", "ragna", "runa", "sara", "siri", "sten", "svea", "tora", "tyra", "ulf",
    "una", "vera",
)
LAST = (
    "aas", "berg", "bjork", "blom", "boye", "dahl", "dal", "ek", "eng", "falk", "fjell", "foss",
    "frost", "gran", "hald", "haug", "hav", "holm", "hult", "kirk", "kvist", "lind", "lund",
    "lyng", "mo", "myr", "nor", "nygard", "ode", "rask", "ros", "rud", "sand", "sjo", "skog",
    "solberg", "stav", "strand", "sund", "tang", "vik", "voll", "wik",
)
STEMS = (
    "amber", "birch", "cedar", "comet", "copper", "coral", "ember", "fjord", "flint", "harbor",
    "heron", "ivory", "juniper", "larch", "lumen", "maple", "marble", "meadow", "onyx", "opal",
    "orchid", "osprey", "pebble", "plover", "quartz", "raven", "reef", "saffron", "slate",
    "sorrel", "spruce", "tern", "thistle", "topaz", "umber", "willow",
)
# fmt: on
FOLDERS = ("archive", "data", "drop", "inbox", "intake", "ledger", "records", "vault")


def digits(draw: SeededRandom) -> int:
    """Return a four-digit number."""
    return draw.whole(1000, 9999)


def name(draw: SeededRandom, kind: str = "") -> str:
    """Return a name such as `heron-4821`, or `heron-<kind>-4821`."""
    middle = f"-{kind}" if kind else ""
    return f"{draw.pick(STEMS)}{middle}-{digits(draw)}"


def underscored(draw: SeededRandom, noun: str) -> str:
    """Return a name such as `orders_4821`."""
    return f"{noun}_{digits(draw)}"


def path(draw: SeededRandom, noun: str, ending: str) -> str:
    """Return a file path such as `inbox/orders_4821.csv`."""
    return f"{draw.pick(FOLDERS)}/{noun}_{digits(draw)}.{ending}"


def person(draw: SeededRandom) -> str:
    """Return a person such as `mara.lind`; about two thousand are equally plausible."""
    return f"{draw.pick(FIRST)}.{draw.pick(LAST)}"


def reference(draw: SeededRandom) -> str:
    """Return a tracking reference such as `TR-482193`."""
    return f"TR-{draw.whole(100_000, 999_999)}"


def credential(draw: SeededRandom) -> str:
    """Return a credential such as `cr-48213907`."""
    return f"cr-{draw.whole(10_000_000, 99_999_999)}"


def time(draw: SeededRandom) -> str:
    """Return a time such as `2031-04-17 06:30`."""
    day = f"2031-{draw.whole(1, 12):02d}-{draw.whole(1, 28):02d}"
    return f"{day} {draw.whole(0, 23):02d}:{draw.pick(('00', '15', '30', '45'))}"


def url(draw: SeededRandom, host: str) -> str:
    """Return a URL on a host, under the reserved top-level domain `example`."""
    return f"https://{host}.example/{draw.pick(STEMS)}/{digits(draw)}"


def shown(value: Any) -> str:
    """Return a value as requests and clauses show it: a number bare, a text in backticks."""
    return str(value) if isinstance(value, int | float) else f"`{value}`"


def successor(name: str, suffix: str) -> str:
    """Return `name` with `suffix` after it, before the ending of a file."""
    stem, dot, ending = name.rpartition(".")
    if "://" not in name and dot and "/" in stem and "/" not in ending:
        return f"{stem}{suffix}.{ending}"
    return f"{name}{suffix}"


def rows(draw: SeededRandom, theme: Theme, most: int | None = None) -> list[Json]:
    """Return eight to eleven records with different keys and measures, or the first `most`."""
    count = draw.whole(8, 11)
    keys = draw.different(count, 10_000, 99_999)
    first = draw.different(count, 300, 9_900)
    second = draw.different(count, 100, 3_900)
    groups = draw.picks(theme.groups, count)
    key, grouped, (measure, other) = theme.key, theme.group, theme.measures
    return [
        {key: name, grouped: group, measure: one, other: two}
        for name, group, one, two in zip(keys[:most], groups, first, second, strict=False)
    ]
