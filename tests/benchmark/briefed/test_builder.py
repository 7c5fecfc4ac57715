"""A value that is left out of the request is in the line of the step that needs it."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.briefed.briefing import phrase
from pilotbench.benchmark.briefed.generate import build
from pilotbench.benchmark.generation.vocabulary import shown

RECIPE = ("fetch", "filter", "post")


@pytest.mark.parametrize("index", range(12))
def test_the_texts_refer_to_the_plan_and_its_line_has_the_value(index: int) -> None:
    built = build("briefed_pipeline", RECIPE, index)
    for one in built.withheld:
        step, part = built.steps[one.place], built.parts[one.place]
        value = shown(step.arguments[one.argument])
        assert value in step.purpose
        assert phrase(one.thing) not in step.purpose
        for text in (part.easy, part.fact):
            assert phrase(one.thing).lower() in text.lower()
            assert value not in text


def test_nothing_is_left_waiting() -> None:
    assert not any(build("briefed_pipeline", RECIPE, index).waiting for index in range(12))
