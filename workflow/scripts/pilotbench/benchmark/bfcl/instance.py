"""A test of BFCL as an instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pilotbench.benchmark.bfcl.categories import MULTI_TURN
from pilotbench.benchmark.bfcl.official import official
from pilotbench.benchmark.bfcl.truth import calls_of, script_of
from pilotbench.benchmark.instances import Script, ScriptedInstance, ToolSpec
from pilotbench.ground.canonical_json import digest

Json = dict[str, Any]
NONE = "none"


@dataclass(frozen=True)
class BfclInstance(ScriptedInstance):
    """A test; `extra` has its id, metadata, tools, accepted answer and further user messages."""

    @property
    def category(self) -> str:
        """The category of the package."""
        return str(self.extra["metadata"]["category"])

    @cached_property
    def question_hash(self) -> str:
        """SHA-256 of what is asked and offered, and of the world of a conversation."""
        asked = ("id", "tools", "users", "earlier")
        return digest([self.request, self.world, *(self.extra.get(key) for key in asked)])

    @property
    def offered(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered with the first request."""
        return specs(self.extra["tools"])

    @property
    def script(self) -> Script:
        """The calls of each message by which the oracle solves it."""
        entry, truth = official().entry(self.category, self.index), self.extra["answer"]
        if truth is None:  # whether there are calls is all that counts
            first = self.offered[:1] if "irrelevance" not in self.category else ()
            return (tuple({"tool": tool.name, "arguments": {}} for tool in first),)
        if self.category.startswith(MULTI_TURN):
            missed = entry.get("missed_function", {}).values()
            return script_of(truth, [*entry["function"], *(one for more in missed for one in more)])
        return (tuple(calls_of(truth, entry["function"], self.category)),)


def specs(tools: list[Json]) -> tuple[ToolSpec, ...]:
    """Return tools as they are offered."""
    return tuple(ToolSpec(one["name"], one["description"], one["parameters"]) for one in tools)


def instance_of(task: str, category: str, index: int) -> BfclInstance:
    """Return a test of the package."""
    package = official()
    entry, truths = package.entry(category, index, as_asked=True), package.truths(category)
    (*earlier, asked), *further = entry["question"]
    later = {
        turn: package.tools(functions)
        for turn, functions in entry.get("missed_function", {}).items()
    }
    users = [
        {"text": turn[0]["content"]}
        if turn
        else {"text": package.further_functions, "tools": later[str(place)]}
        for place, turn in enumerate(further, 1)
    ]
    of_world: list[str] = ["initial_config", "involved_classes"]
    world = {key: entry[key] for key in of_world if key in entry}
    return BfclInstance(
        task=task,
        difficulty=NONE,
        index=index,
        request=asked["content"],
        world=world,
        extra={
            "id": entry["id"],
            "metadata": {"category": category, "group": _group(category)},
            "answer": None if truths is None else truths[index],
            "tools": [_shown(tool) for tool in package.tools(entry["function"])],
            **({"earlier": [[one["role"], one["content"]] for one in earlier]} if earlier else {}),
            **({"users": _with_shown(users)} if users else {}),
        },
    )


def _group(category: str) -> str:
    """Return the group in which BFCL's leaderboard counts a category."""
    groups = ("live", MULTI_TURN)
    return next((group for group in groups if category.startswith(group)), "non_live")


def _shown(tool: Json) -> Json:
    """Return what a model sees of a tool."""
    return {key: tool[key] for key in ("name", "description", "parameters")}


def _with_shown(users: list[Json]) -> list[Json]:
    return [
        {**one, "tools": [_shown(tool) for tool in one["tools"]]} if "tools" in one else one
        for one in users
    ]
