import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from pilotbench.episodes.shard_file import read_header, read_shard, write_shard
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.cells import Cell, Shard, episode_id, shard_of

CELL = Cell("org/model", "baseline", "simple_task", "easy", "0.8")
HEADER = {"kind": "shard", "planned": 2}


def test_a_path_says_which_shard_it_is() -> None:
    shard = Shard(CELL, 5, 9)
    assert str(shard.path) == "org%2Fmodel/baseline/simple_task/easy/0.8/00005-00009.jsonl.gz"
    assert shard_of(Path("results/shards") / shard.path) == shard
    assert list(shard.indices) == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("path", ["x.jsonl.gz", "a/b/c/d/e/1-b.jsonl.gz", "a/b/c/d/e/5.jsonl.gz"])
def test_another_path_is_no_shard(path: str) -> None:
    with pytest.raises(RecordError, match="not the path of a shard"):
        shard_of(Path(path))


def test_what_is_written_comes_back_and_the_same_content_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / "a" / "x.jsonl.gz", tmp_path / "b" / "x.jsonl.gz"]
    for path in paths:
        write_shard(path, HEADER, [{"n": 1, "text": "通 \ud800"}, {"n": 2}])
        assert [p.name for p in path.parent.iterdir()] == ["x.jsonl.gz"]
    header, episodes = read_shard(paths[0])
    assert header == read_header(paths[0]) == HEADER
    assert [episode["n"] for episode in episodes] == [1, 2]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"no gzip", "damaged after line 0"),
        (gzip.compress(b'{"kind": "shard"}\n{"a": 1', mtime=0), "damaged after line 2"),
        (gzip.compress(b'{"a": 1}\n', mtime=0), "line 1 is not a shard header"),
        (gzip.compress(b'{"kind": "shard"}\n[1]\n', mtime=0), "line 2 is not an episode"),
        (gzip.compress(b'{"kind": "shard"}\n{"a": 1}\n', mtime=0)[:-9], "damaged after line"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        read_shard(path)
    assert str(path) in str(caught.value)


def test_an_episode_is_known_by_its_cell_index_and_repeat() -> None:
    places = [
        (CELL, 0, 0),
        (CELL, 0, 1),
        (CELL, 1, 0),
        (replace(CELL, tool_success_rate="1.0"), 0, 0),
    ]
    assert len({episode_id(*place) for place in places}) == len(places)


@pytest.mark.parametrize(
    ("task", "level", "place"),
    [
        ("recovery", "calm", ("horizon", "n4")),
        ("horizon", "n4", ("horizon", "n4")),
        ("horizon", "n8", ("horizon", "n8")),
        ("observation", "hidden", ("observation", "hidden")),
        ("workflow", "easy", ("workflow", "easy")),
        ("simple_task", "easy", ("simple_task", "easy")),
    ],
)
def test_levels_that_ask_the_same_share_a_place(
    task: str, level: str, place: tuple[str, str]
) -> None:
    shared = Shard(Cell("m", "p", task, level, "0.8"), 0, 19).shared
    assert (shared.cell.task, shared.cell.difficulty) == place
