"""Rows of requests: how fast a streamed answer came, and what came beside the message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.scenarios import outcome
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.results.database import store
from pilotbench.results.database.rows import (
    LONGEST_TEXT,
    Rows,
    episode_row,
    request_rows,
    shard_row,
)
from pilotbench.results.database.schema import COLLATERAL, TABLES
from support import simulated_models as sim

COUNTS = {"input": 100, "output": 30, "reasoning": 0, "cached": 0}
REQUEST = {
    "identity": "0" * 64,
    "turn": 0,
    "key": "k",
    "started": 1.0,
    "latency_s": 2.0,
    "queued_s": 0.0,
    "attempts": 1,
    "model": "m",
    "finish_reason": "stop",
    "tokens": COUNTS,
}


@pytest.mark.parametrize(
    ("more", "first", "rate", "writes"),
    [
        ({}, None, None, 0),
        ({"first_token_s": 0.5}, 0.5, 20.0, 0),
        ({"first_token_s": 2.0}, 2.0, None, 0),
        ({"first_token_s": 0.5, "tokens": None}, 0.5, None, None),
        ({"tokens": {**COUNTS, "cache_writes": 7}}, None, None, 7),
    ],
)
def test_the_speed_of_a_streamed_answer(
    more: dict[str, Any], first: float | None, rate: float | None, writes: int | None
) -> None:
    episode = {"episode": "e", "requests": [{**REQUEST, **more}]}
    (row,) = request_rows("s", episode)
    assert (row["first_token_s"], row["tokens_per_s"]) == (first, rate)
    assert row["tokens_cache_writes"] == writes


BESIDE = {
    "cost_usd": 0.25,
    "tier": "batch",
    "batch": "batch_1",
    "response_id": "c1",
    "request_id": "req_1",
    "fingerprint": "fp_1",
    "usage": {"prompt_tokens": 9},
    "logprobs": {"content": [{"token": "é\ud800", "logprob": -0.1}]},
    "choices": [{"index": 1}],
}


def test_what_came_beside_a_message_is_stored_and_missing_in_old_records() -> None:
    requests = [{**REQUEST, **BESIDE}, {**REQUEST, "turn": 1}]
    new, old = request_rows("s", {"episode": "e", "requests": requests})
    assert {name: new[name] for name in BESIDE if name in new} == {
        **{name: BESIDE[name] for name in ("cost_usd", "tier", "batch")},
        **{name: BESIDE[name] for name in ("response_id", "request_id")},
        "usage": '{"prompt_tokens": 9}',
        "logprobs": '{"content": [{"logprob": -0.1, "token": "é\ud800"}]}',
    }
    assert (new["system_fingerprint"], new["other_choices"]) == ("fp_1", '[{"index": 1}]')
    names = {column.name for column in TABLES["requests"].columns}
    assert new.keys() == old.keys() == names
    assert {old[name] for name in names & BESIDE.keys()} == {None}


@pytest.mark.parametrize(("size", "stored"), [(LONGEST_TEXT, True), (LONGEST_TEXT + 1, False)])
def test_a_text_that_is_too_long_for_a_column_is_unknown(
    size: int, stored: bool, tmp_path: Path
) -> None:
    """Three columns of a row at their longest fit into a line, even if all is escaped."""
    connection = store.connect(tmp_path / "a.duckdb")
    connection.execute("CREATE SCHEMA store")
    for name in ("requests", "shards"):
        connection.execute(TABLES[name].ddl)
    rows = Rows()
    whole = {key: ["é" * (size - len('[""]'))] for key in ("usage", "logprobs", "choices")}
    episode = {"episode": "e", "requests": [{**REQUEST, **whole}]}
    rows.add("requests", request_rows("s", episode))
    rows.insert(connection, str(tmp_path / "rows"))
    lengths = "SELECT length(usage), length(logprobs), length(other_choices) FROM store.requests"
    assert connection.execute(lengths).fetchone() == ((size if stored else None,) * 3)
    lost = {} if stored else {"s": ["requests: usage, logprobs, other_choices"]}
    assert rows.unknown == lost
    connection.close()


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ({"origin": "config", "newest": None, "digest": "d"}, "config"),
        (
            {"origin": "genai-prices 0.2.3", "newest": "2026-11-09", "digest": "d"},
            "genai-prices 0.2.3 (2026-11-09)",
        ),
        ({"origin": None, "newest": None, "digest": "d"}, None),
        (None, None),
    ],
)
def test_a_shard_says_where_its_costs_are_from(price: dict[str, Any] | None, said: str) -> None:
    shard = Shard(Cell("m", "baseline", "simple_task", "easy", "1.0"), 0, 1)
    header = {} if price is None else {"price": price}
    row = shard_row(shard, header)
    assert row["prices"] == said
    assert row["price_sha256"] == header.get("price", {}).get("digest")


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        ({}, (None, None, None)),
        ({"collateral": {"harmless": 2, "costly": 0, "forbidden": 1}}, (2, 0, 1)),
    ],
)
def test_kinds_of_collateral_are_columns_and_missing_where_a_task_tells_none(
    more: dict[str, Any], kinds: tuple[int | None, ...]
) -> None:
    (record,) = sim.records([Cell("strong", "baseline", "simple_task", "easy", "0.8")], 1)[0][1]
    row = episode_row("s", {**record, **more}, provisional=False)
    assert tuple(row[f"collateral_{kind}"] for kind in COLLATERAL) == kinds
    assert tuple(COLLATERAL) == outcome.KINDS


def test_epoch_canary_and_injection_are_columns() -> None:
    (record,) = sim.records([Cell("strong", "baseline", "simple_task", "easy", "0.8")], 1)[0][1]
    told = {"epoch": "public", "canary": "a mark", "injection": "resisted", "end_reason": "length"}
    row = episode_row("s", {**record, **told}, provisional=False)
    assert {name: row[name] for name in told} == told
