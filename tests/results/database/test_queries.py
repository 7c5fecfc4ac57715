"""The DataFrames of the current selection, records, exports."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas
import pytest

from pilotbench.benchmark.flaws import FLAWED
from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import export, queries
from pilotbench.results.database.views import VIEWS
from support.database_lab import CELLS, SIZE, Lab, Replayed, half
from support.make_shards import make_episodes, make_header

FRAMES = {
    "episodes": queries.episodes,
    "errors": queries.errors,
    "metrics": queries.metrics,
    "cells": queries.cells,
    "leaderboard": queries.leaderboard,
    "owed": queries.owed,
    "shards": queries.shards,
}


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "episodes"])
def test_a_frame_has_the_documented_columns(lab: Lab, name: str) -> None:
    lab.first_update()
    assert list(FRAMES[name](lab.database)) == [column.name for column in VIEWS[name].columns]


def test_episodes_have_a_column_for_each_flaw_instead_of_a_map(lab: Lab) -> None:
    lab.first_update()
    documented = [column.name for column in VIEWS["episodes"].columns if column.name != "flaws"]
    spread = [f"flaw_{name.removeprefix('flawed_')}" for name in FLAWED]
    frame = queries.episodes(lab.database)
    assert list(frame) == documented + spread
    assert set(frame["flaw_missing_step"].dropna()) <= {"followed", "corrected", "not_reached"}


@pytest.mark.parametrize("name", ["episodes", "cells"])
def test_current_returns_only_the_selection(lab: Lab, name: str) -> None:
    lab.plan = Plan(lab.plan.shards[:1], 1)
    lab.update()
    frame: Any = FRAMES[name]
    assert set(frame(lab.database)["model"]) == {CELLS[0].model}
    assert set(frame(lab.database, current=False)["model"]) == {cell.model for cell in CELLS}


def test_frames_agree_with_the_records_of_the_files(lab: Lab) -> None:
    lab.first_update()
    records = [e for shard in lab.plan.shards for e in make_episodes(shard, text=0.05)]
    episodes = queries.episodes(lab.database).set_index("episode")
    assert len(episodes) == len(records)
    for record in records:
        row = episodes.loc[record["episode"]]
        success = None if pandas.isna(row["success"]) else bool(row["success"])
        assert success is record["success"]
        assert row["tokens_input"] == record["tokens"]["input"]
        assert row["goals_held"] == sum(goal["holds"] for goal in record["goals"])
        assert row["transient_met"] == record["transient"]["met"]
        assert row["error_parameter_config"] == record["errors"].get("parameter_config", 0)
        assert row["latency_s"] == pytest.approx(sum(r["latency_s"] for r in record["requests"]))
    requests = sum(len(record["requests"]) for record in records)
    asked = lab.value("SELECT count(*) FROM requests")
    assert asked == requests == episodes["requests"].sum()
    calls = sum(len(record["calls"]) for record in records)
    assert lab.value("SELECT count(*) FROM tool_calls") == calls


def test_a_cell_counts_its_episodes(lab: Lab) -> None:
    lab.path(lab.plan.shards[0]).unlink()
    lab.update(half)
    cells = queries.cells(lab.database).set_index(["model", "prompt"])
    first = cells.loc[("alpha", "baseline")]
    assert (first["planned"], first["owed"], first["provisional"]) == (SIZE, 1, SIZE - 1)
    won, tried = first["full_success"], first["completed"] + first["refused"]
    bounds = (won / (tried + 1), (won + 1) / (tried + 1))
    assert (first["lower"], first["upper"]) == pytest.approx(bounds)
    frame = queries.episodes(lab.database).query("model == 'beta' and prompt == 'optimal'")
    last, done = cells.loc[("beta", "optimal")], frame[frame["status"] == "completed"]
    assert last["success_rate"] == pytest.approx(done["success"].astype(float).mean())
    assert last["progress"] == pytest.approx(done["progress"].mean())
    assert last["effective_rate"] == pytest.approx(
        1 - frame["transient_met"].sum() / frame["drawn_calls"].sum()
    )


def mostly_owed(lab: Lab) -> None:
    """Leave one finished episode, a success, to alpha's baseline; the others stay complete."""
    shard = lab.plan.shards[0]
    lab.path(shard).unlink()
    won = [e for e in make_episodes(shard, text=0.05) if e["success"]][:1]
    lab.update(lambda s: Replayed(won if s == shard else []))


@pytest.mark.parametrize("table", ["cells", "leaderboard"])
def test_a_rate_with_owed_episodes_is_empty_next_to_its_bounds(lab: Lab, table: str) -> None:
    mostly_owed(lab)
    export.write(lab.database, lab.results / "exports")
    rows = pandas.read_csv(lab.results / "exports" / f"{table}.csv").query("planned > 0")
    owing, whole = rows[rows["owed"] > 0], rows[rows["owed"] == 0]
    assert owing["owed"].tolist() == [SIZE - 1]
    assert owing[["success_rate", "success_rate_all"]].isna().all(axis=None)
    assert owing["lower"].tolist() == pytest.approx([1 / SIZE])
    assert owing["upper"].tolist() == owing["rate_of_completed"].tolist() == [1]
    assert whole["success_rate_all"].tolist() == pytest.approx(whole["lower"].tolist())
    assert whole["rate_of_completed"].tolist() == pytest.approx(whole["success_rate"].tolist())
    assert whole["success_rate_all"].notna().all()


def test_the_leaderboard_sorts_what_owes_episodes_last(lab: Lab) -> None:
    mostly_owed(lab)
    board = queries.leaderboard(lab.database)
    assert board["owed"].tolist() == [0] * (len(board) - 1) + [SIZE - 1]
    assert board["success_rate_all"][:-1].is_monotonic_decreasing
    with queries.opened(lab.database) as connection:
        shown = connection.execute("SELECT model, prompt FROM leaderboard").fetchall()
    assert shown == [tuple(map(str, row)) for row in board[["model", "prompt"]].to_numpy()]


def test_a_model_that_owes_everything_is_the_last_of_the_leaderboard(lab: Lab) -> None:
    lab.path(lab.plan.shards[0]).unlink()
    lab.update()
    board = queries.leaderboard(lab.database)
    assert len(board) == len(CELLS)
    last = board.iloc[-1]
    assert (last["planned"], last["completed"], last["owed"]) == (SIZE, 0, SIZE)
    assert (last["lower"], last["upper"], last["requests"]) == (0, 1, 0)
    assert pandas.isna(last["success_rate_all"])
    assert pandas.isna(last["rate_of_completed"])


def test_an_unknown_price_is_no_price(lab: Lab) -> None:
    shard = lab.plan.shards[0]
    episodes = make_episodes(shard, text=0.05)
    episodes[0]["cost_usd"] = None
    write_shard(lab.path(shard), make_header(shard, episodes, 1), episodes)
    lab.update()
    cells = queries.cells(lab.database).set_index(["model", "prompt"])
    assert pandas.isna(cells.loc[("alpha", "baseline"), "cost_usd"])
    assert cells.loc[("beta", "baseline"), "cost_usd"] > 0


@pytest.mark.parametrize(
    "stored", [None, dict.fromkeys(("input", "output", "reasoning", "cached"), 0)]
)
def test_tokens_that_are_not_reported_are_null_and_have_no_cost(
    lab: Lab, stored: dict[str, int] | None
) -> None:
    shard = lab.plan.shards[0]
    episodes = make_episodes(shard, text=0.05)
    header = make_header(shard, episodes, 1)
    first = next(e for e in episodes if e["requests"])
    first["requests"][0]["tokens"] = stored
    first["tokens"], first["cost_usd"] = (None, None) if stored is None else (stored, 0.0)
    write_shard(lab.path(shard), header, episodes)
    lab.update()
    rows = queries.episodes(lab.database).set_index("episode")
    unknown = ["tokens_input", "tokens_output", "tokens_cached", "cost_usd"]
    assert rows.loc[first["episode"], unknown].isna().all()
    cells = queries.cells(lab.database).set_index(["model", "prompt"])
    assert pandas.isna(cells.loc[("alpha", "baseline"), "cost_usd"])


def test_mixed_provenance_within_a_cell_is_counted(lab: Lab) -> None:
    more = Shard(CELLS[0], SIZE, 2 * SIZE - 1)
    episodes = make_episodes(more, text=0.05)
    write_shard(lab.path(more), make_header(more, episodes, 1, scoring_version="2"), episodes)
    lab.plan = Plan((*lab.plan.shards, more), 1)
    lab.update()
    versions = queries.cells(lab.database).set_index(["model", "prompt"])["versions"]
    assert versions[("alpha", "baseline")] == 2
    assert versions[("beta", "baseline")] == 1


def test_a_record_comes_from_its_file(lab: Lab) -> None:
    lab.first_update()
    wanted = make_episodes(lab.plan.shards[1], text=0.05)[2]
    assert queries.record(lab.database, lab.results, wanted["episode"]) == wanted


def test_a_provisional_record_comes_from_the_database(lab: Lab) -> None:
    shard = lab.plan.shards[1]
    lab.path(shard).unlink()
    lab.update(half)
    wanted = make_episodes(shard, text=0.05)[1:]
    assert queries.record(lab.database, lab.results, wanted[0]["episode"]) == wanted[0]
    path = str(shard.path)
    assert queries.shard_records(lab.database, lab.results, path) == ({}, wanted)


def test_an_unknown_episode_is_a_user_error(lab: Lab) -> None:
    lab.first_update()
    with pytest.raises(UserError, match="no episode 00"):
        queries.record(lab.database, lab.results, "00")


def test_the_selection_is_what_the_last_command_selected(lab: Lab) -> None:
    lab.first_update()
    selection = queries.selection(lab.database)
    assert selection["models"] == ["alpha", "beta"]
    assert selection["planned"] == 4 * SIZE


def test_exports_have_the_same_episodes(lab: Lab) -> None:
    lab.first_update()
    folder = lab.results / "exports"
    export.write(lab.database, folder)
    episodes = queries.episodes(lab.database)
    parquet = pandas.read_parquet(folder / "episodes.parquet")
    table = pandas.read_csv(folder / "episodes.csv")
    assert list(parquet) == list(table) == list(episodes)
    assert list(parquet["episode"]) == list(table["episode"]) == list(episodes["episode"])
    assert {path.name for path in folder.iterdir()} == {
        "episodes.parquet",
        *(f"{name}.csv" for name in ("episodes", *export.TABLES)),
    }


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@sum", "\t=1", "=a\nb", " =1", "＝1"])
def test_a_formula_in_csv_is_text(tmp_path: Path, text: str) -> None:
    out = tmp_path / "table.csv"
    export.write_csv(pandas.DataFrame({"number": [-1.5], "text": [text]}), out)
    with out.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["number", "text"], ["-1.5", f"'{text}"]]


def test_a_carriage_return_starts_no_row_of_a_csv(tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    export.write_csv(pandas.DataFrame({"text": ["a\r=1", "\r=1"]}), out)
    assert out.read_bytes() == b"text\na\\r=1\n'\\r=1\n"


def test_a_slow_query_writes_no_progress_bar_to_stdout(lab: Lab) -> None:
    lab.first_update()
    with queries.opened(lab.database) as connection:
        setting = connection.execute("SELECT current_setting('enable_progress_bar')")
        assert setting.fetchone() == (False,)
