"""Which instance a conversation belongs to: instances are the same everywhere, so make them here.

Nothing of this is on the wire. Instances are made as they are needed, a few indices of every task
and difficulty at a time, or all at once by `prepare`; those of version 4 in scenarios.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.catalogue.epochs import PUBLIC
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs.conversations import spoken
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.scenarios.task import ScenarioTask
from pilotbench.benchmark.world.levels import is_discovery
from pilotbench.matrix.seed_epoch import of_config
from pilotbench.simulator.ground.scenarios import Scenarios, levels_of
from pilotbench.simulator.ground.setup import Setup

CHUNK = 20
Accepts = Callable[[Instance], bool]
_START = 40


class Instances:
    """The instances that the players of a simulator can recognise."""

    def __init__(self, setup: Setup) -> None:
        folders = [Path(folder) for folder in setup.task_folders]
        names = [name for word in setup.tasks for name in (TASKS if word == "all" else (word,))]
        epoch = of_config(setup.seed_epoch)
        tasks = load_tasks(folders, names, epoch=epoch.name if epoch else PUBLIC)
        ours = [task for task in tasks.values() if isinstance(task, ScenarioTask)]
        self.scenarios = Scenarios(ours, setup.difficulties, setup.instances)
        self._tasks = [task for task in tasks.values() if not isinstance(task, ScenarioTask)]
        self._difficulties = setup.difficulties
        self._limit = setup.instances
        self._made = 0
        self._by_start: dict[str, list[Instance]] = defaultdict(list)
        self._found: dict[tuple[int, str, bool], Instance | None] = {}

    def prepare(self) -> None:
        """Make all instances; of version 4, what recognises them."""
        _ = self.scenarios.listed
        while self._make_more():
            pass

    def find(
        self, texts: Sequence[str], discovery: bool, accepts: Accepts = lambda _: True
    ) -> Instance | None:
        """Return the instance whose request is part of one of `texts`, or None.

        `texts` are those of the user, each after as many messages of the assistant as its place
        says; of several that fit, the last one counts. `discovery` says whether tools have to be
        searched for: requests of two difficulties may read the same, as may those of two instances
        of which `accepts` takes one.
        """
        known = [
            self._after(answers, text, discovery, accepts)
            for answers, text in enumerate(texts[: self._most_answers + 1])
        ]
        return next((one for one in reversed(known) if one is not None), None)

    @cached_property
    def _most_answers(self) -> int:
        """How many messages of the assistant the question of a pack has at most."""
        packs = [(task, task.size) for task in self._tasks if task.size is not None]
        return max(
            (
                answers_before(task.instance("none", index))
                for task, size in packs
                for index in range(min(size, self._limit))
            ),
            default=0,
        )

    def _after(self, answers: int, text: str, discovery: bool, accepts: Accepts) -> Instance | None:
        place = (answers, text, discovery)
        found = self._found.get(place)
        if place not in self._found or (found is not None and not accepts(found)):
            found = self._found[place] = self._search(answers, text, discovery, accepts)
        return found

    def _search(
        self, answers: int, text: str, discovery: bool, accepts: Accepts
    ) -> Instance | None:
        while True:
            fitting = [
                instance
                for instance in self._candidates(text)
                if is_discovery(instance.difficulty) == discovery
                and spoken(instance) in text
                and answers_before(instance) == answers
                and accepts(instance)
            ]
            if fitting:
                return max(fitting, key=lambda instance: len(instance.request))
            if not self._make_more():
                return None

    def _candidates(self, text: str) -> Iterator[Instance]:
        for line in text.split("\n"):
            yield from self._by_start.get(line[:_START], ())

    def _make_more(self) -> bool:
        if self._made >= self._limit:
            return False
        upto = min(self._made + CHUNK, self._limit)
        for task in self._tasks:
            end = upto if task.size is None else min(upto, task.size)
            for level in levels_of(task, self._difficulties):
                for index in range(self._made, end):
                    instance = task.instance(level, index)
                    start = spoken(instance).split("\n")[0][:_START]
                    self._by_start[start].append(instance)
        self._made = upto
        return True


def answers_before(instance: Instance) -> int:
    """Return how many messages of the assistant a question has before its last message."""
    return sum(one.role == "assistant" for one in instance.earlier)
