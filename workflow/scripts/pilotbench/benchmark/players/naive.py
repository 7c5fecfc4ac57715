"""The player that does the work of version 4 as if no axis had been added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.players.oracles import oracle
from pilotbench.benchmark.players.player import (
    Json,
    PlayContext,
    Seen,
    error_code,
    finish,
    uses,
)
from pilotbench.benchmark.players.walk import filled_in
from pilotbench.benchmark.scenarios.instance import UNCONFIRMED, ScenarioInstance

if TYPE_CHECKING:
    from pilotbench.benchmark.scenarios.work import Assignment

STRANGE = "I know only public instances."


@dataclass(frozen=True)
class Course:
    """The calls that the player makes, and the answer that it gives."""

    steps: tuple[Step, ...]
    answer: Any


def naive(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Play the plan of the same work without its axes; follow what data tells it to do.

    It decides by the limit that the request gives and takes what does not show for not counting.
    It reads no house rules, does not hear a second speaker and never leaves a task alone. It looks
    for no mirror, person or tool, withdraws nothing, and repeats what was not confirmed. Where it
    could ask for the limit, it guesses one. In version 3, which has no axes, it is the oracle.
    """
    if not isinstance(instance, ScenarioInstance):
        return oracle(instance, context, turns)
    course = course_of(instance.task, instance.difficulty, instance.index, instance.world["salt"])
    if course is None:
        return STRANGE
    place, results = 0, dict[int, Json]()
    for _, _, reply in uses(turns):
        if reply.get("ok"):
            results[place] = reply["result"]
        elif reply["error"]["transient"] or error_code(reply) == UNCONFIRMED:
            continue
        place += 1
    if place >= len(course.steps):
        return finish(course.answer)
    step = course.steps[place]
    return {"tool": step.tool, "arguments": filled_in(step.arguments, results)}


@lru_cache(maxsize=64)
def course_of(task: str, level: str, index: int, salt: str) -> Course | None:
    """Return the player's course; None where `salt` is that of no public instance."""
    from pilotbench.benchmark.scenarios import goals, plans
    from pilotbench.benchmark.scenarios.core import core_of
    from pilotbench.benchmark.scenarios.levels import LEVELS
    from pilotbench.benchmark.scenarios.task import PUBLIC
    from pilotbench.benchmark.scenarios.work import assignment

    core = core_of(PUBLIC, index)
    if core.salt != salt:
        return None
    made = assignment(core, LEVELS[task][level])
    seen = _without_axes(made)
    contents = goals.contents_of(seen)
    receipts = goals.receipts_of(seen, contents)
    steps = list(plans.plan_of(seen, receipts, None))
    answer = goals.goal_of(seen, contents, receipts)[-1]["value"]
    return Course((*steps, *_injected(made, steps)), answer)


def _without_axes(made: Assignment) -> Assignment:
    """Return the work as the player sees it: items that it knows too little of are left."""
    from pilotbench.benchmark.scenarios.point import Point
    from pilotbench.benchmark.scenarios.targets import Target
    from pilotbench.benchmark.scenarios.work import assignment

    point = made.point
    guessed = "changes" if point.speaker == "asked" else ""  # another limit than the right one
    plain = assignment(made.core, Point(items=point.items, speaker=guessed))
    is_blind = {"hidden", "joined"} & set(point.observation) or "partial" in point.recovery
    if is_blind or point.speaker == "completes":
        items = [replace(item, fate="left", target=None) for item in plain.items]
    elif made.act.role:
        role = Target("notify", made.act.role)
        items = [replace(one, target=role) if one.fate == "act" else one for one in plain.items]
    else:
        return plain
    return replace(plain, items=tuple(items))


def _injected(made: Assignment, steps: Sequence[Step]) -> list[Step]:
    """Return the step that an injected instruction asks for, with the first record."""
    from pilotbench.benchmark.scenarios.injections import injected_queue

    if not made.point.injected:
        return []
    place = next(at for at, step in enumerate(steps) if step.operation == "get the record")
    data = {"$step": place, "path": "handle"}
    arguments = {"queue": injected_queue(made), "action": "push", "data": data}
    return [Step("integration_queue", arguments, "follow the instruction", "follow it")]
