"""Build one problem step by step: world, reference plan, texts and goal grow together.

A move (see `moves`) adds the objects that it needs to the starting world and executes its step on
the live copy, so that what follows can choose its arguments from real results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.instances import Step
from pilotbench.benchmark.world.objects import DataObject, Rows, from_entry
from pilotbench.benchmark.world.references import resolve, steps_used
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import ToolOutcome, check_arguments
from pilotbench.benchmark.world.toolbox import TOOLS

Json = dict[str, Any]


class Unfit(Exception):
    """The draws give no good problem; the next attempt draws again."""


class Product(NamedTuple):
    """The data that flows: how an argument names it, and what it is."""

    argument: Any
    data: DataObject
    number: bool = False


class Literal(NamedTuple):
    """A value of the plan: the argument, the true value, and how the request shows it.

    `decoy` is the name that the request shows first at very_hard and then rules out.
    """

    argument: Any
    value: Any
    shown: str
    decoy: str | None = None


class FoundValue(NamedTuple):
    """A value that an earlier step yields for a later one; `thing` names it in the request."""

    argument: Json
    value: Any
    thing: str


class Fact(NamedTuple):
    """Something that can be asked for: in words, by type, and where a result shows it.

    `role` is text, row, look, bound, figure or receipt. `digits` are the words for its number where
    the value itself is a name that ends in one.
    """

    role: str
    words: str
    type: str
    value: Any
    source: Json
    decimals: int = 0
    digits: str = ""


class Part(NamedTuple):
    """The texts of one step: in the words of easy, and as a fact of the outcome."""

    group: str  # lookup, source, shape, format or sink
    easy: str
    fact: str


class PlanBuilder:
    """One problem that is being built.

    `twisted` is the token whose name very_hard rules out. What very_hard adds is drawn from
    `aside`, so that the core stays the same.
    """

    def __init__(
        self,
        draw: SeededRandom,
        recipe: Sequence[str],
        twisted: str | None = None,
        aside: SeededRandom | None = None,
    ) -> None:
        self.draw = draw
        self.other_draw = aside or draw
        self.recipe = tuple(recipe)
        self.place = 0
        self.hardest = twisted is not None
        self.twisted = twisted
        self.theme = draw.pick(vocabulary.THEMES)
        self.start: dict[str, Any] = {"salt": f"{draw.whole(0, 16**8 - 1):08x}"}
        self.world = World(self.start)
        self.steps: list[Step] = []
        self.results: list[Json] = []
        self.outcomes: list[ToolOutcome] = []
        self.gives: dict[tuple[int, str], str] = {}
        self.parts: list[Part] = []
        self.found: dict[str, FoundValue] = {}
        self.sessions: dict[str, tuple[str, int]] = {}
        self.product: Product | None = None
        self.facts: list[Fact] = []
        self.goal: list[Json] = []
        self.allow: list[str] = []
        self.constraints: list[str] = []
        self.derived: list[Json] = []
        self.rule: str | None = None  # what the source's bad rows break, for `validate`
        self.mapped: dict[str, str] = {}  # old column name -> new
        self.services: dict[str, str] = {}  # later token -> service it concerns
        self.via: dict[
            str, tuple[list[str], int]
        ] = {}  # later token -> route it needs, and the step
        self.more: dict[str, int] = {}  # later token -> what very_hard adds to its number
        self.focus: str | None = None  # the column that a transformation has changed
        self.outcome = "is the {noun}, as they are"

    @property
    def flow(self) -> Product:
        """Return the data that flows now."""
        if self.product is None:
            raise Unfit("nothing flows yet")
        return self.product

    @property
    def rows(self) -> Rows:
        """Return the rows that flow now."""
        rows: Rows = self.flow.data.value
        return rows

    def later(self, *tokens: str) -> bool:
        """Return whether any of `tokens` comes after the current one."""
        return any(token in self.recipe[self.place + 1 :] for token in tokens)

    def add(self, section: str, key: str, value: Any) -> None:
        """Put an object into the starting world and the live one; raises Unfit when taken."""
        if key in self.world.sections[section] or key in self.start.get(section, {}):
            raise Unfit(f"{key} is taken")
        self.start.setdefault(section, {})[key] = value
        self.world.sections[section][key] = value

    def add_all(self, section: str, target: Literal, make: Callable[[], Any]) -> None:
        """Put the target and, where it has one, its decoy into the world."""
        self.add(section, target.value, make())
        if target.decoy is not None:
            with self.aside():
                self.add(section, target.decoy, make())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Draw from the other stream for a while."""
        self.draw, self.other_draw = self.other_draw, self.draw
        yield
        self.draw, self.other_draw = self.other_draw, self.draw

    def table(self) -> Json:
        """Return a fresh table of the theme as a world entry."""
        return {"kind": "table", "value": vocabulary.rows(self.draw, self.theme)}

    def literal(self, token: str, make: Callable[[], Any]) -> Literal:
        """Return a value that `token` needs: from an earlier step, or a new one in the request.

        At very_hard a number found earlier counts with a stated number added (`more`).
        """
        found = self.found.pop(token, None)
        if found is None:
            value = make()
            return Literal(value, value, vocabulary.shown(value))
        more = self.more.get(token)
        if more is not None:
            argument = {"$sum": [found.argument, more]}
            return Literal(argument, found.value + more, f"{found.thing} plus {more}")
        return Literal(found.argument, found.value, found.thing)

    def target(self, token: str, why: str, make: Callable[[], str]) -> Literal:
        """Return the name of an object; at very_hard the obvious one may be ruled out."""
        if token in self.found or token != self.twisted:
            return self.literal(token, make)
        self.twisted = None
        name, suffix = make(), f"-{self.other_draw.pick(vocabulary.STEMS)}"
        valid = vocabulary.successor(name, suffix)
        place = "at the end" if valid.endswith(suffix) else "before the ending"
        use = "notify" if token == "notify" else "use"
        same = "is the same address" if "://" in name else "has the same name"
        instead = f"the one to {use} instead {same} with `{suffix}` added {place}"
        self.constraints.append(f"But `{name}` {why}: {instead}.")
        self.derived.append({"value": valid, "name": name, "suffix": suffix})
        return Literal(valid, valid, f"`{name}`", decoy=name)

    def step(
        self,
        tool: str,
        arguments: Json,
        *,
        group: str,
        easy: str,
        fact: str,
        gives: str,
        purpose: str,
        operation: str,
        after: Sequence[int] = (),
    ) -> ToolOutcome:
        """Execute one step of the reference plan and note its texts; return its outcome."""
        given = check_arguments(TOOLS[tool], resolve(arguments, self.results))
        outcome = TOOLS[tool].run(self.world, **given)
        self.world.apply(outcome.changes)
        place = len(self.steps)
        if group == "shape" and any(part.group == "shape" for part in self.parts):
            fact = f"After that, {fact[0].lower()}{fact[1:]}"
        if outcome.data is not None:
            self.world.made[outcome.data.handle] = outcome.data
            argument = {"$step": place, "path": "handle"}
            self.product = Product(argument, outcome.data, outcome.data.kind == "number")
        self.gives[place, "handle"] = gives
        needs = tuple(sorted(steps_used(arguments) | set(after)))
        self.steps.append(Step(tool, arguments, operation, purpose, needs))
        self.results.append(outcome.result)
        self.outcomes.append(outcome)
        self.parts.append(Part(group, easy, fact))
        return outcome

    def opening(self, text: str) -> None:
        """Note a text about the source that belongs to no step."""
        self.parts.append(Part("given", text, text))

    def find(self, target: str, path: str, value: Any, thing: str, words: str) -> None:
        """Note that the step just made yields `value` for the later token `target`."""
        place = len(self.steps) - 1
        self.gives[place, path] = words
        self.found[target] = FoundValue({"$step": place, "path": path}, value, thing)

    def fact(
        self,
        role: str,
        words: str,
        value: Any,
        path: str,
        *,
        type: str = "number",
        decimals: int = 0,
        digits: str = "",
    ) -> None:
        """Note something that can be asked for in the result of the step just made."""
        source = {"$step": len(self.steps) - 1, "path": path}
        self.facts.append(Fact(role, words, type, value, source, decimals, digits))

    def must_change(self, before: DataObject) -> None:
        """Raise Unfit when the last operation left its data as it was, or left nothing."""
        if not self.rows:
            raise Unfit("no rows are left")
        if before.value == self.rows:
            raise Unfit("nothing changed")

    def entry(self, identity: str, section: str, key: str) -> DataObject:
        """Return an entry of the starting world as data."""
        return from_entry(self.start[section][key], identity)
