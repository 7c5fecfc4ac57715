"""Judge the replies of one shard: take the answers in the journal, request the rest.

As for a shard of episodes: a verdict that cannot be had affects no other, every answer is in the
journal before it is used, and the file is written once all verdicts are there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import Asker, JournalOnly, KeyAllowance, Source
from pilotbench.episodes import owed
from pilotbench.episodes.evaluate import ShardOwed
from pilotbench.episodes.judging import verdict_file
from pilotbench.episodes.judging.verdicts import OwedVerdict, Records, Verdicts, verdicts_of
from pilotbench.episodes.owed import Owed, cause
from pilotbench.episodes.shard_file import read_shard
from pilotbench.episodes.spending import spent
from pilotbench.ground import links, notices, provenance
from pilotbench.ground.errors import RecordError, UserError
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard
from pilotbench.providers.answer import Tokens

Json = dict[str, Any]
log = logging.getLogger(__name__)


def evaluate(
    experiment: Experiment, shard: VerdictShard, out: Path, allowance: KeyAllowance | None
) -> None:
    """Write the file of verdicts of `shard`, requesting what the journal does not hold.

    Nothing is requested without an `allowance`, or with `rescore`. Raises ShardOwed, one line, if
    a verdict could not be had; then there is no file.
    """
    started = datetime.now(UTC)
    results = experiment.settings.results_dir
    links.check(results, f"{verdict_file.FOLDER}/{shard.path.parent}")
    records, shas = _read(experiment, shard)
    with _source(experiment, shard, allowance) as ask:
        found = verdicts_of(experiment, shard, records, ask, ask.in_flight)
        for damage in ask.damaged:
            notices.say(f"damage {damage}", f"{damage}; what it held is requested again")
        for one in found.owed:
            log.warning("owed verdict index=%d repeat=%d %s: %s", *vars(one.why).values())
        if found.owed:
            total = len(found.owed) + len(found.rows)
            why = owed.line(total, [one.why for one in found.owed], ask.kept, "verdicts")
            raise ShardOwed(f"{shard.path}: {why}")
        header = _header(experiment, shard, found, ask, shas)
        header["provenance"] |= {
            "started": started.isoformat(timespec="milliseconds"),
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        verdict_file.write(out, header, found.rows)


def replay(
    experiment: Experiment, shard: VerdictShard, records: Records, ask: JournalOnly | None = None
) -> Verdicts:
    """Return the verdicts that the journal holds on some episodes, without requests and locks.

    What it does not hold is owed, with the last failure that was recorded for it.
    """
    ask = ask or JournalOnly(experiment, shard)
    found = verdicts_of(experiment, shard, records, ask)
    failures = ask.answers.owed() if found.owed else {}
    found.owed = [_known(one, failures) for one in found.owed]
    return found


def replay_files(
    experiment: Experiment, shard: VerdictShard, ask: JournalOnly | None = None
) -> Verdicts | None:
    """Return what the journal holds of the verdicts on shard files, None if one is missing."""
    try:
        records, _ = _read(experiment, shard)
    except (UserError, RecordError):
        return None
    return replay(experiment, shard, records, ask)


def _known(one: OwedVerdict, failures: Mapping[tuple[int, int], Any]) -> OwedVerdict:
    """Return an owed verdict with the failure that was recorded for it, if it is asked again."""
    why = one.why
    failure = failures.get((why.index, why.repeat))
    if failure is None or not why.is_asked_again:
        return one
    known = Owed(why.index, why.repeat, failure.kind, cause(failure.message))
    return OwedVerdict(one.episodes, known)


def _source(experiment: Experiment, shard: VerdictShard, allowance: KeyAllowance | None) -> Source:
    if allowance is None or experiment.settings.rescore:
        return JournalOnly(experiment, shard)
    return Asker(experiment, shard, allowance, partial(spent, experiment))


def _read(
    experiment: Experiment, shard: VerdictShard
) -> tuple[dict[str, list[Json]], dict[str, str | None]]:
    """Return the episodes of each model, and the SHA-256 of each shard file."""
    records: dict[str, list[Json]] = {}
    shas: dict[str, str | None] = {}
    for one in shard.shards:
        path = experiment.settings.results_dir / "shards" / one.path
        if not path.exists():
            raise UserError(f"{path}: there is no such file: what is judged is evaluated first")
        shas[one.path.as_posix()] = verdict_file.sha256_of(path)
        _, records[one.cell.model] = read_shard(path)
    return records, shas


def _header(
    experiment: Experiment,
    shard: VerdictShard,
    found: Verdicts,
    ask: Source,
    shas: Mapping[str, str | None],
) -> Json:
    counts = [Tokens.from_json(row["tokens"]) for row in found.rows]
    costs = [row["cost_usd"] for row in found.rows]
    return {
        "judge": shard.judge,
        "shards": [one.path.as_posix() for one in shard.shards],
        "fits": verdict_file.fits(experiment, shard, shas),
        "count": len(found.rows),
        "tokens": sum((one for one in counts if one is not None), Tokens()).as_json(),
        "cost_usd": None if None in costs else sum(costs),
        "asked": sum(ask.keys.values()),
        "replayed": ask.replayed,
        "provenance": {
            **provenance.stamp(),
            "versions": experiment.verdict_versions(shard),
            "keys": dict(ask.keys),
        },
    }
