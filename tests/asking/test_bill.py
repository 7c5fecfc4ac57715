"""A bill: what was paid, by what it is grouped, and what is not known of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.bill import BY, Bill, bill, bill_of_journal
from pilotbench.asking.journal.batch_book import Book
from pilotbench.asking.journal.batch_file import BookedRequest
from pilotbench.asking.journal.paid_answers import Kind, PaidAnswer
from pilotbench.asking.journal.segments import model_folder
from pilotbench.matrix.config import Settings
from pilotbench.providers.answer import Tokens
from support.estimation_lab import load, shipped

NOON = 1_795_651_200.0 + 43_200
"""2026-11-26, 12:00 in UTC."""
TOKENS = Tokens(1_000_000, 100_000, 0, 400_000)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose gate has two models, and a service that the price list knows."""
    catalog = shipped("models.yaml")["model_catalog"]
    price = {"input": 2, "output": 10, "cached": 0.5, "tiers": {"flex": 0.5}}
    catalog |= {
        "m": {"provider": "gate", "deployment": "m", "price": price},
        "without": {"provider": "gate", "deployment": "without", "price": "unknown"},
    }
    providers = shipped("providers.yaml")["providers"]
    providers |= {
        "gate": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "keys": {"k": {}}},
        "listed": {"kind": "openai", "base_url": "https://api.openai.com/v1", "keys": {"l": {}}},
    }
    folder = tmp_path_factory.mktemp("bill")
    chosen: dict[str, Any] = {"models": ["m"], "model_catalog": catalog, "providers": providers}
    return load(folder, **chosen).settings


def paid(settings: Settings, model: str = "m", provider: str = "gate", **more: Any) -> PaidAnswer:
    """Return a payment of a model of the config, or of one that it does not have."""
    known = settings.catalog.get(model) if provider in ("gate", "players") else None
    folder = Path(provider, f"{model}-0123456789ab") if known is None else model_folder(known)
    usual: dict[str, Any] = {
        "key": "k", "kind": Kind.ANSWER, "started": NOON, "at": NOON, "tier": None,
        "tokens": TOKENS,
    }  # fmt: skip
    return PaidAnswer(folder, **{**usual, **more})


def only(made: Bill) -> Any:
    ((_, row),) = made.rows.items()
    return row


@pytest.mark.parametrize(
    ("more", "usd", "unknown"),
    [
        ({}, 0.6 * 2 + 0.4 * 0.5 + 0.1 * 10, 0),
        ({"tier": "flex"}, (0.6 * 2 + 0.4 * 0.5 + 0.1 * 10) / 2, 0),
        ({"tier": "priority"}, None, 1),
        ({"tokens": None}, None, 1),
        ({"model": "without"}, None, 1),
        ({"model": "removed"}, None, 1),
        ({"model": "gpt-4o-mini", "provider": "listed"}, 0.6 * 0.15 + 0.4 * 0.075 + 0.1 * 0.6, 0),
        ({"model": "none-such", "provider": "listed"}, None, 1),
        ({"model": "gpt-4o-mini", "provider": "removed"}, None, 1),
    ],
)
def test_a_payment_costs_what_the_config_says_else_the_price_list(
    settings: Settings, more: dict[str, Any], usd: float | None, unknown: int
) -> None:
    row = only(bill([paid(settings, **more)], settings))
    assert row.known_usd == (usd if usd is None else pytest.approx(usd))
    assert (row.requests, row.unknown) == (1, unknown)


def test_an_entry_with_other_parameters_has_the_price_of_its_deployment(settings: Settings) -> None:
    other = paid(settings)
    other = PaidAnswer(**{**vars(other), "model": Path("gate/m-ffffffffffff")})
    assert only(bill([other], settings)).unknown == 0


def test_known_and_unknown_costs_are_kept_apart(settings: Settings) -> None:
    several = [
        paid(settings),
        paid(settings, tokens=None),
        paid(settings, kind=Kind.UNUSABLE),
        paid(settings, again=True),
        paid(settings, kind=Kind.UNSURE),
    ]
    row = only(bill(several, settings))
    one = only(bill(several[:1], settings)).usd
    assert (row.requests, row.unknown, row.unusable, row.again, row.unsure) == (4, 1, 1, 1, 1)
    assert (row.usd, row.again_usd) == (pytest.approx(3 * one), pytest.approx(one))
    assert (row.input, row.cached, row.output) == (3_000_000, 1_200_000, 300_000)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (BY, [("gate", "k", "m", "2026-11-26", None), ("gate", "k", "m", "2026-11-26", "flex"),
              ("gate", "k", "m", "2026-11-27", None), ("gate", "k2", "m", "2026-11-26", None)]),
        (("day",), [("2026-11-26",), ("2026-11-27",)]),
        (("tier", "model"), [(None, "m"), ("flex", "m")]),
        ((), [()]),
    ],
)  # fmt: skip
def test_rows_are_grouped_by_what_is_chosen(
    settings: Settings, by: tuple[str, ...], expected: list[Any]
) -> None:
    several = [
        paid(settings, key="k2"),
        paid(settings, at=NOON + 43_200),
        paid(settings, tier="flex"),
        paid(settings),
    ]
    made = bill(several, settings, by)
    assert list(made.rows) == expected
    assert sum(row.requests for row in made.rows.values()) == made.total.requests == 4


@pytest.mark.parametrize(
    ("since", "until", "count"), [(NOON, NOON + 1, 1), (NOON + 1, 1e12, 1), (0, NOON, 0)]
)
def test_only_payments_of_a_time_are_billed(
    settings: Settings, since: float, until: float, count: int
) -> None:
    several = [paid(settings), paid(settings, at=NOON + 1)]
    assert bill(several, settings, BY, since, until).total.requests == count


def test_what_is_out_in_batches_is_told_and_on_no_bill(settings: Settings) -> None:
    book = Book(settings.journal_dir, settings.catalog["m"])
    book.folder.mkdir(parents=True)
    names = [f"{number:064x}" for number in range(3)]
    requests = [BookedRequest(n, n, {"turn": 1}, "gate/m/cell", 0, 1, 0, 0.5) for n in names]
    head = {
        **{"tag": "ab", "provider": "gate", "model": "m", "deployment": "m"},
        **{"key": "k", "key_folder": "f", "count": 3, "reserved_usd": 1.5},
    }
    entry = book.write(head, requests)
    assert bill_of_journal(settings).out == 0
    entry.note("sending")
    made = bill_of_journal(settings)
    assert (made.out, made.total.requests) == (3, 0)
    entry.close("collected")
    assert bill_of_journal(settings).out == 0


@pytest.mark.parametrize(
    ("provider", "model"), [("players", None), ("players", "removed"), ("embedded", "removed")]
)
def test_what_is_computed_here_is_on_no_bill(
    settings: Settings, provider: str, model: str | None
) -> None:
    player = next(m.name for m in settings.catalog.values() if m.kind == "player")
    played = paid(settings, model or player, provider)
    assert bill([played], settings).total.requests == 0
