"""`master_database.json` has the predecessor's format and is consistent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import master_json
from support.database_lab import CELLS, SIZE, Lab


def written(lab: Lab) -> Any:
    lab.update()
    out = lab.results / "master_database.json"
    master_json.write(lab.database, out)
    return json.loads(out.read_text(encoding="utf-8"))


def leaves(content: Any) -> list[dict[str, Any]]:
    return [
        leaf
        for model in content["models"].values()
        for prompt in model["by_prompt_type"].values()
        for rate in prompt["by_tool_success_rate"].values()
        for difficulty in rate["by_difficulty"].values()
        for leaf in difficulty["by_task_type"].values()
    ]


def half_done(lab: Lab) -> None:
    lab.path(lab.plan.shards[0]).unlink()


def nothing_done(lab: Lab) -> None:
    for shard in lab.plan.shards:
        lab.path(shard).unlink()


def part_selected(lab: Lab) -> None:
    lab.plan = Plan(lab.plan.shards[1:3], 1)


def all_done(lab: Lab) -> None:
    pass


@pytest.mark.parametrize("usd", [0.0888888888, 4.5e-7, 1234.000045, 0.0])
def test_a_cost_is_that_of_the_database_however_little_it_is(lab: Lab, usd: float) -> None:
    lab.update()
    with duckdb.connect(str(lab.database)) as connection:
        connection.execute("UPDATE store.episodes SET cost_usd = ?", [usd])
    known = lab.value("SELECT max(cost_usd) FROM cells")
    costs = [leaf["cost_usd"] for leaf in leaves(master_json.content(lab.database))]
    assert max(costs) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize("state", [all_done, half_done, nothing_done, part_selected])
def test_it_fits_its_schema_and_its_leaves_add_up(lab: Lab, state: Any) -> None:
    state(lab)
    content = written(lab)
    Draft202012Validator(master_json.schema()).validate(content)
    summary, cells = content["summary"], leaves(content)
    assert len(cells) == len(CELLS)
    assert summary["planned"] == lab.value(
        "SELECT (SELECT count(*) FROM episodes) + count(*) FROM owed"
    )
    for total, part in (
        ("total_tests", "total"),
        ("total_success", "full_success"),
        ("total_partial", "partial_success"),
        ("total_failure", "failure"),
        ("owed", "owed"),
    ):
        assert summary[total] == sum(cell[part] for cell in cells)
    for cell in cells:
        assert cell["total"] == cell["full_success"] + cell["partial_success"] + cell["failure"]
        assert cell["planned"] == sum(
            cell[part] for part in ("total", "refused", "owed", "not_applicable")
        )
        assert cell["total_errors"] == sum(cell["errors"].values())


def test_total_tests_are_the_completed_episodes_of_the_store(lab: Lab) -> None:
    lab.plan = Plan(lab.plan.shards[:1], 1)
    summary = written(lab)["summary"]
    query = "SELECT count(*) FROM episodes WHERE status = 'completed'"
    assert summary["total_tests"] == lab.value(query)
    assert summary["total_tests"] + summary["refused"] == 4 * SIZE
    assert summary["models_tested"] == sorted({cell.model for cell in CELLS})


def test_a_cell_in_part_outside_the_selection_is_one_leaf(lab: Lab) -> None:
    lab.plan = Plan((Shard(CELLS[0], 0, 0), Shard(CELLS[0], SIZE, SIZE)), 1)
    [leaf] = [leaf for leaf in leaves(written(lab)) if leaf["owed"]]
    assert (leaf["planned"], leaf["owed"]) == (SIZE + 1, 1)


def test_a_leaf_that_owes_episodes_has_bounds_and_no_rate(lab: Lab) -> None:
    lab.plan = Plan((*lab.plan.shards, Shard(CELLS[0], SIZE, SIZE)), 1)
    found = leaves(written(lab))
    [open_] = [leaf for leaf in found if leaf["owed"]]
    tried = open_["total"] + open_["refused"] + 1
    assert open_["success_rate"] is open_["success_rate_all"] is None
    assert open_["lower"] == pytest.approx(open_["full_success"] / tried, abs=1e-6)
    assert open_["upper"] == pytest.approx((open_["full_success"] + 1) / tried, abs=1e-6)
    assert open_["rate_of_completed"] == pytest.approx(
        open_["full_success"] / open_["total"], abs=1e-6
    )
    whole = [leaf for leaf in found if not leaf["owed"]]
    assert all(leaf["lower"] == leaf["upper"] == leaf["success_rate_all"] for leaf in whole)


def test_a_model_without_an_episode_was_not_tested(lab: Lab) -> None:
    nothing_done(lab)
    summary = written(lab)["summary"]
    assert summary["models_tested"] == []
    assert summary["last_test_time"] is None
    assert summary["owed"] == 4 * SIZE


def test_the_last_test_is_the_end_of_the_last_request(lab: Lab) -> None:
    summary = written(lab)["summary"]
    assert summary["last_test_time"].endswith("+00:00")
    assert summary["last_test_time"].startswith("2025-10-09T08:")


def test_the_same_database_gives_the_same_bytes(lab: Lab) -> None:
    written(lab)
    first = (lab.results / "master_database.json").read_bytes()
    lab.database.unlink()
    written(lab)
    assert (lab.results / "master_database.json").read_bytes() == first


def test_schema_and_code_know_the_same_kinds_of_error() -> None:
    errors = master_json.schema()["$defs"]["leaf"]["properties"]["errors"]
    assert tuple(errors["properties"]) == tuple(errors["required"]) == tuple(ERROR_KINDS)


def test_without_a_database_a_one_line_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no database yet; make it with: snakemake summary"):
        master_json.write(tmp_path / "master.duckdb", tmp_path / "master_database.json")
