"""The bill: what every answer in the journal cost, whatever became of it, to lay beside an invoice.

Costs that are known and those that are not are kept apart: a sum is never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pilotbench.asking.journal.batch_book import batches_out
from pilotbench.asking.journal.paid_answers import Kind, PaidAnswer, PaidAnswers
from pilotbench.asking.journal.segments import model_folder
from pilotbench.asking.prices import DAY_S, cost_usd
from pilotbench.ground.path_names import from_path
from pilotbench.matrix.config import Settings
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import Listed, Priced
from pilotbench.providers.settings import Model, ProviderSettings

Json = dict[str, Any]
BY = ("provider", "key", "model", "day", "tier")
"""What the rows of a bill can be grouped by."""
TOKENS = ("input", "cached", "cache_writes", "output", "reasoning")
_HASH = len("-0123456789ab")
"""What follows the deployment in the name of a model's folder."""


@dataclass
class BillRow:
    """What was paid for one group; `usd` is the sum of the known costs.

    `requests` are those that were charged for certain, and the tokens are theirs as far as they
    were reported. Of them `unusable` could not be used, `again` repeated a request that had an
    answer (for `again_usd`), and the cost of `unknown` is not known. `unsure` are streams that
    broke off, and refusals with token counts: they may be charged, and are in no other number.
    """

    requests: int = 0
    input: int = 0
    cached: int = 0
    cache_writes: int = 0
    output: int = 0
    reasoning: int = 0
    usd: float = 0.0
    unknown: int = 0
    unusable: int = 0
    again: int = 0
    again_usd: float = 0.0
    unsure: int = 0

    def add(self, paid: PaidAnswer, usd: float | None) -> None:
        """Add one payment."""
        if paid.kind is Kind.UNSURE:
            self.unsure += 1
            return
        self.requests += 1
        self.unknown += usd is None
        self.usd += usd or 0.0
        self.unusable += paid.kind is Kind.UNUSABLE
        if paid.again:
            self.again += 1
            self.again_usd += usd or 0.0
        if paid.tokens is not None:
            self.input += paid.tokens.input
            self.cached += paid.tokens.cached
            self.cache_writes += paid.tokens.cache_writes
            self.output += paid.tokens.output
            self.reasoning += paid.tokens.reasoning

    @property
    def known_usd(self) -> float | None:
        """The sum in USD, None where no cost is known."""
        return None if self.unknown and self.unknown == self.requests else self.usd


@dataclass(frozen=True)
class Bill:
    """The rows of a bill by the values of `by`, sorted, and their total.

    `damaged` are the lines of the journal that could not be read, each in words. `out` are the
    requests in batches that are not collected: they are on no bill yet.
    """

    by: tuple[str, ...]
    rows: Mapping[tuple[str | None, ...], BillRow]
    total: BillRow
    damaged: tuple[str, ...] = ()
    out: int = 0


def bill_of_journal(
    settings: Settings,
    by: Sequence[str] = BY,
    since: float = 0.0,
    until: float = float("inf"),
) -> Bill:
    """Return the bill of everything in the journal; see `bill`."""
    paid = PaidAnswers(settings.journal_dir)
    made = bill(paid, settings, by, since, until)
    out = sum(batch.requests for batch in batches_out(settings.journal_dir))
    return replace(made, damaged=tuple(map(str, paid.damaged)), out=out)


def labels_usd(settings: Settings) -> float:
    """Return the known cost of everything that other programs asked through the gateway."""
    return bill(PaidAnswers(settings.journal_dir, labels_only=True), settings, ()).total.usd


def bill(
    paid: Iterable[PaidAnswer],
    settings: Settings,
    by: Sequence[str] = BY,
    since: float = 0.0,
    until: float = float("inf"),
) -> Bill:
    """Return the bill of payments that arrived from `since` and before `until`, Unix times in s."""
    seller, rows, total = _sellers(settings), dict[tuple[str | None, ...], BillRow](), BillRow()
    for one in paid:
        model = seller(one.model)
        if model.is_free or not since <= one.at < until:
            continue
        usd = cost_usd(model.price, one.tokens, one.tier, one.started)
        words = {
            "provider": model.provider,
            "key": one.key,
            "model": model.deployment,
            "day": day(one.at),
            "tier": one.tier,
        }
        group = tuple(words[name] for name in by)
        for row in (rows.setdefault(group, BillRow()), total):
            row.add(one, usd)
    ordered = sorted(rows, key=lambda group: [word or "" for word in group])
    return Bill(tuple(by), {group: rows[group] for group in ordered}, total)


def day(at: float) -> str:
    """Return the day in UTC of a Unix time in s."""
    return _day(int(at // DAY_S))


@cache
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_S, UTC).date().isoformat()


@dataclass(frozen=True)
class _Sold:
    """What a model's folder of the journal holds; players, and what has no service, are free."""

    provider: str
    deployment: str
    price: Priced | None
    is_free: bool = False


def _sellers(settings: Settings) -> Callable[[Path], _Sold]:
    """Return what tells the deployment and the price of each model's folder.

    A folder of no entry of the config has the price of an entry with the same deployment, else the
    one that the price list has for the provider.
    """
    models = {model_folder(model): model for model in reversed(settings.catalog.values())}
    names = {(model.provider, model.deployment): model for model in models.values()}

    @cache
    def sold(folder: Path) -> _Sold:
        provider, deployment = from_path(folder.parts[0]), from_path(folder.name[:-_HASH])
        model = models.get(folder) or names.get((provider, deployment))
        if model is not None:
            return _Sold(provider, model.deployment, model.price, _is_free(model))
        service = settings.providers.get(provider)
        if service is None:
            return _Sold(provider, deployment, None)
        in_process = KINDS[service.kind].in_process
        price = None if in_process else _listed(service, deployment)
        return _Sold(provider, deployment, price, in_process)

    return sold


def _is_free(model: Model) -> bool:
    kind = KINDS[model.kind]
    return kind.role is Role.PLAYER or (kind.in_process and model.price is None)


def _listed(service: ProviderSettings, deployment: str) -> Listed:
    """Return where the price list may have a model that the config does not know."""
    kind = KINDS[service.kind]
    urls = [
        (key.base_url_env or service.base_url_env, key.base_url or service.base_url)
        for key in service.keys.values()
    ]
    names = kind.listed_names(deployment, None)
    return Listed(names, urls=tuple(dict.fromkeys(urls)), batches=kind.batch_price)
