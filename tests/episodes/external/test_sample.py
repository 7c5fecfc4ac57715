"""Scores in all forms as shares of the best."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.episodes.external.sample import Sample, as_text, text_of
from pilotbench.ground.errors import CommandFailed


@pytest.mark.parametrize(
    ("value", "best", "share"),
    [
        ("C", 1, 1.0),
        ("I", 1, 0.0),
        ("P", 1, 0.5),
        ("N", 1, 0.0),
        (True, 1, 1.0),
        ("false", 1, 0.0),
        ("True", 1, 1.0),
        ("0.25", 1, 0.25),
        (7, 10, 0.7),
        ("10", 10, 1.0),
    ],
)
def test_a_score_is_a_share_of_the_best(value: Any, best: float, share: float) -> None:
    assert Sample(0, value=value).share(best) == share


@pytest.mark.parametrize("value", [None, "", "good", 1.01, -0.1, "nan", "inf", [1], {"a": 1}])
def test_what_is_no_score_is_refused(value: Any) -> None:
    with pytest.raises(CommandFailed, match=r"sample 3: the score .* is not a number from 0 to 1"):
        Sample(3, value=value).share(1)


def test_without_a_score_the_success_is_one() -> None:
    assert [Sample(0, success=one).share(10) for one in (True, False)] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        ([{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}], "a\nb"),
        ({"role": "user", "content": [{"type": "input_text", "text": "a"}]}, "a"),
        (None, ""),
        (7, ""),
    ],
)
def test_the_text_of_a_message(content: Any, text: str) -> None:
    assert text_of(content) == text


def test_a_list_of_one_is_its_content() -> None:
    assert [as_text(one) for one in ([["a"]], None, ["a", "b"], 7)] == [
        "a",
        None,
        "['a', 'b']",
        "7",
    ]
