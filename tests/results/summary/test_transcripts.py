"""Transcript pages contain the shard, are made once, and are removed with the shard."""

from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.summary import transcripts
from support import simulated_models as sim


@pytest.fixture
def made(tmp_path):
    """Two shards with their pages: (results, out, data)."""
    cells = [Cell(m, "baseline", "simple_task", "easy", "0.8") for m in ("strong", "weak")]
    shards = sim.records(cells, instances=3)
    sim.write(tmp_path / "results", shards)
    data, out = sim.data(shards), tmp_path / "summary"
    assert write(data, tmp_path, out) == 2
    return tmp_path, out, data


def write(data, folder, out):
    return transcripts.write(data.shards, folder / "none.duckdb", folder / "results", out)


def page_of(out, data, place=0):
    return out / "transcripts" / transcripts.page_path(data.shards["path"].iloc[place])


def test_a_page_contains_its_complete_shard(made):
    _, out, data = made
    html = page_of(out, data).read_text(encoding="utf-8")
    packed = re.search(r'id="shard">([^<]*)<', html)[1]
    lines = gzip.decompress(base64.b64decode(packed)).decode().splitlines()
    assert [json.loads(line)["index"] for line in lines[1:]] == [0, 1, 2]


def test_unchanged_shards_cost_nothing(made):
    folder, out, data = made
    before = page_of(out, data).stat().st_mtime_ns
    assert write(data, folder, out) == 0
    assert page_of(out, data).stat().st_mtime_ns == before


def test_a_changed_shard_is_written_again(made):
    folder, out, data = made
    cell = Cell("strong", "baseline", "simple_task", "easy", "0.8")
    [(shard, records)] = sim.records([cell], instances=3)
    sim.write(folder / "results", [(shard, [record | {"answer": "new"} for record in records])])
    assert write(data, folder, out) == 1


def test_the_page_of_a_missing_shard_is_removed(made):
    folder, out, data = made
    (folder / "results" / "shards" / data.shards["path"].iloc[1]).unlink()
    write(data, folder, out)
    assert page_of(out, data).exists()
    assert not page_of(out, data, 1).exists()


def test_links_encode_what_names_have_encoded():
    path = Cell("org/model:1", "baseline", "t", "easy", "0.8").folder / "00000-00019.jsonl.gz"
    assert transcripts.link(str(path), 3, 1) == (
        "transcripts/org%252Fmodel%253A1/baseline/t/easy/0.8/00000-00019.html#i3r1"
    )
