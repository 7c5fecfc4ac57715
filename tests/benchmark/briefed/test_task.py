"""Briefed pipelines: the request alone is not enough, request and plan are, and flaws matter."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.benchmark import flaws
from pilotbench.benchmark.briefed.briefing import DECISIVE, THINGS, phrase, sentence
from pilotbench.benchmark.briefed.task import TASK
from pilotbench.benchmark.generation.vocabulary import shown
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.world_task import WorldTask
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.ground.errors import TaskError
from support.reference_play import answer_of, reached

Json = dict[str, Any]
indices = st.integers(0, 5_000) | st.integers(0, 10**9)
levels = st.sampled_from(TASK.difficulties)
many = settings(max_examples=40, deadline=None)

LISTED = {  # tools that show objects by a name: the argument that is the name
    "file_operations_scanner": "folder",
    "file_operations_reader": "path",
    "network_monitor": "service",
    "network_validator": "url",
    "network_fetcher": "url",
    "utility_tracker": "reference",
    "utility_helper": "topic",
    "utility_cache": "key",
}


def withheld(instance: Instance) -> list[tuple[Json, Any]]:
    """Return each value that the request leaves out, with what is said of it."""
    return [
        (one, instance.plan[one["place"]].arguments[one["argument"]])
        for one in instance.extra["briefed"]
    ]


def said(value: Any, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(str(value))}(?![\w])", text) is not None


@many
@given(indices, levels)
def test_one_or_two_values_are_left_out_and_only_the_plan_states_them(
    index: int, level: str
) -> None:
    instance = TASK.instance(level, index)
    found = withheld(instance)
    assert len(found) in (1, 2)
    assert len({one["thing"] for one, _ in found}) == len(found)
    assert {one["thing"] for one, _ in found} & set(DECISIVE.values())
    for one, value in found:
        assert not said(value, instance.request)
        assert instance.request.lower().count(phrase(one["thing"]).lower()) == 1
        assert shown(value) in flaws.plan_lines(instance)[one["place"]]
    assert instance.request.endswith(sentence([one["thing"] for one, _ in found]))


@many
@given(indices)
def test_no_tool_shows_what_is_left_out(index: int) -> None:
    """Every name in the request is looked at with every tool that shows objects."""
    instance = TASK.instance("easy", index)
    names = re.findall(r"`([^`]+)`", instance.request)
    places = {*names, *(name.rpartition("/")[0] or name for name in names)}
    for tool, argument in LISTED.items():
        for name in places:
            more = {"action": "get"} if tool == "utility_cache" else {}
            reply = WorldSession(instance).call(tool, {argument: name, **more})
            for one, value in withheld(instance):
                assert one["thing"] in ("limit", "budget", "supplement") or not said(
                    value, str(reply)
                )


@many
@given(indices)
def test_a_wrong_value_misses_the_goal(index: int) -> None:
    instance = TASK.instance("easy", index)
    for one, value in withheld(instance):
        if one["thing"] not in DECISIVE.values():
            continue
        other = value + 1 if isinstance(value, int) else changed(value)
        session = WorldSession(instance)
        results: list[Any] = []
        for place, step in enumerate(instance.plan):
            arguments = flaws.literal_arguments(step, dict(enumerate(results)))
            if place == one["place"]:
                arguments[one["argument"]] = other
            results.append(session.call(step.tool, arguments).get("result", {}))
        assert not reached(session, answer_of(instance)), one


def changed(name: str) -> str:
    """Return a name with its last letter or digit changed."""
    *_, last = re.finditer(r"[a-z0-9]", name)
    return f"{name[: last.start()]}{'1' if last[0] == '0' else '0'}{name[last.end() :]}"


def test_a_value_that_is_left_out_is_one_of_a_thousand() -> None:
    found: dict[str, list[str]] = {}
    for index in range(300):
        for one, value in withheld(TASK.instance("easy", index)):
            found.setdefault(one["thing"], []).append(str(value))
    assert set(found) == set(THINGS.values())
    for thing, values in found.items():
        pairs = len(values) * (len(values) - 1) / 2
        same = sum(n * (n - 1) / 2 for n in Counter(values).values())
        assert same <= pairs / 1_000 + 3 * (pairs / 1_000) ** 0.5 + 1, thing


@pytest.mark.parametrize("flaw", flaws.FLAWS)
def test_a_flawed_plan_still_states_what_the_request_leaves_out(flaw: str) -> None:
    """Otherwise nobody could do the task, however well the flaw is noticed."""
    applies = 0
    for index in range(60):
        instance = TASK.instance("medium", index)
        try:
            lines = flaws.flawed_lines(instance, flaw)
        except flaws.NotApplicable:
            continue
        applies += 1
        assert all(shown(value) in "\n".join(lines) for _, value in withheld(instance))
    assert applies >= 30


@pytest.mark.parametrize("flaw", [f for f in flaws.FLAWS if f != "redundant_operations"])
def test_following_a_flaw_fails_nearly_always(flaw: str) -> None:
    signs = []
    for index in range(60):
        try:
            signs.append(flaws.harmful(flaw, TASK.instance("easy", index)))
        except flaws.NotApplicable:
            continue
    assert sum(signs) >= 0.9 * len(signs)


def test_it_is_of_version_4_and_has_the_levels_that_make_sense() -> None:
    assert (TASK.benchmark_version, TASK.difficulties) == ("4", ("easy", "medium"))
    assert [TASK.max_turns(level) for level in TASK.difficulties] == [22, 22]
    assert isinstance(TASK, WorldTask)


@pytest.mark.parametrize(("level", "index"), [("very_easy", 0), ("hard", 0), ("easy", -1)])
def test_another_level_or_a_bad_index_is_one_clear_error(level: str, index: int) -> None:
    with pytest.raises(TaskError, match="task briefed_pipeline: "):
        TASK.instance(level, index)


def test_version_3_wording_stays_out_of_its_requests() -> None:
    assert not any("typed in" in TASK.instance("easy", index).request for index in range(20))
