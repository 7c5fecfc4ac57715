"""Times and failures in the words of a person at a terminal."""

from __future__ import annotations

import re
import time

_PLAIN = (
    (re.compile(r"connection refused", re.IGNORECASE), "connection refused"),
    (re.compile(r"the name \S+ is not known|name or service not known", re.IGNORECASE), ""),
    (re.compile(r"no answer within"), "no answer in time"),
)


def duration(seconds: float) -> str:
    """Return a time span: `45 s`, `14 min`, `3 h`."""
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def until(seconds: float) -> str:
    """Return the time of day that is `seconds` ahead, with the date where it is not today."""
    then = time.localtime(time.time() + seconds)
    today = then.tm_yday == time.localtime().tm_yday
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


def plain(message: str) -> str:
    """Return what has failed without the name of an exception."""
    for pattern, words in _PLAIN:
        if found := pattern.search(message):
            return words or found[0]
    return re.sub(r"^[A-Z]\w+(Error|Timeout|Exception): ", "", message)
