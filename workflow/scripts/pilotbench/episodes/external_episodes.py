"""The episodes of an external task: what its command reported, with what it asked.

A sample is an episode if the command scored it and none of its requests was left without an answer:
many programs count a request that failed as a wrong answer, which would make a failure of the
service a score. What cannot be told apart leaves all samples of the run unfinished.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from pilotbench.asking.asker import KeyAllowance, Source
from pilotbench.asking.prices import cost_usd
from pilotbench.benchmark.packs.external_task import ExternalTask
from pilotbench.benchmark.tasks.scoring import graded
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.episodes.episode_record import Episode, record_of
from pilotbench.episodes.episode_spec import EpisodeSpec, EpisodeState
from pilotbench.episodes.external.attribution import Attribution, attributed
from pilotbench.episodes.external.run import Ran, run
from pilotbench.episodes.external.sample import Sample
from pilotbench.episodes.outcome import ShardOutcome
from pilotbench.episodes.owed import Owed
from pilotbench.ground.errors import (
    CommandFailed,
    ContextOverflow,
    PilotbenchError,
    ProviderError,
    Refused,
    Stopping,
)
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request

Json = dict[str, Any]
Asked = tuple[Request, Answer]
Failed = tuple[Request, PilotbenchError]
VERDICTS = (Refused, ContextOverflow)
"""What a service decided finally about a request: it may count, as a reply does."""


def play(
    experiment: Experiment,
    shard: Shard,
    ask: Source,
    allowance: KeyAllowance | None,
    watch: Callable[[Episode | Owed], None],
) -> ShardOutcome:
    """Run the command of a shard once per repeat and return its episodes."""
    overs: Overs = {}
    rest, others = 0, Others()
    for repeat in range(experiment.settings.repeats):
        try:
            ran = run(experiment, shard, repeat, ask, allowance)
        except (CommandFailed, Stopping) as error:
            overs |= _all_owed(shard, repeat, type(error).__name__, str(error))
            continue
        others.add(ran)
        told = _Told(experiment, shard, repeat, ran)
        every, rest = told.overs(), rest + len(told.asked.rest)
        if ran.failure is None:
            for over in every.values():
                watch(over)
        overs |= every
    outcome = ShardOutcome(header={"unattributed_requests": rest, **others.header(experiment)})
    for _, over in sorted(overs.items()):
        if isinstance(over, Owed):
            outcome.owed.append(over)
        else:
            outcome.episodes.append(over.record)
    return outcome


class Others:
    """What the further models of a task were asked, over all repeats.

    It is not in the cost of the episodes, which is that of the model.
    """

    def __init__(self) -> None:
        self._answers: defaultdict[str, list[Answer]] = defaultdict(list)

    def add(self, ran: Ran) -> None:
        """Add what was asked in one run of the command."""
        for name, heard in ran.others.items():
            self._answers[name] += [answer for _, answer in heard.answered.values()]

    def header(self, experiment: Experiment) -> Json:
        """Return the requests and the cost of each, None where one is unknown."""
        found = {}
        for name, answers in self._answers.items():
            price = experiment.settings.catalog[name].price
            costs = [cost_usd(price, a.completion.tokens, a.tier, a.started) for a in answers]
            known = [usd for usd in costs if usd is not None]
            usd = math.fsum(known) if len(known) == len(costs) else None
            found[name] = {"requests": len(answers), "cost_usd": usd}
        return {"other_models": found} if found else {}


Overs = dict[tuple[int, int], Episode | Owed]


def _all_owed(shard: Shard, repeat: int, kind: str, message: str) -> Overs:
    return {(n, repeat): Owed(n, repeat, kind, message) for n in shard.indices}


class _Told:
    """One run of a command: its samples with their requests and failures."""

    def __init__(self, experiment: Experiment, shard: Shard, repeat: int, ran: Ran) -> None:
        self._experiment, self._shard, self._repeat, self._ran = experiment, shard, repeat, ran
        samples = ran.samples.values()
        heard = [(request.body, (request, a)) for request, a in ran.heard.answered.values()]
        self.asked: Attribution[Asked] = attributed(samples, heard)
        self._failed = list(_failed(ran))
        self._lost: Attribution[Failed] = attributed(
            samples, [(request.body, (request, e)) for request, e in self._failed]
        )
        self._shared = list(self.asked.rest)

    def overs(self) -> Overs:
        """Return each episode, finished or owed."""
        repeat, shard = self._repeat, self._shard
        if self._ran.failure is not None:
            error = _worst(error for _, error in self._failed)
            kind = _kind(error)
            why = f"{error}; " if error else ""
            return _all_owed(shard, repeat, kind, f"{why}{self._ran.failure}")
        error = _worst(error for _, error in self._lost.rest)
        if error is not None:
            why = f"{error} (a request that belongs to no sample: which one it spoiled is unknown)"
            return _all_owed(shard, repeat, _kind(error), why)
        return {(n, repeat): self._over(n) for n in shard.indices}

    def _over(self, index: int) -> Episode | Owed:
        sample = self._ran.samples.get(index)
        failures = [error for _, error in self._lost.of.get(index, ())]
        error = _worst(failures)
        if error is not None:
            return Owed(index, self._repeat, _kind(error), str(error))
        kind = CommandFailed.__name__
        if sample is None:
            return Owed(index, self._repeat, kind, f"sample {index} is not in the results")
        if sample.error is not None and not failures:
            return Owed(index, self._repeat, kind, f"sample {index}: {sample.error}")
        try:
            return Episode(self._record(sample, failures[-1] if sample.error else None), None)
        except CommandFailed as wrong:
            return Owed(index, self._repeat, kind, str(wrong))

    def _record(self, sample: Sample, verdict: PilotbenchError | None) -> Json:
        """Return the record of a sample; a `verdict` of the service ended it."""
        spec = self._spec(sample.index)
        turn = Turn(turn=0, content=sample.reply, call=None, reply=None)
        transcript = Transcript(spec.instance.content_hash, spec.rate, spec.repeat, [turn])
        transcript.answer = sample.reply
        transcript.end_reason = "finish" if sample.reply else "no_call"
        state = EpisodeState("", sample.prompt, [], transcript, self._requests(sample.index))
        if isinstance(verdict, Refused):
            transcript.turns.clear()
            record = record_of(spec, "refused", state, None, None, sample.prompt, str(verdict))
        else:
            if verdict is not None:
                transcript.end_reason = "context_overflow"
            score = self._score(sample, verdict is None)
            record = record_of(spec, "completed", state, score, None, sample.prompt)
        named = {"question_id": sample.name, "metadata": sample.metadata}
        return {**record, **{name: value for name, value in named.items() if value}}

    def _spec(self, index: int) -> EpisodeSpec:
        cell, settings = self._shard.cell, self._experiment.settings
        task = self._experiment.tasks[cell.task]
        return EpisodeSpec(
            task=task,
            instance=task.instance(cell.difficulty, index),
            prompt=self._experiment.prompts[cell.prompt],
            chosen=PROTOCOLS["none"],
            model=settings.catalog[cell.model],
            rate=cell.tool_success_rate,
            repeat=self._repeat,
            max_turns=1,
        )

    def _requests(self, index: int) -> list[Asked]:
        """Return the requests of a sample; the first one gets those of no sample."""
        shared, self._shared = self._shared, []
        return [*shared, *self.asked.of.get(index, ())]

    def _score(self, sample: Sample, is_scored: bool) -> Score:
        """Return the score that the command gave."""
        task = self._experiment.tasks[self._shard.cell.task]
        assert isinstance(task, ExternalTask)
        share = sample.share(task.reading.best) if is_scored else 0.0
        success = share >= task.reading.success_at if sample.success is None else sample.success
        success = success and is_scored
        verdict = {
            "wanted": sample.target,
            "read": sample.read,
            "rule": sample.rule,
            "why": sample.why,
            "right": success,
            "in_form": None,
            "score": share,
            **({"metrics": sample.metrics} if sample.metrics else {}),
        }
        says = f"the score is at least {task.reading.success_at:g} of the best"
        score = Score(
            success=success,
            progress=share,
            level="full_success" if success else "failure",
            weighted_score=float(success),
            collateral_damage=False,
            goals=[{"kind": "answer", "holds": success, "says": says}],
            broken=[],
            errors={} if success else {"no_rule_error": 1},
            calls=[],
            transient={"met": 0, "retried": 0, "recovered": 0},
            flaws={},
            world_diff=[],
        )
        return graded(score, verdict)


def _failed(ran: Ran) -> Iterator[Failed]:
    """Yield the requests that failed.

    What another model, such as a grader, refuses is no verdict about the reply of this one.
    """
    yield from ran.heard.failed.values()
    for name, heard in ran.others.items():
        for request, error in heard.failed.values():
            is_verdict = isinstance(error, VERDICTS)
            yield request, CommandFailed(f"{name}: {error}") if is_verdict else error


def _kind(error: PilotbenchError | None) -> str:
    """Return the kind of an owed episode: that of a failed request, where it is a known one."""
    is_known = isinstance(error, ProviderError | Stopping)
    return type(error).__name__ if is_known else CommandFailed.__name__


def _worst(errors: Iterator[PilotbenchError] | list[PilotbenchError]) -> PilotbenchError | None:
    """Return the first error that is a failure, not a verdict about a request."""
    return next((one for one in errors if not isinstance(one, VERDICTS)), None)
