"""Estimate what the judges of packs are still asked, before there are replies too.

Where the replies are there, the requests are those that are not in the journal. Before, there is
one for each planned verdict, on replies as long as those of the model so far, or as its guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pilotbench.asking.asker import JournalOnly
from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.episodes.judging import judge, question, verdict_file
from pilotbench.episodes.judging.question import Subject
from pilotbench.estimation.guess import CHARACTERS_PER_TOKEN, Outlook, outlook
from pilotbench.estimation.history import History
from pilotbench.estimation.needs import UP_TO_DATE, Need, characters, reason
from pilotbench.estimation.ranges import Range, Workload, total
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.axes import NONE
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard

VERDICT_TOKENS = Range(15, 90, 400)
"""Output tokens of a verdict with its reason: one to three sentences."""
SAMPLED = 3
"""Questions of a shard whose requests are rendered."""


@dataclass
class JudgeLoads:
    """What judges are still asked: needs and loads by the judge, each under a cell of its own."""

    needs: list[Need] = field(default_factory=list)
    work: dict[Cell, Workload] = field(default_factory=dict)

    def of(self, name: str) -> tuple[list[Need], dict[Cell, Workload]]:
        """Return the part of one judge."""
        needs = [need for need in self.needs if need.shard.cell.model == name]
        return needs, {cell: load for cell, load in self.work.items() if cell.model == name}

    @property
    def judges(self) -> list[str]:
        """The judges in order."""
        return list(dict.fromkeys(need.shard.cell.model for need in self.needs))


def judge_loads(
    experiment: Experiment, past: History, wanted: Sequence[VerdictShard]
) -> JudgeLoads:
    """Return what is left to ask of the verdicts `wanted`."""
    loads = JudgeLoads()
    fresh: dict[Shard, bool] = {}
    for one in wanted:
        for shard in one.shards:
            if shard not in fresh:
                fresh[shard] = reason(experiment, shard) == UP_TO_DATE
        there = all(fresh[shard] for shard in one.shards)
        why, count, load = _left(experiment, one) if there else _ahead(experiment, past, one)
        cell = _cell(one)
        shard = replace(one.shard, cell=cell)
        loads.needs.append(Need(shard, why, fresh=count))
        loads.work[cell] = loads.work.get(cell, Workload()) + load
    return loads


def _cell(one: VerdictShard) -> Cell:
    """Return a cell for what a judge is asked about a cell: no cell of the matrix has this name."""
    judged = f"verdicts/{one.cell.task}/{one.cell.model}/{one.other}"
    return replace(one.cell, model=one.judge, task=judged)


def _left(experiment: Experiment, one: VerdictShard) -> tuple[str, int, Workload]:
    """Return why a file of verdicts is made, and what the journal does not hold of it."""
    results = experiment.settings.results_dir
    path = results / verdict_file.FOLDER / one.path
    shas: dict[str, str | None] = {
        shard.path.as_posix(): verdict_file.sha256_of(results / "shards" / shard.path)
        for shard in one.shards
    }
    why = "no file"
    if path.exists():
        try:
            header, _ = verdict_file.read(path)
            if header["fits"] == verdict_file.fits(experiment, one, shas):
                return UP_TO_DATE, 0, Workload()
            why = "changed: rubric, judge or replies"
        except RecordError:
            why = "damaged file"
    ask = JournalOnly(experiment, one)
    judge.replay_files(experiment, one, ask)
    sizes = {question.request_key(sent): characters(sent.body) for sent in ask.unanswered}
    load = total(_load(experiment, one, Range(size, size, size)) for size in sizes.values())
    return why, len(sizes), load


def _ahead(experiment: Experiment, past: History, one: VerdictShard) -> tuple[str, int, Workload]:
    """Return what is asked about replies that are not there yet."""
    judging = experiment.judging(one.cell.task)
    assert judging is not None
    orders = 2 if one.other else 1
    count = len(one.indices) * experiment.settings.repeats * judging.repeats * orders
    each = _load(experiment, one, _size(experiment, past, one, judging))
    return "no replies yet", count, each.times(count)


def _size(experiment: Experiment, past: History, one: VerdictShard, judging: Judging) -> Range:
    """Return the characters of a request on replies of the likely length."""
    models = [shard.cell.model for shard in one.shards]
    lengths = [_reply(experiment, past, replace(one.cell, model=name), judging) for name in models]
    task, judge_model = experiment.tasks[one.cell.task], experiment.settings.catalog[one.judge]
    places = list(one.indices)
    sizes = []
    for index in places[:: max(1, len(places) // SAMPLED)][:SAMPLED]:
        instance = task.instance(one.cell.difficulty, index)
        empty = Subject.of(instance, ("",) * len(models), judging)
        sent = question.request(judging, judge_model, empty, 0, 0)
        sizes.append(characters(sent.body))
    base = sum(sizes) / len(sizes)
    return sum(lengths, start=Range(base, base, base))


def _reply(experiment: Experiment, past: History, cell: Cell, judging: Judging) -> Range:
    """Return the characters of a reply."""
    said = _outlook(experiment, cell)
    tokens = Range(0, said.said, said.bound)
    known = past.cells.get(cell)
    if known is not None and known.episodes and known.known:
        mean = known.sums.get("output", 0.0) / known.episodes
        tokens = Range(mean / 2, mean, max(2 * mean, 50))
    most, per = judging.longest_reply, CHARACTERS_PER_TOKEN
    return Range(
        min(tokens.low * per.low, most),
        min(tokens.middle * per.middle, most),
        min(tokens.high * per.high, most),
    )


def _load(experiment: Experiment, one: VerdictShard, size: Range) -> Workload:
    """Return the load of one request of so many characters."""
    ahead = _outlook(experiment, Cell(one.judge, NONE, one.cell.task, NONE, NONE))
    per = CHARACTERS_PER_TOKEN
    most = max(ahead.bound, VERDICT_TOKENS.middle)
    thinks = ahead.said - min(ahead.said, 50)
    return Workload(
        requests=Range(1, 1, 1.2),
        input=Range(size.low / per.high, size.middle / per.middle, 1.2 * size.high / per.low),
        output=Range(VERDICT_TOKENS.low, VERDICT_TOKENS.middle + thinks, 1.2 * most),
    )


def _outlook(experiment: Experiment, cell: Cell) -> Outlook:
    model = experiment.settings.catalog[cell.model]
    return outlook(model, cell.prompt, cell.tool_success_rate, 1, 0)
