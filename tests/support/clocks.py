"""A clock that tests move."""

from __future__ import annotations

from pilotbench.ground.clock import Clock


class HandClock(Clock):
    """Stands still until a test moves it; `calendar` may jump on its own."""

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
        """Let time pass."""
        self.seconds += seconds
        self.date += seconds
