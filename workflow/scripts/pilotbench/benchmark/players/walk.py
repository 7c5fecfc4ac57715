"""The position of a player in a plan that it plays step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import Json, Seen, is_transient, uses
from pilotbench.benchmark.world.references import resolve


@dataclass
class Walk:
    """The next place in the plan, what earlier places returned, and the places that failed."""

    place: int = 0
    results: dict[int, Json] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)


def walk(turns: Sequence[Seen], retries: bool) -> Walk:
    """Return the position of a player that makes one step per turn.

    With `retries` an injected failure is tried again; any other failure is passed over.
    """
    walked = Walk()
    for _, _, reply in uses(turns):
        if retries and is_transient(reply):
            continue
        if reply.get("ok"):
            walked.results[walked.place] = reply["result"]
        else:
            walked.failed.append(walked.place)
        walked.place += 1
    return walked


def filled_in(value: Json, results: Mapping[int, Json]) -> Json:
    """Return arguments with earlier results filled in; what is not there is left empty."""
    try:
        found: Json = resolve(value, results)
    except (KeyError, IndexError, TypeError):
        found = {name: one if not isinstance(one, dict) else "" for name, one in value.items()}
    return found


def reference_answer(instance: Instance) -> Any:
    """Return the answer that the goal wants, `done` if it wants none."""
    wanted = (predicate for predicate in instance.goal if predicate["kind"] == "answer")
    return next((predicate["value"] for predicate in wanted), "done")
