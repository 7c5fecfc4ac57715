"""How far a run is: from the headers of the shard files and the journals of unfinished shards.

It opens neither database nor transcripts and takes no lock that anyone waits for, so it answers at
any time: during a run, from another terminal, after a crash.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from pilotbench.arguments import add_config, add_json, load_matrix
from pilotbench.errors import RecordError
from pilotbench.journal import Journal, journal_folder
from pilotbench.matrix import Matrix
from pilotbench.records import Shard, read_header


@dataclass
class Progress:
    """Counts of episodes unless named otherwise; `usd` is what the finished shards have cost.

    `answered` episodes are in unfinished shards and have at least one answer in the journal;
    `owed` episodes failed on infrastructure and wait for the next run.
    """

    model: str
    shards: int = 0
    shards_done: int = 0
    shards_running: int = 0
    planned: int = 0
    done: int = 0
    answered: int = 0
    owed: int = 0
    usd: float = 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print progress for each model and in all."""
    matrix = load_matrix(args)
    rows = progress(matrix)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print("\n".join(_table(rows)))
    return 0


def progress(matrix: Matrix) -> list[Progress]:
    """Return a row for each model of the matrix, in its order."""
    rows = {name: Progress(name) for name in matrix.settings.models}
    for shard in matrix.plan.shards:
        _count(rows[shard.cell.model], matrix, shard)
    return list(rows.values())


def _count(row: Progress, matrix: Matrix, shard: Shard) -> None:
    row.shards += 1
    row.planned += len(shard.indices) * matrix.settings.repeats
    path = matrix.settings.results_dir / "shards" / shard.path
    try:
        header = read_header(path) if path.exists() else None
    except RecordError:
        header = None  # the build names damaged files; here they are simply not done
    if header is not None:
        row.shards_done += 1
        row.done += header["planned"]
        row.usd += header["cost_usd"] or 0.0
        return
    _count_journal(row, matrix, shard)


def _count_journal(row: Progress, matrix: Matrix, shard: Shard) -> None:
    folder = journal_folder(matrix.settings.catalog[shard.cell.model], shard.cell)
    journal = Journal(matrix.settings.journal_dir, folder)
    answers = journal.read(shard.first, shard.last)
    places = {(record.get("index"), record["components"]["repeat"]) for record in answers.records()}
    row.answered += len({place for place in places if place[0] in shard.indices})
    row.owed += len(answers.owed())
    row.shards_running += bool(journal.holders(shard.first, shard.last))


def _table(rows: list[Progress]) -> Iterator[str]:
    total = Progress("in all")
    for row in rows:
        for field in fields(Progress)[1:]:
            setattr(total, field.name, getattr(total, field.name) + getattr(row, field.name))
    width = max(len(row.model) for row in [*rows, total])
    yield f"{'model':<{width}}  shards      running  episodes         begun  owed  USD"
    for row in [*rows, total]:
        yield (
            f"{row.model:<{width}}  {row.shards_done:>4}/{row.shards:<5}  {row.shards_running:>7}"
            f"  {row.done:>6}/{row.planned:<7}  {row.answered:>6}  {row.owed:>4}  {row.usd:.4f}"
        )
