"""Instances: the concrete problems of a task, the same for every player."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from pilotbench.ground.canonical_json import digest

Json = dict[str, Any]


@dataclass(frozen=True)
class ToolSpec:
    """A tool as it is offered to a model: the same words in every protocol."""

    name: str
    description: str
    parameters: Json


@dataclass(frozen=True)
class Example:
    """A solved question of a task, as a prompt shows it."""

    request: str
    answer: str


@dataclass(frozen=True)
class Image:
    """An image that is shown with a request; `data` is its content in base64."""

    media_type: str
    data: str = field(repr=False)

    @property
    def url(self) -> str:
        """The image as a data URL."""
        return f"data:{self.media_type};base64,{self.data}"

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the type and the content."""
        return digest([self.media_type, self.data])


Script = tuple[tuple[Json, ...], ...]
"""The calls of each message of an episode; a message without calls is one in words."""


@dataclass(frozen=True)
class Utterance:
    """What somebody says in a conversation before the first answer.

    `images` are shown beside the text. `parts` are text and images in the order in which they are
    shown, in place of `text`, which then names the images.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()
    parts: tuple[str | Image, ...] = ()


@dataclass(frozen=True)
class Step:
    """One call of a reference plan.

    `arguments` may hold references to earlier results: `{"$step": 0, "path": "handle"}` stands for
    the value at that path in the result of step 0. `purpose` is the clause of the optimal prompt
    (operation and object; a value only where the request gives it). `operation` names what is done
    without naming a tool. `needs` are the steps whose results or effects this step depends on.
    """

    tool: str
    arguments: Json
    operation: str
    purpose: str
    needs: tuple[int, ...] = ()


def _fields(value: Step | Instance) -> Json:
    return {known.name: getattr(value, known.name) for known in fields(value)}


@dataclass(frozen=True)
class Instance:
    """One problem, by task, difficulty and index; the same for every model, prompt and repeat.

    `world` is the starting world as JSON; `goal` and `protected` are predicates on the final world
    (goal may include `{"kind": "answer", ...}`); `plan` is empty where the task has none.
    `extra` is the task's own data (answer key of a question pack, templates of the request, …).
    """

    task: str
    difficulty: str
    index: int
    request: str
    world: Json = field(default_factory=dict)
    goal: tuple[Json, ...] = ()
    protected: Json = field(default_factory=dict)
    plan: tuple[Step, ...] = ()
    extra: Json = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The number of messages before the last one of the reference solution; 0 without one."""
        return len(self.plan)

    @property
    def earlier(self) -> tuple[Utterance, ...]:
        """What was said before the request: `earlier` of `extra`, each a role and a text."""
        return tuple(Utterance(role, text) for role, text in self.extra.get("earlier", ()))

    def as_json(self) -> Json:
        """Return the instance as plain JSON types, the form in `results/instances/`.

        The parts are shared, not copied (`asdict` takes longer than making the instance).
        """
        return {**_fields(self), "plan": [_fields(step) for step in self.plan]}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything that a player or the scorer can see of this instance."""
        return digest(self.as_json())

    @cached_property
    def question_hash(self) -> str:
        """SHA-256 of what is asked and of the world that tools simulate.

        It does not cover how the instance is scored, so correcting a goal asks nothing again.
        """
        return digest([self.difficulty, self.index, self.request, self.world])

    @property
    def draw_hash(self) -> str:
        """What seeds the failures of tools: the same for all levels that are to share them."""
        return self.content_hash

    @property
    def play_hash(self) -> str:
        """What seeds the chance of reference players: equal play for instances that are alike."""
        return self.content_hash


class ScriptedInstance(Instance):
    """An instance of which the whole course of a right answer is known, message by message."""

    @property
    def script(self) -> Script:
        """The calls of each message by which the oracle solves it."""
        raise NotImplementedError

    @property
    def steps(self) -> int:
        """The number of messages before the last one of its script."""
        return len(self.script) - 1

    @property
    def offered(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered with the first request."""
        raise NotImplementedError
