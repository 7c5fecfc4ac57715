"""Evaluate one shard: take what the journal has, ask for the rest, write the file whole.

An owed episode never hides the others: all that can be finished is finished and journaled, then
the shard fails and leaves no file.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from threading import Event, Lock
from typing import Any

from pilotbench import BENCHMARK_VERSION, provenance
from pilotbench.canonical import canonical, digest
from pilotbench.config import Settings
from pilotbench.episode import Episode, play
from pilotbench.errors import PilotbenchError, ProviderError, Stopping
from pilotbench.fingerprint import asked_of
from pilotbench.journal import Journal, Segment, journal_folder
from pilotbench.journal.identity import components, identity
from pilotbench.keys.pool import Pool, StopFlag
from pilotbench.keys.routing import usable_keys
from pilotbench.matrix import Matrix
from pilotbench.names import to_path
from pilotbench.protocols import PROTOCOLS
from pilotbench.providers.provider import Asked, Request, Tokens
from pilotbench.records import SHARD_FORMAT, Shard, write_shard, write_whole
from pilotbench.run import command, preflight

Json = dict[str, Any]
Ask = Callable[[Request], Asked]
Find = Callable[[str], Asked | None]
log = logging.getLogger(__name__)
NOT_ASKED = "not asked yet"


class ShardOwed(PilotbenchError):
    """A shard has owed episodes; its file is not written."""


class NotAnswered(ProviderError):
    """The journal has no answer and nothing may be asked."""


@dataclass(frozen=True)
class Share:
    """What a job may use of the keys: `tokens` slots of its home `key`, and more with `borrow`.

    `slots` are the slots in force of each alias. `proven`: the run has done what `preflight.prove`
    does. `parent` is the process that must stay this one's
    parent (None for a job that runs remotely). With `may_ask` False the journal alone answers.
    """

    key: str
    tokens: int
    borrow: bool
    slots: Mapping[str, int]
    may_ask: bool = True
    parent: int | None = None
    stop: StopFlag = field(default_factory=Event)
    proven: bool = False

    def in_flight(self, settings: Settings, model: str) -> int:
        """Return how many episodes to keep in flight."""
        if not self.borrow:
            return self.tokens
        keys = usable_keys(settings, model, self.key, self.borrow)
        return sum(self.slots.get(alias, settings.keys[alias].slots) for alias in keys)


@dataclass(frozen=True)
class Owed:
    """An episode that is not finished, and why."""

    index: int
    repeat: int
    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """A shard's finished episodes in order, the system messages they name, and what is owed."""

    episodes: list[Json] = field(default_factory=list)
    system: dict[str, str] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)


def evaluate(matrix: Matrix, shard: Shard, out: Path, share: Share) -> None:
    """Write the result file of `shard`, asking for what the journal does not hold.

    Raises ShardOwed, one line, where an episode could not be finished; then there is no file.
    """
    started = datetime.now(UTC)
    with (
        _journal(matrix, shard).open(
            shard.first, shard.last, whole=_whole(matrix, shard), stopped=share.stop.is_set
        ) as segment,
        Asker(matrix, shard, segment, share) as ask,
    ):
        in_flight = share.in_flight(matrix.settings, shard.cell.model)
        outcome = play_shard(matrix, shard, ask, in_flight, watch=_log)
        if outcome.owed:
            raise ShardOwed(_owed_line(shard, outcome))
        _keep_instances(matrix, shard)
        origin = _provenance(matrix, shard, outcome, ask, started) | _made_by(out)
        write_shard(out, _header(matrix, shard, outcome, ask, origin), outcome.episodes)


def replay(matrix: Matrix, shard: Shard) -> Outcome:
    """Return what the journal holds of a shard, without asking and without any lock.

    What it does not hold is owed, with the last failure that was written of it.
    """
    answers = _journal(matrix, shard).read(shard.first, shard.last, whole=_whole(matrix, shard))
    if not answers and not answers.failures:  # most unfinished shards of a young run
        places = product(shard.indices, range(matrix.settings.repeats))
        return Outcome(owed=[Owed(*place, NotAnswered.__name__, NOT_ASKED) for place in places])
    failures = answers.owed()
    provider = matrix.settings.catalog[shard.cell.model].provider

    def ask(request: Request) -> Asked:
        found = answers.find(identity(components(provider, request)))
        if found is None:
            raise NotAnswered(NOT_ASKED)
        return found

    outcome = play_shard(matrix, shard, ask)
    known = {place: Owed(*place, f.kind, _cause(f.message)) for place, f in failures.items()}
    owed = [known.get((one.index, one.repeat), one) for one in outcome.owed]
    return Outcome(outcome.episodes, outcome.system, owed)


def play_shard(
    matrix: Matrix,
    shard: Shard,
    ask: Ask,
    in_flight: int = 1,
    watch: Callable[[Episode | Owed], None] = lambda _: None,
) -> Outcome:
    """Play every episode of a shard, `in_flight` at a time; a ProviderError leaves it owed.

    `watch` is called with each episode as soon as it is over.
    """
    outcome = Outcome()

    def one(place: tuple[int, int]) -> Episode | Owed:
        over: Episode | Owed
        try:
            over = _play(matrix, shard, *place, ask)
        except (ProviderError, Stopping) as error:
            over = Owed(*place, type(error).__name__, str(error))
        watch(over)
        return over

    for result in _each(one, shard, matrix.settings.repeats, in_flight):
        if isinstance(result, Owed):
            outcome.owed.append(result)
        else:
            outcome.episodes.append(result.record)
            if result.system is not None:
                outcome.system[result.record["system"]] = result.system
    return outcome


def _log(over: Episode | Owed) -> None:
    if isinstance(over, Owed):
        log.warning("owed index=%d repeat=%d %s: %s", *vars(over).values())
    else:
        log.info(_LINE, *(over.record[word] for word in _WORDS))


_WORDS = ("status", "index", "repeat", "success", "progress", "end_reason", "turns", "cost_usd")
_LINE = "%s index=%d repeat=%d success=%s progress=%s end=%s turns=%d usd=%s"


class Asker:
    """Answers a request from the journal, else through the pool; counts both.

    The pool is made at the first request that has to be asked: a shard that only replays starts no
    client and needs no key.
    """

    def __init__(self, matrix: Matrix, shard: Shard, segment: Segment, share: Share) -> None:
        self._settings, self._model = matrix.settings, matrix.settings.catalog[shard.cell.model]
        self._matrix, self._shard = matrix, shard
        self._segment, self._share = segment, share
        self._made: Pool | None = None
        self._making = Lock()
        self._stamp: Json = {}
        self.keys: Counter[str] = Counter()
        self.replayed = 0

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._made is not None:
            self._made.close()

    def __call__(self, request: Request) -> Asked:
        """Return the answer, which stands in the journal when this returns."""
        parts = components(self._model.provider, request)
        name = identity(parts)
        found = self._segment.find(name)
        if found is not None:
            self.replayed += 1
            return found
        if not self._share.may_ask:
            raise NotAnswered("the journal has no answer, and nothing may be asked")
        self._segment.check()
        index = request.instance.index
        try:
            asked = self._pool().ask(request)
        except ProviderError as error:
            self._segment.write_failure(name, parts, error, index)
            raise
        self._segment.write(name, parts, asked, index=index, **self._marks())
        self.keys[asked.key] += 1
        return asked

    def _pool(self) -> Pool:
        with self._making:
            if self._made is None:
                share = self._share
                if not share.proven:
                    preflight.prove(self._matrix, [self._shard])
                self._made = Pool(
                    self._settings,
                    self._model.name,
                    share.key,
                    share.tokens,
                    share.borrow,
                    stop=share.stop,
                    parent=share.parent,
                    slots=share.slots,
                )
            return self._made

    def _marks(self) -> Json:
        if not self._stamp:
            commit, dirty = provenance.commit()
            self._stamp = {"commit": commit, "dirty": dirty}
        return self._stamp


def _each(
    one: Callable[[tuple[int, int]], Any], shard: Shard, repeats: int, in_flight: int
) -> Iterator[Any]:
    places = list(product(shard.indices, range(repeats)))
    if in_flight <= 1:
        yield from map(one, places)
        return
    with ThreadPoolExecutor(min(in_flight, len(places)), "episode") as threads:
        yield from threads.map(one, places)


def _play(matrix: Matrix, shard: Shard, index: int, repeat: int, ask: Ask) -> Episode:
    cell, settings = shard.cell, matrix.settings
    task, model = matrix.tasks[cell.task], settings.catalog[cell.model]
    return play(
        task=task,
        instance=task.instance(cell.difficulty, index),
        prompt=matrix.prompts[cell.prompt],
        protocol=PROTOCOLS[model.protocol],
        model=model,
        rate=cell.tool_success_rate,
        repeat=repeat,
        max_turns=settings.max_turns or task.max_turns(cell.difficulty),
        ask=ask,
    )


def _journal(matrix: Matrix, shard: Shard) -> Journal:
    model = matrix.settings.catalog[shard.cell.model]
    return Journal(matrix.settings.journal_dir, journal_folder(model, shard.cell))


def _whole(matrix: Matrix, shard: Shard) -> bool:
    """Whether answers may stand under any index: the questions of a pack move when lines do."""
    return matrix.tasks[shard.cell.task].size is not None


def _keep_instances(matrix: Matrix, shard: Shard) -> None:
    """Keep each instance once, by content hash, so that a result can be read without this code."""
    cell = shard.cell
    folder = (
        matrix.settings.results_dir / "instances" / to_path(cell.task) / to_path(cell.difficulty)
    )
    for index in shard.indices:
        instance = matrix.tasks[cell.task].instance(cell.difficulty, index)
        path = folder / f"{instance.content_hash}.json"
        if not path.exists():
            write_whole(path, (canonical(instance.as_json()) + "\n").encode("utf-8", "replace"))


_TRIED = re.compile(r" \(\d+ attempts? in \d+ s\)$")


def _cause(message: str) -> str:
    """Return a failure's message without how often it was tried, which is no cause of its own."""
    return _TRIED.sub("", message)


def _owed_line(shard: Shard, outcome: Outcome) -> str:
    kinds = Counter(f"{owed.kind}: {_cause(owed.message)}" for owed in outcome.owed)
    why, count = kinds.most_common(1)[0]
    total = len(outcome.owed) + len(outcome.episodes)
    others = f" (other reasons: {len(kinds) - 1})" if len(kinds) > 1 else ""
    return (
        f"{shard.path}: {len(outcome.owed)} of {total} episodes owed, "
        f"{count} x {why}{others}; what was answered is kept, run again to ask for the rest"
    )


def _header(matrix: Matrix, shard: Shard, outcome: Outcome, ask: Asker, origin: Json) -> Json:
    """Return the first line of a shard file: counts, cost and provenance."""
    records, cell = outcome.episodes, shard.cell
    status = Counter(record["status"] for record in records)
    costs = [record["cost_usd"] for record in records if record["cost_usd"] is not None]
    requests = [request for record in records for request in record["requests"]]
    counts = [Tokens.from_json(request["tokens"]) for request in requests]
    return {
        "kind": "shard",
        "format": SHARD_FORMAT,
        "fingerprint": matrix.fingerprint(shard.cell),
        "model": cell.model,
        "prompt": cell.prompt,
        "task": cell.task,
        "difficulty": cell.difficulty,
        "tool_success_rate": cell.tool_success_rate,
        "first": shard.first,
        "last": shard.last,
        "repeats": matrix.settings.repeats,
        "planned": len(records),
        "completed": status["completed"],
        "refused": status["refused"],
        "not_applicable": status["not_applicable"],
        "successes": sum(record["success"] is True for record in records),
        "tokens": vars(sum((known for known in counts if known is not None), Tokens())),
        "unknown_tokens": counts.count(None),
        "cost_usd": sum(costs) if len(costs) == len(records) else None,
        "requests": len(requests),
        "asked": sum(ask.keys.values()),
        "replayed": ask.replayed,
        "provenance": origin,
        "system": outcome.system,
    }


def _provenance(
    matrix: Matrix, shard: Shard, outcome: Outcome, ask: Asker, started: datetime
) -> Json:
    parameters = asked_of(matrix.settings.catalog[shard.cell.model])
    return {
        **provenance.stamp(),
        "prompt_sha256": matrix.prompts[shard.cell.prompt].sha256,
        "instances_sha256": digest([record["instance"] for record in outcome.episodes]),
        "parameters": parameters,
        "parameters_sha256": digest(parameters),
        "benchmark_version": BENCHMARK_VERSION,
        "scoring_version": matrix.tasks[shard.cell.task].scoring_version,
        "versions": matrix.versions(shard.cell),
        "libraries": provenance.libraries(),
        "started": started.isoformat(timespec="milliseconds"),
        "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "keys": dict(ask.keys),
    }


def _made_by(out: Path) -> Json:
    """Return the command that wrote `out` and its job, as far as the run has told them."""
    told = command.told()
    return {
        **asdict(told),
        "job": command.number_of(str(out), told.run),
        "cluster_job": os.environ.get("SLURM_JOB_ID"),
    }
