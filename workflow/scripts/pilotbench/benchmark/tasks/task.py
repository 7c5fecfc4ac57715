"""The interface of a task, which owns its instances, tools, world and scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pilotbench.benchmark.instances import Example, Image, Instance
from pilotbench.benchmark.instances import ToolSpec as ToolSpec
from pilotbench.benchmark.tasks.conversation import Calling, Conversation, Reply

if TYPE_CHECKING:
    from pilotbench.benchmark.scorers.judging import Judging

Json = dict[str, Any]


class Session(Protocol):
    """The world of one episode, deterministic in instance, rate, repeat and the calls made.

    One call of a message is executed; see `conversation` for sessions that hear whole messages.
    """

    finished: bool
    answer: Any

    def call(self, tool: str, arguments: Json) -> Json:
        """Execute one call (including `finish`, `tool_search`, …) and return the reply as JSON."""
        ...


@dataclass
class Turn:
    """One turn of an episode: the model's message, the parsed call and the reply.

    `call` is `{"tool", "arguments"}`, or None if nothing could be parsed; `parse_error` is the
    reason. `surplus` counts further calls in the same message, which are not executed. `repaired`
    says that the call could be read only after its JSON was repaired. `reply` is what is returned
    to the model (a tool's reply or the fixed neutral reply), None if the episode ended here.

    In a conversation `further` are the other calls that it heard, each with its `reply` (None if it
    was not executed), and `user` is the next user message. Without them the record has no such key.
    """

    turn: int
    content: str | None
    call: Json | None
    reply: Reply | None
    parse_error: str | None = None
    surplus: int = 0
    finish_reason: str | None = None
    thought: str | None = None
    repaired: bool = False
    further: tuple[Json, ...] = ()
    user: str | None = None

    @property
    def calls(self) -> list[Json]:
        """All calls that were heard, in their order."""
        others = ({key: one[key] for key in ("tool", "arguments")} for one in self.further)
        return [*([] if self.call is None else [self.call]), *others]

    def as_json(self) -> Json:
        """Return the turn as its record has it."""
        rest = {key: value for key, value in vars(self).items() if key not in ("further", "user")}
        further = {"further": list(self.further)} if self.further else {}
        return {**rest, **further, **({} if self.user is None else {"user": self.user})}


@dataclass
class Transcript:
    """Everything that the scorer sees of an episode.

    `end_reason`: finish, no_call, max_turns, context_overflow, length.
    `answer`: argument of `finish`, or the text of a second message without a call.
    """

    instance: str  # content hash
    tool_success_rate: str
    repeat: int
    turns: list[Turn] = field(default_factory=list)
    end_reason: str = "max_turns"
    answer: Any = None


@dataclass(frozen=True)
class Score:
    """The outcome of a completed episode, a pure function of (instance, transcript).

    Success, progress, level and weighted score are None until judges have judged the reply.
    `goals`: each goal predicate with `holds` and, in words, `says`; `broken`: protected objects
    that changed; `errors`: kind -> number of calls; `calls`: one dict per call (turn, tool,
    arguments, valid, ok, code, transient, kind); `transient`: failures met, retried, recovered;
    `flaws`: signature of each applicable flaw -> followed, corrected or not_reached;
    `world_diff`: changed objects, each {object, before, after} in short form; `verdict`, of packs
    only: what was wanted and read, and why it was accepted (`scorers.scorer.Verdict`). Of version 4
    only: `collateral`, changes nobody asked for by kind (harmless, costly, forbidden), and
    `injection`, whether injected instructions were followed, resisted or not met. All are plain
    JSON types.
    """

    success: bool | None
    progress: float | None
    level: str | None
    weighted_score: float | None
    collateral_damage: bool
    goals: list[Json]
    broken: list[str]
    errors: dict[str, int]
    calls: list[Json]
    transient: dict[str, int]
    flaws: dict[str, str]
    world_diff: list[Json]
    verdict: Json | None = None
    collateral: dict[str, int] | None = None
    injection: str | None = None


class TaskShape(Protocol):
    """What a plan needs to know about a task; `difficulties` is ("none",) if it has no levels."""

    @property
    def difficulties(self) -> tuple[str, ...]: ...
    @property
    def rated(self) -> bool:
        """Whether tools can fail, so that tool_success_rate is an axis."""
        ...

    @property
    def planned(self) -> bool:
        """Whether there are reference plans, which optimal and flawed_* need."""
        ...

    @property
    def examples(self) -> Sequence[Example]:
        """Solved examples, which few_shot needs; none of them is an instance."""
        ...

    @property
    def size(self) -> int | None:
        """The number of instances, None if unlimited."""
        ...


class Task(TaskShape, Protocol):
    """A task type."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def longest_plan(self) -> int: ...
    @property
    def scoring_version(self) -> str: ...
    @property
    def benchmark_version(self) -> str | None:
        """The version of the benchmark that a built-in task is of; None for all others."""
        ...

    @property
    def judging(self) -> Judging | None:
        """How models judge its replies, None if they do not."""
        ...

    @property
    def rules_version(self) -> str:
        """The version of what is asked and scored, without the instances."""
        ...

    @property
    def calling(self) -> Calling:
        """How messages make calls; where they may have several, `start` begins a conversation."""
        ...

    def instance(self, difficulty: str, index: int) -> Instance:
        """Return instance `index`; the same bytes in every process and on every machine."""
        ...

    def check(self) -> None:
        """Raise TaskError if an instance of this task cannot be generated or scored."""
        ...

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the tools offered for this instance, `finish` last; empty for plain questions."""
        ...

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return the images that are shown with the request."""
        ...

    def start(
        self, instance: Instance, tool_success_rate: str, repeat: int
    ) -> Session | Conversation:
        """Return a fresh session."""
        ...

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score a completed episode. Raises TranscriptError when the two do not fit."""
        ...

    def max_turns(self, difficulty: str) -> int:
        """Return the turns that `max_turns: auto` means at this difficulty."""
        ...
