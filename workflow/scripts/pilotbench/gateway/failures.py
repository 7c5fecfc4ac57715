"""An error in OpenAI's form: status, code and one line, never a traceback or a secret.

`x-should-retry: false`, which OpenAI's clients obey, marks what another attempt cannot change: the
keys have been tried, and the time for that is over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotbench.gateway.labels import NotAdmitted
from pilotbench.ground.errors import (
    BudgetSpent,
    ContextOverflow,
    KeyDead,
    PilotbenchError,
    QuotaSpent,
    RateLimited,
    Refused,
    Rejected,
    Retryable,
    Stopping,
    TimedOut,
    UnusableAnswer,
    UserError,
)
from pilotbench.ground.scrubber import Scrubber

Json = dict[str, Any]
NO_RETRY: Mapping[str, str] = {"x-should-retry": "false"}
PAUSE_S = 30
"""When to try again if no service says so."""
_INVALID, _SERVER = "invalid_request_error", "server_error"


class BadRequest(UserError):
    """A request that the gateway does not pass on."""


class UnknownModel(UserError):
    """A request to a model that the config does not have."""


class UnknownPath(UserError):
    """A request to an endpoint that the gateway does not have."""


@dataclass(frozen=True)
class Failed:
    """A response with an error; a final one is in the journal as an answer is."""

    status: int
    code: str
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    is_final: bool = False

    @property
    def body(self) -> Json:
        """The body in OpenAI's form."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": None,
                "code": self.code,
            }
        }


_TABLE: tuple[tuple[type[Exception], int, str, str], ...] = (
    (NotAdmitted, 401, "invalid_api_key", _INVALID),
    (UnknownModel, 404, "model_not_found", _INVALID),
    (UnknownPath, 404, "unknown_url", _INVALID),
    (UserError, 400, "invalid_request", _INVALID),
    (ContextOverflow, 400, "context_length_exceeded", _INVALID),
    (Refused, 400, "content_filter", _INVALID),
    (BudgetSpent, 402, "budget_spent", "insufficient_quota"),
    (QuotaSpent, 429, "insufficient_quota", "insufficient_quota"),
    (RateLimited, 429, "rate_limit_exceeded", "rate_limit_error"),
    (KeyDead, 502, "no_key_answers", _SERVER),
    (TimedOut, 504, "timeout", _SERVER),
    (Retryable, 502, "service_failed", _SERVER),
    (Stopping, 503, "stopping", _SERVER),
    (PilotbenchError, 502, "no_answer", _SERVER),
)
"""Error -> status, code, type: the first row that fits."""
_AGAIN = (RateLimited, Retryable, Stopping)
"""What a client may try again."""
_FINAL = (ContextOverflow, Refused, UnusableAnswer)


def failed(error: Exception) -> Failed:
    """Return the response that reports an error."""
    message = Scrubber().line(str(error), 1000)
    if isinstance(error, Rejected):
        status = error.status if error.status in (404, 413, 422) else 400
        return Failed(status, "rejected_by_service", _INVALID, message, NO_RETRY)
    for kind, status, code, form in _TABLE:
        if isinstance(error, kind):
            headers = _retry(error) if isinstance(error, _AGAIN) else NO_RETRY
            return Failed(status, code, form, message, headers, isinstance(error, _FINAL))
    return Failed(
        500, "internal_error", _SERVER, f"{type(error).__name__} in the gateway", NO_RETRY
    )


def _retry(error: Exception) -> Mapping[str, str]:
    wait = getattr(error, "retry_after", None) or (PAUSE_S if isinstance(error, RateLimited) else 1)
    return {"Retry-After": str(math.ceil(wait))}
