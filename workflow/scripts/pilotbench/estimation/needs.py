"""Find which shards run and why, and the next request of each unfinished episode.

A shard is out of date if its file is missing, damaged, or written under other versions than those
of the experiment. Episodes are replayed from the journal; an episode that the journal answers
completely costs nothing, whatever its shard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.keys.usage_file import IMAGE_CHARACTERS
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.shard_file import read_header
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.messages import compact
from pilotbench.providers.request import READ, without_images

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

    `turns` are the turns it may take; a plain question takes one.
    """

    start: Start | None
    plan: int
    turns: int


@dataclass(frozen=True)
class Need:
    """A planned shard: why it runs, how many episodes are new, where the begun ones continue."""

    shard: Shard
    reason: str
    fresh: int = 0
    begun: tuple[Start, ...] = ()
    answered: int = 0

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
    """Return each of `shards`, by default all planned ones, with what it needs."""
    return [
        _need(experiment, shard) for shard in (experiment.plan.shards if shards is None else shards)
    ]


def begun(experiment: Experiment, shards: Iterable[Shard]) -> int:
    """Return the episodes of those shards of which the journal may hold something."""
    some = (shard for shard in shards if JournalOnly(experiment, shard).begun)
    return sum(len(shard.indices) for shard in some) * experiment.settings.repeats


def reason(experiment: Experiment, shard: Shard) -> str:
    """Return why a shard is run, or UP_TO_DATE."""
    path = experiment.settings.results_dir / "shards" / shard.path
    if not path.exists():
        return "no file"
    try:
        then = read_header(path)["provenance"].get("versions", {})
    except (RecordError, KeyError):
        return "damaged file"
    now = experiment.versions(shard.cell)
    changed = [name for name, value in now.items() if then.get(name) != value]
    return f"changed: {', '.join(changed)}" if changed else UP_TO_DATE


def sample(experiment: Experiment, cell: Cell, indices: Sequence[int]) -> list[First]:
    """Return the beginnings of some new episodes of a cell."""
    chosen = indices[:: max(1, len(indices) // SAMPLE)][:SAMPLE]
    return [_first(experiment, cell, index) for index in chosen]


def _first(experiment: Experiment, cell: Cell, index: int) -> First:
    shard = Shard(cell, index, index)
    stopped = _stops(experiment, shard, JournalOnly.empty(experiment, shard))[0]
    task = experiment.tasks[cell.task]
    instance = task.instance(cell.difficulty, index)
    turns = experiment.settings.max_turns or task.max_turns(cell.difficulty)
    return First(
        stopped[0] if stopped else None,
        len(instance.plan),
        turns if task.tools(instance) else 1,
    )


def _need(experiment: Experiment, shard: Shard) -> Need:
    why = reason(experiment, shard)
    episodes = len(shard.indices) * experiment.settings.repeats
    if why == UP_TO_DATE:
        return Need(shard, why, answered=episodes)
    ask = JournalOnly(experiment, shard)
    if ask.answers.silent:
        return Need(shard, f"{why}; not asked yet", fresh=episodes)
    stopped, over = _stops(experiment, shard, ask)
    begun = tuple(start for start in stopped if start.turn > 0)
    kinds = Counter(failure.kind for failure in ask.answers.owed().values())
    return Need(shard, _in_words(why, kinds, len(stopped)), len(stopped) - len(begun), begun, over)


def _stops(experiment: Experiment, shard: Shard, ask: JournalOnly) -> tuple[list[Start], int]:
    """Return the next request of each unfinished episode, and the number of finished ones."""
    over = len(play_shard(experiment, shard, ask).episodes)
    return [Start(one.turn, characters(one.body)) for one in ask.unanswered], over


def _in_words(why: str, kinds: Counter[str], left: int) -> str:
    if not left:
        return f"{why}; answered in the journal, nothing to pay"
    last = f", last time {kinds.most_common(1)[0][0]}" if kinds else ""
    return f"{why}; answered in part{last}"
