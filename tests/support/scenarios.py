"""Play instances of benchmark version 4 call by call, and read what has come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.scenarios.build import instance_of
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.session import ScenarioSession
from pilotbench.benchmark.scenarios.task import TASKS
from pilotbench.benchmark.tasks.conversation import Said
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.benchmark.world.references import resolve

Json = dict[str, Any]
Change = Callable[[int, Step, Json], Json | None]
"""What is done to the call of a step: its arguments as they are to be, None to leave it out."""


def every_level(indices: Sequence[int] = (0, 7, 33)) -> Iterator[tuple[str, str, int]]:
    """Yield some indices of every level of every task."""
    for task, levels in LEVELS.items():
        for level, point in levels.items():
            for index in indices if point.items <= 16 else indices[:1]:
                yield task, level, index


class Game:
    """An episode that is played call by call, and can be scored."""

    def __init__(self, instance: ScenarioInstance, rate: str = "1.0") -> None:
        self.instance = instance
        self.rate = rate
        self.session = ScenarioSession(instance, rate, 0)
        self.turns: list[Turn] = []

    def say(self, *calls: Json, text: str = "") -> list[Json]:
        """Send a message; return the replies to its calls."""
        response = self.session.hear(Said(tuple(calls), text))
        replies: list[Any] = [*response.replies, *[None] * (len(calls) - len(response.replies))]
        further = [
            {**call, "reply": reply} for call, reply in zip(calls[1:], replies[1:], strict=True)
        ]
        first = calls[0] if calls else None
        reply = replies[0] if replies else None
        self.turns.append(
            Turn(len(self.turns), text, first, reply, further=tuple(further), user=response.user)
        )
        return [one for one in replies if isinstance(one, dict)]

    def use(self, tool: str, **arguments: Any) -> Json:
        """Make one call of a tool, through `call_tool` where tools are searched for."""
        call: Json = {"tool": tool, "arguments": arguments}
        if self.session.discovery and tool not in ("finish", "requester_ask"):
            call = {"tool": "call_tool", "arguments": {"name": tool, "arguments": arguments}}
        return self.say(call)[0]

    def finish(self, answer: Any) -> Score:
        """End the episode with an answer; return its score."""
        self.use("finish", answer=answer)
        return self.score("finish", answer)

    def score(self, end_reason: str, answer: Any = None) -> Score:
        """Return the score of what was said so far."""
        transcript = Transcript(
            self.instance.content_hash, self.rate, 0, self.turns, end_reason, answer
        )
        return TASKS[self.instance.task].score(self.instance, transcript)


def wanted(instance: Instance) -> Any:
    """Return the answer that the goal wants."""
    return instance.goal[-1]["value"]


def followed(instance: ScenarioInstance, change: Change = lambda place, step, made: made) -> Game:
    """Play the plan with other arguments where `change` says so; nothing is finished yet."""
    game = Game(instance)
    results: list[Json] = []
    for place, step in enumerate(instance.plan):
        try:
            arguments = change(place, step, resolve(step.arguments, results))
        except (KeyError, IndexError):
            arguments = None
        reply = {} if arguments is None else game.use(step.tool, **arguments)
        results.append(reply.get("result", {}))
    return game


def made(task: str, level: str, index: int) -> ScenarioInstance:
    """Return a public instance."""
    return instance_of(task, level, index)


def acting(instance: Instance) -> Iterable[int]:
    """Return the places of the steps that pass a record on for the first time."""
    seen: set[str] = set()
    for place, step in enumerate(instance.plan):
        if "data" in step.arguments and "viewer" not in step.tool and "filter" not in step.tool:
            name = repr(sorted(step.arguments.items(), key=str))
            if name not in seen:
                yield place
            seen.add(name)
