"""The calls of a message are compared with those that are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scorers.calls import SCORER, example, wanted_in_words
from pilotbench.ground import schemas

Json = dict[str, Any]
OPTIONS = schemas.defaults({"properties": SCORER.options})
PARIS = {"name": "weather", "arguments": {"city": {"any": ["Paris", "Paris, France"]}}}
ROME = {"name": "weather", "arguments": {"city": "Rome"}}
TIME = {"name": "time", "arguments": {"zone": {"any": ["CET", None], "optional": True}, "at": 9}}


def made(name: str, **arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}


CASES: list[tuple[list[Json], Any, Json, str]] = [
    ([PARIS], [made("weather", city="Paris")], {}, "right"),
    ([PARIS], [made("weather", city="Paris, France")], {}, "right"),
    ([PARIS], [made("weather", city="paris")], {"ignore_case": True}, "right"),
    ([PARIS], [made("weather", city=" Paris ")], {"ignore_case": True}, "right"),
    (
        [PARIS],
        [made("weather", city="paris")],
        {},
        'weather: city is "paris", accepted: "Paris", "Paris, France"',
    ),
    ([PARIS], [made("weather")], {}, "weather: city is missing"),
    ([PARIS], [made("weather", city="Paris", unit="C")], {}, "weather: unit is not wanted"),
    ([PARIS], [made("time", city="Paris")], {}, "time is called, wanted: weather"),
    ([PARIS], "It is sunny.", {}, "no call; wanted: 1"),
    ([PARIS], [], {}, "no call; wanted: 1"),
    (
        [PARIS],
        [made("weather", city="Paris"), made("time")],
        {},
        "2 calls (weather, time); wanted: 1",
    ),
    ([PARIS, ROME], [made("weather", city="Rome"), made("weather", city="Paris")], {}, "right"),
    (
        [PARIS, ROME],
        [made("weather", city="Rome"), made("weather", city="Paris")],
        {"order": "same"},
        'weather: city is "Rome", accepted: "Paris", "Paris, France"',
    ),
    (
        [PARIS, ROME],
        [made("weather", city="Paris"), made("weather", city="Paris")],
        {},
        'weather: city is "Paris", accepted: "Rome"',
    ),
    ([TIME], [made("time", at=9)], {}, "right"),
    ([TIME], [made("time", at=9.0, zone=None)], {}, "right"),
    ([TIME], [made("time", at="9")], {}, 'time: at is "9", accepted: 9'),
    ([TIME], [made("time", at=True)], {}, "time: at is true, accepted: 9"),
    ([TIME], [made("time", at=9, zone="UTC")], {}, 'time: zone is "UTC", accepted: "CET", null'),
    ([made("f", a={"optional": True})], [made("f", a=[1])], {}, "right"),
    ([made("f", a={"optional": True})], [made("f")], {}, "right"),
    ([made("f", a={"any": [{"any": 1}]})], [made("f", a={"any": 1})], {}, "right"),
    ([made("f", a={"b": [1.0, "x"]})], [made("f", a={"b": [1, "x"]})], {}, "right"),
    ([made("f", a=[1, 2])], [made("f", a=[2, 1])], {}, "f: a is [2,1], accepted: [1,2]"),
    ([{"name": "f"}], [made("f")], {}, "right"),
    ([], "None fits.", {}, "right"),
    ([], [], {}, "right"),
    ([], [made("f")], {}, "1 call (f); wanted: none"),
]


@pytest.mark.parametrize(("wanted", "given", "options", "why"), CASES)
def test_the_verdict_says_what_differs(
    wanted: list[Json], given: Any, options: Json, why: str
) -> None:
    found = SCORER.judge(wanted, given, {**OPTIONS, **options})
    assert (found.right, found.why) == (why == "right", why)
    assert (found.read == "no call") == (given in ([], "It is sunny.", "None fits."))


def test_calls_are_read_as_people_write_them() -> None:
    found = SCORER.judge([], [made("f", a="x", b=[1, None]), made("g")], OPTIONS)
    assert found.read == 'f(a="x", b=[1,null]); g()'


def test_as_many_calls_as_possible_are_matched() -> None:
    wanted = [made("f", a={"any": values}) for values in ([1, 2], [1], [2, 3])]
    calls = [made("f", a=value) for value in (2, 3, 1)]
    assert SCORER.judge(wanted, calls, OPTIONS).right
    assert not SCORER.judge(wanted, [*calls[:2], made("f", a=3)], OPTIONS).right


@pytest.mark.parametrize("wanted", [wanted for wanted, *_ in CASES], ids=str)
def test_the_example_of_an_answer_is_right(wanted: list[Json]) -> None:
    assert SCORER.judge(wanted, example(wanted), OPTIONS).why == "right"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"any": []}, "[0].arguments.a.any is not a list of accepted values"),
        ({"any": "x"}, "[0].arguments.a.any is not a list of accepted values"),
        ({"any": [1], "optional": "yes"}, "[0].arguments.a.optional is not true or false"),
        ({"optional": False}, "[0].arguments.a has no accepted values: state any, or"),
        ({"optional": True}, None),
        ({}, None),
        ({"any": [1], "other": 2}, None),
    ],
)
def test_a_choice_of_values_that_is_none_is_a_problem(value: Any, why: str | None) -> None:
    found = SCORER.problem([made("f", a=value)])
    assert found is None if why is None else str(found).startswith(why)


def test_wanted_calls_are_written_with_their_choices() -> None:
    assert wanted_in_words([PARIS, ROME]) == (
        'weather(city="Paris" | "Paris, France"); weather(city="Rome")'
    )
    assert wanted_in_words([TIME]) == 'time(zone?="CET" | null, at=9)'
    free = {"name": "time", "arguments": {"zone": {"optional": True}}}
    assert wanted_in_words([free]) == "time(zone?=…)"
    assert wanted_in_words([]) == "no call"
