"""Ask each key what a run would ask, and report what came of it.

Each key gets the next unanswered message of the experiment for each model that would use it; each
model then plays its first instances, at most five messages. The requests go through the limiter and
the journal exactly as in a run, so a run does not pay for any of them again. Only if there is no
such message (a run holds the instances, or all are answered) a key gets one short question, which
is not journaled.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Lock

from pilotbench.asking.asker import Asker, KeyAllowance, ask_unjournaled
from pilotbench.asking.keys.key_status import learned_limits
from pilotbench.asking.keys.secrets import access, environment, missing
from pilotbench.asking.prices import answers_usd, cost_usd, in_words, price_of, total_usd
from pilotbench.benchmark.instances import Instance
from pilotbench.commands.tool_checks import Enough, Observed, ways_to_ask, with_model
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.spending import spent
from pilotbench.ground.errors import (
    ConfigError,
    ContextOverflow,
    PilotbenchError,
    Refused,
    Rejected,
    Stopping,
    TimedOut,
    UnusableAnswer,
)
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.request import Request
from pilotbench.providers.served import complaint
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import WIRE_FORMATS

MESSAGES = 5
QUESTION = "Answer with one word: ready"
RETRY_FOR_S = 10.0
ATTEMPT_S = 60.0
AT_ONCE = 8
LOOKED_INTO = 40
"""How many instances of a model are searched for an unanswered message."""
PARSE_RATE_WANTED = 0.5
"""A lower share of messages with a call is a problem; a model may also give up in plain words."""
_turns: dict[tuple[Path, int], Lock] = {}


@dataclass(frozen=True)
class KeyCheck:
    """The result for one key and one model: `calls` of `messages` could be parsed.

    `problem` is None if the check passed, or if the key is not set and a run continues with the
    other keys of the provider (`latency_s` is then None). Tools are tested with the first key that
    answers. `reasoning` says whether messages came with some and the conversation went on;
    `works_with` is the line of the model's entry that makes a rejected request work. `usd` is the
    cost of the check, None if it is unknown; `price` says where the price is from, and `priced` is
    False without one.
    `limits` are the rate limits that the service states for the key, `periods_s` their periods as
    far as they are known, `guessed_rpm` the requests per minute learned from 429s without them.
    """

    model: str
    provider: str
    key: str
    problem: str | None
    reported: str | None = None
    latency_s: float | None = None
    calls: int | None = None
    messages: int | None = None
    reasoning: str | None = None
    works_with: str | None = None
    usd: float | None = 0.0
    priced: bool = True
    rejected: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    periods_s: Mapping[str, float] = field(default_factory=dict)
    guessed_rpm: int | None = None
    price: str = ""

    @property
    def answers(self) -> bool:
        """Whether the key has answered."""
        return self.latency_s is not None


@dataclass(frozen=True)
class _Answered:
    """The answer of a key; `reported` is the model that it names, `usd` its cost if known."""

    latency_s: float
    reported: str | None
    usd: float | None = None
    limits: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Answer, model: Model, lost: Sequence[float | None] = ()) -> _Answered:
        """Return an answer; `lost` is what the unusable ones before it cost in USD."""
        found, usd = answer.completion, total_usd([*lost, answers_usd(model.price, [answer])])
        limits = {one.name: one.limit for one in found.limits}
        return cls(answer.latency_s, found.model, usd, limits)


def check(experiment: Experiment) -> list[KeyCheck]:
    """Return one result per key and model of the experiment, in its order, then of its judges."""
    pairs = [
        (model, alias)
        for model in experiment.models_asked
        for alias in experiment.settings.providers[model.provider].keys
    ]
    with ThreadPoolExecutor(AT_ONCE, "check") as threads:
        rows = list(threads.map(lambda pair: _asked(experiment, *pair), pairs))
        rows = list(threads.map(lambda row: _with_tools(experiment, rows, row), rows))
    return [_with_periods(experiment.settings, row) for row in rows]


def _with_periods(settings: Settings, row: KeyCheck) -> KeyCheck:
    """Add the periods of the limits, as far as they were learned."""
    if not row.answers or KINDS[settings.providers[row.provider].kind].role is Role.PLAYER:
        return row
    provider = settings.providers[row.provider]
    opened = access(provider, provider.keys[row.key], environment())
    deployment = settings.catalog[row.model].deployment
    learned = learned_limits(settings.limits_dir, opened, row.key, deployment)
    known = {name: one.period.known for name, one in learned.items() if name in row.limits}
    guesses = [one.limit for one in learned.values() if one.guessed]
    spans = {name: span for name, span in known.items() if span}
    return replace(row, periods_s=spans, guessed_rpm=next(iter(guesses), None))


def _asked(experiment: Experiment, model: Model, alias: str) -> KeyCheck:
    """Check one key with the next message, or else with a short question."""
    settings = experiment.settings
    price, tier = model.price, model.likely_tier
    priced, words = price_of(price, tier) is not None, in_words(price, tier)
    row = KeyCheck(model.name, model.provider, alias, None, priced=priced, price=words)
    if KINDS[settings.providers[model.provider].kind].role is Role.PLAYER:
        return replace(row, latency_s=0.0, reported=model.deployment, priced=True)
    if lacking := missing(settings, [alias]):
        return row if _others_are_set(settings, alias) else replace(row, problem=lacking[0])
    try:
        came = _next_message(experiment, model, alias) or _short_question(settings, model, alias)
    except PilotbenchError as error:
        said = f"{type(error).__name__}: {error}"
        usd = None if isinstance(error, UnusableAnswer | TimedOut) else 0.0
        return replace(row, problem=said, rejected=isinstance(error, Rejected), usd=usd)
    problem = complaint(model.deployment, model.reports, came.reported)
    found = replace(row, problem=problem, reported=came.reported, latency_s=came.latency_s)
    return replace(found, usd=came.usd, limits=came.limits)


def _short_question(settings: Settings, model: Model, alias: str) -> _Answered:
    question = [Message("user", QUESTION)]
    wire = WIRE_FORMATS[model.api]
    body, _ = wire.bodies(model.deployment, question, Offer(), model.parameters)
    request = Request(body, Instance("check", "none", 0, QUESTION), "none", 0, 0)
    asked = ask_unjournaled(_hasty(settings, model), model, alias, request)
    return _Answered.of(asked, model)


def _next_message(experiment: Experiment, model: Model, alias: str) -> _Answered | None:
    """Ask the next unanswered message of the experiment; return None if none is found."""
    once = replace(experiment, settings=replace(_hasty(experiment.settings, model), repeats=1))
    shards = _first_instances(experiment, model)
    start = list(experiment.settings.providers[model.provider].keys).index(alias)
    for place in range(len(shards)):
        came = _first_asked(once, shards[(start + place) % len(shards)], model, alias)
        if came is not None:
            return came
    return None


def _first_instances(experiment: Experiment, model: Model) -> list[Shard]:
    """Return the first instances of a model's cells, cells with tools first."""
    cells = [cell for cell in experiment.plan.cells if cell.model == model.name]
    first = next((cell for cell in _cells_with_tools(experiment) if cell in cells), None)
    ordered = dict.fromkeys(cell for cell in (first, *cells) if cell is not None)
    shards = (Shard(cell, i, i) for cell in ordered for i in _indices(experiment, cell))
    return list(islice(shards, LOOKED_INTO))


def _first_asked(experiment: Experiment, shard: Shard, model: Model, key: str) -> _Answered | None:
    """Play an episode up to the first message that must be asked.

    Return None if there is none or a run holds the instance. Raises the error of the request.
    """
    came: list[_Answered] = []
    failed: list[PilotbenchError] = []
    with suppress(Stopping), _held(experiment, shard, key) as ask:

        def probe(request: Request) -> Answer:
            found = ask.known(request)
            if found is not None:
                return found
            if came or failed or ask.is_exhausted(request):
                raise Enough
            started, unusable = time.monotonic(), len(ask.unusable_answers(request))
            try:
                asked = ask(request)
            except (Refused, ContextOverflow) as error:  # only this question: the key has answered
                usd = None if error.status is None else 0.0
                came.append(_Answered(time.monotonic() - started, None, usd))
                raise
            except PilotbenchError as error:
                failed.append(error)
                raise
            failures = ask.unusable_answers(request)[unusable:]
            lost = [cost_usd(model.price, one.tokens, one.tier, one.at) for one in failures]
            came.append(_Answered.of(asked, model, lost))
            return asked

        play_shard(experiment, shard, probe)
    for error in failed:
        raise error
    return came[0] if came else None


@contextmanager
def _held(experiment: Experiment, shard: Shard, key: str) -> Iterator[Asker]:
    """Hold an instance; the keys of this process take turns.

    Raises Stopping if a run holds it.
    """
    allowance = KeyAllowance(key, 1, False, {}, proven=True)
    ask = Asker(experiment, shard, allowance, partial(spent, experiment), wait=False)
    with _turns.setdefault((ask.folder, shard.first), Lock()), ask:
        yield ask


def _others_are_set(settings: Settings, alias: str) -> bool:
    """Return whether a run continues without a key."""
    keys = settings.providers[settings.keys[alias].provider].keys
    return settings.routing == "balanced" and len(missing(settings, keys)) < len(keys)


def _with_tools(experiment: Experiment, rows: Sequence[KeyCheck], row: KeyCheck) -> KeyCheck:
    """Add what tool calls showed to the first result of a model that has an answer.

    Where the service rejects its requests, add how the model can be asked instead.
    """
    first = next((r for r in rows if r.model == row.model and (r.answers or r.rejected)), None)
    cell = next((c for c in _cells_with_tools(experiment) if c.model == row.model), None)
    if row is not first or cell is None:
        return row
    rejected = row.rejected
    try:
        if not rejected:
            row, rejected = _played(experiment, cell, row)
        return _another_way(experiment, cell, row) if rejected else row
    except PilotbenchError as error:
        return replace(row, problem=row.problem or f"{type(error).__name__}: {error}")


def _played(experiment: Experiment, cell: Cell, row: KeyCheck) -> tuple[KeyCheck, bool]:
    """Return the result with the first messages of a cell, and whether one was rejected."""
    seen = _play(experiment, cell, row.key)
    why = seen.problem
    if seen.messages == 0 and why is None:
        if seen.refused is None:
            return row, False  # a run is playing these instances now
        why = f"no message was answered; {seen.refused}"
    if why is None and seen.calls < PARSE_RATE_WANTED * seen.messages:
        why = f"only {seen.calls} of {seen.messages} messages had a call that could be parsed"
    played = replace(
        row,
        calls=seen.calls,
        messages=seen.messages,
        reasoning=seen.reasoning_in_words,
        usd=total_usd([row.usd, seen.usd]),
        problem=row.problem or why,
    )
    return played, seen.rejected


def _another_way(experiment: Experiment, cell: Cell, row: KeyCheck) -> KeyCheck:
    """Try the other ways to ask a model whose requests are rejected; name the first that works."""
    usd = row.usd
    for way in ways_to_ask(experiment.settings.catalog[row.model]):
        try:
            seen = _play(with_model(experiment, way.model), cell, row.key)
        except ConfigError:  # the kind does not have it
            continue
        usd = total_usd([usd, seen.usd])
        if seen.messages and seen.problem is None:
            line = f"it works with `{way.line}` under model_catalog: {row.model}"
            return replace(row, usd=usd, works_with=way.line, problem=f"{row.problem}; {line}")
    return replace(row, usd=usd)


def _cells_with_tools(experiment: Experiment) -> Iterator[Cell]:
    for cell in experiment.plan.cells:
        task = experiment.tasks[cell.task]
        if task.tools(task.instance(cell.difficulty, 0)):
            yield cell


def _play(experiment: Experiment, cell: Cell, key: str) -> Observed:
    """Return what the first five messages of a cell showed.

    They are journaled as in a run: stored answers are not asked again, and instances that a run
    holds now are left to it.
    """
    hasty = _hasty(experiment.settings, experiment.settings.catalog[cell.model])
    once = replace(experiment, settings=replace(hasty, repeats=1))
    seen = Observed(MESSAGES)
    for index in _indices(experiment, cell):
        shard = Shard(cell, index, index)
        with suppress(Stopping), _held(once, shard, key) as ask:
            seen.play(once, shard, ask)
        if seen.problem is not None or seen.messages == MESSAGES:
            break
    return seen


def _indices(experiment: Experiment, cell: Cell) -> list[int]:
    """Return the first instances of a cell."""
    planned = (index for s in experiment.plan.shards if s.cell == cell for index in s.indices)
    return sorted(planned)[:MESSAGES]


def _hasty(settings: Settings, model: Model) -> Settings:
    """Return settings that give up on a model's provider soon and use only one key."""
    provider = settings.providers[model.provider]
    hasty = replace(
        provider,
        retry_for_s=min(provider.retry_for_s, RETRY_FOR_S),
        attempt_deadline_s=min(provider.attempt_deadline_s, ATTEMPT_S),
    )
    return replace(
        settings, routing="by_prompt", providers={**settings.providers, provider.name: hasty}
    )
