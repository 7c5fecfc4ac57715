"""Seconds since the boot: shared by all processes of the machine, and never set back.

Times in a file are stored together with the moment of writing. A reader of the same boot uses them
as they are; one of another boot or another machine moves them by the calendar.
"""

from __future__ import annotations

import math
import platform
import time
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
LATEST_S = 253_402_300_800.0
"""The end of the year 9999 as Unix time: no time and no duration in s is larger."""
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """The clock of this machine; tests have their own."""

    @property
    def boot(self) -> str:
        """Return the identifier of this boot of this machine."""
        return _boot()

    def now(self) -> float:
        """Return seconds since the boot, sleep included."""
        return time.clock_gettime(_BOOT)

    def calendar(self) -> float:
        """Return Unix time in s."""
        return time.time()

    def moment(self) -> Json:
        """Return the present in the form that is stored with other times."""
        return {"boot": self.boot, "now": self.now(), "calendar": self.calendar()}

    def shift(self, moment: Any) -> float | None:
        """Return what to add to times written at `moment`; None if it is unknown."""
        if not isinstance(moment, dict):
            return None
        if moment.get("boot") == self.boot:
            return 0.0
        then = [moment.get(name) for name in ("calendar", "now")]
        numbers = [float(one) for one in then if isinstance(one, float | int) and abs(one) < 1e12]
        if len(numbers) != 2 or not all(map(math.isfinite, numbers)):
            return None
        return (numbers[0] - numbers[1]) - (self.calendar() - self.now())


CLOCK = Clock()


@cache
def _boot() -> str:
    file = Path("/proc/sys/kernel/random/boot_id")
    try:
        return file.read_text().strip()
    except OSError:
        return platform.node()
