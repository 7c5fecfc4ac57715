"""A number is traced to its episodes and files, and the reported command reproduces it."""

from __future__ import annotations

import gzip
import json
import shlex
import subprocess
import sys
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pilotbench.benchmark.packs.label_files import Label
from pilotbench.commands.where_from import text
from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.errors import UserError
from pilotbench.ground.job_context import file_digest
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.analysis import load, scores, where_from
from pilotbench.results.analysis.corrected_rates import corrected_table
from pilotbench.results.database import schema
from support import make_shards
from support.build import Build
from support.database_lab import CELLS, SIZE, Lab, half

CELL = dict(zip(schema.CELL, CELLS[0].words, strict=True))


def test_a_number_of_a_cell_names_episodes_file_and_commit(lab: Lab) -> None:
    lab.first_update()
    origin = where_from.where_from(lab.database, "success_rate", CELL, lab.results)
    levels = [episode["level"] for episode in origin.episodes]
    assert origin.value == pytest.approx(levels.count("full_success") / len(levels))
    assert [file["path"] for file in origin.files] == [str(lab.plan.shards[0].path)]
    assert origin.files[0]["commit"] == "0" * 40
    assert origin.commands[0] == "git checkout " + "0" * 40
    assert str(lab.path(lab.plan.shards[0])) in origin.commands[1]


def test_a_number_over_several_cells_names_all_their_files(lab: Lab) -> None:
    lab.first_update()
    origin = where_from.where_from(lab.database, "tokens_input", {"model": "alpha"}, lab.results)
    assert len(origin.files) == 2
    assert len(origin.episodes) == 2 * SIZE
    assert origin.value == lab.value("SELECT sum(tokens_input) FROM episodes WHERE model = 'alpha'")


def test_refused_episodes_are_not_counted_in_a_success_rate(lab: Lab) -> None:
    lab.first_update()
    origin = where_from.where_from(lab.database, "success_rate", {}, lab.results)
    every = where_from.where_from(lab.database, "success_rate_all", {}, lab.results)
    assert {episode["status"] for episode in origin.episodes} == {"completed"}
    assert len(every.episodes) == 4 * SIZE


def test_a_corrected_rate_has_its_number_too(mixed: Lab) -> None:
    rows = mixed.rows(
        "SELECT index FROM episodes WHERE model = 'alpha' AND status = 'completed' ORDER BY index"
    )
    mixed.labels = [
        Label(f"l {index}", "simple_task", index, "alpha", prompt="baseline", right=index % 3 > 0)
        for (index,) in rows[:24]
    ]
    mixed.update()
    data = load.load(mixed.database, None)
    [row] = corrected_table(data, scores.prepared(data)).to_dict("records")
    words = {"model": "alpha", "task": "simple_task"}
    for column in ("corrected", "corrected_low", "verdict_rate_high", "labelled"):
        origin = where_from.where_from(mixed.database, column, words, mixed.results)
        assert origin.value == pytest.approx(row[column])
        assert len(origin.episodes) == 60


@pytest.fixture
def mixed(tmp_path: Path) -> Lab:
    """A model and the oracle, sixty instances each, of which the model was refused some."""
    cells = [Cell(name, "baseline", "simple_task", "easy", "0.8") for name in ("alpha", "oracle")]
    model, player = (Shard(cell, 0, 59) for cell in cells)
    lab = Lab(tmp_path / "results", Plan((model, player), 1))
    lab.write(model)
    role = {"provider": "players", "deployment": "oracle"}
    episodes = [one | role for one in make_shards.make_episodes(player, text=0.05)]
    write_shard(lab.path(player), make_shards.make_header(player, episodes, 1), episodes)
    lab.update()
    return lab


@pytest.mark.slow
def test_every_number_of_the_scores_is_the_one_of_the_summary(
    mixed: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where_from, "load", cache(load.load))  # the database stays as it is
    found = load.load(mixed.database, None)
    (row,) = [r for _, r in scores.cell_table(found, scores.prepared(found)).iterrows()]
    assert (row["model"], row["planned"]) == ("alpha", 60)
    assert row["refused"] > 0
    columns = [name for name in row.index if name not in (*schema.CELL, "protocol")]
    assert {"owed", "success_rate_all_low", "upper", "tokens_per_success", "turns"} <= {*columns}
    selections = cycle([{}, {"model": "alpha"}, {"prompt": "baseline"}])
    for column, words in zip(columns, selections, strict=False):
        origin = where_from.where_from(mixed.database, column, words, mixed.results)
        assert {episode["model"] for episode in origin.episodes} <= {"alpha"}
        if pd.isna(row[column]):
            assert origin.value is None, column
        else:
            assert origin.value == pytest.approx(float(row[column])), column


def test_a_player_counts_where_it_is_named(mixed: Lab) -> None:
    origin = where_from.where_from(mixed.database, "lower", {"model": "oracle"}, mixed.results)
    won = [episode["level"] == "full_success" for episode in origin.episodes]
    assert origin.value == pytest.approx(sum(won) / 60)
    assert {episode["model"] for episode in origin.episodes} == {"oracle"}


def test_owed_episodes_are_named_with_the_command_that_requests_them(lab: Lab) -> None:
    lab.path(lab.plan.shards[0]).unlink()
    lab.update(half)
    origin = where_from.where_from(lab.database, "owed", CELL, lab.results)
    assert (origin.value, origin.episodes, origin.commands) == (1, [], [])
    assert [owed["kind"] for owed in origin.owed] == ["RateLimited"]
    assert origin.files[0]["state"] == "provisional"
    assert origin.finish == f"snakemake --config results_dir={lab.results}"
    lines = text(origin).splitlines()
    assert "and 1 owed:" in lines
    assert lines[-1] == origin.finish


@pytest.mark.parametrize(
    ("column", "words", "says"),
    [
        ("beauty", {}, "no column 'beauty'; allowed: planned"),
        ("success_rate", {"colour": "blue"}, "unknown word 'colour'; allowed: model"),
        ("success_rate", {"model": "gamma"}, "no episode of the current selection has model=gamma"),
    ],
)
def test_a_wrong_argument_is_a_one_line_error(
    lab: Lab, column: str, words: dict[str, str], says: str
) -> None:
    lab.first_update()
    with pytest.raises(UserError, match=says):
        where_from.where_from(lab.database, column, words, lab.results)


@pytest.mark.slow
def test_the_reported_command_recreates_the_files(tmp_path: Path) -> None:
    build = Build(tmp_path, {"models": ["mine"], "prompts": ["baseline"], "model_catalog": _MINE})
    assert build.snakemake("--config", "instances=3").returncode == 0
    before = build.shards()
    told = json.loads(
        subprocess.run(
            [*_PILOTBENCH, "where-from", "success_rate", "model=mine", "--json"],
            cwd=build.folder,
            env=build.environment(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    (command,) = [c for c in told["commands"] if c.startswith("snakemake")]
    assert command.endswith("--configfile overlay.yaml --config instances=3")
    assert told["read"].endswith("/easy/0.8 0 --configfile overlay.yaml --config instances=3")
    shown = build.python(*shlex.split(told["read"])[1:])
    assert "## transcript, from its shard file" in shown.stdout
    (log,) = (build.folder / ".snakemake/log").glob("*.log")
    assert {(file["run"], file["path"]) for file in told["files"]} == {
        (log.name, path) for path in before
    }
    assert len(before) == 2
    for path in before:
        (build.folder / "results/shards" / path).unlink()
    run = build.python("-m", *shlex.split(command))
    assert run.returncode == 0, run.stdout
    assert [_episodes(content) for content in build.shards().values()] == [
        _episodes(content) for content in before.values()
    ]


def test_several_commands_recreate_the_files_of_several_runs(lab: Lab) -> None:
    first, second, *_ = lab.plan.shards
    seen = file_digest(Path("config/config.yaml"))
    told: dict[str, Any] = {"configfiles": [["config/config.yaml", seen], ["gone.yaml", "0" * 64]]}
    lab.write()
    make_shards.write(lab.results, first, 1, config=["a=1", "b=[1, 2]"], **told)
    make_shards.write(lab.results, second, 1, config=[], configfiles=[])
    lab.update()
    origin = where_from.where_from(lab.database, "success_rate", {"model": "alpha"}, lab.results)
    files, dir_ = [lab.path(first), lab.path(second)], f"results_dir={lab.results}"
    assert origin.commands[1:] == [
        f"snakemake {files[1]} --force --config {dir_}",
        f"snakemake {files[0]} --force --configfile config/config.yaml gone.yaml "
        f"--config a=1 'b=[1, 2]' {dir_}",
    ]
    assert origin.read is not None
    assert origin.read.endswith(
        f"0.8 0 --configfile config/config.yaml gone.yaml --config a=1 'b=[1, 2]' {dir_}"
    )
    assert origin.notes == ["gone.yaml has changed: its SHA-256 was " + "0" * 64]


_PILOTBENCH = (sys.executable, "-m", "pilotbench")
_MINE = {"mine": {"provider": "players", "deployment": "oracle"}}


def _episodes(content: bytes) -> list[bytes]:
    return gzip.decompress(content).splitlines()[1:]


def test_a_number_of_a_player_without_token_counts_is_explained(tmp_path: Path) -> None:
    shard = Shard(Cell("oracle", "baseline", "simple_task", "easy", "0.8"), 0, 9)
    lab = Lab(tmp_path / "results", Plan((shard,), 1))
    unknown = {"provider": "players", "deployment": "oracle", "cost_usd": None, "tokens": None}
    counted = make_shards.make_episodes(shard, text=0.05)
    header, episodes = make_shards.make_header(shard, counted, 1), [e | unknown for e in counted]
    for episode in episodes:
        episode["requests"] = [one | {"tokens": None} for one in episode["requests"]]
    write_shard(lab.path(shard), header, episodes)
    lab.update()
    lines = text(where_from.where_from(lab.database, "success_rate", {"model": "oracle"}))
    assert lines.startswith("success_rate: full_success / completed")
    assert "to read the first: python -m pilotbench show oracle/baseline/simple_task" in lines
    assert "in 1 file:" in lines


def test_the_excess_of_a_flaw_names_the_episodes_that_it_is_compared_with(tmp_path: Path) -> None:
    prompts = ("optimal", "flawed_missing_step")
    plan = Plan(tuple(Shard(Cell("alpha", p, *CELLS[0].words[2:]), 0, 9) for p in prompts), 1)
    lab = Lab(tmp_path / "results", plan)
    lab.write(*plan.shards)
    lab.update()
    words = {"model": "alpha", "prompt": "flawed_missing_step"}
    origin = where_from.where_from(lab.database, "excess_over_optimal", words, lab.results)
    pairs = lab.rows(
        "SELECT (f.flaws['missing_step'] = 'followed')::INT - (o.flaws['missing_step'] = "
        "'followed')::INT FROM episodes f JOIN episodes o USING (index) "
        "WHERE f.prompt <> 'optimal' AND o.prompt = 'optimal'"
    )
    known = [difference for (difference,) in pairs if difference is not None]  # refused: no sign
    assert origin.value == pytest.approx(sum(known) / len(known))
    assert {episode["prompt"] for episode in origin.episodes} == {"flawed_missing_step"}
    assert "prompt=optimal" in origin.notes[0]
    assert "same calls occur" in str(origin.meaning)
