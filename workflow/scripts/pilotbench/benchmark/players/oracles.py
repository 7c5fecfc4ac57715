"""Players that know the reference plan and the answer: the upper bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import (
    Json,
    PlayContext,
    Seen,
    finish,
    give_up,
    is_transient,
    use,
    uses,
)
from pilotbench.benchmark.players.walk import Walk, reference_answer, walk
from pilotbench.benchmark.scenarios.instance import ScenarioInstance, is_searched
from pilotbench.benchmark.world.references import resolve

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n+")


def oracle(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Play the reference plan and retry injected failures."""
    return _next(instance, walk(turns, retries=True))


def no_retry_oracle(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Play the reference plan; give up, without an answer, at the first injected failure.

    In version 3 any failure is one, as its plans expect no refusal.
    """
    if any(is_transient(reply) for _, _, reply in uses(turns)):
        return give_up(instance)
    return _next(instance, walk(turns, retries=False))


def searcher(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Play as the oracle with only those tools that `tool_search` found for the request.

    It searches for each sentence of the request, once, in order; below hard it is the oracle.
    """
    walked = walk(turns, retries=True)
    if not is_searched(instance):
        return _next(instance, walked)
    searched = [turn for turn in turns if turn.call and turn.call["tool"] == "tool_search"]
    wanted = sentences(instance.request)
    if len(searched) < len(wanted):
        return {"tool": "tool_search", "arguments": {"query": wanted[len(searched)]}}
    found = {tool["name"] for turn in searched for tool in turn.reply["result"]["tools"]}
    if walked.place < len(instance.plan) and instance.plan[walked.place].tool not in found:
        return give_up(instance)
    return _next(instance, walked)


def sentences(request: str) -> list[str]:
    """Return the sentences of a request; clauses after a colon or semicolon count as such."""
    return [part for part in _SENTENCE_END.split(request.strip()) if part]


def _next(instance: Instance, walked: Walk) -> Json:
    """Return the next step of the reference plan, or finish."""
    if walked.failed and not isinstance(instance, ScenarioInstance):
        return finish(None)
    if walked.place >= len(instance.plan):
        return finish(reference_answer(instance))
    step = instance.plan[walked.place]
    return use(instance, step.tool, resolve(step.arguments, walked.results))
