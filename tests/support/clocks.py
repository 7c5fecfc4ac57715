"""A clock that tests move."""

from __future__ import annotations

from pilotbench.ground.clock import Clock


class HandClock(Clock):
    """A clock that stands still until a test advances it; `calendar` may jump separately."""

    def __init__(self, boot: str = "one", now: float = 1000.0, calendar: float = 1.7e9) -> None:
        self.name, self.seconds, self.date = boot, now, calendar

    @property
    def boot(self) -> str:
        """Return the name of the boot."""
        return self.name

    def now(self) -> float:
        """Return the seconds of the test."""
        return self.seconds

    def calendar(self) -> float:
        """Return the date of the test."""
        return self.date

    def forward(self, seconds: float) -> None:
        """Advance the clock."""
        self.seconds += seconds
        self.date += seconds
