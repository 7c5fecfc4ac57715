"""Build a problem whose request leaves out values that the plan states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilotbench.benchmark.briefed.briefing import THINGS, Withheld, phrase
from pilotbench.benchmark.generation.builder import Literal, PlanBuilder, Unfit
from pilotbench.benchmark.generation.plan_grammar import Recipe
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.generation.vocabulary import shown
from pilotbench.benchmark.instances import Step
from pilotbench.benchmark.world.tool import ToolOutcome


class BriefedBuilder(PlanBuilder):
    """A plan builder that leaves out the values of some tokens of its recipe."""

    def __init__(self, draw: SeededRandom, recipe: Recipe, left_out: Sequence[str]) -> None:
        super().__init__(draw, recipe)
        self.waiting = list(left_out)
        self.pending: list[tuple[str, Any]] = []
        self.withheld: list[Withheld] = []

    def literal(self, token: str, make: Callable[[], Any]) -> Literal:
        """Return a value, shown by the words that refer to the plan if it is left out."""
        found = super().literal(token, make)
        if token not in self.waiting:
            return found
        self.waiting.remove(token)
        self.pending.append((THINGS[token], found.value))
        return found._replace(shown=phrase(THINGS[token]))

    def step(self, tool: str, arguments: dict[str, Any], **texts: Any) -> ToolOutcome:
        """Execute one step, and state in its plan line the values that the request leaves out."""
        outcome = super().step(tool, arguments, **texts)
        for thing, value in self.pending:
            self._state(thing, value)
        self.pending.clear()
        return outcome

    def _state(self, thing: str, value: Any) -> None:
        last = self.steps[-1]
        keys = [key for key, given in last.arguments.items() if given == value]
        if not keys:
            raise Unfit(f"no argument is the {thing}")
        self.steps[-1] = Step(
            last.tool,
            last.arguments,
            last.operation,
            _stating(last.purpose, thing, value),
            last.needs,
        )
        self.withheld.append(Withheld(len(self.steps) - 1, keys[0], thing))


def _stating(purpose: str, thing: str, value: Any) -> str:
    """Return a clause of purpose that states a value."""
    if phrase(thing) in purpose:
        return purpose.replace(phrase(thing), shown(value))
    return f"{purpose}; the {thing} is {shown(value)}"
