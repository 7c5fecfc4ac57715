"""Times in files: nobody can set them back, and those of another boot are moved."""

from __future__ import annotations

import pytest

from pilotbench.asking.keys.adaptive_limit import BELIEVED_S, AdaptiveLimit
from pilotbench.asking.keys.usage_file import KeyUsage
from pilotbench.ground.clock import CLOCK
from support.clocks import HandClock


def test_the_machine_has_one_clock_that_runs() -> None:
    assert CLOCK.boot
    assert CLOCK.now() <= CLOCK.now()
    assert CLOCK.shift(CLOCK.moment()) == 0.0


def paused(clock: HandClock, seconds: float) -> dict[str, object]:
    limit = AdaptiveLimit().rejected(clock.now(), clock.now() - 1, 0, 5, retry_after=seconds)
    return KeyUsage(limit, 5, [[int(clock.now() * 2), 1, 10]]).keep(clock)


@pytest.mark.parametrize("jump", [-8 * 3600, -1, 0, 3600, 1e9])
def test_a_calendar_that_jumps_changes_no_pause_of_this_boot(jump: float) -> None:
    clock = HandClock()
    kept = paused(clock, 20)
    clock.date += jump
    clock.forward(5)
    assert KeyUsage.kept(kept, clock).adaptive.paused_until - clock.now() == pytest.approx(15)


@pytest.mark.parametrize(
    ("calendar", "left"),
    [(1.7e9 + 5, 15), (1.7e9 + 60, -40), (1.7e9 - 8 * 3600, BELIEVED_S)],
    ids=["soon", "late", "set back"],
)
def test_after_a_reboot_the_calendar_decides_within_bounds(calendar: float, left: float) -> None:
    kept = paused(HandClock(), 20)
    after = HandClock("two", now=30.0, calendar=calendar)
    assert KeyUsage.kept(kept, after).adaptive.paused_until - after.now() == pytest.approx(left)


def test_usage_of_another_boot_is_moved_along() -> None:
    kept = paused(HandClock(), 20)
    after = HandClock("two", now=30.0, calendar=1.7e9 + 10)
    usage = KeyUsage.kept(kept, after)
    assert usage.wait_for(after.now(), 1, None, 0) > 40
    assert usage.wait_for(after.now() + 70, 1, None, 0) == 0


@pytest.mark.parametrize("moment", [None, [], {}, {"boot": "x"}, {"now": "a", "calendar": 1}])
def test_times_without_a_known_moment_are_dropped(moment: object) -> None:
    kept = {**paused(HandClock(), 20), "clock": moment}
    usage = KeyUsage.kept(kept, HandClock("two"))
    assert (usage.adaptive.paused_until, usage.used, usage.width) == (0.0, [], 5)
