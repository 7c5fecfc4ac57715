"""The simulation of the horizon's interval: a small part of it."""

from __future__ import annotations

from dev import horizon_coverage as coverage
from dev.horizon_coverage import Setting

DECAY = Setting("decay", 12.0, 100, 0.0, 1)


def test_the_chosen_method_covers_where_log2_alone_does_not() -> None:
    found = DECAY.drawn(400)
    shares = {name: method(found, DECAY).mean() for name, method in coverage.METHODS.items()}
    assert 0.92 <= next(iter(shares.values())) <= 0.98
    assert max(list(shares.values())[1:]) < 0.8


def test_every_setting_is_simulated_once_and_shown_by_method_and_curve() -> None:
    every = list(coverage.settings())
    assert len(every) == len(set(every)) == 336
    shares = dict.fromkeys(every, 0.95) | {DECAY: 0.9}
    text = list(coverage.lines({"one": shares}, worst=1))
    assert "167 of 168" in text[2]
    assert "168 of 168" in text[3]
    assert text[-1] == "| decay | 12 | 100 | 0 | 1 | 90.0 % |"


def test_with_other_lengths_horizons_are_simulated_that_these_can_tell() -> None:
    every = list(coverage.settings((8.0, 16.0, 32.0)))
    assert {one.truth for one in every} == {6.0, 12.0, 24.0, 48.0}
    found = every[0].drawn(10)
    assert (found.lengths.tolist(), found.rates.shape) == ([8.0, 16.0, 32.0], (10, 3))
