"""How many requests the unfinished episodes are likely to take, from the first answer on.

What the finished shards of a model took replaces what is guessed from the plan of one instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from pilotbench.ground.errors import PilotbenchError
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import Experiment


@dataclass
class ExpectedRequests:
    """Guesses requests per episode; `forget` and `learn` correct the guess of each model."""

    experiment: Experiment
    _guesses: dict[tuple[str, ...], float] = field(default_factory=dict)
    _taken: Counter[str] = field(default_factory=Counter)
    _guessed: dict[str, float] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget what was learned."""
        self._taken.clear()
        self._guessed.clear()

    def learn(self, cell: Cell, episodes: int, requests: int) -> None:
        """Take into account a finished shard of `episodes`."""
        guessed = episodes * self._guess(cell)
        self._taken[cell.model] += requests
        self._guessed[cell.model] = self._guessed.get(cell.model, 0.0) + guessed

    def per_episode(self, cell: Cell) -> float:
        """Return the requests that an episode of a cell is likely to take, at least 1."""
        guessed = self._guessed.get(cell.model, 0.0)
        factor = self._taken[cell.model] / guessed if guessed else 1.0
        return max(1.0, factor * self._guess(cell))

    def left(self, cell: Cell, episodes: int, begun: Iterable[int]) -> float:
        """Return the requests left of a shard; `begun` are the answers of each begun episode."""
        each, answers = self.per_episode(cell), list(begun)
        fresh = max(0, episodes - len(answers))
        return fresh * each + sum(max(0.0, each - count) for count in answers)

    def _guess(self, cell: Cell) -> float:
        place = (cell.task, cell.difficulty, cell.tool_success_rate)
        if place not in self._guesses:
            self._guesses[place] = 1.0  # where no instance can be drawn
            with suppress(PilotbenchError, OSError):
                from pilotbench.estimation.cells import likely_turns  # only views need it

                self._guesses[place] = likely_turns(self.experiment, cell)
        return self._guesses[place]
