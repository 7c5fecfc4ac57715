"""Find which shards run and why, and the next request of each unfinished episode.

A shard is out of date if its file is missing, damaged, or written under other versions than those
of the experiment. Episodes are replayed from the journal; an episode that the journal answers
completely costs nothing, whatever its shard.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pilotbench.asking.asker import NOT_ASKED, JournalOnly
from pilotbench.asking.keys.usage_file import IMAGE_CHARACTERS
from pilotbench.asking.unusable import Unusable
from pilotbench.benchmark.packs.external_task import ExternalTask, is_external
from pilotbench.benchmark.players.plan_sizes import Sizes, sizes_of
from pilotbench.benchmark.scenarios.instance import ScenarioInstance, is_searched
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.shard_file import read_header
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.ground.errors import OutInBatch, RecordError
from pilotbench.ground.plurals import counted
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer, Tokens
from pilotbench.providers.messages import compact
from pilotbench.providers.request import READ, Request, without_images

Json = dict[str, Any]

UP_TO_DATE = "up to date"
SAMPLE = 6
"""Instances of a cell whose first request is rendered; the others are assumed to be similar."""


@dataclass(frozen=True)
class Start:
    """The next request of an episode: its turn, and its size in characters of JSON."""

    turn: int
    characters: int


@dataclass(frozen=True)
class First:
    """A new episode: its first request (None if the prompt does not apply) and its plan's length.

    `turns` are the turns it may take; a plain question takes one. `lookups` are the tools that
    must be searched for, `sizes` those of the messages of an instance of version 4. `work` is what
    an external task says that a sample takes.
    """

    start: Start | None
    plan: int
    turns: int
    work: Workload | None = None
    lookups: int = 0
    sizes: Sizes | None = None


@dataclass(frozen=True)
class Played:
    """What an episode has used: the tokens of each answer, None where they were not reported."""

    tokens: tuple[Tokens | None, ...]
    finished: bool


@dataclass(frozen=True)
class Need:
    """A planned shard: why it runs, how many episodes are new, where the begun ones continue.

    `played` are the episodes that the journal has of a shard that runs. `unusable` are the answers
    that were paid for in vain, beside `requests` with `tokens` that were not.
    """

    shard: Shard
    reason: str
    fresh: int = 0
    begun: tuple[Start, ...] = ()
    answered: int = 0
    played: tuple[Played, ...] = ()
    unusable: Unusable = field(default_factory=Unusable)
    requests: int = 0
    tokens: Tokens = field(default_factory=Tokens)

    @property
    def asks(self) -> int:
        """The number of unfinished episodes."""
        return self.fresh + len(self.begun)


def characters(body: dict[str, object]) -> int:
    """Return the size of what a model reads of a request, in characters of JSON."""
    parts = (*READ, "response_format", "text")
    seen = without_images(body, IMAGE_CHARACTERS)
    return sum(len(compact(seen[part])) for part in parts if part in seen)


def needs(experiment: Experiment, shards: Iterable[Shard] | None = None) -> list[Need]:
    """Return each of `shards`, by default all planned ones, with what it needs.

    Of shards that ask the same only the first needs anything.
    """
    found: list[Need] = []
    asked: set[Shard] = set()
    for shard in experiment.plan.shards if shards is None else shards:
        need = _need(experiment, shard)
        found.append(_shared(need) if shard.shared in asked else need)
        asked |= {shard.shared} if need.asks else set()
    return found


def _shared(need: Need) -> Need:
    """Return the need of a shard whose answers another one asks for."""
    return replace(need, reason=f"{need.reason}; asked by an equal level", fresh=0, begun=())


def begun(experiment: Experiment, shards: Iterable[Shard]) -> int:
    """Return the episodes of those shards of which the journal may hold something."""
    some = (shard for shard in shards if JournalOnly(experiment, shard).begun)
    return sum(len(shard.indices) for shard in some) * experiment.settings.repeats


def reason(experiment: Experiment, shard: Shard) -> str:
    """Return why a shard is run, or UP_TO_DATE."""
    return _header(experiment, shard)[1]


def _header(experiment: Experiment, shard: Shard) -> tuple[Json, str]:
    """Return the first line of a shard's file, and why the shard is run."""
    path = experiment.settings.results_dir / "shards" / shard.path
    if not path.exists():
        return {}, "no file"
    try:
        header = read_header(path)
        then = header["provenance"].get("versions", {})
    except (RecordError, KeyError):
        return {}, "damaged file"
    now = experiment.versions(shard.cell)
    changed = [name for name, value in now.items() if then.get(name) != value]
    return header, f"changed: {', '.join(changed)}" if changed else UP_TO_DATE


def sample(experiment: Experiment, cell: Cell, indices: Sequence[int]) -> list[First]:
    """Return the beginnings of some new episodes of a cell."""
    chosen = indices[:: max(1, len(indices) // SAMPLE)][:SAMPLE]
    return [_first(experiment, cell, index) for index in chosen]


def outline(experiment: Experiment, cell: Cell, index: int) -> First:
    """Return what is known of a new episode without rendering its first request."""
    task = experiment.tasks[cell.task]
    if is_external(task):
        return First(Start(0, 0), 0, 1, _said(task))
    instance = task.instance(cell.difficulty, index)
    turns = experiment.settings.max_turns or task.max_turns(cell.difficulty)
    return First(
        None,
        instance.steps,
        turns if task.tools(instance) else 1,
        lookups=len({step.tool for step in instance.plan}) if is_searched(instance) else 0,
    )


def _first(experiment: Experiment, cell: Cell, index: int) -> First:
    task, found = experiment.tasks[cell.task], outline(experiment, cell, index)
    if is_external(task):
        return found
    shard = Shard(cell, index, index)
    ask = _Replay(experiment, shard, JournalOnly.empty(experiment, shard))
    instance = task.instance(cell.difficulty, index)
    sizes = sizes_of(instance) if isinstance(instance, ScenarioInstance) else None
    return replace(found, start=ask.starts[0] if ask.starts else None, sizes=sizes)


def _said(task: ExternalTask) -> Workload:
    """Return what task.yaml says of a sample, as a guess."""
    return Workload(
        *(
            Range(amount / 2, amount, 2 * amount)
            for amount in (task.requests, task.input_tokens, task.output_tokens)
        )
    )


class _Replay:
    """A shard played from the journal: where its episodes stop, and what they have used."""

    def __init__(self, experiment: Experiment, shard: Shard, ask: JournalOnly) -> None:
        self._ask, self._again = ask, experiment.settings.ask_unusable
        self._heard: dict[tuple[int, int], list[Tokens | None]] = defaultdict(list)
        played = play_shard(experiment, shard, self._hear)
        self._done = {(record["index"], record["repeat"]) for record in played.episodes}
        self._out = sum(one.kind == OutInBatch.__name__ for one in played.owed)

    def _hear(self, request: Request) -> Answer:
        tokens = self._heard[request.instance.index, request.repeat]
        answer = self._ask(request)
        tokens.append(answer.completion.tokens)
        return answer

    @property
    def starts(self) -> list[Start]:
        """The next request of each episode that is asked again."""
        ask = self._ask
        asked = (one for one in ask.unanswered if self._again or not ask.is_exhausted(one))
        return [Start(one.turn, characters(one.body)) for one in asked]

    def need(self, shard: Shard, why: str) -> Need:
        """Return what the shard needs."""
        starts = self.starts
        if self._out:
            why = f"{why}; {counted(self._out, 'episode')} out in batches"
        begun = tuple(start for start in starts if start.turn > 0)
        kinds = Counter(failure.kind for failure in self._ask.answers.owed().values())
        places = sorted(self._done | {place for place, heard in self._heard.items() if heard})
        played = (Played(tuple(self._heard[one]), one in self._done) for one in places)
        known = [one for heard in self._heard.values() for one in heard]
        return Need(
            shard,
            why if self._out else _in_words(why, kinds, len(starts), self._ask.answers.silent),
            len(starts) - len(begun),
            begun,
            len(self._done),
            tuple(played),
            self._ask.unusable,
            len(known),
            sum((one for one in known if one is not None), Tokens()),
        )


def _need(experiment: Experiment, shard: Shard) -> Need:
    header, why = _header(experiment, shard)
    episodes = len(shard.indices) * experiment.settings.repeats
    if why == UP_TO_DATE:
        unusable, tokens = Unusable.in_header(header), Tokens.from_json(header.get("tokens"))
        paid = header.get("requests", 0), tokens or Tokens()
        return Need(shard, why, 0, (), episodes, (), unusable, *paid)
    ask = JournalOnly(experiment, shard)
    if ask.is_silent:
        return Need(shard, f"{why}; {NOT_ASKED}", fresh=episodes)
    task = experiment.tasks[shard.cell.task]
    if is_external(task):
        return _rest(shard, why, task, ask, episodes)
    return _Replay(experiment, shard, ask).need(shard, why)


def _rest(shard: Shard, why: str, task: ExternalTask, ask: JournalOnly, episodes: int) -> Need:
    """Return the need of a shard whose command has run: its requests tell how far it came."""
    known = [one.completion.tokens for one in ask.answers.of_indices(shard.indices)]
    left = max(0, math.ceil(episodes - len(known) / task.requests))
    words = _in_words(why, Counter(), left, silent=False)
    tokens = sum((one for one in known if one is not None), Tokens())
    return Need(shard, words, left, requests=len(known), tokens=tokens)


def _in_words(why: str, kinds: Counter[str], left: int, silent: bool) -> str:
    if silent:
        return f"{why}; {NOT_ASKED}"
    if not left:
        return f"{why}; answered in the journal, nothing to pay"
    last = f", last time {kinds.most_common(1)[0][0]}" if kinds else ""
    return f"{why}; answered in part{last}"
