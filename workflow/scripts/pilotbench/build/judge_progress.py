"""The progress of judges: verdicts that are in files or in the journal, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.prices import answers_usd
from pilotbench.asking.unusable import Unusable
from pilotbench.episodes.judging import verdict_file
from pilotbench.ground.errors import RecordError, UserError
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard

Json = dict[str, Any]


@dataclass
class JudgeProgress:
    """Counts of verdicts, unless named otherwise.

    `done` are in files, `begun` have an answer in the journal and no file yet, `owed` failed and
    wait for the next run. `usd` is the known cost of all answers, `usd_unknown` counts the others.
    """

    judge: str
    planned: int = 0
    done: int = 0
    begun: int = 0
    owed: int = 0
    files: int = 0
    files_done: int = 0
    running: int = 0
    usd: float = 0.0
    usd_unknown: int = 0


def judge_rows(experiment: Experiment) -> list[JudgeProgress]:
    """Return a row for each judge, in order."""
    rows: dict[str, JudgeProgress] = {}
    for one in experiment.verdicts:
        row = rows.setdefault(one.judge, JudgeProgress(one.judge))
        row.files += 1
        _count(experiment, one, row)
    return list(rows.values())


def _count(experiment: Experiment, one: VerdictShard, row: JudgeProgress) -> None:
    price = experiment.settings.catalog[one.judge].price
    journal = JournalOnly(experiment, one, everywhere=False)
    found = list(journal.answers.of_indices(one.indices))
    costs = [answers_usd(price, [answer]) for answer in found]
    unusable = Unusable.of(journal.answers.failures)
    row.usd += sum(usd for usd in costs if usd is not None) + unusable.usd(price)
    row.usd_unknown += costs.count(None) + len(unusable.unknown(price))
    header = _header(experiment, one)
    if header is not None:
        row.files_done += 1
        row.done += header["count"]
        row.planned += header["count"]  # what has no reply is not judged
        return
    row.planned += _planned(experiment, one)
    row.begun += len(found)
    row.owed += len(journal.answers.owed())
    row.running += bool(journal.holders)


def _planned(experiment: Experiment, one: VerdictShard) -> int:
    judging = experiment.judging(one.cell.task)
    repeats = judging.repeats if judging is not None else 0
    orders = 2 if one.other else 1
    return len(one.indices) * experiment.settings.repeats * repeats * orders


def _header(experiment: Experiment, one: VerdictShard) -> Json | None:
    """Return the header of a file of verdicts that the present config would write, else None."""
    results = experiment.settings.results_dir
    try:
        header = verdict_file.read_header(results / verdict_file.FOLDER / one.path)
        then = header["provenance"]["versions"]
        return header if then == experiment.verdict_versions(one) else None
    except (RecordError, UserError, KeyError):
        return None
