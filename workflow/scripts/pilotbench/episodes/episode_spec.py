"""What an episode is before it is played, and what has happened in it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.benchmark.tasks.task import Task, ToolSpec, Transcript
from pilotbench.providers.answer import Answer
from pilotbench.providers.messages import Message
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.protocol import CallProtocol
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_format import WireFormat
from pilotbench.providers.wire_formats import WIRE_FORMATS


@dataclass(frozen=True)
class EpisodeSpec:
    """Everything about an episode that is fixed before its first request.

    `chosen` is the protocol of the model.
    """

    task: Task
    instance: Instance
    prompt: Prompt
    chosen: CallProtocol
    model: Model
    rate: str
    repeat: int
    max_turns: int

    @property
    def wire(self) -> WireFormat:
        """The wire format of the model."""
        return WIRE_FORMATS[self.model.api]

    @cached_property
    def protocol(self) -> CallProtocol:
        """The protocol in use: a task without tools is asked one plain question."""
        return self.chosen if self.tools else PROTOCOLS["none"]

    @cached_property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered."""
        return self.task.tools(self.instance)


@dataclass
class EpisodeState:
    """The course of an episode so far; `system` and `user` are what its first messages say."""

    system: str
    user: str
    messages: list[Message]
    transcript: Transcript
    asked: list[tuple[Request, Answer]] = field(default_factory=list)
    refusal: str | None = None

    @property
    def silent(self) -> bool:
        """Whether the last turn had no call."""
        turns = self.transcript.turns
        return bool(turns) and turns[-1].call is None
