from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.world.references import resolve, steps_used

RESULTS: list[Any] = [{"handle": "h1"}, {"files": ["a", "b"], "limit": 10.25}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ({"$step": 0, "path": "handle"}, "h1"),
        ({"$step": 1, "path": "files.1"}, "b"),
        ({"x": [{"$step": 0, "path": "handle"}, 3]}, {"x": ["h1", 3]}),
        ({"$sum": [{"$step": 1, "path": "limit"}, 4.75]}, 15),
        ({"$sum": [{"$step": 1, "path": "limit"}, 0.2]}, 10.45),
    ],
)
def test_references_are_replaced_by_earlier_results(value: object, expected: object) -> None:
    assert resolve(value, RESULTS) == expected


def test_a_path_that_a_result_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        resolve({"$step": 0, "path": "no"}, RESULTS)


def test_the_steps_used_are_those_referred_to() -> None:
    value = {"a": {"$sum": [{"$step": 2, "path": "x"}, 1]}, "b": [{"$step": 0, "path": "y"}]}
    assert steps_used(value) == {0, 2}
