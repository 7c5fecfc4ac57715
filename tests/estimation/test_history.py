"""What earlier episodes say about later ones, also where the provider reports no tokens."""

from __future__ import annotations

import pytest

from pilotbench.estimation.history import History, Past, _past
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.matrix.cells import Cell

CELL = Cell("m", "baseline", "sums", "none", "none")
GUESS = Workload(Range(1, 2, 3), Range(100, 200, 300), Range(10, 20, 30))
TOLD = _past(20, 2.0, 100.0, 10.0, 0.0, 0.0, 0.0, 1.5, 0.25)
UNTOLD = _past(20, 2.0, None, None, 0.0, None, None, 1.5, 0.0)


def guessed(past: Past, measure: str) -> Range | None:
    return past.factor(measure, GUESS, 10)


@pytest.mark.parametrize("measure", ["requests", "input", "output"])
def test_what_was_counted_corrects_the_guess(measure: str) -> None:
    found = guessed(TOLD, measure)
    assert found is not None
    assert found.low <= found.middle <= found.high


def test_what_was_not_counted_leaves_the_guess_as_it_is() -> None:
    assert guessed(UNTOLD, "requests") is not None
    assert guessed(UNTOLD, "input") is guessed(UNTOLD, "output") is None
    history = History({CELL: UNTOLD})
    assert history.cached("m") == 0.0
    assert history.latency_s("m") == 1.5
    other = Cell("m", "cot", "sums", "none", "none")
    factors = history.factors(other, lambda _: GUESS, 10)
    assert factors is not None
    assert factors["input"] is None
    assert factors["requests"] is not None
