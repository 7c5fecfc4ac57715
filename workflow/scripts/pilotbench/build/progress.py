"""The progress of a run, from the headers of shard files and the journals of unfinished shards.

It opens neither database nor transcripts and holds no lock that another process waits for, so it
works at any time: during a run, from another terminal, after a crash. What no longer changes (the
header of a file, an answer) is read once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.keys.key_status import UNSET, KeyState, held_slots, state_of
from pilotbench.asking.keys.secrets import access, environment, missing, to_set
from pilotbench.asking.prices import cost_usd, stored_usd
from pilotbench.asking.unusable import Unusable
from pilotbench.build import batches_out
from pilotbench.build.batches_out import BatchProgress
from pilotbench.build.expected_requests import ExpectedRequests
from pilotbench.build.judge_progress import JudgeProgress, judge_rows
from pilotbench.episodes.owed import Cause, causes
from pilotbench.episodes.shard_file import read_header
from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.fingerprint import Now
from pilotbench.providers.answer import BATCH, Tokens
from pilotbench.providers.price import Priced
from pilotbench.providers.settings import ProviderSettings

Json = dict[str, Any]
WINDOW_S = 300.0
"""Rates cover the last five minutes, or the time since the first answer in them."""


@dataclass
class ModelProgress:
    """Counts of episodes unless named otherwise.

    `begun` are in unfinished shards and have an answer in the journal; `owed` failed because of the
    infrastructure and wait for the next run; `usd` is the known cost of all answers: `usd_unknown`
    episodes have an answer of unknown cost; `recent` were finished in the last `recent_s` seconds.
    `answers` have arrived, `lately` of them in the last `recent_s` seconds, and `expected` are
    still to come.
    """

    model: str
    planned: int = 0
    done: int = 0
    begun: int = 0
    owed: int = 0
    shards: int = 0
    shards_done: int = 0
    shards_running: int = 0
    usd: float = 0.0
    usd_unknown: int = 0
    recent: int = 0
    recent_s: float = 0.0
    answers: int = 0
    lately: float = 0.0
    expected: float = 0.0

    @property
    def rate(self) -> float:
        """Episodes per minute."""
        return 60 * self.recent / self.recent_s if self.recent_s else 0.0

    @property
    def answer_rate(self) -> float:
        """Answers per minute."""
        return 60 * self.lately / self.recent_s if self.recent_s else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this rate of answers; None where there is no progress."""
        if self.done >= self.planned:
            return 0.0
        return 60 * self.expected / self.answer_rate if self.answer_rate else None

    @property
    def share(self) -> float:
        """The share of the requests that are answered; 1 only where every episode is finished."""
        if self.done >= self.planned:
            return 1.0
        return min(0.99, self.answers / max(1.0, self.answers + self.expected))


@dataclass
class KeyProgress:
    """Requests on one key: in flight now (None: its secret is not set here), answers per minute.

    `slots` are those in force in the current run, else those of the config. `state` is what keeps
    the key from answering.
    """

    key: str
    slots: int
    in_flight: int | None
    rate: float = 0.0
    state: KeyState = field(default_factory=KeyState)


@dataclass(frozen=True)
class _Answer:
    """What is counted of an answer in the journal; `started` is Unix time in s.

    `saves` is what it costs less in a batch than online, in USD, None if that is unknown.
    """

    index: int
    repeat: int
    usd: float | None
    started: float
    key: str
    slots: int | None
    saves: float | None


@dataclass
class Watch:
    """Reads the progress of one experiment, as often as needed."""

    experiment: Experiment
    _headers: dict[tuple[Path, int], Json | None] = field(default_factory=dict)
    _seen: dict[Shard, dict[str, _Answer | None]] = field(default_factory=dict)
    _read: dict[Shard, JournalOnly] | None = None
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self._requests = ExpectedRequests(self.experiment)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Read each journal once for all rows of the block; for one thread at a time."""
        with self._lock:
            self._read = {}
            try:
                yield
            finally:
                self._read = None

    def model_rows(self) -> list[ModelProgress]:
        """Return a row for each model, in the order of the config.

        The answers that equal levels share are paid for once: their cost counts with the first.
        """
        paid: set[Shard] = set()
        rows = {name: ModelProgress(name) for name in self.experiment.settings.models}
        unfinished, since = [], self._since()
        self._requests.forget()
        for shard in self.experiment.plan.shards:
            row = rows[shard.cell.model]
            row.shards += 1
            row.planned += self._planned(shard)
            if header := self._header(shard):
                self._count(row, shard, header, since)
                if shard.shared not in paid:
                    self._count_cost(row, shard, header)
                paid.add(shard.shared)
            else:
                unfinished.append(shard)
        for shard in unfinished:
            row = rows[shard.cell.model]
            mine = self._count_journal(row, shard, since)
            if shard.shared not in paid:
                self._count_journal_cost(row, shard, mine)
            paid.add(shard.shared)
        return list(rows.values())

    def owed(self) -> list[Cause]:
        """Return why episodes of unfinished shards are owed, most frequent causes first."""
        found = [
            (failure.kind, failure.message)
            for shard in self.experiment.plan.shards
            if self._header(shard) is None
            for failure in self._journal(shard).answers.owed().values()
        ]
        return causes(found)

    def key_rows(self) -> list[KeyProgress]:
        """Return a row for each key of the providers of the selected models and judges."""
        settings = self.experiment.settings
        names = dict.fromkeys(model.provider for model in self.experiment.models_asked)
        variables, (rates, in_force) = environment(), self._lately()
        in_force |= job_context.read().slots
        rows = []
        for provider in (settings.providers[name] for name in names):
            for alias, key in provider.keys.items():
                in_flight, state = None, KeyState(UNSET, _to_set(provider, alias, variables))
                if not missing(settings, [alias], variables):
                    opened = access(provider, key, variables)
                    in_flight = held_slots(settings.limits_dir, opened, alias)
                    state = state_of(settings.limits_dir, opened, alias, key=key)
                allowed = in_force.get(alias, key.slots)
                rows.append(KeyProgress(alias, allowed, in_flight, rates.get(alias, 0.0), state))
        return rows

    def judge_rows(self) -> list[JudgeProgress]:
        """Return a row for each judge of a pack."""
        return judge_rows(self.experiment)

    def batch_rows(self) -> list[BatchProgress]:
        """Return a row for each model with batches that are out."""
        rows = batches_out.rows(self.experiment)
        for row in rows:
            each = self._saving(row.model)
            row.saves_usd = None if each is None else each * row.requests
        return rows

    def notices(self) -> list[notices.Notice]:
        """Return the notices of the last run."""
        return notices.read(self.experiment.settings.results_dir)

    def _saving(self, model: str) -> float | None:
        """Return what a request of a model saves in a batch: the mean of those answered so far."""
        found: list[float] = []
        for shard in self.experiment.plan.shards:
            if shard.cell.model == model and self._header(shard) is None:
                known = self._known(self._journal(shard), shard)
                found += [one.saves for one in known if one.saves is not None]
            elif shard.cell.model == model and (header := self._header(shard)):
                price = self.experiment.settings.catalog[model].price
                saved = _saved(price, Tokens.from_json(header["tokens"]))
                found += [] if saved is None else [saved / max(1, header["requests"])]
        return sum(found) / len(found) if found else None

    def _planned(self, shard: Shard) -> int:
        return len(shard.indices) * self.experiment.settings.repeats

    def _since(self) -> float:
        """Return from when on rates are counted: the run's start, at most WINDOW_S ago."""
        began = notices.began(self.experiment.settings.results_dir)
        return max(time.time() - WINDOW_S, began or 0.0)

    def _count(self, row: ModelProgress, shard: Shard, header: Json, since: float) -> None:
        self._seen.pop(shard, None)
        row.shards_done += 1
        row.done += min(header["planned"], self._planned(shard))
        requests: int = header["requests"] if "requests" in header else header["asked"]
        row.answers += requests
        self._requests.learn(shard.cell, header["planned"], requests)
        started, ended = _moment(header, "started"), _moment(header, "ended")
        if header["asked"] and ended > since:
            row.recent += header["planned"]
            within = (ended - max(started, since)) / max(ended - started, 1e-9)
            row.lately += header["asked"] * min(1.0, within)
            row.recent_s = max(row.recent_s, time.time() - max(started, since))

    def _count_cost(self, row: ModelProgress, shard: Shard, header: Json) -> None:
        price = self.experiment.settings.catalog[shard.cell.model].price
        usd, unusable = _header_usd(header, price), Unusable.in_header(header)
        row.usd += (usd or 0.0) + unusable.usd(price)
        row.usd_unknown += header["planned"] if usd is None else len(unusable.unknown(price))

    def _count_journal(self, row: ModelProgress, shard: Shard, since: float) -> list[_Answer]:
        """Count what the journal has of a shard, and return its answers."""
        journal = self._journal(shard)
        mine = [one for one in self._known(journal, shard) if one.index in shard.indices]
        begun = Counter((one.index, one.repeat) for one in mine)
        row.begun += len(begun)
        row.owed += len(journal.answers.owed())
        row.shards_running += bool(journal.holders)
        row.answers += len(mine)
        row.expected += self._requests.left(shard.cell, self._planned(shard), begun.values())
        if late := [one.started for one in mine if one.started > since]:
            row.lately += len(late)
            row.recent_s = max(row.recent_s, time.time() - min(late))
        return mine

    def _count_journal_cost(self, row: ModelProgress, shard: Shard, mine: list[_Answer]) -> None:
        unusable = Unusable.of(self._journal(shard).answers.failures)
        price = self.experiment.settings.catalog[shard.cell.model].price
        row.usd += sum(one.usd or 0.0 for one in mine) + unusable.usd(price)
        unknown = {(one.index, one.repeat) for one in mine if one.usd is None}
        row.usd_unknown += len(unknown | unusable.unknown(price))

    def _journal(self, shard: Shard) -> JournalOnly:
        """Return what was recorded for a shard; its answers need not be looked up elsewhere."""
        if self._read is None:
            return JournalOnly(self.experiment, shard, everywhere=False)
        if shard not in self._read:
            self._read[shard] = JournalOnly(self.experiment, shard, everywhere=False)
        return self._read[shard]

    def _known(self, journal: JournalOnly, shard: Shard) -> list[_Answer]:
        """Return every readable answer; each is read once."""
        answers, seen = journal.answers, self._seen.setdefault(shard, {})
        price = self.experiment.settings.catalog[shard.cell.model].price
        for identity in answers.identities():
            if identity not in seen:
                record = answers.record(identity)
                seen[identity] = _answer(record, price) if record else None
        return [one for name in answers.identities() if (one := seen[name]) is not None]

    def _lately(self) -> tuple[dict[str, float], dict[str, int]]:
        """Return answers per minute, and the slots in force for the last one, by key alias.

        The slots are those of unfinished shards, which a current run has.
        """
        found: Counter[str] = Counter()
        last: dict[str, tuple[float, int]] = {}
        longest, now = 1.0, time.time()
        for shard in self.experiment.plan.shards:
            header = self._header(shard)
            if header is None:
                for one in self._known(self._journal(shard), shard):
                    if now - one.started < WINDOW_S:
                        found[one.key] += 1
                        if one.slots:
                            this = (one.started, one.slots)
                            last[one.key] = max(this, last.get(one.key, this))
                        longest = max(longest, now - one.started)
            elif now - _moment(header, "ended") < WINDOW_S:
                found.update(header["provenance"]["keys"])
                longest = max(longest, min(WINDOW_S, now - _moment(header, "started")))
        rates = {alias: 60 * count / longest for alias, count in found.items()}
        return rates, {alias: count for alias, (_, count) in last.items()}

    def _header(self, shard: Shard) -> Json | None:
        """Return the header of a shard's file; None unless the present config would write it."""
        path = self.experiment.settings.results_dir / "shards" / shard.path
        try:
            place = (path, path.stat().st_mtime_ns)
            if place not in self._headers:
                header = read_header(path)
                counts = not Now(self.experiment).superseded(shard, header)
                self._headers[place] = {**header, "system": None} if counts else None
        except FileNotFoundError:
            return None
        except RecordError:
            return None  # the build names damaged files; here they count as unfinished
        return self._headers[place]


def _answer(record: Json, price: Priced | None) -> _Answer | None:
    """Return what is counted of an answer, None where the record is not one of an answer."""
    try:
        asked = record["asked"]
        tokens, at = Tokens.from_json(asked["completion"]["tokens"]), float(asked["started"])
        words = (record.get("index", -1), record["components"].get("repeat", 0))
        usd, saves = stored_usd(price, asked), _saved(price, tokens, at)
        return _Answer(*words, usd, at, asked["key"], asked.get("slots"), saves)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None  # the build reports it; here it is one answer less


def _saved(price: Priced | None, tokens: Tokens | None, at: float | None = None) -> float | None:
    """Return what tokens cost less in a batch than online, in USD; None if that is unknown."""
    online, batch = cost_usd(price, tokens, None, at), cost_usd(price, tokens, BATCH, at)
    return None if online is None or batch is None else online - batch


def _header_usd(header: Json, price: Priced | None) -> float | None:
    """Return what a shard has cost; headers of old say 0 where the tokens were not reported."""
    usd: float | None = header["cost_usd"]
    if usd == 0 and header["requests"] and Tokens.from_json(header["tokens"]) is None:
        return cost_usd(price, None)
    return usd


def _moment(header: Json, name: str) -> float:
    return datetime.fromisoformat(header["provenance"][name]).timestamp()


def _to_set(provider: ProviderSettings, alias: str, variables: Mapping[str, str]) -> str:
    return to_set(provider, [alias], variables, every=True)
