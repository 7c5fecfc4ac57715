"""Two arms on instances of their own."""

from __future__ import annotations

import pytest

from pilotbench.results.statistics.unpaired import FISHER, WELCH, difference


def sample(solved: int, of: int) -> list[float]:
    return [1.0] * solved + [0.0] * (of - solved)


@pytest.mark.parametrize(  # Newcombe (1998), table II, method 10
    ("arm", "base", "limits"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_the_limits_are_newcombes(
    arm: tuple[int, int], base: tuple[int, int], limits: tuple[float, float]
) -> None:
    found = difference(sample(*base), sample(*arm))
    assert (found.low, found.high) == pytest.approx(limits, abs=5e-5)
    assert found.difference == pytest.approx(arm[0] / arm[1] - base[0] / base[1])
    assert (found.n_base, found.n_arm, found.test) == (base[1], arm[1], FISHER)


def test_the_exact_test_is_fishers() -> None:
    assert difference(sample(1, 10), sample(11, 14)).p == pytest.approx(0.0027594, abs=1e-6)


@pytest.mark.parametrize(
    ("base", "arm", "apart"),
    [([0.5] * 20, [0.5] * 20, False), ([0.0] * 20, [2 / 3] * 20, True)],
)
def test_means_of_several_repeats_are_compared_by_welchs_test(
    base: list[float], arm: list[float], apart: bool
) -> None:
    found = difference(base, arm, single=False)
    assert found.test == WELCH
    assert (found.p < 0.05) == apart
    assert (found.low > 0) == apart
