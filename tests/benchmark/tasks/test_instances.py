"""Instances in the simulated world: what must hold for every task, difficulty and index.

`PILOTBENCH_EXAMPLES` sets how many (task, index) pairs each property meets (default 60).
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.benchmark import flaws
from pilotbench.benchmark.briefed.task import TASK as BRIEFED
from pilotbench.benchmark.generation.plan_catalogue import catalogue, steps_of
from pilotbench.benchmark.generation.plan_steps import LOOKUPS, STEPS
from pilotbench.benchmark.generation.vocabulary import successor
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.world_task import WorldTask
from pilotbench.benchmark.world.references import resolve, steps_used
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.benchmark.world.toolbox import TOOLS
from pilotbench.ground.errors import TaskError
from support.reference_play import answer_of, play, play_without, reached

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("PILOTBENCH_EXAMPLES", "60"))
WORLD_TASKS: dict[str, WorldTask] = {
    name: task for name, task in TASKS.items() if isinstance(task, WorldTask)
}
LENGTHS = {
    "simple_task": (1, 2),
    "basic_task": (2, 3),
    "api_integration": (3, 4),
    "data_pipeline": (3, 5),
    "multi_stage_pipeline": (5, 8),
}
DIFFICULTIES = ("very_easy", "easy", "medium", "hard", "very_hard")

BRIEFED_LENGTHS = {BRIEFED.name: (3, 5)}
EVERY: dict[str, WorldTask] = {
    **{name: WORLD_TASKS[name] for name in LENGTHS},
    BRIEFED.name: BRIEFED,
}

tasks = st.sampled_from(sorted(LENGTHS))
every = st.sampled_from(sorted(EVERY))
numbers = st.integers(0, 59)  # of a level of the task
indices = st.integers(0, 5_000) | st.integers(0, 10**9)
difficulties = st.sampled_from(DIFFICULTIES)
many = settings(max_examples=EXAMPLES, deadline=None)


def levels(task: str, index: int) -> list[Instance]:
    return [EVERY[task].instance(difficulty, index) for difficulty in EVERY[task].difficulties]


def view(task: str, index: int, number: int) -> Instance:
    known = EVERY[task].difficulties
    return EVERY[task].instance(known[number % len(known)], index)


@many
@given(every, indices)
def test_the_reference_plan_reaches_the_goal_and_breaks_nothing(task: str, index: int) -> None:
    for instance in levels(task, index):
        session, _ = play(instance)
        assert reached(session, answer_of(instance))
        assert session.protected_broken() == []


@many
@given(every, indices)
def test_no_goal_predicate_holds_at_the_start(task: str, index: int) -> None:
    for instance in levels(task, index):
        assert not any(held for _, held, _ in WorldSession(instance).goal_state(None))


@many
@given(every, indices, numbers)
def test_leaving_out_any_state_changing_step_misses_the_goal(
    task: str, index: int, number: int
) -> None:
    instance = view(task, index, number)
    _, results = play(instance)
    for place, step in enumerate(instance.plan):
        if _changes_state(instance, place, step.tool, results):
            session = play_without(instance, place, results)
            assert not reached(session, answer_of(instance)), step.tool


@many
@given(every, indices)
def test_passing_over_any_operation_misses_the_goal(task: str, index: int) -> None:
    """Later steps take the data that the operation would have taken."""
    instance = EVERY[task].instance("easy", index)
    for place, step in enumerate(instance.plan):
        handle = {"$step": place, "path": "handle"}
        users = [later for later in instance.plan if handle in later.arguments.values()]
        if "data" not in step.arguments or not users:
            continue
        session = WorldSession(instance)
        results: list[Any] = []
        for other, later in enumerate(instance.plan):
            given = {
                k: step.arguments["data"] if v == handle else v for k, v in later.arguments.items()
            }
            if other == place:
                results.append({})
                continue
            reply = session.call(later.tool, resolve(given, results))
            if not reply["ok"]:
                break
            results.append(reply["result"])
        assert not reached(session, answer_of(instance)), step.tool


def _changes_state(instance: Instance, place: int, tool: str, results: list[Json]) -> bool:
    """Say whether a step changes the world or makes data that a later step passes on."""
    alone = WorldSession(instance)
    for earlier, step in enumerate(instance.plan[: place + 1]):
        before = (repr(alone.diff()), len(alone.world.signed_in))
        name = {"name": step.tool, "arguments": resolve(step.arguments, results)}
        if alone.discovery:
            alone.call("call_tool", name)
        else:
            alone.call(step.tool, name["arguments"])
        if earlier == place and before != (repr(alone.diff()), len(alone.world.signed_in)):
            return True
    handle = {"$step": place, "path": "handle"}
    return any(repr(handle) in repr(step.arguments) for step in instance.plan[place + 1 :])


@many
@given(every, indices)
def test_plans_have_the_length_of_their_type_and_two_goals_from_two_steps_on(
    task: str, index: int
) -> None:
    least, most = (LENGTHS | BRIEFED_LENGTHS)[task]
    for instance in levels(task, index):
        assert least <= len(instance.plan) <= most
        assert len(instance.goal) >= min(2, len(instance.plan))
        if task == "simple_task":
            assert len(instance.plan) == 2 - index % 2
        if task == "simple_task" and not index % 2 and instance.plan[1].arguments != {}:
            assert instance.plan[1].needs == (0,)


@many
@given(tasks, indices)
def test_the_levels_are_views_of_one_core(task: str, index: int) -> None:
    first, *others = levels(task, index)
    for other in others:
        assert [step.tool for step in other.plan] == [step.tool for step in first.plan]
        if other.difficulty != "very_hard":
            assert (other.plan, other.goal) == (first.plan, first.goal)
        asked = [goal.get("content") for goal in other.goal]
        assert asked == [goal.get("content") for goal in first.goal]
    assert len({instance.request for instance in (first, *others)}) == 4  # hard reads as medium
    sizes = [len(repr(instance.world)) for instance in (first, *others)]
    assert sizes[0] == sizes[1] == sizes[2] < sizes[3]


def literals(value: Any) -> list[Any]:
    """Return the plain values of reference arguments, references left out."""
    if isinstance(value, dict):
        if "$step" in value:
            return []
        return [plain for inner in value.values() for plain in literals(inner)]
    if isinstance(value, list):
        return [plain for inner in value for plain in literals(inner)]
    return [value]


def said(value: Any, request: str) -> bool:
    """Say whether the request shows the value, not as a part of another number or name."""
    return re.search(rf"(?<![\w.]){re.escape(str(value))}(?![\w])", request) is not None


@many
@given(every, indices)
def test_the_request_suffices_for_every_literal(task: str, index: int) -> None:
    for instance in levels(task, index):
        stated = {entry["value"] for entry in instance.extra["derived"]}
        brief = flaws.plan_lines(instance) if instance.extra.get("briefed") else []
        text = "\n".join([instance.request, *brief])
        for entry in instance.extra["derived"]:
            assert entry["value"] == successor(entry["name"], entry["suffix"])
            assert said(entry["name"], instance.request)
            assert entry["suffix"] in instance.request
        for step in instance.plan:
            shapes = TOOLS[step.tool].parameters["properties"]
            listed = [word for shape in shapes.values() for word in shape.get("enum", ())]
            for value in literals(step.arguments):
                assert value in listed or value in stated or said(value, text), (
                    instance.difficulty,
                    step.tool,
                    value,
                    text,
                )


@many
@given(every, indices, numbers)
def test_the_goal_asks_for_nothing_that_the_plan_does_not_name(
    task: str, index: int, number: int
) -> None:
    instance = view(task, index, number)
    _, results = play(instance)
    named = {
        str(value) for step in instance.plan for value in resolve(step.arguments, results).values()
    }
    for predicate in instance.goal[:-1]:
        assert predicate["object"].partition(":")[2] in named
        assert {predicate[key] for key in ("backend", "at") if key in predicate} <= named


@many
@given(every, indices)
def test_texts_stand_in_backticks_and_numbers_bare_without_stray_marks(
    task: str, index: int
) -> None:
    for instance in levels(task, index):
        shown = re.findall(r"`([^`]*)`", instance.request)
        assert not any(re.fullmatch(r"-?[\d.]+", word) for word in shown), instance.request
        bare = re.sub(r"`[^`]*`", "x", instance.request)
        assert not re.search(r",,|\.\.|  | ,|\b[Tt]hat URL of\b", bare), instance.request


@many
@given(every, indices)
def test_the_answer_comes_from_results_and_is_not_in_the_request(task: str, index: int) -> None:
    for instance in levels(task, index):
        session, results = play(instance)
        assert session.goal_state(None)[-1][1] is False
        wanted = answer_of(instance)
        assert not said(wanted, instance.request)
        source = instance.extra["answer_from"]
        if "times" in source:
            assert wanted == _answer(source, results)
            assert {str(source["times"]), str(source["less"])} <= set(
                re.findall(r"\d+", instance.request)
            )
        elif source.get("path") != "preview":
            assert wanted == resolve(source, results)


@many
@given(every, indices, numbers)
def test_what_a_step_yields_is_needed_later(task: str, index: int, number: int) -> None:
    instance = view(task, index, number)
    _, results = play(instance)
    for place, step in enumerate(instance.plan):
        later = any(place in other.needs for other in instance.plan[place + 1 :])
        answers = place in _all_steps(instance.extra["answer_from"])
        assert later or answers or _changes_state(instance, place, step.tool, results)


def _all_steps(source: Any) -> set[int]:
    if isinstance(source, dict) and "of" in source:
        return steps_used(source["of"])
    return steps_used(source)


@many
@given(every, indices)
def test_the_partial_order_follows_from_real_dependencies(task: str, index: int) -> None:
    """A step that needs another comes after it, and any order that respects needs works."""
    instance = EVERY[task].instance("easy", index)
    _, results = play(instance)
    done: list[int] = []
    while len(done) < len(instance.plan):
        ready = [
            place
            for place, step in enumerate(instance.plan)
            if place not in done and set(step.needs) <= set(done)
        ]
        done.append(ready[-1])
    session = WorldSession(instance)
    for place in done:
        step = instance.plan[place]
        assert session.call(step.tool, resolve(step.arguments, results))["ok"]
    assert reached(session, answer_of(instance))


@many
@given(tasks, indices)
def test_very_easy_names_the_tools_but_not_their_order(task: str, index: int) -> None:
    instance = TASKS[task].instance("very_easy", index)
    named = re.findall(r"^- `(\w+)`", instance.request, re.MULTILINE)
    assert sorted(named) == sorted(step.tool for step in instance.plan)
    lines = re.findall(r"^- .*", instance.request, re.MULTILINE)
    assert len(set(named)) == 1 or lines != sorted(
        lines, key=lambda line: named.index(line.split("`")[1])
    ) or named != [step.tool for step in instance.plan]  # fmt: skip
    for difficulty in DIFFICULTIES[1:]:
        other = TASKS[task].instance(difficulty, index)
        assert not any(tool in other.request for tool in TOOLS)


@many
@given(tasks, indices)
def test_very_hard_rules_out_the_obvious_plan(task: str, index: int) -> None:
    """Take the name that the request shows first, or the backend that the core takes."""
    plain, hardest = TASKS[task].instance("hard", index), TASKS[task].instance("very_hard", index)
    assert "But " in hardest.request
    valid = {entry["value"]: entry["name"] for entry in hardest.extra["derived"]}
    session = WorldSession(hardest)
    results: list[Any] = []
    for step in hardest.plan if valid else plain.plan:
        arguments = resolve(step.arguments, results)
        shown = {name: _first_shown(value, valid) for name, value in arguments.items()}
        reply = session.call("call_tool", {"name": step.tool, "arguments": shown})
        if not reply["ok"]:
            return
        results.append(reply["result"])
    if len(plain.plan) == 1 and not valid:
        assert hardest.extra["answer_from"]["of"] != plain.extra["answer_from"]
        return
    try:
        answer = _answer(hardest.extra["answer_from"], results)
    except IndexError:  # the ruled-out data has no such row
        return
    assert not reached(session, answer) or session.protected_broken()


def _answer(source: Json, results: list[Json]) -> Any:
    """Return the answer that a source of very_hard gives with these results."""
    if "of" not in source:
        return resolve(source, results)
    found = resolve(source["of"], results)
    if source["of"]["path"] == "preview":  # the key in the first row of a file
        found = found.split("\n")[1].split(",")[0] if "\n" in found else "0"
    number = int(re.findall(r"\d+", found)[-1]) if isinstance(found, str) else found
    return round(source["times"] * number - source["less"], 2)


def _first_shown(value: Any, valid: dict[str, str]) -> Any:
    return valid.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("task", EVERY)
def test_indices_walk_a_balanced_catalogue(task: str) -> None:
    plans = [
        tuple(step.tool for step in EVERY[task].instance("easy", index).plan)
        for index in range(200)
    ]
    assert len(set(plans[:20])) == 20
    assert len(set(plans)) >= 60
    assert max(Counter(plans).values()) <= 10
    assert len(catalogue(EVERY[task].grammar)) >= 60


def test_each_of_the_thirty_tools_occurs_in_at_least_three_plans() -> None:
    plans = {
        steps_of(recipe)
        for task in WORLD_TASKS.values()
        for recipe in (*catalogue(task.grammar), *task.odd)
    }
    used = Counter(tool for plan in plans for tool in set(plan))
    assert set(used) == set(TOOLS)
    assert min(used.values()) >= 3


def test_every_move_and_lookup_is_used() -> None:
    tokens = {
        token
        for task in WORLD_TASKS.values()
        for recipe in (*catalogue(task.grammar), *task.odd)
        for token in recipe
    }
    assert {token.partition(">")[0] for token in tokens if ">" in token} == set(LOOKUPS)
    assert {token for token in tokens if ">" not in token} == set(STEPS)


def test_what_reads_yield_cannot_be_guessed() -> None:
    """Values found by each kind of step repeat no more than among 1,000 equally plausible ones."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for task in LENGTHS:
        for index in range(150):
            instance = TASKS[task].instance("easy", index)
            _, results = play(instance)
            references = re.findall(
                r"\{'\$step': (\d+), 'path': '([^']+)'\}",
                repr([step.arguments for step in instance.plan]),
            )
            for step, path in set(references):
                value = resolve({"$step": int(step), "path": path}, results)
                found[instance.plan[int(step)].tool, path.rpartition(".")[2]].append(value)
            found["answer", task].append(answer_of(instance))
    assert len(found) > 20
    for kind, values in found.items():
        pairs = len(values) * (len(values) - 1) / 2
        repeated = sum(n * (n - 1) / 2 for n in Counter(map(str, values)).values())
        assert repeated <= pairs / 1_000 + 3 * (pairs / 1_000) ** 0.5 + 1, (kind, len(values))
    flags = [value for values in found.values() for value in values if isinstance(value, bool)]
    assert flags == []


def played(instance: Instance, guessed: dict[tuple[int, str], Any]) -> WorldSession | None:
    """Play the plan with some arguments guessed, by (step, name); None where a step fails."""
    session = WorldSession(instance)
    results: list[Any] = []
    for place, step in enumerate(instance.plan):
        guesses = {name: value for (at, name), value in guessed.items() if at == place}
        reply = session.call(step.tool, {**resolve(step.arguments, results), **guesses})
        if not reply["ok"]:
            return None
        results.append(reply["result"])
    return session


def test_a_number_that_a_read_yields_is_not_guessed_by_what_it_leads_to() -> None:
    """Many a limit keeps the same rows; then the answer needs the one that was looked up."""
    guessed = Counter[str]()
    for index in range(150):
        instance = TASKS["multi_stage_pipeline"].instance("easy", index)
        for place, step in enumerate(instance.plan):
            for name, value in step.arguments.items():
                field = value.get("path") if isinstance(value, dict) else None
                if field not in ("limit", "budget", "supplement", "surcharge"):
                    continue
                if value["$step"] in _all_steps(instance.extra["answer_from"]):
                    guessed[field] += 1
                    continue
                for guess in range(700, 9_700, 300):
                    session = played(instance, {(place, name): guess})
                    assert session is None or not reached(session, answer_of(instance))
    assert min(guessed["limit"], guessed["budget"]) >= 10


def test_a_route_that_is_asked_for_must_hold_at_the_end() -> None:
    routed = 0
    for task, index in product(LENGTHS, range(120)):
        instance = TASKS[task].instance("easy", index)
        for step in instance.plan:
            if step.tool != "network_router":
                continue
            session, results = play(instance)
            service = resolve(step.arguments, results)["service"]
            backends = instance.world["backends"][service]
            now = session.world.sections["routes"][service]
            other = next(b for b in backends if b["state"] == "up" and b["backend"] != now)
            arguments = {"service": service, "backend": other["backend"]}
            assert session.call(step.tool, arguments)["ok"]
            assert not reached(session, answer_of(instance))
            routed += 1
    assert routed >= 10


@pytest.mark.parametrize(
    ("task", "plain", "discovery"),
    [
        ("simple_task", 13, 17),
        ("basic_task", 16, 22),
        ("api_integration", 19, 27),
        ("data_pipeline", 22, 32),
        ("multi_stage_pipeline", 31, 47),
    ],
)
def test_automatic_turns(task: str, plain: int, discovery: int) -> None:
    turns = [TASKS[task].max_turns(difficulty) for difficulty in DIFFICULTIES]
    assert turns == [plain, plain, plain, discovery, discovery]


@pytest.mark.parametrize(
    ("difficulty", "index", "message"),
    [
        ("extreme", 0, "no difficulty 'extreme'; known: very_easy"),
        ("easy", -1, "index -1 is below 0"),
    ],
)
def test_an_unknown_difficulty_or_index_is_one_clear_error(
    difficulty: str, index: int, message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        TASKS["simple_task"].instance(difficulty, index)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_tools_offered_are_thirty_or_four_with_finish_last(difficulty: str) -> None:
    task = TASKS["basic_task"]
    offered = [tool.name for tool in task.tools(task.instance(difficulty, 0))]
    assert offered[-1] == "finish"
    assert len(offered) == (31 if difficulty in DIFFICULTIES[:3] else 4)
