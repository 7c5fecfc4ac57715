"""How long a service says to wait, in headers or errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_SPAN = r"(?:\d+(?:\.\d+)?\s?(?:milli|ms|[smhd])[a-z]*\s?)+"
_WAIT = re.compile(
    rf"(?:retry|try again|wait)(?: in| after| for)? ({_SPAN})|(\d+(?:\.\d+)?) ?秒", re.IGNORECASE
)


def wait_stated(error: Any, message: str) -> float | None:
    """Return the seconds to wait that an error states in its details or its words."""
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return reset(detail["retryDelay"]) or None
    found = _WAIT.search(message)
    return reset((found[1] or f"{found[2]}s").lower()) or None if found else None


_LIMITED = [
    *(
        (f"x-ratelimit-remaining-{one}", f"x-ratelimit-reset-{one}")
        for one in ("requests", "tokens")
    ),
    *(
        (f"anthropic-ratelimit-{one}-remaining", f"anthropic-ratelimit-{one}-reset")
        for one in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
]
"""The headers of each limit: how much is left, and when it starts afresh."""


def exhausted(headers: Mapping[str, str]) -> list[float]:
    """Return the seconds until each used-up limit starts afresh, 0.0 where no header says."""
    return [
        reset(headers.get(again, ""))
        for left, again in _LIMITED
        if headers.get(left, "").strip() == "0"
    ]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` (or `retry-after-ms`) asks for, None without one."""
    milliseconds = headers.get("retry-after-ms", "")
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(value)
    except ValueError:
        seconds = _seconds_until(value, parsedate_to_datetime)
    return seconds if 0 < seconds < float("inf") else None


def _seconds_until(date: str, read: Callable[[str], datetime]) -> float:
    try:
        when = read(date)
    except ValueError:
        return 0.0
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


_UNITS = {"milli": 0.001, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}


def reset(text: str) -> float:
    """Return the seconds of a rate header: `6m0s`, `20ms`, `1.5s`, `30` or a time; 0.0 for none."""
    if "T" in text:
        return max(0.0, _seconds_until(text, datetime.fromisoformat))
    parts = re.findall(r"(\d+(?:\.\d+)?)\s?(milli|ms|s|m|h|d|)", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
