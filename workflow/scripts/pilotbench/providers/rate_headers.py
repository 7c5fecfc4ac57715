"""The rate limits that the headers of a response state: how much, how much is left, until when.

- OpenAI, Groq, LiteLLM proxy: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, no period
- Azure, GitHub Models: the same, some without limit or with -1; `x-ratelimit-renewalperiod-…`
- Mistral, Cerebras: `x-ratelimit-…-{req,tokens,requests}-{minute,day}`, Mistral without a reset
- Anthropic: `anthropic-ratelimit-{requests,input-tokens,…}-{limit,remaining,reset}`, per minute
- OpenRouter and gateways: `x-ratelimit-{limit,remaining,reset}`, `ratelimit-…` with `;w=60`

Times are spans (`6m0s`, `20ms`, `1.5`), times of day (RFC 3339) or Unix times in s or ms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pilotbench.providers.waits import reset

MINUTE_S = 60.0
DAY_S = 86400.0
PERIODS = {"second": 1.0, "minute": MINUTE_S, "hour": 3600.0, "day": DAY_S}
LARGEST = 10**15
"""A larger limit is none."""
_COUNTS = r"(?:project-)?(?:requests|req|tokens|input-tokens|output-tokens)"
_HEADER = re.compile(
    rf"(?:x-)?ratelimit-(?P<part>limit|remaining|reset|renewalperiod)-(?P<counts>{_COUNTS})"
    rf"(?:-(?P<per>second|minute|hour|day))?|"
    rf"anthropic-ratelimit-(?P<claude>{_COUNTS})-(?P<piece>limit|remaining|reset)|"
    r"(?:x-)?ratelimit-(?P<bare>limit|remaining|reset)"
)


@dataclass(frozen=True)
class StatedLimit:
    """A limit that a response states.

    `name` says what it counts (`requests`, `tokens`, `input tokens`, `output tokens`) and, where
    the header does, the period (`requests a day`). `left` is what is left of `limit`, and `reset_s`
    the time until it is whole again, in most services. None is not stated.
    """

    name: str
    limit: int
    left: int | None = None
    reset_s: float | None = None
    period_s: float | None = None


def stated_limits(headers: Mapping[str, str]) -> tuple[StatedLimit, ...]:
    """Return the limits that headers state; those without a positive limit are left out."""
    found: dict[str, dict[str, str]] = {}
    for header, value in headers.items():
        if "ratelimit-" in header or "RateLimit-" in header:
            _keep(found, header.lower(), value)
    if not found:
        return ()
    now = _date(headers.get("date", ""))
    limits = (_limit(name, parts, now) for name, parts in found.items())
    return tuple(limit for limit in limits if limit is not None)


def limit_in_words(name: str, limit: int, period_s: float | None) -> str:
    """Return a limit in words: `120 requests a minute`; the period may be unknown."""
    counts = f"{limit:,} {name.partition(' a ')[0]}"
    if period_s is None:
        return f"{counts} (period unknown)"
    usual = next((word for word, seconds in PERIODS.items() if seconds == period_s), None)
    if usual is None:
        return f"{counts} in {period_s:.0f} s"
    return f"{counts} {'an' if usual == 'hour' else 'a'} {usual}"


def _keep(found: dict[str, dict[str, str]], header: str, value: str) -> None:
    named = _HEADER.fullmatch(header)
    if named is None:
        return
    counts = (named["counts"] or named["claude"] or "requests").replace("-", " ")
    name = "requests" if counts == "req" else counts
    part = named["part"] or named["piece"] or named["bare"]
    period = named["per"] or ("minute" if named["claude"] else "")
    parts = found.setdefault(f"{name} a {named['per']}" if named["per"] else name, {})
    parts[part] = value.strip()
    if period:
        parts["period"] = str(PERIODS[period])


def _limit(name: str, parts: Mapping[str, str], now: datetime) -> StatedLimit | None:
    limit = _count(parts.get("limit", ""))
    if not limit:
        return None
    left = _count(parts.get("remaining", ""))
    window = re.search(r";\s*w=(\d+)", parts.get("limit", ""))
    period = parts.get("period") or parts.get("renewalperiod") or (window[1] if window else "")
    span = _count(period.removesuffix(".0")) or None
    again = _seconds(parts.get("reset", ""), now)
    return StatedLimit(name, limit, None if left is None else min(left, limit), again, span)


def _count(text: str) -> int | None:
    """Return the whole number that a header begins with; None for -1, words and the like."""
    found = re.match(r"\d{1,16}(?![\d\w])", text)
    return int(found[0]) if found and int(found[0]) <= LARGEST else None


def _seconds(text: str, now: datetime) -> float | None:
    """Return the seconds until a limit is whole again; None where that is not said."""
    try:
        if "T" in text:
            when = datetime.fromisoformat(text)
            return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())
        if re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", text):  # a Unix time, in s or in ms
            moment = float(text) / (1000 if len(text) == 13 else 1)
            return max(0.0, moment - now.timestamp())
    except ValueError:
        return None
    return reset(text) if re.match(r"\d", text) else None


def _date(text: str) -> datetime:
    """Return the service's own time: its clock may differ from ours."""
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return datetime.now(UTC)
    return when.replace(tzinfo=when.tzinfo or UTC)
