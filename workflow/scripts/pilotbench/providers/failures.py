"""From an HTTP failure to the error tree: rules per provider kind, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pilotbench.errors import (
    AuthenticationFailed,
    ContextOverflow,
    ProviderError,
    QuotaSpent,
    RateLimited,
    Refused,
    Rejected,
    ServerFailed,
    TimedOut,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """What a failure is known by: a code of the error body, or words of its message."""

    codes: frozenset[str]
    words: re.Pattern[str]

    def fits(self, codes: frozenset[str], message: str) -> bool:
        """Return whether one of the codes or the message is known."""
        return bool(self.codes & codes) or bool(self.words.search(message))


def _rule(codes: str, words: str) -> Rule:
    return Rule(frozenset(codes.split()), re.compile(words, re.IGNORECASE))


_NEVER = r"(?!)"
_OVERFLOW_CODES = "context_length_exceeded exceed_context_size_error string_above_max_length"
_OVERFLOW_WORDS = (
    r"maximum context length|context[ _](length|window|size) (of|is|exceed)|exceeds? the "
    r"(available|maximum|model'?s?) context|(prompt|input|request) is too long|too many (input )?"
    r"tokens in|range of input length should be"
)
OVERFLOW = {
    "openai": _rule(_OVERFLOW_CODES, _OVERFLOW_WORDS),
    "azure": _rule(_OVERFLOW_CODES, _OVERFLOW_WORDS),
    "llamacpp": _rule("exceed_context_size_error", r"exceeds the available context size"),
}
"""A 400 that says the conversation no longer fits, by provider kind."""

FILTERED = {
    "openai": _rule(
        "content_filter content_policy_violation data_inspection_failed DataInspectionFailed",
        r"content (management )?policy|inappropriate content",
    ),
    "azure": _rule("content_filter ResponsibleAIPolicyViolation", r"content management policy"),
    "llamacpp": _rule("", _NEVER),
}
"""A 400 that says the provider's filter refuses the request, by provider kind."""

SPENT = _rule(
    "insufficient_quota billing_hard_limit_reached billing_not_active Arrearage AllocationQuota",
    r"exceeded your current quota|insufficient (account )?balance",
)
"""A 429 or 403 that no patience heals."""


def failure(kind: str, status: int, headers: Mapping[str, str], body: Any) -> ProviderError:
    """Return the error that an answer with `status` stands for; `body` is decoded JSON or text."""
    codes, message = _told(body)
    text = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    if status == 402 or (status in (403, 429) and SPENT.fits(codes, message)):
        return QuotaSpent(text)
    if status == 429:
        return _rate_limited(text, headers)
    if status in (401, 403):
        return AuthenticationFailed(text)
    if status == 408:
        return TimedOut(text)
    if status in (409, 425) or status >= 500 or status < 400:
        return ServerFailed(text)
    if OVERFLOW[kind].fits(codes, message):
        return ContextOverflow(text)
    if FILTERED[kind].fits(codes, message):
        return Refused(text)
    return Rejected(text)


def _told(body: Any) -> tuple[frozenset[str], str]:
    """Return the codes and the message of an error body, whatever its form."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return frozenset(), str(error or "")
    inner = error.get("innererror")
    found = [error.get("code"), error.get("type")]
    if isinstance(inner, dict):
        found.append(inner.get("code"))
    return frozenset(str(code) for code in found if code), str(error.get("message") or "")


def _rate_limited(text: str, headers: Mapping[str, str]) -> RateLimited:
    spent = [
        reset(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    return RateLimited(text, retry_after(headers) or max(spent, default=None), bool(spent))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` (or `retry-after-ms`) asks for, None without one."""
    milliseconds = headers.get("retry-after-ms", "")
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return seconds if 0 < seconds < float("inf") else None


def _seconds_until(date: str) -> float:
    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}


def reset(text: str) -> float:
    """Return the seconds of a rate header such as `6m0s`, `20ms`, `1.5s` or `30`; 0.0 for none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
