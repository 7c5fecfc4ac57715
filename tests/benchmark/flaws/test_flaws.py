"""The seven flaws: each changes one thing of the plan, unannounced, and the calls show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from pilotbench.benchmark import flaws
from pilotbench.benchmark.flaws import Attempt
from pilotbench.benchmark.flaws.drifts import DRIFTS, OPERATIONS
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.players.values import request_values
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.toolbox import CATEGORIES, TOOLS, is_discovery

Lines = list[str]
INSTANCES = [
    TASKS[task].instance(difficulty, index)
    for task, difficulty, index in product(TASKS, ("easy", "medium", "very_hard"), range(12))
]


def pairs(flaw: str) -> list[tuple[Instance, Lines, Lines]]:
    """Return (instance, optimal lines, flawed lines) of the instances that a flaw applies to."""
    found = []
    for instance in INSTANCES:
        try:
            flawed = flaws.flawed_lines(instance, flaw)
        except flaws.NotApplicable:
            continue
        found.append((instance, flaws.plan_lines(instance), flawed))
    return found


def one_line(optimal: Lines, flawed: Lines) -> tuple[str, str]:
    """Return the one line that differs, before and after."""
    assert len(optimal) == len(flawed)
    (changed,) = [(old, new) for old, new in zip(optimal, flawed, strict=True) if old != new]
    return changed


def clause(line: str) -> str:
    return line.partition(": ")[2]


def name(line: str) -> str:
    return line.partition(": ")[0]


def check_disorder(optimal: Lines, flawed: Lines) -> None:
    moved = [place for place, line in enumerate(optimal) if line != flawed[place]]
    assert len(moved) == 2
    first, second = moved
    assert (flawed[first], flawed[second]) == (optimal[second], optimal[first])


def check_misuse(optimal: Lines, flawed: Lines) -> None:
    old, new = one_line(optimal, flawed)
    assert clause(old) == clause(new)
    assert name(old) != name(new)


def check_parameter(optimal: Lines, flawed: Lines) -> None:
    old, new = one_line(optimal, flawed)
    assert name(old) == name(new)
    assert clause(old) != clause(new)


def check_missing(optimal: Lines, flawed: Lines) -> None:
    assert len(flawed) == len(optimal) - 1
    assert flawed in [optimal[:place] + optimal[place + 1 :] for place in range(len(optimal))]


def check_redundant(optimal: Lines, flawed: Lines) -> None:
    assert flawed in [optimal[: p + 1] + optimal[p:] for p in range(len(optimal))]


def check_logic(optimal: Lines, flawed: Lines) -> None:
    old, new = one_line(optimal, flawed)
    assert new.startswith(f"{old}, using the ")


def check_drift(optimal: Lines, flawed: Lines) -> None:
    old, new = one_line(optimal, flawed)
    assert name(old) != name(new)
    assert clause(old) != clause(new)


CHECKS: dict[str, Callable[[Lines, Lines], None]] = {
    "sequence_disorder": check_disorder,
    "tool_misuse": check_misuse,
    "parameter_error": check_parameter,
    "missing_step": check_missing,
    "redundant_operations": check_redundant,
    "logical_inconsistency": check_logic,
    "semantic_drift": check_drift,
}


def test_there_are_the_seven_flaws() -> None:
    assert list(CHECKS) == list(flaws.FLAWS)


@pytest.mark.parametrize("flaw", flaws.FLAWS)
def test_a_flaw_changes_one_thing_and_says_nothing_of_it(flaw: str) -> None:
    found = pairs(flaw)
    assert found
    for _, optimal, flawed in found:
        assert flawed != optimal
        CHECKS[flaw](optimal, flawed)
        assert not any(word in " ".join(flawed) for word in ("flaw", "wrong", "mistake", flaw))


@pytest.mark.parametrize("flaw", flaws.FLAWS)
def test_a_flaw_applies_to_nearly_all_plans_that_are_long_enough(flaw: str) -> None:
    long = [instance for instance in INSTANCES if len(instance.plan) >= 4]
    applicable = {id(instance) for instance, _, _ in pairs(flaw)}
    assert sum(id(instance) in applicable for instance in long) >= 0.9 * len(long)


@pytest.mark.parametrize("flaw", ["sequence_disorder", "missing_step", "logical_inconsistency"])
def test_a_flaw_between_steps_does_not_apply_to_one_step(flaw: str) -> None:
    for instance in INSTANCES:
        if len(instance.plan) == 1:
            with pytest.raises(flaws.NotApplicable):
                flaws.flawed_lines(instance, flaw)


def test_a_flaw_strikes_the_same_place_every_time_it_is_asked() -> None:
    for instance, flaw in product(INSTANCES[:20], flaws.FLAWS):
        try:
            once = flaws.flawed_lines(instance, flaw)
        except flaws.NotApplicable:
            continue
        assert flaws.flawed_lines(instance, flaw) == once


def test_a_flaw_strikes_all_places_over_many_instances() -> None:
    places = Counter(
        next(p for p, (a, b) in enumerate(zip(old, new, strict=True)) if a != b)
        for instance, old, new in pairs("tool_misuse")
        if len(instance.plan) >= 4
    )
    assert len(places) >= 4


def test_an_unknown_flaw_is_no_flaw() -> None:
    with pytest.raises(KeyError):
        flaws.flawed_lines(INSTANCES[0], "bad_mood")


@pytest.mark.parametrize("instance", INSTANCES[::7], ids=lambda i: f"{i.task}-{i.difficulty}")
def test_plan_lines_name_tools_and_where_tools_are_hidden_operations(instance: Instance) -> None:
    lines = flaws.plan_lines(instance)
    assert len(lines) == len(instance.plan)
    for line, step in zip(lines, instance.plan, strict=True):
        assert clause(line) == step.purpose
        hidden = is_discovery(instance.difficulty)
        assert name(line) == (step.operation if hidden else step.tool)


def test_flawed_lines_name_no_tool_where_tools_are_hidden() -> None:
    for flaw in flaws.FLAWS:
        for instance, _, flawed in pairs(flaw):
            if is_discovery(instance.difficulty):
                assert not any(tool in line for tool in TOOLS for line in flawed)


def test_a_parameter_error_never_states_a_value_of_the_request() -> None:
    for instance, optimal, flawed in pairs("parameter_error"):
        old, new = one_line(optimal, flawed)
        (value,) = set(request_values(new)) - set(request_values(old))
        assert value not in request_values(instance.request)


def test_a_wrong_column_holds_the_same_type_as_the_right_one() -> None:
    row = {"id": 1, "city": "Lund", "amount": 5, "site": "north", "weight": 6}
    world = {"tables": {"orders": {"kind": "table", "value": [row]}}}
    for column, others in (("amount", {"id", "weight"}), ("city", {"site"})):
        rule = {"data": "orders", "column": column, "rule": "present"}
        step = _step("data_processing_validator", f"drop what lacks `{column}`", **rule)
        for index in range(10):
            instance = Instance("simple_task", "easy", index, "Do it.", world, plan=(step,))
            (wrong,) = flaws.flawed_plan(instance, "parameter_error").steps
            assert wrong.step.arguments["column"] in others


def test_every_tool_has_drifts_to_tools_that_can_take_their_arguments() -> None:
    assert set(DRIFTS) == set(OPERATIONS) == set(TOOLS)
    for tool, drifts in DRIFTS.items():
        own = TOOLS[tool].parameters["properties"]
        for other, purpose, arguments in drifts:
            assert other != tool
            assert set(arguments) <= set(TOOLS[other].parameters["properties"])
            assert {v[1:] for v in arguments.values() if v.startswith("@")} <= set(own)
            purpose.format_map(dict.fromkeys(own, ""))


# Signatures on a plan of our own: read, parse, filter, notify.


def _step(tool: str, purpose: str, *needs: int, **arguments: Any) -> Step:
    return Step(tool, arguments, OPERATIONS[tool], purpose, needs)


def _handle(step: int) -> dict[str, Any]:
    return {"$step": step, "path": "handle"}


READ, PARSE, FILTER, NOTIFY = (
    "file_operations_reader",
    "data_processing_parser",
    "data_processing_filter",
    "utility_notifier",
)
PLAN = (
    _step(READ, "read the file", path="in/a_1.csv"),
    _step(PARSE, "parse the text", 0, data=_handle(0)),
    _step(
        FILTER, "keep rows whose `amount` is over 500", 1,
        data=_handle(1), column="amount", test=">", value=500,
    ),
    _step(NOTIFY, "notify its person", 2, to="ann.b", data=_handle(2)),
)  # fmt: skip
MADE = {READ: "text_1", PARSE: "table_1", FILTER: "table_2"}
RIGHT: dict[str, Any] = {READ: {"path": "in/a_1.csv"}, PARSE: {"data": "text_1"},
         FILTER: {"data": "table_1", "column": "amount", "test": ">", "value": 500},
         NOTIFY: {"to": "ann.b", "data": "table_2"}}  # fmt: skip


def _attempt(tool: str, ok: bool = True, **changes: Any) -> Attempt:
    result = {"handle": MADE[tool]} if ok and tool in MADE else None
    return Attempt(tool, {**RIGHT.get(tool, {}), **changes}, ok, result)


def _plan(index: int = 0) -> Instance:
    return Instance("basic_task", "easy", index, "Do it.", plan=PLAN)


def _struck(flaw: str, wanted: Callable[[Instance], bool]) -> Instance:
    """Return an index of the plan that the flaw strikes where it is wanted."""
    return next(one for one in map(_plan, range(500)) if wanted(one))


def _changed_place(flaw: str, place: int) -> Callable[[Instance], bool]:
    def test(instance: Instance) -> bool:
        steps = flaws.flawed_plan(instance, flaw).steps
        return steps[place].step != instance.plan[place]

    return test


DISORDER = _struck(
    "sequence_disorder",
    lambda one: (
        [s.origin for s in flaws.flawed_plan(one, "sequence_disorder").steps] == [0, 2, 1, 3]
    ),
)
MISUSED = _struck("tool_misuse", _changed_place("tool_misuse", 2))
MISUSE = flaws.flawed_plan(MISUSED, "tool_misuse").steps[2].step.tool
DRIFTED = _struck("semantic_drift", _changed_place("semantic_drift", 2))
DRIFT = flaws.flawed_plan(DRIFTED, "semantic_drift").steps[2].step.tool
VALUE = _struck(
    "parameter_error",
    lambda one: flaws.flawed_plan(one, "parameter_error").steps[2].step.arguments["value"] != 500,
)
WRONG = flaws.flawed_plan(VALUE, "parameter_error").steps[2].step.arguments["value"]
MISSING = _struck(
    "missing_step",
    lambda one: [s.origin for s in flaws.flawed_plan(one, "missing_step").steps] == [0, 1, 3],
)
TWICE = _struck(
    "redundant_operations",
    lambda one: (
        [s.origin for s in flaws.flawed_plan(one, "redundant_operations").steps] == [0, 1, 2, 2, 3]
    ),
)
LOGIC = _struck(
    "logical_inconsistency",
    lambda one: (
        flaws.flawed_plan(one, "logical_inconsistency").steps[3].step.arguments["data"]
        == _handle(1)
    ),
)
TO_FILTER = (_attempt(READ), _attempt(PARSE))
OTHER_TOOL = _attempt("utility_helper", topic="x")


@pytest.mark.parametrize(
    ("flaw", "instance", "attempts", "expected"),
    [
        ("sequence_disorder", DISORDER, (_attempt(READ), _attempt(FILTER, ok=False)), "followed"),
        ("sequence_disorder", DISORDER, (*TO_FILTER, _attempt(FILTER)), "corrected"),
        ("sequence_disorder", DISORDER, (_attempt(READ),), "not_reached"),
        ("tool_misuse", MISUSED, (*TO_FILTER, _attempt(MISUSE, ok=False)), "followed"),
        ("tool_misuse", MISUSED, (_attempt(MISUSE), _attempt(FILTER)), "followed"),
        ("tool_misuse", MISUSED, (_attempt(FILTER), _attempt(MISUSE)), "corrected"),
        ("tool_misuse", MISUSED, TO_FILTER, "not_reached"),
        ("semantic_drift", DRIFTED, (*TO_FILTER, _attempt(DRIFT)), "followed"),
        ("semantic_drift", DRIFTED, (*TO_FILTER, _attempt(FILTER)), "corrected"),
        ("semantic_drift", DRIFTED, (OTHER_TOOL,), "not_reached"),
        ("parameter_error", VALUE, (*TO_FILTER, _attempt(FILTER, value=WRONG)), "followed"),
        ("parameter_error", VALUE, (*TO_FILTER, _attempt(FILTER, False, value=WRONG)), "followed"),
        ("parameter_error", VALUE, (*TO_FILTER, _attempt(FILTER)), "corrected"),
        ("parameter_error", VALUE, TO_FILTER, "not_reached"),
        ("missing_step", MISSING, (*TO_FILTER, _attempt(NOTIFY)), "followed"),
        ("missing_step", MISSING, (*TO_FILTER, _attempt(FILTER), _attempt(NOTIFY)), "corrected"),
        ("missing_step", MISSING, TO_FILTER, "not_reached"),
        ("redundant_operations", TWICE, (_attempt(FILTER), _attempt(FILTER)), "followed"),
        ("redundant_operations", TWICE, (_attempt(FILTER, False), _attempt(FILTER), OTHER_TOOL),
         "corrected"),
        ("redundant_operations", TWICE, (_attempt(FILTER, False), _attempt(FILTER, False)),
         "not_reached"),
        ("redundant_operations", TWICE, (*TO_FILTER, _attempt(FILTER)), "not_reached"),
        ("logical_inconsistency", LOGIC, (*TO_FILTER, _attempt(NOTIFY, data="table_1")),
         "followed"),
        ("logical_inconsistency", LOGIC, (*TO_FILTER, _attempt(NOTIFY)), "corrected"),
        ("logical_inconsistency", LOGIC, (_attempt(READ), _attempt(NOTIFY, data="table_1")),
         "corrected"),
        ("logical_inconsistency", LOGIC, TO_FILTER, "not_reached"),
    ],
)  # fmt: skip
def test_a_signature_is_a_rule_on_attempted_calls(
    flaw: str, instance: Instance, attempts: tuple[Attempt, ...], expected: str
) -> None:
    assert flaws.signature(flaw, instance, attempts) == expected


def test_a_tool_is_misused_within_its_category() -> None:
    category = next(tools for tools in CATEGORIES.values() if FILTER in tools)
    assert MISUSE in category


def test_attempts_of_a_tool_that_occurs_twice_are_distinguished_by_their_arguments() -> None:
    note = _step("utility_helper", "look up the limit", topic="limits-1")
    other = _step("utility_helper", "look up the time", topic="times-2")
    plan = (note, other, _step(NOTIFY, "notify its person", 0, 1, to="ann.b", data=_handle(0)))
    instance = next(
        one
        for one in (Instance("basic_task", "easy", i, "Do it.", plan=plan) for i in range(100))
        if flaws.flawed_plan(one, "missing_step").steps[0].origin == 1
    )
    late, left_out = Attempt(NOTIFY, {}, True), Attempt("utility_helper", note.arguments, True)
    kept = Attempt("utility_helper", other.arguments, True)
    assert flaws.signature("missing_step", instance, [kept, late]) == "followed"
    assert flaws.signature("missing_step", instance, [kept, left_out, late]) == "corrected"


def test_steps_that_nothing_distinguishes_are_never_flawed() -> None:
    twin = _step("utility_helper", "look it up", topic="limits-1")
    instance = Instance("simple_task", "easy", 0, "Do it.", plan=(twin, twin))
    assert flaws.signatures(instance, []) == {}


@pytest.mark.parametrize("arguments", [None, "text", 7, ["list"], {"column": {"a": 1}}])
def test_a_signature_bears_arguments_of_any_shape(arguments: Any) -> None:
    attempts = [Attempt(step.tool, arguments, False) for step in PLAN]
    assert set(flaws.signatures(_plan(), attempts)) == set(flaws.FLAWS)


def test_harm_is_whether_a_literal_follower_fails() -> None:
    instances = [TASKS["basic_task"].instance("easy", index) for index in range(30)]
    repeated = [flaws.harmful("redundant_operations", instance) for instance in instances]
    assert {True, False} == set(repeated)
    assert all(flaws.harmful("missing_step", instance) for instance in instances)


FOUND: dict[int, Any] = {
    0: {"value": 40, "preview": "key,city\nheron-12,Lund"},
    1: {"names": ["code_812"]},
}


@pytest.mark.parametrize(
    ("source", "wanted", "answer"),
    [
        ({"$step": 0, "path": "value"}, 40, 40),
        ({"$sum": [{"$step": 0, "path": "value"}, 2]}, 42, 42),
        ({"times": 3, "less": 20, "of": {"$step": 0, "path": "value"}}, 100, 100),
        ({"times": 2, "less": 4, "of": {"$step": 1, "path": "names.0"}}, 1620, 1620),
        ({"$step": 0, "path": "preview"}, "heron-12", "heron-12"),
        ({"$step": 0, "path": "preview"}, "heron-1", "key,city\nheron-12,Lund"),
        ({"$step": 2, "path": "value"}, 7, None),
        ({"times": 2, "less": 4, "of": {"$step": 2, "path": "value"}}, 7, None),
    ],
)
def test_a_literal_answer_is_read_off_the_results(source: Any, wanted: Any, answer: Any) -> None:
    kind = "token" if isinstance(wanted, str) else "number"
    goal = ({"kind": "answer", "type": kind, "value": wanted},)
    instance = Instance(
        "simple_task", "easy", 0, "Do it.", goal=goal, extra={"answer_from": source}
    )
    assert flaws.literal_answer(instance, FOUND) == answer


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({1: {"handle": "table_1"}}, {"data": "table_1", "to": "ann.b"}),
        ({0: {"handle": "text_1"}}, {"data": "text_1", "to": "ann.b"}),
        ({}, {"data": "unknown", "to": "ann.b"}),
    ],
)
def test_a_literal_follower_takes_the_latest_handle_for_what_it_cannot_have(
    found: dict[int, Any], expected: dict[str, Any]
) -> None:
    step = _step(NOTIFY, "notify its person", 1, to="ann.b", data=_handle(1))
    assert flaws.literal_arguments(step, found) == expected
