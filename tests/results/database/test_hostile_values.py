"""No value of one answer keeps others out of the database, the exports and the summary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pilotbench.episodes import evaluate
from pilotbench.episodes.shard_file import read_shard, write_shard
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.providers.answer import Tokens
from pilotbench.results.database import export, master_json, queries
from pilotbench.results.database.rows import storable
from support import make_shards
from support.database_lab import CELLS, SIZE, Lab, Replayed
from support.estimation_lab import load, make

Json = dict[str, Any]
NUMBERS: dict[str, Any] = {
    "2^63": 2**63,
    "10^400": 10**400,
    "negative": -(2**70),
    "NaN": float("nan"),
    "infinite": float("inf"),
    "truth": True,
    "text": "many",
    "nothing": None,
    "list": [1],
}
TEXTS = {"surrogate": "\ud800", "NUL": "a\0b", "newline": "a\nb", "long": "x" * 300_000}


def tokens(episode: Json, value: Any) -> None:
    episode["requests"][0]["tokens"]["output"] = value


def latency(episode: Json, value: Any) -> None:
    episode["requests"][0]["latency_s"] = value


def attempts(episode: Json, value: Any) -> None:
    episode["requests"][0]["attempts"] = value


def turns(episode: Json, value: Any) -> None:
    episode["turns"] = value


def cost(episode: Json, value: Any) -> None:
    episode["cost_usd"] = value


def said(episode: Json, value: Any) -> None:
    episode["model_reported"] = episode["requests"][0]["finish_reason"] = value
    episode["answer"] = {value: value}
    episode["calls"][0]["tool"] = episode["reason"] = value


def deep(episode: Json, _: Any) -> None:
    inner: Any = 1
    for _level in range(100_000):
        inner = [inner]
    episode["answer"] = inner


HOSTILE: list[tuple[Callable[[Json, Any], None], list[Any]]] = [
    *((change, list(NUMBERS.values())) for change in (tokens, latency, attempts, turns, cost)),
    (said, list(TEXTS.values())),
    (deep, [None]),
]


def outputs(lab: Lab) -> int:
    """Write database, exports and JSON file, and return how many episodes they contain."""
    master_json.write(lab.database, lab.results / "master_database.json")
    export.write(lab.database, lab.results / "exports")
    return len(queries.episodes(lab.database))


@pytest.mark.parametrize(("change", "values"), HOSTILE)
def test_bad_replayed_records_affect_no_other(
    lab: Lab, change: Callable[[Json, Any], None], values: list[Any]
) -> None:
    shard = Shard(CELLS[0], 0, 40)
    lab.plan = Plan((shard, *lab.plan.shards[1:]), 1)
    episodes = make_shards.make_episodes(shard, text=0.02)
    asked = (episode for episode in episodes if episode["calls"])
    for episode, value in zip(asked, values, strict=False):
        change(episode, value)
    lab.update(lambda _: Replayed(episodes))
    owed = queries.owed(lab.database)
    assert outputs(lab) + len(owed) == 41 + 3 * SIZE
    assert len(owed) <= len(values)
    assert set(owed["kind"]) <= {"Quarantined"}
    lab.update(lambda _: Replayed(episodes))
    assert len(queries.owed(lab.database)) == len(owed)


@pytest.mark.parametrize("value", [2**63, 10**400, float("nan")])
def test_a_bad_record_of_a_file_affects_no_other_and_is_named(lab: Lab, value: Any) -> None:
    path = lab.path(lab.plan.shards[0])
    header, episodes = read_shard(path)
    done = next(episode for episode in episodes if episode["requests"])
    done["requests"][0]["latency_s"] = done["requests"][0]["queued_s"] = value
    write_shard(path, header, episodes)
    lab.update()
    assert outputs(lab) == 4 * SIZE
    assert lab.value("SELECT count(*) FROM episodes WHERE latency_s IS NULL") == 1
    place = f"index {done['index']} repeat {done['repeat']}"
    assert place in lab.value("SELECT unknown FROM shards WHERE unknown IS NOT NULL")
    assert any("cannot be stored" in line and place in line for line in lab.said)


def test_a_shard_whose_replay_fails_is_owed_and_the_others_are_loaded(lab: Lab) -> None:
    first, second = lab.plan.shards[:2]
    for shard in (first, second):
        lab.path(shard).unlink()

    def replay(shard: Shard) -> Replayed:
        if shard == first:
            raise RuntimeError("what nobody\nthought of")
        return Replayed(make_shards.make_episodes(shard))

    lab.update(replay)
    assert outputs(lab) == 3 * SIZE
    assert set(queries.owed(lab.database)["message"]) == {"RuntimeError: what nobody thought of"}


def test_a_file_that_raises_an_unexpected_error_is_left_out(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilotbench.results.database import shardfiles

    read, first = shardfiles.read, lab.plan.shards[0].path.as_posix()

    def broken(path: Path, name: str) -> Any:
        if name == first:
            raise KeyError("tokens")
        return read(path, name)

    monkeypatch.setattr(shardfiles, "read", broken)
    lab.update()
    assert outputs(lab) == 3 * SIZE
    assert set(queries.owed(lab.database)["kind"]) == {"damaged"}
    again = lab.update()
    assert not again.written
    assert list(again.quarantined) == [first]


def test_an_answer_that_cannot_be_scored_is_owed_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, play = load(tmp_path, models=["oracle"], tasks=["simple_task"]), evaluate._play
    shard = loaded.plan.shards[0]

    def broken(experiment: Any, shard: Shard, index: int, repeat: int, ask: Any) -> Any:
        over = play(experiment, shard, index, repeat, ask)
        if index == 1:
            raise RecursionError("too deep")
        return over

    monkeypatch.setattr(evaluate, "_play", broken)
    with pytest.raises(evaluate.ShardOwed, match=r"1 of 2 episodes owed.*too deep"):
        make(loaded, shard)
    outcome = evaluate.replay(loaded, shard)
    assert [episode["index"] for episode in outcome.episodes] == [0]
    assert [(one.index, one.kind) for one in outcome.owed] == [(1, "RecursionError")]


@pytest.mark.parametrize("value", NUMBERS.values())
def test_counts_that_are_no_counts_are_unknown(value: Any) -> None:
    assert Tokens.from_json({"input": value, "output": 1}) is None
    assert Tokens.from_json(value) is None


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        (2**31, "INTEGER", None),
        (2**31 - 1, "INTEGER", 2**31 - 1),
        (2**63, "BIGINT", None),
        (-(2**63), "BIGINT", -(2**63)),
        (1.5, "BIGINT", None),
        (float("nan"), "DOUBLE", None),
        (10**400, "DOUBLE", None),
        (3, "DOUBLE", 3.0),
        (1, "BOOLEAN", None),
        ("\ud800", "VARCHAR", "?"),
        (5, "VARCHAR", "5"),
        ({"a\ud800": "b"}, "MAP(VARCHAR,VARCHAR)", {"a?": "b"}),
    ],
)
def test_a_column_stores_what_fits(value: Any, kind: str, kept: Any) -> None:
    assert storable(value, kind) == kept
