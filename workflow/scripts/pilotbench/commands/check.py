"""Check that each key answers, as the requested model, and with tool calls.

Each key is asked the next message of the matrix that has no answer, for each model that would use
it; each model then plays its first instances, five messages at most. This is done by the very code
of a run, through the limiter and the journal, so that a run pays for none of them again. Only where
no such message is found (a run holds them, or all are answered) a key is asked one short question,
which is not journaled.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Lock

from pilotbench.asking.asker import Asker, KeyAllowance, ask_unjournaled
from pilotbench.asking.keys.secrets import environment, missing, notes
from pilotbench.benchmark.instances import Instance
from pilotbench.commands.options import add_config, experiment_of
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.spending import spent
from pilotbench.ground.errors import (
    ContextOverflow,
    PilotbenchError,
    ProviderError,
    Refused,
    Stopping,
)
from pilotbench.ground.terminal_tables import columns, table, terminal_width
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.served import complaint
from pilotbench.providers.settings import Model

MESSAGES = 5
QUESTION = "Answer with one word: ready"
RETRY_FOR_S = 10.0
ATTEMPT_S = 60.0
AT_ONCE = 8
LOOKED_INTO = 40
"""Instances of a model that are searched for a message without an answer."""
_HEAD = ("model", "provider", "key", "answers", "seconds", "answered as", "calls understood")
NOT_SET = "not set"
PARSE_RATE_WANTED = 0.5
"""Of five messages; a model that gives up in words is no fault of the protocol."""
_turns: dict[tuple[Path, int], Lock] = {}


@dataclass(frozen=True)
class Row:
    """What came of one key and one model; times in s, `calls` of `messages` were understood.

    `problem` is None where all is well, or where the key is not set and a run goes on with the
    provider's others (`latency_s` is then None). The tools are tried through the first key that
    answers.
    """

    model: str
    provider: str
    key: str
    problem: str | None
    reported: str | None = None
    latency_s: float | None = None
    calls: int | None = None
    messages: int | None = None


class _Enough(ProviderError):
    """Nothing more is asked for."""


@dataclass(frozen=True)
class _Answered:
    """What is known of a key that has answered."""

    latency_s: float
    reported: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `check`."""
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table; 1 where something is not as it should be."""
    experiment = experiment_of(args)
    for note in notes(experiment.settings, experiment.settings.models, environment()):
        print(f"note: {note}", file=sys.stderr)
    rows = check(experiment)
    print(json.dumps([asdict(row) for row in rows], indent=1) if args.json else text(rows))
    return int(any(row.problem for row in rows))


def check(experiment: Experiment) -> list[Row]:
    """Return a row for each key and model of the matrix, in its order."""
    pairs = [
        (model, alias)
        for model in experiment.settings.models.values()
        for alias in experiment.settings.providers[model.provider].keys
    ]
    with ThreadPoolExecutor(AT_ONCE, "check") as threads:
        rows = list(threads.map(lambda pair: _asked(experiment, *pair), pairs))
        return list(threads.map(lambda row: _with_tools(experiment, rows, row), rows))


def text(rows: Sequence[Row]) -> str:
    """Return the table."""
    lines = [table(columns(_HEAD, right=["seconds"]), map(_cells, rows), terminal_width())]
    bad = [row for row in rows if row.problem]
    unset = dict.fromkeys(row.key for row in rows if _answers(row) == NOT_SET)
    lines += ["", *(f"{row.model} on {row.key}: {row.problem}" for row in bad)]
    lines += [f"{alias} is not set: the other keys of its provider do its work" for alias in unset]
    lines.append(f"{len(rows) - len(bad)} of {len(rows)} checks passed")
    return "\n".join(lines)


def _answers(row: Row) -> str:
    if row.latency_s is not None:
        return "yes"
    return "NO" if row.problem else NOT_SET


def _cells(row: Row) -> tuple[str, ...]:
    seconds = "" if row.latency_s is None else f"{row.latency_s:.2f}"
    calls = "" if row.messages is None else f"{row.calls} of {row.messages}"
    return (row.model, row.provider, row.key, _answers(row), seconds, row.reported or "", calls)


def _asked(experiment: Experiment, model: Model, alias: str) -> Row:
    """Ask something through one key."""
    settings, row = experiment.settings, Row(model.name, model.provider, alias, None)
    if KINDS[settings.providers[model.provider].kind].role is Role.PLAYER:
        return replace(row, latency_s=0.0, reported=model.deployment)
    if lacking := missing(settings, [alias]):
        return row if _others_are_set(settings, alias) else replace(row, problem=lacking[0])
    try:
        came = _next_message(experiment, model, alias) or _short_question(settings, model, alias)
    except PilotbenchError as error:
        return replace(row, problem=f"{type(error).__name__}: {error}")
    problem = complaint(model.deployment, model.reports, came.reported)
    return replace(row, problem=problem, reported=came.reported, latency_s=came.latency_s)


def _short_question(settings: Settings, model: Model, alias: str) -> _Answered:
    body = {
        "model": model.deployment,
        "messages": [{"role": "user", "content": QUESTION}],
        **model.parameters,
    }
    request = Request(body, Instance("check", "none", 0, QUESTION), "none", 0, 0)
    asked = ask_unjournaled(_hasty(settings, model), model, alias, request)
    return _Answered(asked.latency_s, asked.completion.model)


def _next_message(experiment: Experiment, model: Model, alias: str) -> _Answered | None:
    """Ask the next message of the matrix that has no answer; None where none is found."""
    once = replace(experiment, settings=replace(_hasty(experiment.settings, model), repeats=1))
    shards = _first_instances(experiment, model)
    start = list(experiment.settings.providers[model.provider].keys).index(alias)
    for place in range(len(shards)):
        came = _first_asked(once, shards[(start + place) % len(shards)], model, alias)
        if came is not None:
            return came
    return None


def _first_instances(experiment: Experiment, model: Model) -> list[Shard]:
    """Return the first instances of a model's cells, those with tools first."""
    cells = [cell for cell in experiment.plan.cells if cell.model == model.name]
    first = next((cell for cell in _cells_with_tools(experiment) if cell in cells), None)
    ordered = dict.fromkeys(cell for cell in (first, *cells) if cell is not None)
    shards = (Shard(cell, i, i) for cell in ordered for i in _indices(experiment, cell))
    return list(islice(shards, LOOKED_INTO))


def _first_asked(experiment: Experiment, shard: Shard, model: Model, key: str) -> _Answered | None:
    """Play an episode up to the first message that has to be asked.

    Return None where none has, or a run holds the instance. Raises what comes instead of an answer.
    """
    came: list[_Answered] = []
    failed: list[PilotbenchError] = []
    with suppress(Stopping), _held(experiment, shard, key) as ask:

        def probe(request: Request) -> Answer:
            found = ask.known(request)
            if found is not None:
                return found
            if came or failed or ask.is_exhausted(request):
                raise _Enough
            started = time.monotonic()
            try:
                asked = ask(request)
            except (Refused, ContextOverflow):  # this one question: the key has answered
                came.append(_Answered(time.monotonic() - started, None))
                raise
            except PilotbenchError as error:
                failed.append(error)
                raise
            came.append(_Answered(asked.latency_s, asked.completion.model))
            return asked

        play_shard(experiment, shard, probe)
    for error in failed:
        raise error
    return came[0] if came else None


@contextmanager
def _held(experiment: Experiment, shard: Shard, key: str) -> Iterator[Asker]:
    """Hold an instance: keys of this process take turns.

    Raises Stopping if a run holds it.
    """
    allowance = KeyAllowance(key, 1, False, {}, proven=True)
    ask = Asker(experiment, shard, allowance, partial(spent, experiment), wait=False)
    with _turns.setdefault((ask.folder, shard.first), Lock()), ask:
        yield ask


def _others_are_set(settings: Settings, alias: str) -> bool:
    """Return whether a run goes on without a key."""
    keys = settings.providers[settings.keys[alias].provider].keys
    return settings.routing == "balanced" and len(missing(settings, keys)) < len(keys)


def _with_tools(experiment: Experiment, rows: Sequence[Row], row: Row) -> Row:
    """Add to a model's first row that was answered what came of calls."""
    first = next((r for r in rows if r.model == row.model and r.latency_s is not None), None)
    cell = next((c for c in _cells_with_tools(experiment) if c.model == row.model), None)
    if row is not first or cell is None:
        return row
    try:
        calls, messages, why = _play(experiment, cell, row.key)
    except PilotbenchError as error:
        return replace(row, problem=row.problem or f"{type(error).__name__}: {error}")
    if messages == 0 and why is None:
        return row  # a run plays these instances at this moment and shows what comes of them
    if why is None and calls < PARSE_RATE_WANTED * messages:
        why = f"only {calls} of {messages} messages had a call that could be read"
    return replace(row, calls=calls, messages=messages, problem=row.problem or why)


def _cells_with_tools(experiment: Experiment) -> Iterator[Cell]:
    for cell in experiment.plan.cells:
        task = experiment.tasks[cell.task]
        if task.tools(task.instance(cell.difficulty, 0)):
            yield cell


def _play(experiment: Experiment, cell: Cell, key: str) -> tuple[int, int, str | None]:
    """Return calls understood, messages, and what went wrong, of the first five messages.

    They are journaled as those of a run; what the journal holds is not asked again, and what a run
    holds at this moment is left to it.
    """
    hasty = _hasty(experiment.settings, experiment.settings.catalog[cell.model])
    once = replace(experiment, settings=replace(hasty, repeats=1))
    understood: list[bool] = []
    for index in _indices(experiment, cell):
        with suppress(Stopping):
            why = _play_one(once, Shard(cell, index, index), key, understood)
            if why is not None:
                return sum(understood), len(understood), why
        if len(understood) == MESSAGES:
            break
    return sum(understood), len(understood), None


def _indices(experiment: Experiment, cell: Cell) -> list[int]:
    """Return the first instances of a cell."""
    planned = (index for s in experiment.plan.shards if s.cell == cell for index in s.indices)
    return sorted(planned)[:MESSAGES]


def _play_one(experiment: Experiment, shard: Shard, key: str, understood: list[bool]) -> str | None:
    """Play one episode; append to `understood` for each message; return what went wrong.

    Raises Stopping where a run holds the instance.
    """
    model = experiment.settings.catalog[shard.cell.model]
    protocol, wire = PROTOCOLS[model.protocol], KINDS[model.kind].wire
    with _held(experiment, shard, key) as ask:

        def counted(request: Request) -> Answer:
            if len(understood) == MESSAGES:
                raise _Enough
            asked = ask(request)
            message = wire.read(asked.completion.message)
            understood.append(protocol.parse(message).call is not None)
            return asked

        owed = play_shard(experiment, shard, counted).owed
    if owed and owed[0].kind != _Enough.__name__:
        return f"{owed[0].kind}: {owed[0].message}"
    return None


def _hasty(settings: Settings, model: Model) -> Settings:
    """Return settings under which a model's provider is given up soon, and only one key is used."""
    provider = settings.providers[model.provider]
    hasty = replace(
        provider,
        retry_for_s=min(provider.retry_for_s, RETRY_FOR_S),
        attempt_deadline_s=min(provider.attempt_deadline_s, ATTEMPT_S),
    )
    return replace(
        settings, routing="by_prompt", providers={**settings.providers, provider.name: hasty}
    )
