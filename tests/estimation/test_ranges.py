"""Three numbers that travel together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.estimation.ranges import Range, Workload, total

numbers = st.floats(0, 1e6)
ranges = st.tuples(numbers, numbers, numbers).map(lambda three: Range(*sorted(three)))


@given(ranges, st.none() | ranges)
def test_history_never_leaves_the_bounds_and_keeps_the_order(bounds: Range, factor: Range) -> None:
    found = bounds.sharpened(factor)
    assert bounds.low <= found.low <= found.middle <= found.high <= bounds.high


def test_sums_add_end_to_end() -> None:
    one = Workload(Range(1, 2, 3), Range(10, 20, 30), Range(0, 1, 2))
    assert total([one, one.times(2)]) == Workload(Range(3, 6, 9), Range(30, 60, 90), Range(0, 3, 6))


@pytest.mark.parametrize(("factor", "middle"), [(Range(1, 2, 3), 4), (Range(9, 9, 9), 8)])
def test_a_factor_scales_the_middle(factor: Range, middle: float) -> None:
    assert Range(1, 2, 8).sharpened(factor).middle == middle
