"""What OpenAI's two APIs have in common: secrets, errors and rate-limit headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.simulator.apis.api import TIERS, Outcome, Problem, bearer
from pilotbench.simulator.ground.keys import Limit
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
_TYPES = {401: "authentication_error", 429: "requests", 500: "server_error", 503: "server_error"}


def secret(request: HttpRequest) -> str:
    """Return the secret of Azure's header, or else of OpenAI's."""
    found = request.headers.get("api-key")
    return bearer(request) if found is None else found


def tier(outcome: Outcome) -> str:
    """Return the tier as it is reported: the usual one is `default`, and so is a batch."""
    return outcome.tier if outcome.tier in TIERS else "default"


def error(problem: Problem) -> tuple[int, Json]:
    """Return an error in OpenAI's form."""
    kind = _TYPES.get(problem.status, "invalid_request_error")
    if problem.code == "insufficient_quota":
        kind = problem.code
    code: str | None = problem.code if problem.own is None else problem.own or None
    body = {"message": problem.message, "type": kind, "code": code, "param": problem.param}
    return problem.status, {"error": body}


def headers(limits: Sequence[Limit], wait_s: float | None, now: float) -> dict[str, str]:
    """Return the x-ratelimit headers, and how long to wait."""
    found: dict[str, str] = {}
    for limit in limits:
        found[f"x-ratelimit-limit-{limit.name}"] = str(limit.most)
        found[f"x-ratelimit-remaining-{limit.name}"] = str(limit.left)
        found[f"x-ratelimit-reset-{limit.name}"] = f"{limit.reset_s:.3f}s"
    if wait_s is not None:
        found["retry-after"] = f"{wait_s:.3f}"
        found["retry-after-ms"] = f"{wait_s * 1000:.0f}"
    return found
