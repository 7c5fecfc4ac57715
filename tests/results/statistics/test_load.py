"""Percentiles, requests in flight and utilisation."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.usage import active_spans, load, percentiles


def test_percentiles_interpolate_as_type_7():
    assert percentiles([1, 2, 3, 4], (50, 90)) == {"p50": 2.5, "p90": pytest.approx(3.7)}
    assert percentiles([]) == {}


def test_a_pause_ends_a_span():
    assert active_spans([0, 5, 200], [10, 6, 210], pause_s=60) == [(0, 10), (200, 210)]


def test_a_key_with_both_slots_busy_throughout_is_used_fully():
    found = load([0, 0, 10, 10], [10, 10, 20, 20], [(0, 20)], 2, bins=4)
    assert list(found.in_flight) == pytest.approx([2, 2, 2, 2])
    assert found.utilisation == pytest.approx(1.0)


def test_time_between_runs_is_not_idle_time():
    spans = [(0.0, 10.0), (1000.0, 1010.0)]
    found = load([0, 1000], [10, 1005], spans, 1, bins=2)
    assert found.active_s == 20
    assert list(found.in_flight) == pytest.approx([1.0, 0.5])
    assert found.utilisation == pytest.approx(0.75)


def test_load_is_the_mean_of_what_was_in_flight_at_each_moment():
    rng = np.random.default_rng(4)
    started = rng.uniform(0, 90, 300)
    ended = started + rng.uniform(0.1, 10, 300)
    found = load(started, ended, [(0, 100)], bins=10)
    moments = np.linspace(0, 100, 100_001)[:-1]
    in_flight = np.zeros(moments.size)
    for start, end in zip(started, ended, strict=True):
        in_flight += (moments >= start) & (moments < end)
    assert found.in_flight == pytest.approx(in_flight.reshape(10, -1).mean(1), abs=0.01)


def test_no_requests_no_utilisation():
    assert load([], [], [], 5).utilisation is None


def test_slots_hold_from_the_request_that_was_asked_under_them():
    found = load([0, 5, 30, 36], [5, 10, 35, 40], [(0, 10), (30, 40)], [4, 4, 2, 2], bins=4)
    assert list(found.slots) == pytest.approx([4, 4, 2, 2])
    assert found.mean_slots == pytest.approx(3)
    assert found.utilisation == pytest.approx((10 + 9) / (10 * 4 + 10 * 2))


def test_slots_that_change_within_a_bin_are_averaged():
    found = load([0, 6], [6, 10], [(0, 10)], [5, 10], bins=1)
    assert list(found.slots) == pytest.approx([0.6 * 5 + 0.4 * 10])


def test_unknown_slots_give_no_utilisation():
    assert load([0], [10], [(0, 10)]).utilisation is None
