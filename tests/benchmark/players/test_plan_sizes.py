"""The sizes of messages that estimates count with."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.players.plan_sizes import sizes_of
from support.scenarios import every_level, made


@pytest.mark.parametrize("place", [*every_level((3,))], ids=str)
def test_the_plan_of_every_level_has_sizes(place: tuple[str, str, int]) -> None:
    sizes = sizes_of(made(*place))
    assert sizes.turn >= 0
    assert sizes.largest_reply < 100_000


def test_house_rules_make_the_largest_reply() -> None:
    short, long = (sizes_of(made("policy", level, 3)) for level in ("rules_1000", "rules_4000"))
    assert long.largest_reply > 3 * short.largest_reply > 10_000
