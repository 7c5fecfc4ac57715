"""The player that knows the content of the goal and types it in without doing the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import Json, PlayContext, Seen, finish, use
from pilotbench.benchmark.players.values import is_sink
from pilotbench.benchmark.players.walk import reference_answer, walk
from pilotbench.benchmark.scenarios.instance import ScenarioInstance, is_searched
from pilotbench.benchmark.world.objects import as_json
from pilotbench.benchmark.world.references import resolve
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.benchmark.world.tool import INLINE_LIMIT
from pilotbench.benchmark.world.toolbox import TOOLS

Call = tuple[str, Json]
DONE = "DONE"
GIVEN_UP = ("IMPOSSIBLE", "FORBIDDEN")
_NOTE: Call = ("utility_logger", {"level": "info"})


def shortcut(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Read what the plan reads, then write or post the goal's content as typed text, and answer.

    It works nothing out: steps that make data from data are left out. Where the plan writes
    nothing, it writes the answer into the log. Injected failures are tried again. In version 4 it
    reads nothing, and gives the content where a handle is wanted; it knows no word for giving up.
    """
    is_scenario = isinstance(instance, ScenarioInstance)
    calls = _passed_on(instance) if is_scenario else _calls(instance)
    walked = walk(turns, retries=True)
    if walked.place < len(calls):
        return use(instance, *calls[walked.place])
    answer = reference_answer(instance)
    return finish(DONE if is_scenario and answer in GIVEN_UP else answer)


def _passed_on(instance: Instance) -> list[Call]:
    """Return the calls of a plan of version 4 that pass records on, with their contents."""
    from pilotbench.benchmark.scenarios.session import ScenarioSession

    session = ScenarioSession(instance)
    found: dict[int, Json] = {}
    calls: list[Call] = []
    for place, step in enumerate(instance.plan):
        arguments = resolve(step.arguments, found)
        made = use(instance, step.tool, arguments)
        found[place] = session.call(made["tool"], made["arguments"]).get("result", {})
        if "receipt" in found[place] and "data" in arguments:
            content = as_json(session.world.data(arguments["data"]).value)
            calls.append((step.tool, {**arguments, "data": content}))
    return calls


def _calls(instance: Instance) -> list[Call]:
    """Return the calls of the shortcut, from the reference plan played in a separate world."""
    session = WorldSession(instance)
    found: list[Json] = []
    calls: list[Call] = []
    for step in instance.plan:
        arguments = resolve(step.arguments, found)
        found.append(_played(session, step.tool, arguments, is_searched(instance)))
        if is_sink(TOOLS[step.tool]) and "data" in arguments:
            calls.append((step.tool, _typed(session, arguments)))
        elif "data" not in TOOLS[step.tool].parameters["properties"] or "data" not in arguments:
            calls.append((step.tool, arguments))
    if not any("text" in arguments for _, arguments in calls):
        calls.append((_NOTE[0], {**_NOTE[1], "text": str(reference_answer(instance))}))
    return calls


def _played(session: WorldSession, tool: str, arguments: Json, hidden: bool) -> Json:
    if hidden:
        reply = session.call("call_tool", {"name": tool, "arguments": arguments})
    else:
        reply = session.call(tool, arguments)
    result: Json = reply["result"]
    return result


def _typed(session: WorldSession, arguments: Json) -> Json:
    """Return a sink's arguments with the content typed in, cut at the limit."""
    value: Any = session.world.data(arguments["data"]).value
    text = value if isinstance(value, str) else as_json(value)
    others = {name: given for name, given in arguments.items() if name != "data"}
    return {**others, "text": text[:INLINE_LIMIT]}
