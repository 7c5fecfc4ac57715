"""One episode's live world: it executes calls, draws tool failures, and keeps a log.

A call is checked and tried first and drawn afterwards, so that only valid calls are drawn; a call
that fails by draw changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.benchmark.instances import Instance, ToolSpec
from pilotbench.benchmark.world import goals, toolbox
from pilotbench.benchmark.world.search import ranked
from pilotbench.benchmark.world.state import SECTIONS, World
from pilotbench.benchmark.world.tool import (
    TRANSIENT_CODES,
    Tool,
    ToolFailure,
    ToolOutcome,
    check_arguments,
)
from pilotbench.ground.canonical_json import canonical, unit_interval

Json = dict[str, Any]


@dataclass
class CallRecord:
    """One call as the scorer sees it.

    `tool` is the tool that was reached (behind `call_tool` too), `arguments` with defaults filled
    in where they could be. `valid`: known tool, good arguments, named things exist and
    preconditions hold; only such calls are drawn. `transient`: it failed by draw. `unmet` is the
    precondition that did not hold, `meets` those that this call made true (the same words);
    `missing` the named thing that does not exist; `violation` what is wrong with the arguments;
    `unknown_tool` that no such tool is offered; `broke` the protected objects it changed.
    """

    tool: str
    arguments: Json
    valid: bool = False
    ok: bool = False
    code: str | None = None
    transient: bool = False
    unmet: str | None = None
    missing: str | None = None
    violation: str | None = None
    unknown_tool: bool = False
    meets: tuple[str, ...] = ()
    broke: list[str] = field(default_factory=list)
    through: str | None = None  # "call_tool" at hard and very_hard

    @property
    def same(self) -> str:
        """Return what two calls of the same tool with the same arguments have in common."""
        return canonical([self.tool, self.arguments])


class WorldSession:
    """A fresh world of `instance`, deterministic in (instance, rate, repeat, the calls made)."""

    finish = toolbox.FINISH
    known: Mapping[str, Tool] = toolbox.TOOLS

    def __init__(self, instance: Instance, tool_success_rate: str = "1.0", repeat: int = 0) -> None:
        self.instance = instance
        self.rate = float(tool_success_rate)
        self.repeat = repeat
        self.discovery = toolbox.is_discovery(instance.difficulty)
        self.world = World(instance.world)
        self.finished = False
        self.answer: Any = None
        self.log: list[CallRecord] = []
        self._drawn: Counter[str] = Counter()
        self._broken: list[str] = []

    def call(self, tool: str, arguments: Json) -> Json:
        """Execute one call and return the reply.

        `{"ok": true, "result": …}` or `{"ok": false, "error": {"code", "message", "transient"}}`.
        """
        if self.finished:
            return self._refuse(CallRecord(tool, arguments), _finished())
        if tool == "finish":
            return self._finish(arguments)
        if not self.discovery:
            return self._use(tool, arguments, None)
        if tool == "tool_search":
            return self._search(arguments)
        if tool == "tool_info":
            return self._info(arguments)
        if tool == "call_tool":
            return self._call_tool(arguments)
        return self._refuse(CallRecord(tool, arguments), _unknown(tool))

    def goal_state(self, answer: Any) -> list[tuple[Json, bool, str]]:
        """Return (predicate, holds now, words) for each goal predicate."""
        start, now = self.instance.world, self.world.sections
        return [
            (predicate, goals.holds(predicate, start, now, answer), predicate["says"])
            for predicate in self.instance.goal
        ]

    def protected_broken(self) -> list[str]:
        """Return the identities of the protected objects that have changed."""
        allow = self.instance.protected.get("allow", ())
        return goals.broken(
            self.instance.goal, allow, self.instance.world, self.world.sections
        )  # fmt: skip

    def diff(self) -> list[Json]:
        """Return each changed object as {object, before, after} in short form."""
        return goals.differences(self.instance.world, self.world.sections)

    def _finish(self, arguments: Json) -> Json:
        record = CallRecord("finish", arguments)
        try:
            record.arguments = self._checked(self.finish, arguments)
        except ToolFailure as failure:
            return self._refuse(record, failure)
        self.finished, self.answer = True, arguments["answer"]
        return self._accept(record, {"finished": True})

    def _search(self, arguments: Json) -> Json:
        record = CallRecord("tool_search", arguments)
        query = _only(arguments, "query")
        if query is None:
            return self._refuse(record, _needs("tool_search", "query"))
        tools = [
            {"name": name, "description": self.known[name].description}
            for name in self._ranked(query)
        ]
        return self._accept(record, {"tools": tools})

    def _info(self, arguments: Json) -> Json:
        record = CallRecord("tool_info", arguments)
        name = _only(arguments, "name")
        if name is None:
            return self._refuse(record, _needs("tool_info", "name"))
        tool = self.known.get(name)
        if tool is None:
            return self._refuse(record, _unknown(name))
        about = {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "result": tool.result,
            "errors": list(tool.errors),
        }
        if tool.requires:
            about["requires"] = tool.requires
        return self._accept(record, about)

    def _call_tool(self, arguments: Json) -> Json:
        good = isinstance(arguments, dict) and set(arguments) == {"name", "arguments"}
        if not good or not isinstance(arguments["name"], str):
            record = CallRecord("call_tool", arguments)
            return self._refuse(record, _needs("call_tool", "name and arguments"))
        return self._use(arguments["name"], arguments["arguments"], "call_tool")

    def _use(self, name: str, arguments: Json, through: str | None) -> Json:
        """Call one of the thirty tools: draw its failure, then apply its changes."""
        record = CallRecord(name, arguments, through=through)
        tool = self.known.get(name) if isinstance(name, str) else None
        if tool is None:
            return self._refuse(record, _unknown(name))
        try:
            record.arguments = self._checked(tool, arguments)
            outcome = tool.run(self.world, **record.arguments)
        except ToolFailure as failure:
            return self._refuse(record, failure)
        except OverflowError:
            message = "a number grows too large"
            return self._refuse(record, ToolFailure("too_large", message, violation=message))
        record.valid = True
        if (code := self._drawn_failure(record)) is not None:
            record.transient = True
            return self._refuse(record, ToolFailure(code, "nothing was done, try again"))
        return self._apply(record, outcome)

    def _ranked(self, query: str) -> Sequence[str]:
        """Return the names of the tools that fit a query best."""
        return ranked(query)

    def _checked(self, tool: Tool | ToolSpec, arguments: Any) -> Json:
        """Return the arguments with defaults filled in; raises ToolFailure `bad_arguments`."""
        return check_arguments(tool, arguments)

    def _drawn_failure(self, record: CallRecord) -> str | None:
        """Return the transient code of a call that fails by draw, None for one that succeeds."""
        same = record.same
        self._drawn[same] += 1
        if self.rate >= 1.0:
            return None
        words = (self.instance.draw_hash, self.repeat, same, self._drawn[same])
        if unit_interval("fails", *words) < self.rate:
            return None
        return TRANSIENT_CODES[int(unit_interval("code", *words) * len(TRANSIENT_CODES))]

    def _apply(self, record: CallRecord, outcome: ToolOutcome) -> Json:
        if outcome.data is not None:
            self.world.made[outcome.data.handle] = outcome.data
        if outcome.changes:
            self.world.apply(outcome.changes)
            now = self.protected_broken()
            touched = {f"{SECTIONS.get(c.section)}:{c.key}" for c in outcome.changes}
            record.broke = [name for name in now if name in touched or name not in self._broken]
            self._broken = now
        record.meets = outcome.meets
        return self._accept(record, outcome.result)

    def _accept(self, record: CallRecord, result: Json) -> Json:
        record.valid = record.ok = True
        self.log.append(record)
        return {"ok": True, "result": result}

    def _refuse(self, record: CallRecord, failure: ToolFailure) -> Json:
        record.code = failure.code
        record.unmet, record.missing = failure.unmet, failure.missing
        record.violation = failure.violation
        record.unknown_tool = failure.code == "unknown_tool"
        self.log.append(record)
        error = {
            "code": failure.code,
            "message": failure.message,
            "transient": record.transient,
        }
        return {"ok": False, "error": error}


def _only(arguments: Any, name: str) -> str | None:
    """Return the one string argument `name`, None when the arguments are anything else."""
    if not isinstance(arguments, dict) or set(arguments) != {name}:
        return None
    value = arguments[name]
    return value if isinstance(value, str) else None


def _needs(tool: str, what: str) -> ToolFailure:
    message = f"{tool} takes {what}"
    return ToolFailure("bad_arguments", message, violation=message)


def _unknown(name: Any) -> ToolFailure:
    return ToolFailure("unknown_tool", f"there is no tool {str(name)[:60]!r}")


def _finished() -> ToolFailure:
    return ToolFailure("finished", "the episode has ended", violation="finished")
