"""Files of transcripts contain the shard, are made once, and are removed with the shard."""

from __future__ import annotations

import base64
import gzip
import json
import os

import pandas as pd
import pytest

from pilotbench.ground import job_context
from pilotbench.ground.job_context import VARIABLE, RunCommand
from pilotbench.matrix.cells import Cell
from pilotbench.results.database import queries
from pilotbench.results.summary import transcripts
from support import simulated_models as sim
from support.pack_lab import handed_over


@pytest.fixture
def made(tmp_path):
    """Two shards with their files: (results, out, data)."""
    cells = [Cell(m, "baseline", "simple_task", "easy", "0.8") for m in ("strong", "weak")]
    shards = sim.records(cells, instances=3)
    sim.write(tmp_path / "results", shards)
    data, out = sim.data(shards), tmp_path / "summary"
    assert write(data, tmp_path, out) == 2
    return tmp_path, out, data


def write(data, folder, out):
    return transcripts.write(data.shards, folder / "none.duckdb", folder / "results", out)


def data_of(out, data, place=0):
    return out / "transcripts" / transcripts.data_path(data.shards["path"].iloc[place])


def test_a_file_contains_its_complete_shard(made):
    _, out, data = made
    path, packed, judged, command = handed_over(data_of(out, data))
    assert path == "strong/baseline/simple_task/easy/0.8/00000-00002"
    lines = gzip.decompress(base64.b64decode(packed)).decode().splitlines()
    assert judged == ""
    assert command.startswith("python -m pilotbench show ")
    assert command.endswith(f"{path}.jsonl.gz")
    assert [json.loads(line)["index"] for line in lines[1:]] == [0, 1, 2]


def test_unchanged_shards_cost_nothing(made):
    folder, out, data = made
    before = data_of(out, data).stat().st_mtime_ns
    assert write(data, folder, out) == 0
    assert data_of(out, data).stat().st_mtime_ns == before


def test_a_changed_shard_is_written_again(made):
    folder, out, data = made
    cell = Cell("strong", "baseline", "simple_task", "easy", "0.8")
    [(shard, records)] = sim.records([cell], instances=3)
    sim.write(folder / "results", [(shard, [record | {"answer": "new"} for record in records])])
    assert write(data, folder, out) == 1


def test_raw_turns_of_an_earlier_content_are_removed(made):
    folder, out, data = made
    raw = data_of(out, data).with_suffix(".raw.js")
    other = data_of(out, data, 1).with_suffix(".raw.js")
    for file in (raw, other):
        file.write_text("// as the shard was\n")
    cell = Cell("strong", "baseline", "simple_task", "easy", "0.8")
    [(shard, records)] = sim.records([cell], instances=3)
    sim.write(folder / "results", [(shard, [record | {"answer": "new"} for record in records])])
    write(data, folder, out)
    assert not raw.exists()
    assert other.exists()


def test_a_shard_of_the_journal_is_written_again_when_only_its_scores_change(tmp_path, monkeypatch):
    found = {"success": False}
    monkeypatch.setattr(queries, "shard_records", lambda *_: ({}, [dict(found)]))
    path = str(Cell("strong", "baseline", "simple_task", "easy", "0.8").folder / "00000-00002")
    row = {"path": f"{path}.jsonl.gz", "state": "provisional", "completed": 1, "ended": None}
    for success, journal in ((False, "a"), (True, "b")):
        found["success"] = success
        shards = pd.DataFrame([row | {"journal": journal}])
        transcripts.write(shards, tmp_path / "none.duckdb", tmp_path, tmp_path / "summary")
        _, packed, *_ = handed_over(tmp_path / "summary/transcripts" / f"{path}.js")
        lines = gzip.decompress(base64.b64decode(packed)).decode().splitlines()
        assert json.loads(lines[1]) == {"success": success}


def test_the_file_of_a_missing_shard_is_removed(made):
    folder, out, data = made
    (folder / "results" / "shards" / data.shards["path"].iloc[1]).unlink()
    write(data, folder, out)
    assert data_of(out, data).exists()
    assert not data_of(out, data, 1).exists()


def test_links_encode_what_names_have_encoded():
    path = Cell("org/model:1", "baseline", "t", "easy", "0.8").folder / "00000-00019.jsonl.gz"
    assert transcripts.link(str(path), 3, 1) == (
        "transcripts/index.html#org%252Fmodel%253A1/baseline/t/easy/0.8/00000-00019/i3r1"
    )


def test_the_pages_of_an_earlier_release_are_removed(made):
    folder, out, data = made
    old = data_of(out, data).with_suffix(".html")
    old.write_text("<!doctype html><!-- 1 -->")
    write(data, folder, out)
    assert not old.exists()
    assert data_of(out, data).exists()


def test_the_page_knows_every_shard_and_the_config_of_the_run(made, monkeypatch):
    folder, out, data = made
    command = RunCommand(configfiles=[["mine.yaml", "0"]], config=["repeats=2", "partial=true"])
    monkeypatch.setenv(VARIABLE, os.environ.get(VARIABLE, "{}"))
    job_context.update(command=command)
    write(data, folder, out)
    shards, options = (out / "transcripts/shards.js").read_text().splitlines()
    words = [str(path).removesuffix(".jsonl.gz") for path in data.shards["path"]]
    assert shards == f"window.SHARDS = {json.dumps(words)};"
    assert options == 'window.OPTIONS = "--configfile mine.yaml --config repeats=2";'
