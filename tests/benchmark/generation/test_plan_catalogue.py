from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.benchmark.generation.plan_catalogue import catalogue, recipe_at, steps_of, twistable
from pilotbench.benchmark.generation.plan_grammar import ONE_STEP, Grammar
from pilotbench.benchmark.generation.vocabulary import successor
from pilotbench.benchmark.tasks import TASKS
from pilotbench.ground.errors import TaskError

LIBRARY = Path(__file__).parents[3] / "workflow" / "scripts"


def test_a_plan_is_the_tools_of_its_recipe_and_a_given_table_is_none() -> None:
    assert steps_of(("given", "note>filter", "filter", "write")) == (
        "utility_helper",
        "data_processing_filter",
        "file_operations_writer",
    )


def test_only_names_that_the_request_gives_can_be_ruled_out() -> None:
    assert twistable(("note>read", "read", "parse", "log")) == ["note>read"]
    assert twistable(("auth>fetch", "fetch", "post")) == ["fetch", "post"]
    assert twistable(("simulate", "log")) == ["simulate"]


@pytest.mark.parametrize("recipe", ONE_STEP)
def test_one_step_plans_have_one_step_and_a_name_to_rule_out(recipe: tuple[str, ...]) -> None:
    assert len(steps_of(recipe)) == 1
    assert twistable(recipe)


def test_a_round_uses_each_recipe_once_and_rounds_differ() -> None:
    recipes = [(str(place),) for place in range(70)]
    rounds = [
        [recipe_at("t", recipes, 70 * turn + place) for place in range(70)] for turn in (0, 1)
    ]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(recipes)
    assert rounds[0] != rounds[1]


def test_a_type_with_too_few_plans_is_one_clear_error() -> None:
    few = Grammar(task="few", least=1, most=1, sources=("read",), size=60)
    with pytest.raises(TaskError, match=r"^task few has \d+ plans, at least 60 are needed$"):
        catalogue(few)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data/orders_4821.csv", "data/orders_4821-x.csv"),
        ("orders_4821", "orders_4821-x"),
        ("https://a.example/b/1", "https://a.example/b/1-x"),
        ("mara.lind", "mara.lind-x"),
        ("inbox-4821", "inbox-4821-x"),
    ],
)
def test_a_successor_keeps_the_ending_of_a_file(name: str, expected: str) -> None:
    assert successor(name, "-x") == expected


def test_listing_tasks_loads_nothing_heavy() -> None:
    code = (
        "import sys, pilotbench.benchmark.tasks as t; assert len(t.TASKS) >= 5;"
        "heavy = {'pandas', 'openai', 'numpy', 'duckdb', 'jsonschema', 'fastjsonschema', 'jinja2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    made = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(LIBRARY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(TASKS))
def test_tasks_say_what_they_are(name: str) -> None:
    assert TASKS[name].name == name
    assert TASKS[name].description.endswith(".")
