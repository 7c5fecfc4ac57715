from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.matrix import config_files
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import load_experiment

CELL = Cell("small", "baseline", "simple_task", "easy", "0.8")
ENTRY = {
    "provider": "embedded",
    "deployment": "small",
    "protocol": "json",
    "weights": {"path": "a.gguf", "context": 8192},
}


def versions(entry: dict, **overrides: object) -> dict:
    merged = config_files.read(
        (), {"models": "small", "model_catalog": {"small": entry}, **overrides}
    )
    return load_experiment(merged, [Path(file) for file in config_files.BASE_FILES]).versions(CELL)


@pytest.mark.parametrize(
    ("changed", "overrides"),
    [
        ({"deployment": "other"}, {}),
        ({"protocol": "text"}, {}),
        ({"parameters": {"seed": 1}}, {}),
        ({"provider": "openai"}, {}),
        ({"weights": {"path": "b.gguf", "context": 8192}}, {}),
        ({"weights": {"path": "a.gguf", "context": 512}}, {}),
        ({}, {"repeats": 2}),
        ({}, {"max_turns": 4}),
    ],
)
def test_what_can_change_an_answer_makes_a_shard_out_of_date(
    changed: dict, overrides: dict
) -> None:
    assert versions({**ENTRY, **changed}, **overrides) != versions(ENTRY)


@pytest.mark.parametrize(
    ("changed", "overrides"),
    [
        ({"price": {"input": 1, "output": 2}}, {}),
        ({"reports": "small-0613"}, {}),
        ({}, {"shard_size": 3}),
        ({}, {"instances": 3}),
        ({}, {"routing": "by_prompt"}),
        ({}, {"providers": {"embedded": {"keys": {"embedded_cpu": {"slots": 7}}}}}),
    ],
)
def test_price_keys_and_sizes_do_not(changed: dict, overrides: dict) -> None:
    assert versions({**ENTRY, **changed}, **overrides) == versions(ENTRY)


def test_tasks_and_prompts_outside_the_selection_load_when_they_are_looked_up() -> None:
    merged = config_files.read(
        (), {"models": "oracle", "tasks": "simple_task", "prompts": "baseline"}
    )
    loaded = load_experiment(merged)
    assert loaded.tasks["basic_task"].name == "basic_task"
    assert loaded.prompts["cot"].name == "cot"
    with pytest.raises(UserError, match="unknown task 'nothing'"):
        loaded.tasks["nothing"]


def test_versions_name_the_benchmark_version_of_the_task() -> None:
    loaded = load_experiment(config_files.read((), {"models": "oracle"}))
    cells = [Cell("oracle", "baseline", task, "easy", "0.8") for task in ("simple_task", "mine")]
    assert loaded.versions(cells[0])["task"] == "3/3"
    loaded.tasks["mine"] = loaded.tasks["everyday_arithmetic"]  # a pack is of no version
    assert loaded.tasks["mine"].benchmark_version is None
    assert loaded.versions(cells[1])["task"].startswith("3/")
    loaded.tasks["newer"] = replace(cast(Any, loaded.tasks["simple_task"]), benchmark_version="4")
    newer = replace(cells[0], task="newer")
    assert loaded.versions(newer)["task"] == "4/3"
    assert loaded.fingerprint(newer) != loaded.fingerprint(cells[0])
