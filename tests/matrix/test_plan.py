from dataclasses import dataclass, replace

import pytest

from pilotbench.benchmark import tasks
from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.instances import Example
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.matrix import config, config_files
from pilotbench.matrix.plan import plan


@dataclass(frozen=True)
class TaskShape:
    difficulties: tuple[str, ...] = DIFFICULTIES
    rated: bool = True
    planned: bool = True
    size: int | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Needs:
    needs_plan: bool
    examples: int = 0


PACK = TaskShape(difficulties=("none",), rated=False, planned=False, size=7)
SOLVED = replace(PACK, examples=(Example("What is 1 + 1?", "2"),))
TASKS = {**dict.fromkeys(tasks.TASKS, TaskShape()), "pack": PACK, "solved": SOLVED}
PROMPTS = {
    **dict.fromkeys(STANDARD_PROMPTS, Needs(False)),
    **dict.fromkeys(("optimal", *FLAWED), Needs(True)),
    "few_shot": Needs(False, examples=1),
}
CHOSEN = {"models": "oracle", "tasks": "all", "benchmark": 3, "difficulties": "easy"}


def planned(**overrides: object) -> list[str]:
    settings = config.settings(config_files.read((), {**CHOSEN, **overrides}))
    return [str(shard.path) for shard in plan(settings, TASKS, PROMPTS).shards]


@pytest.mark.parametrize(
    ("overrides", "count"),
    [
        ({}, 15),
        ({"models": "oracle,random"}, 30),
        ({"instances": 10, "shard_size": 5}, 30),
        ({"instances": 15, "shard_size": 5}, 45),
        ({"difficulties": "all"}, 75),
        ({"tool_success_rates": "0.6,0.8"}, 30),
        ({"prompts": "flawed"}, 35),
        ({"tasks": "pack", "difficulties": "all", "tool_success_rates": "0.6,0.8"}, 2),
        ({"tasks": "pack", "instances": "all", "shard_size": 3}, 6),
        ({"tasks": "pack,solved,simple_task", "prompts": "baseline,few_shot"}, 4),
        ({"grids": [{"prompts": "baseline,optimal"}, {"prompts": "optimal"}]}, 10),
        ({"grids": [{"prompts": "cot"}, {"difficulties": "hard", "tasks": "simple_task"}]}, 8),
    ],
)
def test_the_plan_is_the_product_of_the_axes_that_a_task_has(overrides: dict, count: int) -> None:
    paths = planned(**overrides)
    assert len(paths) == count
    assert len(set(paths)) == count


def test_growing_instances_only_adds_where_shards_are_full() -> None:
    small = planned(instances=10, shard_size=5)
    assert set(small) < set(planned(instances=15, shard_size=5))


def test_the_last_shard_is_cut_at_instances() -> None:
    assert planned(instances=7, shard_size=5, tasks="simple_task", prompts="cot") == [
        "oracle/cot/simple_task/easy/0.8/00000-00004.jsonl.gz",
        "oracle/cot/simple_task/easy/0.8/00005-00006.jsonl.gz",
    ]


def test_a_task_without_reference_plans_has_no_optimal_and_no_flawed() -> None:
    assert planned(tasks="pack", prompts="optimal,flawed") == []


def test_examples_are_read_only_for_a_prompt_that_shows_them() -> None:
    class Unread(TaskShape):
        def __getattribute__(self, name: str) -> object:
            assert name != "examples"
            return super().__getattribute__(name)

    chosen = config.settings(config_files.read((), {"models": "oracle", "tasks": "simple_task"}))
    found = plan(chosen, {**TASKS, "simple_task": Unread()}, PROMPTS)
    assert {shard.cell.prompt for shard in found.shards} == set(STANDARD_PROMPTS)
