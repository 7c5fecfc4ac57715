"""Families, letters and detectable differences."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.multiple import detectable, holm, letters
from pilotbench.results.statistics.paired import sign_flip


def test_holm_gives_the_textbook_values_and_keeps_the_untested():
    found = holm([0.01, None, 0.04, 0.03, 0.005])
    assert found == [pytest.approx(0.03), None, *map(pytest.approx, (0.06, 0.06, 0.02))]


def test_a_family_of_true_nulls_has_a_false_finding_in_at_most_one_of_twenty():
    rng = np.random.default_rng(9)
    draws, wrong = 400, 0
    for _ in range(draws):
        chances = rng.beta(1.0, 1.0, (6, 100))
        arms = rng.binomial(3, chances), rng.binomial(3, chances)
        wrong += min(holm([sign_flip(d / 3) for d in arms[0] - arms[1]])) <= 0.05
    assert 0.02 <= wrong / draws <= 0.07


def test_holm_of_no_test_is_no_test():
    assert holm([None, None]) == [None, None]


def apart(*pairs):
    return {frozenset(pair): True for pair in pairs}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {"p": "a", "q": "a", "r": "a"}),
        ([("p", "r")], {"p": "a", "q": "ab", "r": "b"}),
        ([("p", "q"), ("p", "r")], {"p": "a", "q": "b", "r": "b"}),
        ([("p", "q"), ("p", "r"), ("q", "r")], {"p": "a", "q": "b", "r": "c"}),
        ([("p", "q"), ("q", "r")], {"p": "a", "q": "b", "r": "a"}),
    ],
)
def test_names_share_a_letter_exactly_if_they_cannot_be_distinguished(pairs, expected):
    assert letters(["p", "q", "r"], apart(*pairs)) == expected


def test_letters_are_right_for_every_pattern_of_five():
    rng = np.random.default_rng(0)
    names = list("vwxyz")
    for _ in range(200):
        told = {frozenset((a, b)): bool(rng.random() < 0.5) for a in names for b in names if a < b}
        display = letters(names, told)
        for pair, is_apart in told.items():
            a, b = pair
            assert is_apart == (not set(display[a]) & set(display[b]))


def test_the_27th_group_has_its_own_letter():
    names = [f"m{i:02d}" for i in range(30)]
    told = apart(*((a, b) for a in names for b in names if a < b))
    display = letters(names, told)
    assert (display["m00"], display["m26"], len(set(display.values()))) == ("a", "a'", 30)


def test_detectable_inverts_connors_sample_size():
    """delta 0.2, discordance 0.4, two-sided 0.05, power 0.8: his formula asks for 76 pairs."""
    z = 1.959964, 0.841621
    pairs = (z[0] * 0.4**0.5 + z[1] * (0.4 - 0.04) ** 0.5) ** 2 / 0.04
    assert round(pairs) == 76
    assert detectable(76, 0.4) == pytest.approx(0.2, abs=0.002)


def test_detectable_grows_with_the_family_and_shrinks_with_n():
    assert detectable(100, 0.3, tests=10) > detectable(100, 0.3) > detectable(400, 0.3)


def test_detectable_is_none_if_nothing_could_be_detected():
    assert detectable(3, 0.5) is None
    assert detectable(0, 0.5) is None


def test_the_detectable_difference_is_found_in_about_four_of_five_draws():
    rng = np.random.default_rng(2)
    n, share = 200, 0.3
    delta = detectable(n, share)
    chances = [(share - delta) / 2, 1 - share, (share + delta) / 2]
    draws = rng.choice([-1.0, 0.0, 1.0], p=chances, size=(800, n))
    found = np.mean([sign_flip(d) <= 0.05 for d in draws])
    assert 0.72 <= found <= 0.86  # the exact test is a little weaker than the normal formula
