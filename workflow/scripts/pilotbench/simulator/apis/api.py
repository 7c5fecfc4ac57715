"""An API that the simulator serves: one declaration of how it is read, answered and refused.

Each file beside this one ends in a declaration `API = Api(...)`. It translates a request into a
conversation in the form of chat completions (conversation.py), and a reply in that form into the
body or the events of a response.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.simulator.ground.answers import SimulatedReply
from pilotbench.simulator.ground.conversation import Conversation
from pilotbench.simulator.ground.keys import Limit
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
STANDARD, BATCH = "standard", "batch"
"""The usual tier, and that of what is answered in batches."""
TIERS = ("flex", "priority")
"""The other tiers that a request may ask for."""


@dataclass(frozen=True)
class Problem:
    """Why a request gets an error; each API writes it in its own form.

    `code` is one of CODES. `param` names the wrong field, `wait_s` the seconds to wait if known.
    `own` is the error code that OpenAI's form shows where it is not `code` ("" for null).
    """

    message: str
    code: str = "invalid_request"
    status: int = 400
    param: str | None = None
    wait_s: float | None = None
    own: str | None = None


CODES: Mapping[str, tuple[int, str]] = {
    "server_error": (500, "The server had an error while processing your request."),
    "overloaded": (503, "The engine is currently overloaded, please try again later."),
    "invalid_api_key": (401, "Incorrect API key provided."),
    "insufficient_quota": (429, "You exceeded your current quota."),
    "rate_limit_exceeded": (429, "Rate limit reached for requests."),
    "invalid_request": (400, "This request is rejected permanently."),
    "content_filter": (400, "The response was filtered by the content policy."),
    "context_length_exceeded": (
        400,
        "This model's maximum context length is exceeded. Please shorten the messages.",
    ),
    "not_found": (404, "not found"),
}
"""Status and words of each error, where an API has none of its own."""


def problem(code: str, message: str = "", wait_s: float | None = None) -> Problem:
    """Return the problem of a code, in OpenAI's words unless others are given."""
    status, words = CODES[code]
    return Problem(message or words, code, status, wait_s=wait_s)


class Malformed(Exception):
    """A request that cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Incoming:
    """A request as it was sent (body and headers), and the conversation that it contains."""

    sent: Json
    conversation: Conversation
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.conversation.model

    @property
    def tier(self) -> str:
        """The tier that it is answered in: the one that it asks for."""
        asked = self.sent.get("service_tier") or self.sent.get("serviceTier")
        return str(asked) if asked in TIERS else STANDARD


@dataclass(frozen=True)
class Usage:
    """Token counts: `cached` and `written` are parts of `input`, `reasoning` is one of `output`."""

    input: int
    output: int
    reasoning: int = 0
    cached: int = 0
    written: int = 0


@dataclass(frozen=True)
class Outcome:
    """All that a response is written from; `model` and `tier` are what it reports."""

    incoming: Incoming
    reply: SimulatedReply
    usage: Usage
    created: int
    model: str
    shows_reasoning: bool = True
    tier: str = STANDARD

    @property
    def digest(self) -> str:
        """What identifiers in the response are made of."""
        return self.incoming.conversation.digest

    @property
    def text(self) -> str:
        """The text of the reply."""
        return str(self.reply.message.get("content") or "")

    @property
    def calls(self) -> Sequence[Json]:
        """The tool calls of the reply, in the form of chat completions."""
        return self.reply.message.get("tool_calls") or ()


@dataclass(frozen=True)
class Api:
    """An API.

    `path` matches the addresses that it answers, `secret` returns what a client authenticates
    with, `read` raises Malformed. `events` are the pieces of a stream, `broken` is one that reports
    an error, `alive` one that says nothing. `error` returns status and body, `headers` those that
    report rate limits and, for a refusal, how long to wait (now is the Unix time in s). `counted`
    returns the usage that a request reports and pays, from what its conversation amounts to.
    """

    name: str
    path: re.Pattern[str]
    secret: Callable[[HttpRequest], str]
    read: Callable[[HttpRequest], Incoming]
    answer: Callable[[Outcome], Json]
    events: Callable[[Outcome], list[bytes]]
    broken: Callable[[Problem], bytes]
    error: Callable[[Problem], tuple[int, Json]]
    headers: Callable[[Sequence[Limit], float | None, float], dict[str, str]]
    alive: bytes = b": keep-alive\n\n"
    counted: Callable[[Incoming, Usage], Usage] = lambda _, usage: usage


def body_of(request: HttpRequest) -> Json:
    """Return the JSON object of a request. Raises Malformed."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Malformed(Problem(str(error))) from None
    if not isinstance(body, dict):
        raise Malformed(Problem("the body must be a JSON object"))
    return body


def objects(value: Any) -> list[Json]:
    """Return the objects of a list, none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def bearer(request: HttpRequest) -> str:
    """Return the secret of an `Authorization` header."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def pieces(text: str, count: int = 4) -> list[str]:
    """Return a text in up to `count` pieces, at least one."""
    size = max(1, -(-len(text) // count))
    return [text[place : place + size] for place in range(0, len(text), size)] or [""]


def event(value: Any, name: str | None = None) -> bytes:
    """Return a server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
