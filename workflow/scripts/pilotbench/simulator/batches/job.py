"""A batch as the simulator keeps it, whatever API it came by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pilotbench.simulator.apis.api import Api, Problem, Usage
from pilotbench.simulator.ground.conversation import tokens_in
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
VALIDATING, RUNNING, CANCELLING = "validating", "running", "cancelling"
COMPLETED, FAILED, EXPIRED, CANCELLED = "completed", "failed", "expired", "cancelled"


@dataclass(frozen=True)
class Line:
    """One request of a batch: its name, the request that it is online, and the line as it came.

    `wrong` is a problem that only its own result reports.
    """

    name: str
    request: HttpRequest
    sent: Json
    wrong: Problem | None = None

    @property
    def tokens(self) -> int:
        """A rough number of the tokens that it takes."""
        return tokens_in(self.request.body)


@dataclass(frozen=True)
class LineAnswer:
    """The answer to a line: the response that it has online; `usage` where it is billed."""

    status: int
    body: Json
    usage: Usage | None = None


Answer = Callable[[Api, str, HttpRequest, str | None], LineAnswer]
"""From the API, the secret of the key, the request and the code of an error (None: it is answered
like an online request) to the answer."""


@dataclass
class Job:
    """A batch. Times are Unix times in s; `answers` belong to the first lines of `lines`.

    `about` is what its form keeps of it: metadata, display name, files. `errors` are those of the
    validation. `fault` is one of `invalid`, `expired` and `stuck`. A `whole` batch answers all its
    lines at its end, or none.
    """

    name: str
    form: str
    api: Api
    secret: str
    model: str
    lines: list[Line]
    about: Json
    created: float
    duration_s: float
    whole: bool = False
    fault: str | None = None
    phase: str = VALIDATING
    errors: list[Json] = field(default_factory=list)
    answers: list[LineAnswer] = field(default_factory=list)
    started: float | None = None
    cancelled: float | None = None
    ended: float | None = None

    @property
    def tokens(self) -> int:
        """A rough number of the tokens of all requests."""
        return sum(line.tokens for line in self.lines)

    @property
    def billed(self) -> int:
        """How many lines are paid for."""
        return sum(answer.usage is not None for answer in self.answers)

    @property
    def succeeded(self) -> int:
        """How many lines have an answer that is not an error."""
        return sum(answer.status == 200 for answer in self.answers)

    @property
    def failed(self) -> int:
        """How many lines have an error."""
        return len(self.answers) - self.succeeded

    def pairs(self) -> list[tuple[Line, LineAnswer | None]]:
        """Return each line with its answer, None for one that was not run."""
        missing = [None] * (len(self.lines) - len(self.answers))
        return list(zip(self.lines, [*self.answers, *missing], strict=True))

    def usage(self) -> Usage:
        """Return the tokens of all answers."""
        paid = [answer.usage for answer in self.answers if answer.usage is not None]
        return Usage(
            sum(one.input for one in paid),
            sum(one.output for one in paid),
            sum(one.reasoning for one in paid),
            sum(one.cached for one in paid),
        )
