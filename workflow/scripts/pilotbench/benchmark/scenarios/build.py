"""Build the instance of a task: a core at the point of a level, put into words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.scenarios import goals, injections, plans, requests, worlds
from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.point import PUBLIC_WORDINGS
from pilotbench.benchmark.scenarios.task import PUBLIC
from pilotbench.benchmark.scenarios.terms.clauses import Clause
from pilotbench.benchmark.scenarios.wording.render import render
from pilotbench.benchmark.scenarios.work import Assignment, assignment

Json = dict[str, Any]

CANARY = "pilot-bench canary 7d1f3a52-6c1e-4f0e-9a55-2b8f41c0d6e3: not for training corpora"


def instance_of(task: str, level: str, index: int, epoch: str = PUBLIC) -> ScenarioInstance:
    """Return instance `index` of a task at a level."""
    point = LEVELS[task][level]
    made = assignment(core_of(epoch, index), point)
    contents = goals.contents_of(made)
    receipts, mistake = goals.receipts_of(made, contents), goals.mistake_of(made)
    wording = "mixed" if point.wording == PUBLIC_WORDINGS and epoch != PUBLIC else point.wording
    words = made.core.random("words")
    request = render(requests.request_of(made, mistake), words, wording)
    said = requests.said_later(made)
    later = _later(made, said, wording, request.register)
    return ScenarioInstance(
        task=task,
        difficulty=level,
        index=index,
        request=request.text,
        world=_world(made, later),
        goal=goals.goal_of(made, contents, receipts),
        protected=goals.protected_of(made, contents),
        plan=plans.plan_of(made, receipts, mistake),
        extra=_extra(made, request.register, epoch),
    )


def _later(made: Assignment, said: Sequence[Clause], wording: str, register: str) -> str:
    """Return what the second speaker says, in the manner of the request; nothing if nobody does."""
    draw = made.core.random("later")
    return render(said, draw, wording, register).text if said else ""


def _world(made: Assignment, later: str) -> Json:
    """Return the starting world, with what the second speaker says."""
    world = worlds.world_of(made)
    return world | ({"speaker": [made.point.speaker, later]} if later else {})


def _extra(made: Assignment, register: str, epoch: str) -> Json:
    """Return what scores and tables need to know of an instance."""
    canary = {"canary": CANARY} if epoch == PUBLIC else {}
    facts = {
        "register": register,
        "end": made.word or "possible",
        "subject": made.core.subject.name,
    }
    told: Json = {"metadata": facts, **canary}
    if made.point.injected:
        told["injected"] = injections.injected_queue(made)
    return told
