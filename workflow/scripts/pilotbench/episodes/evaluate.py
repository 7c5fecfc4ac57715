"""Evaluate one shard: take the answers in the journal, request the rest, write the complete file.

An owed episode does not affect the others: everything that can be finished is finished and
journaled, then the shard fails and leaves no file.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from pilotbench.asking import prices
from pilotbench.asking.asker import (
    NOT_ASKED,
    Asker,
    JournalOnly,
    KeyAllowance,
    NotAnswered,
    Source,
    prove,
)
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.episodes import external_episodes, owed
from pilotbench.episodes.episode import play_spec
from pilotbench.episodes.episode_record import Episode
from pilotbench.episodes.episode_spec import EpisodeSpec
from pilotbench.episodes.outcome import ShardOutcome as ShardOutcome
from pilotbench.episodes.owed import Owed, cause
from pilotbench.episodes.shard_file import SHARD_FORMAT, write_shard, write_whole
from pilotbench.episodes.spending import spent
from pilotbench.ground import job_context, links, notices, provenance
from pilotbench.ground.canonical_json import canonical, digest
from pilotbench.ground.errors import (
    OutInBatch,
    PilotbenchError,
    ProviderError,
    Stopping,
    Unscorable,
    UserError,
)
from pilotbench.ground.path_names import to_path
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment, benchmark_version
from pilotbench.matrix.fingerprint import asked_of
from pilotbench.providers.answer import Answer, Tokens
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request

Json = dict[str, Any]
Ask = Callable[[Request], Answer]
log = logging.getLogger(__name__)


class ShardOwed(PilotbenchError):
    """A shard has owed episodes; its file is not written."""


def evaluate(
    experiment: Experiment, shard: Shard, out: Path, allowance: KeyAllowance | None
) -> None:
    """Write the result file of `shard`, requesting what the journal does not hold.

    Nothing is requested without an `allowance`, or with `rescore`. Raises ShardOwed, one line, if
    an episode could not be finished; then there is no file.
    """
    started = datetime.now(UTC)
    folders = (Path("shards", shard.cell.folder), _instances_folder(shard.cell))
    links.check(experiment.settings.results_dir, *map(str, folders))
    allowance = _begun(experiment, shard, allowance)
    with _source(experiment, shard, allowance) as ask:
        watch = partial(_log, experiment, shard)
        if is_external(experiment.tasks[shard.cell.task]):
            outcome = external_episodes.play(experiment, shard, ask, allowance, watch)
        else:
            outcome = play_shard(experiment, shard, ask, ask.in_flight, watch=watch)
        _report(experiment, shard, outcome, ask.damaged)
        if outcome.owed:
            total = len(outcome.owed) + len(outcome.episodes)
            raise ShardOwed(f"{shard.path}: {owed.line(total, outcome.owed, ask.kept)}")
        _keep_instances(experiment, shard)
        origin = _provenance(experiment, shard, outcome, ask, started) | _made_by()
        write_shard(out, _header(experiment, shard, outcome, ask, origin), outcome.episodes)


def _source(experiment: Experiment, shard: Shard, allowance: KeyAllowance | None) -> Source:
    if allowance is None or experiment.settings.rescore:
        return JournalOnly(experiment, shard)
    return Asker(experiment, shard, allowance, partial(spent, experiment))


def _begun(
    experiment: Experiment, shard: Shard, allowance: KeyAllowance | None
) -> KeyAllowance | None:
    """Begin the budget before a command may ask another model than that of its shard."""
    task = experiment.tasks[shard.cell.task]
    if not (is_external(task) and task.models) or allowance is None or allowance.proven:
        return allowance
    prove(experiment, [shard], partial(spent, experiment))
    return replace(allowance, proven=True)


def replay(experiment: Experiment, shard: Shard) -> ShardOutcome:
    """Return what the journal holds of a shard, without requests and without any lock.

    What it does not hold is owed, with the last failure that was recorded for it.
    """
    ask = JournalOnly(experiment, shard)
    if ask.is_silent:  # most unfinished shards of a young run
        return _not_asked(experiment, shard)
    outcome = play_shard(experiment, shard, ask)
    failures = ask.answers.owed()
    known = {place: Owed(*place, f.kind, cause(f.message)) for place, f in failures.items()}
    found = [
        one if _is_final(one) else known.get((one.index, one.repeat), one) for one in outcome.owed
    ]
    unusable = _unusable(experiment, shard, ask)
    return ShardOutcome(outcome.episodes, outcome.system, found, unusable)


def _not_asked(experiment: Experiment, shard: Shard) -> ShardOutcome:
    places = product(shard.indices, range(experiment.settings.repeats))
    return ShardOutcome(owed=[Owed(*place, NotAnswered.__name__, NOT_ASKED) for place in places])


def _is_final(one: Owed) -> bool:
    """Return whether no failure that was recorded earlier says more about an episode."""
    return not one.is_asked_again or one.kind == OutInBatch.__name__


def play_shard(
    experiment: Experiment,
    shard: Shard,
    ask: Ask,
    in_flight: int = 1,
    watch: Callable[[Episode | Owed], None] = lambda _: None,
) -> ShardOutcome:
    """Play every episode of a shard, `in_flight` at a time.

    A ProviderError leaves an episode owed, and so does any error in playing or scoring an answer,
    without an effect on other episodes. What the user must change (UserError) ends the shard.
    `watch` is called with each episode as soon as it is over. No episode of an external task is
    played here: only its command knows what comes next.
    """
    if is_external(experiment.tasks[shard.cell.task]):
        return _not_asked(experiment, shard)
    outcome = ShardOutcome()

    def one(place: tuple[int, int]) -> Episode | Owed:
        over: Episode | Owed
        try:
            over = _play(experiment, shard, *place, ask)
        except UserError:
            raise
        except Exception as error:  # of this episode only: the others are played
            if not isinstance(error, ProviderError | Stopping | Unscorable):
                log.exception("index=%d repeat=%d cannot be played", *place)
            over = Owed(*place, type(error).__name__, " ".join(str(error).split()))
        watch(over)
        return over

    for result in _each(one, shard, experiment.settings.repeats, in_flight):
        if isinstance(result, Owed):
            outcome.owed.append(result)
        else:
            outcome.episodes.append(result.record)
            if result.system is not None:
                outcome.system[result.record["system"]] = result.system
    return outcome


def _report(
    experiment: Experiment, shard: Shard, outcome: ShardOutcome, damaged: Iterable[object]
) -> None:
    """Report damaged lines of the journal, and answers that cannot be scored."""
    for damage in damaged:
        notices.say(f"damage {damage}", f"{damage}; what it held is requested again")
    for one in outcome.owed:
        if not one.is_asked_again:
            name = _question(experiment, shard, one.index)
            where = f"{shard.path}: {name}, repeat {one.repeat}"
            notices.say(where, f"{where}: cannot be scored ({one.kind}: {one.message})")


def _question(experiment: Experiment, shard: Shard, index: int) -> str:
    """Return how a message names a question: by its index, and its id if it has one."""
    task = experiment.tasks[shard.cell.task]
    if is_external(task):
        return f"index {index}"
    name = task.instance(shard.cell.difficulty, index).extra.get("id")
    return f"index {index}" if name is None else f"question {name} (index {index})"


def _log(experiment: Experiment, shard: Shard, over: Episode | Owed) -> None:
    if isinstance(over, Owed):
        name = _question(experiment, shard, over.index)
        log.warning("owed: %s, repeat %d: %s: %s", name, over.repeat, over.kind, over.message)
    else:
        log.info(_LINE, *(over.record[word] for word in _WORDS))


_WORDS = ("status", "index", "repeat", "success", "progress", "end_reason", "turns", "cost_usd")
_LINE = "%s index=%d repeat=%d success=%s progress=%s end=%s turns=%d usd=%s"


def _each(
    one: Callable[[tuple[int, int]], Any], shard: Shard, repeats: int, in_flight: int
) -> Iterator[Any]:
    places = list(product(shard.indices, range(repeats)))
    if in_flight <= 1:
        yield from map(one, places)
        return
    with ThreadPoolExecutor(min(in_flight, len(places)), "episode") as threads:
        yield from threads.map(one, places)


def _play(experiment: Experiment, shard: Shard, index: int, repeat: int, ask: Ask) -> Episode:
    return play_spec(spec_of(experiment, shard, index, repeat), ask)


def spec_of(experiment: Experiment, shard: Shard, index: int, repeat: int) -> EpisodeSpec:
    """Return everything about an episode of a shard that is fixed before its first request."""
    cell, settings = shard.cell, experiment.settings
    task, model = experiment.tasks[cell.task], settings.catalog[cell.model]
    return EpisodeSpec(
        task=task,
        instance=task.instance(cell.difficulty, index),
        prompt=experiment.prompts[cell.prompt],
        chosen=PROTOCOLS[model.protocol],
        model=model,
        rate=cell.tool_success_rate,
        repeat=repeat,
        max_turns=settings.max_turns or task.max_turns(cell.difficulty),
    )


def _instances_folder(cell: Cell) -> Path:
    return Path("instances", to_path(cell.task), to_path(cell.difficulty))


def _keep_instances(experiment: Experiment, shard: Shard) -> None:
    """Store each instance once, by content hash, so that a result can be read without this code."""
    cell = shard.cell
    folder = experiment.settings.results_dir / _instances_folder(cell)
    for index in shard.indices:
        instance = experiment.tasks[cell.task].instance(cell.difficulty, index)
        path = folder / f"{instance.content_hash}.json"
        if not path.exists():
            write_whole(path, (canonical(instance.as_json()) + "\n").encode("utf-8", "replace"))


def _header(
    experiment: Experiment, shard: Shard, outcome: ShardOutcome, ask: Source, origin: Json
) -> Json:
    """Return the first line of a shard file: counts, cost and provenance."""
    records, cell = outcome.episodes, shard.cell
    status = Counter(record["status"] for record in records)
    costs = [record["cost_usd"] for record in records if record["cost_usd"] is not None]
    requests = [request for record in records for request in record["requests"]]
    counts = [Tokens.from_json(request["tokens"]) for request in requests]
    return {
        "kind": "shard",
        "format": SHARD_FORMAT,
        "fingerprint": experiment.fingerprint(shard.cell),
        **cell.named,
        "first": shard.first,
        "last": shard.last,
        "repeats": experiment.settings.repeats,
        "planned": len(records),
        "completed": status["completed"],
        "refused": status["refused"],
        "not_applicable": status["not_applicable"],
        "successes": sum(record["success"] is True for record in records),
        "tokens": sum((known for known in counts if known is not None), Tokens()).as_json(),
        "unknown_tokens": counts.count(None),
        "cost_usd": sum(costs) if len(costs) == len(records) else None,
        "price": prices.origin(experiment.settings.catalog[cell.model].price),
        "unusable": _unusable(experiment, shard, ask),
        "requests": len(requests),
        "asked": sum(ask.keys.values()),
        "replayed": ask.replayed,
        "provenance": origin,
        "system": outcome.system,
        **outcome.header,
    }


def _unusable(experiment: Experiment, shard: Shard, ask: Source) -> Json:
    """Return what was paid for unusable answers; the cost is that of those whose cost is known."""
    found, price = ask.unusable, experiment.settings.catalog[shard.cell.model].price
    known = [usd for one in found.each if (usd := one.usd(price)) is not None]
    return {**found.as_json(), "known_usd": sum(known) if known else None}


def _provenance(
    experiment: Experiment,
    shard: Shard,
    outcome: ShardOutcome,
    ask: Source,
    started: datetime,
) -> Json:
    parameters = asked_of(experiment.settings.catalog[shard.cell.model])
    task = experiment.tasks[shard.cell.task]
    return {
        **provenance.stamp(),
        "prompt_sha256": experiment.prompts[shard.cell.prompt].sha256,
        "instances_sha256": digest([record["instance"] for record in outcome.episodes]),
        "parameters": parameters,
        "parameters_sha256": digest(parameters),
        "benchmark_version": benchmark_version(task),
        "scoring_version": task.scoring_version,
        "versions": experiment.versions(shard.cell),
        "libraries": provenance.libraries(),
        "started": started.isoformat(timespec="milliseconds"),
        "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "keys": dict(ask.keys),
    }


def _made_by() -> Json:
    """Return the command of the run that writes a file, and the job on a cluster."""
    command = job_context.read().command
    return {**asdict(command), "cluster_job": os.environ.get("SLURM_JOB_ID")}
