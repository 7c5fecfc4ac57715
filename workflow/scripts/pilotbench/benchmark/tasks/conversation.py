"""How the messages of a task make calls, and the session of a task that hears whole messages.

By default one call of a message is executed, and a message without a call gets a neutral reply: the
session has only `call` (`task.Session`). A task whose `calling` has `several` starts a
`Conversation` instead: it hears all calls of a message in their order, or its words, and decides
what is executed, which user message comes next, which tools are offered then, and when it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pilotbench.benchmark.instances import ToolSpec

Json = dict[str, Any]
Reply = Json | str
"""What the model is told about a call: JSON, or text that is sent as it is."""


@dataclass(frozen=True)
class Calling:
    """How the messages of a task make calls.

    `rules` are stated in the system message in the place of those of the simulated world; where
    they are empty and nothing else is to be said, there is no system message. `several` says that a
    message may have several calls or none, and that sessions are conversations. `exact` says that
    only calls in the form that the protocol asks for count: not those that had to be repaired, nor
    those in the text where the service has tool calls of its own. `is_limited` says that the number
    of messages is stated after the rules.
    """

    rules: str | None = None
    several: bool = False
    exact: bool = False
    is_limited: bool = False


ONE_CALL = Calling()
"""The first call of each message counts, in the simulated world."""


@dataclass(frozen=True)
class Said:
    """A message as a conversation hears it.

    `calls` are its calls in order, each `{"tool", "arguments"}`; none if one of them could not be
    read, in which case `error` says why. `text` is the text without the reasoning. `is_cut` says
    that the message was cut off at max_tokens before a call.
    """

    calls: tuple[Json, ...] = ()
    text: str = ""
    error: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Response:
    """What a conversation says to a message.

    `replies` are those to its first calls, in their order: the others were not executed. `user` is
    the next user message. A conversation that is not finished says at least one of the two.
    `end_reason` is why one that is finished has ended, where it knows better than the message.
    """

    replies: tuple[Reply, ...] = ()
    user: str | None = None
    end_reason: str | None = None


@runtime_checkable
class Conversation(Protocol):
    """The other side of an episode, deterministic in instance, rate, repeat and what it heard.

    `tools` are offered with the next request. `answer` is recorded when it is `finished`.
    """

    finished: bool
    answer: Any
    tools: tuple[ToolSpec, ...]

    def hear(self, said: Said) -> Response:
        """Take one message of the model and respond to it."""
        ...
