"""A damaged shard file is named with its reason, and never partly loaded."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.errors import RecordError, UserError
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import shardfiles
from pilotbench.results.database.checks import CHECKS, CheckFailed, check
from pilotbench.results.database.updates import DamagedShards
from support.database_lab import CELLS, SIZE, Lab
from support.make_shards import make_episodes, make_header

SHARD = Shard(CELLS[1], 0, SIZE - 1)
Edit = Callable[[dict[str, Any], list[dict[str, Any]]], None]


def of_another_cell(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[0]["model"] = "gamma"


def of_another_index(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[0]["index"] = SIZE


def of_another_identity(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[0]["episode"] = "0" * 64


def of_another_repeat(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[0]["repeat"] = 1


def twice(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[1] = episodes[0]


def missing(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes.pop()


def extra_field(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[0]["colour"] = "blue"


def wrong_type(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    episodes[1]["turns"] = "many"


def unscored(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    completed = next(e for e in episodes if e["status"] == "completed")
    completed["level"] = None


def no_system(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    header["system"] = {}


def counts(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    header["completed"] += 1


def header_cell(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    header["model"] = "gamma"


def other_format(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    header["format"] = 99


def no_provenance(header: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    del header["provenance"]


EDITS: list[tuple[Edit, str]] = [
    (of_another_cell, "line 2: model 'gamma' does not match the path"),
    (of_another_index, f"line 2: index {SIZE} repeat 0 is not of this shard"),
    (of_another_identity, "line 2: the identity is not that of index 0 repeat 0"),
    (of_another_repeat, "line 2: index 0 repeat 1 is not of this shard"),
    (twice, "line 3: index 0 repeat 0 twice"),
    (missing, f"{SIZE - 1} episodes, the shard has {SIZE}"),
    (extra_field, "line 2: data must not contain {'colour'} properties"),
    (wrong_type, "line 3: data.turns must be integer"),
    (unscored, "with level None"),
    (no_system, "its system message is not in the header"),
    (counts, "header says completed"),
    (header_cell, "header says model 'gamma', its path 'alpha'"),
    (other_format, "format 99"),
    (no_provenance, "header has no provenance"),
]


def edited(lab: Lab, edit: Edit) -> None:
    episodes = make_episodes(SHARD, text=0.05)
    header = make_header(SHARD, episodes, 1)
    edit(header, episodes)
    write_shard(lab.path(SHARD), header, episodes)


@pytest.mark.parametrize(("edit", "says"), EDITS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_record_that_does_not_fit_is_refused_with_line_and_reason(
    lab: Lab, edit: Edit, says: str
) -> None:
    edited(lab, edit)
    with pytest.raises(RecordError) as caught:
        shardfiles.read(lab.path(SHARD), str(SHARD.path))
    assert str(caught.value).startswith(str(SHARD.path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(255 - byte for byte in content[middle : middle + 40])


def no_gzip(content: bytes) -> bytes:
    return gzip.decompress(content)


def empty(content: bytes) -> bytes:
    return b""


def no_lines(content: bytes) -> bytes:
    return gzip.compress(b"")


def no_json(content: bytes) -> bytes:
    return gzip.compress(b'{"kind": "shard"\n')


def a_bomb(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).split(b"\n")[0] + b"\n" + b"[" * 200_000)


def no_header(content: bytes) -> bytes:
    return gzip.compress(b"".join(gzip.decompress(content).splitlines(keepends=True)[1:]))


DAMAGES = [cut, flipped, no_gzip, empty, no_lines, no_json, a_bomb, no_header]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_stops_the_update_and_changes_nothing(
    lab: Lab, damage: Callable[[bytes], bytes]
) -> None:
    lab.first_update()
    before = lab.database.read_bytes()
    lab.path(SHARD).write_bytes(damage(lab.path(SHARD).read_bytes()))
    lab.write(lab.plan.shards[0], salt="changed too")
    with pytest.raises(DamagedShards) as caught:
        lab.update()
    assert isinstance(caught.value, UserError)
    assert str(caught.value).count(str(SHARD.path)) == 1
    assert "keep_going=true" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(lab.results) not in str(caught.value)
    assert lab.database.read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_with_keep_going_the_rest_is_loaded_and_damaged_shards_are_owed(
    lab: Lab, damage: Callable[[bytes], bytes]
) -> None:
    lab.first_update()
    lab.path(SHARD).write_bytes(damage(lab.path(SHARD).read_bytes()))
    lab.keep_going = True
    report = lab.update()
    assert list(report.damaged) == [str(SHARD.path)]
    assert lab.value("SELECT count(*) FROM episodes") == 3 * SIZE
    assert lab.rows("SELECT kind, count(*) FROM owed GROUP BY kind") == [("damaged", SIZE)]
    assert any(str(SHARD.path) in line and "damaged" in line for line in lab.said)


def test_known_damage_is_reported_again_without_reading(lab: Lab) -> None:
    lab.path(SHARD).write_bytes(b"no gzip")
    lab.keep_going = True
    lab.update()
    report = lab.update()
    assert not report.written
    assert list(report.damaged) == [str(SHARD.path)]
    lab.keep_going = False
    with pytest.raises(DamagedShards):
        lab.update()


def test_a_repaired_file_is_loaded(lab: Lab) -> None:
    lab.path(SHARD).write_bytes(b"no gzip")
    lab.keep_going = True
    lab.update()
    lab.write(SHARD)
    assert lab.update().damaged == {}
    assert lab.value("SELECT count(*) FROM episodes") == 4 * SIZE


@pytest.mark.parametrize("name", ["0-2.jsonl.gz", "stray.jsonl.gz", "a/b/00000-00002.jsonl.gz"])
def test_a_file_that_is_not_at_a_shard_path_is_damaged(lab: Lab, name: str) -> None:
    place = lab.path(SHARD).parent / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(lab.path(SHARD).read_bytes())
    with pytest.raises(DamagedShards, match=name):
        lab.update()
    lab.keep_going = True
    lab.update()
    assert lab.value("SELECT count(*) FROM episodes") == 4 * SIZE


def test_every_damaged_file_is_named_in_one_error(lab: Lab) -> None:
    for shard in lab.plan.shards:
        lab.path(shard).write_bytes(b"no gzip")
    with pytest.raises(DamagedShards) as caught:
        lab.update()
    assert all(str(shard.path) in str(caught.value) for shard in lab.plan.shards)


def test_hidden_drafts_of_shards_are_left_alone(lab: Lab) -> None:
    lab.path(SHARD).with_name(f".{SHARD.name}.jsonl.gz.17.tmp").write_bytes(b"half")
    lab.path(SHARD).with_name(f".{SHARD.name}.jsonl.gz").write_bytes(b"half")
    assert lab.update().damaged == {}


def test_a_result_that_contradicts_itself_is_not_published(lab: Lab) -> None:
    lab.first_update()
    before = lab.database.read_bytes()
    lab.plan = Plan((SHARD, Shard(SHARD.cell, 1, SIZE - 1)), 1)
    with pytest.raises(CheckFailed, match="planned = completed") as caught:
        lab.update()
    assert "alpha/optimal/simple_task/easy/0.8" in str(caught.value)
    assert lab.database.read_bytes() == before


def test_text_of_models_is_stored_complete_or_cut(lab: Lab) -> None:
    episodes = make_episodes(SHARD, text=0.05)
    completed = next(e for e in episodes if e["status"] == "completed")
    completed["answer"] = {"text": "\ud800\0\u202e'\"" + "x" * 10_000}
    completed["calls"][0]["tool"] = "a" * 10_000 + "\ud800"
    write_shard(lab.path(SHARD), make_header(SHARD, episodes, 1), episodes)
    text = json.dumps(episodes)
    assert "\\ud800" in text
    content = [json.dumps(line) for line in (make_header(SHARD, episodes, 1), *episodes)]
    lab.path(SHARD).write_bytes(gzip.compress("\n".join(content).encode("ascii")))
    lab.update()
    identity = completed["episode"]
    assert lab.value("SELECT length(answer) FROM episodes WHERE episode = ?", identity) == 2000
    assert lab.value("SELECT max(length(tool)) FROM tool_calls WHERE episode = ?", identity) == 200


@pytest.mark.parametrize(
    ("says", "breaks"),
    [
        ("an episode counts once", "INSERT INTO store.episodes FROM store.episodes"),
        (
            "every episode of a file counts, another file's does, or judges have not judged it",
            "UPDATE store.episodes SET counted = false",
        ),
        (
            "full + partial + failure = completed",
            "UPDATE store.episodes SET level = 'almost' WHERE level = 'failure'",
        ),
        (
            "planned = completed + refused + owed + not_applicable",
            "UPDATE store.episodes SET status = 'lost', level = NULL WHERE status = 'completed'",
        ),
        (
            "provisional rows have no file, or one with superseded episodes",
            "UPDATE store.shards SET state = 'damaged'",
        ),
    ],
)
def test_each_check_finds_its_contradiction(lab: Lab, says: str, breaks: str) -> None:
    lab.write()
    lab.update()
    with duckdb.connect(str(lab.database)) as connection:
        check(connection)
        connection.execute(breaks)
        with pytest.raises(CheckFailed, match=re.escape(says)):
            check(connection)
    assert says in CHECKS


def test_a_file_with_a_long_name_unknown_to_the_config_is_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "通义千问" * 10
    shard = Shard(Cell(long, "baseline", "simple_task", "easy", "0.8"), 0, 2)
    lab.write(shard)
    monkeypatch.setattr("pilotbench.ground.path_names._seen", {})
    lab.update()
    assert (long,) in lab.rows("SELECT DISTINCT model FROM episodes")
