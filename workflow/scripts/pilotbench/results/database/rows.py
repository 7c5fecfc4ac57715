"""Convert records to rows of the stored tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from math import nan
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.packs.label_files import HASH_LENGTH
from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.ground.clock import LATEST_S
from pilotbench.ground.errors import Quarantined
from pilotbench.matrix.cells import Shard
from pilotbench.providers.answer import Tokens, added
from pilotbench.results.database.schema import COLLATERAL, TABLES, TOKENS
from pilotbench.results.replies import sha256_of, text_of

if TYPE_CHECKING:
    import duckdb

Json = dict[str, Any]
ANSWER_LIMIT = 2000
IDENTITY_LENGTH = 16
NEVER_DRAWN = ("finish", "tool_search", "tool_info")
_HEADER = ("repeats", "asked", "replayed", "fingerprint")
_PROVENANCE = (
    "commit",
    "prompt_sha256",
    "instances_sha256",
    "parameters_sha256",
    "benchmark_version",
    "scoring_version",
    "started",
    "ended",
    "host",
    "run",
    "cluster_job",
)
_WHOLE = {"INTEGER": 2**31, "BIGINT": 2**63}
LONGEST_TEXT = 1 << 21
"""Characters of a text that a column stores."""
LONGEST_LINE = 1 << 26
"""Bytes of a row as a line of JSON: more than its longest texts take, whatever is escaped."""
NAMED = 5
_JSON = ("parameters", "libraries", "keys", "configfiles", "config")


class Rows:
    """Rows of several tables, collected until they are inserted together.

    A value that its column cannot store becomes null and is listed in `unknown`, by shard. An
    episode that cannot become a row is omitted, with the reason. Neither affects other episodes.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Json]] = {}
        self.unknown: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def add(self, table: str, rows: Iterable[Json]) -> None:
        """Add rows for `table`."""
        self._rows.setdefault(table, []).extend(rows)

    def add_shard(self, row: Json, episodes: list[Json]) -> None:
        """Add a shard, its episodes, and their requests and calls."""
        path, provisional = row["path"], row["state"] == "provisional"
        quarantined = 0
        for episode in episodes:
            try:
                rows = (
                    [episode_row(path, episode, provisional)],
                    request_rows(path, episode),
                    call_rows(path, episode),
                )
            except Exception as error:  # of this record only
                self.add("reasons", [_quarantined(path, episode, error)])
                quarantined += 1
                continue
            for table, some in zip(("episodes", "requests", "tool_calls"), rows, strict=True):
                self.add(table, some)
        self.add("shards", [row | {"quarantined": quarantined}])

    def write(self, prefix: str) -> dict[str, str]:
        """Write the rows as JSON lines and return the path of each table's file.

        DuckDB reads these as fast as Arrow tables, whose import alone costs 0.7 s.
        """
        paths = {}
        for table, rows in self._rows.items():
            if rows:
                paths[table] = f"{prefix}.{table}.jsonl"
                with Path(paths[table]).open("w", encoding="ascii") as out:
                    out.writelines(self._line(table, row) + "\n" for row in rows)
        return paths

    def insert(self, connection: duckdb.DuckDBPyConnection, prefix: str) -> None:
        """Insert the rows, through files whose paths begin with `prefix`."""
        insert(connection, self.write(prefix))
        insert_unknown(connection, self.unknown)

    def _line(self, table: str, row: Json) -> str:
        """Return a row as a line of JSON that DuckDB can read into the table."""
        try:
            line = json.dumps(row, allow_nan=False)
        except ValueError:
            line = ""
        short = len(line) < LONGEST_TEXT and "\\ud" not in line
        if line and short and not any(map(_is_large, row.values())):
            return line
        kept = {c.name: storable(row.get(c.name), c.type) for c in TABLES[table].columns}
        lost = [name for name in kept if kept[name] is None and row.get(name) is not None]
        if lost:
            place = f"index {row['index']} repeat {row['repeat']}: " if "index" in row else ""
            path = str(row.get("shard") or row.get("path"))
            self.unknown.setdefault(path, []).append(f"{place}{table}: {', '.join(lost)}")
        return json.dumps(kept)


def insert(connection: duckdb.DuckDBPyConnection, paths: dict[str, str]) -> None:
    """Insert the rows that `Rows.write` wrote, and remove its files."""
    for table, path in paths.items():
        names = ", ".join(f'"{column.name}"' for column in TABLES[table].columns)
        connection.execute(
            f"INSERT INTO store.{table} SELECT {names} FROM read_json(?, "
            f"format = 'newline_delimited', maximum_object_size = {LONGEST_LINE}, "
            f"columns = {_types(table)})",
            [path],
        )
        Path(path).unlink()


def insert_unknown(connection: duckdb.DuckDBPyConnection, unknown: dict[str, list[str]]) -> None:
    """Record at their shards which values are null because no column can store them."""
    for path, places in unknown.items():
        named = "; ".join(places[:NAMED]) + (
            f"; and {len(places) - NAMED} more" * (len(places) > NAMED)
        )
        connection.execute("UPDATE store.shards SET unknown = ? WHERE path = ?", [named, path])


def storable(value: Any, kind: str) -> Any:
    """Return a value for a column of the DuckDB type `kind`, None if it cannot store it."""
    if kind in _WHOLE:
        fits = isinstance(value, int) and -_WHOLE[kind] <= value < _WHOLE[kind]
        return int(value) if fits else None
    if kind == "DOUBLE":
        known = isinstance(value, int | float) and abs(value) <= sys.float_info.max
        return float(value) if known else None
    if kind == "BOOLEAN":
        return value if isinstance(value, bool) else None
    if isinstance(value, dict):
        return {text(str(name)): text(str(word)) for name, word in value.items()}
    if value is None or len(str(value)) > LONGEST_TEXT:
        return None
    return text(str(value), LONGEST_TEXT)


def _is_large(value: Any) -> bool:
    return type(value) in (int, float) and not -(2**31) <= value < 2**31


def _quarantined(path: str, episode: Json, error: Exception) -> Json:
    """Return the reason why an episode is omitted, as a row."""
    return {
        "shard": path,
        "index": episode["index"],
        "repeat": episode["repeat"],
        "kind": Quarantined.__name__,
        "message": text(str(Quarantined.by(error)), ANSWER_LIMIT),
    }


def _types(table: str) -> str:
    """Return the columns of a table as a DuckDB struct of names and types."""
    return "{" + ", ".join(f"'{c.name}': '{c.type}'" for c in TABLES[table].columns) + "}"


def cell_columns(shard: Shard) -> Json:
    """Return path, cell, first and last of a shard as columns."""
    return {
        "path": shard.path.as_posix(),
        **shard.cell.named,
        "first": shard.first,
        "last": shard.last,
    }


def shard_row(shard: Shard, header: Json, **state: Any) -> Json:
    """Return the row of a shard; `state` gives state, damage, size, mtime_ns and sha256."""
    origin = header.get("provenance", {})
    row = dict.fromkeys(column.name for column in TABLES["shards"].columns)
    row |= (
        cell_columns(shard)
        | {key: header.get(key) for key in _HEADER}
        | {"outdated": 0, "quarantined": 0}
    )
    row |= {key: _words(origin.get(key)) for key in _PROVENANCE}
    row |= {key: as_json(origin.get(key)) for key in _JSON}
    unusable = header.get("unusable") or {}
    row |= {"unusable": unusable.get("answers", 0), "unusable_usd": unusable.get("known_usd")}
    row["dirty"] = None if origin.get("dirty") is None else bool(origin["dirty"])
    price = header.get("price") or {}
    row |= {"prices": _prices(price), "price_sha256": _words(price.get("digest"))}
    row["max_turns"] = _words((origin.get("versions") or {}).get("max_turns"))
    return row | state


def _prices(price: Json) -> str | None:
    """Return where the costs of a file are from, None where they are unknown or not stated."""
    origin, newest = price.get("origin"), price.get("newest")
    return _words(origin) if newest is None else f"{origin} ({newest})"


def episode_row(path: str, episode: Json, provisional: bool) -> Json:
    """Return the row of an episode of the shard at `path`."""
    goals, calls, requests = episode["goals"], episode["calls"], episode["requests"]
    latencies = [_seconds(request["latency_s"]) for request in requests]
    started = [_seconds(request["started"]) for request in requests]
    row = {c.name: episode.get(c.name) for c in TABLES["episodes"].columns}
    row |= {f"error_{kind}": episode["errors"].get(kind, 0) for kind in ERROR_KINDS}
    kinds = episode.get("collateral") or {}
    row |= {f"collateral_{kind}": kinds.get(kind) for kind in COLLATERAL}
    row |= {f"transient_{key}": value for key, value in episode["transient"].items()}
    tokens = added(Tokens.from_json(request["tokens"]) for request in requests)
    if tokens is None and episode["tokens"] is not None:  # an old record: 0 meant unknown
        row["cost_usd"] = None
    row |= token_columns(tokens)
    costs = [request.get("cost_usd") for request in requests]
    known = [cost for cost in costs if cost is not None]
    whole = row["cost_usd"] is not None  # old records have no costs of requests
    return row | {
        "shard": path,
        **_verdict_columns(episode.get("verdict")),
        "known_usd": row["cost_usd"] if whole else sum(known),
        "unpriced": 0 if whole else len(costs) - len(known),
        "batched": sum(request.get("batch") is not None for request in requests),
        "goals": len(goals),
        "goals_held": sum(goal["holds"] for goal in goals),
        "broken": len(episode["broken"]),
        "repaired": episode.get("repaired", 0),
        "calls": len(calls),
        "valid_calls": sum(call["valid"] for call in calls),
        "ok_calls": sum(call["ok"] for call in calls),
        "drawn_calls": sum(call["valid"] and call["tool"] not in NEVER_DRAWN for call in calls),
        "flaws": episode["flaws"],
        "model_reported": text(episode["model_reported"]),
        "requests": len(requests),
        "latency_s": sum(latencies),
        "queued_s": sum(_seconds(request["queued_s"]) for request in requests),
        "started": min(started, default=None),
        "ended": max(map(add, started, latencies), default=None),
        "answer": text(as_json(episode["answer"]), ANSWER_LIMIT),
        "reply_sha256": sha256_of(text_of(episode["answer"]))[:HASH_LENGTH],
        "reason": text(episode["reason"], ANSWER_LIMIT),
        "question_id": text(episode.get("question_id")),
        "metadata": _metadata(episode.get("metadata")),
        "provisional": provisional,
        "counted": True,
        "current": False,
    }


def _metadata(values: Json | None) -> str | None:
    """Return metadata as JSON, with each text cut."""
    if values is None:
        return None
    return as_json(
        {k: text(v, ANSWER_LIMIT) if isinstance(v, str) else v for k, v in values.items()}
    )


def _verdict_columns(verdict: Json | None) -> Json:
    """Return how the answer of a pack's question was read; nulls for other tasks and of old."""
    known = verdict or {}
    return {
        "flexible_match": known.get("right"),
        "strict_match": known.get("in_form"),
        "read_answer": text(as_json(known.get("read")), ANSWER_LIMIT),
        "read_by": known.get("rule"),
        "verdict": known.get("why"),
        "score": known.get("score"),
        "metrics": as_json(known.get("metrics")),
    }


def request_rows(path: str, episode: Json) -> list[Json]:
    """Return the rows of an episode's requests."""
    keep = ("turn", "key", "started", "latency_s", "queued_s", "attempts")
    return [
        {
            "episode": episode["episode"],
            "shard": path,
            "identity": request["identity"][:IDENTITY_LENGTH],
            **{key: request[key] for key in keep},
            **{key: _seconds(request[key]) for key in ("started", "latency_s", "queued_s")},
            "slots": request.get("slots"),
            "reported": text(request["model"]),
            "finish_reason": text(request["finish_reason"]),
            **token_columns(Tokens.from_json(request["tokens"])),
            **_speed(request),
            **_beside(request),
        }
        for request in episode["requests"]
    ]


def _beside(request: Json) -> Json:
    """Return what came beside the message of an answer, nulls where nothing did."""
    names = ("tier", "batch", "response_id", "request_id")
    return {
        "cost_usd": request.get("cost_usd"),
        **{name: text(request.get(name)) for name in names},
        "system_fingerprint": text(request.get("fingerprint")),
        "usage": as_json(request.get("usage")),
        "logprobs": as_json(request.get("logprobs")),
        "other_choices": as_json(request.get("choices")),
    }


def _speed(request: Json) -> Json:
    """Return how fast a streamed answer came, nulls for others."""
    first, tokens = request.get("first_token_s"), Tokens.from_json(request["tokens"])
    if first is None:
        return {"first_token_s": None, "tokens_per_s": None}
    writing = _seconds(request["latency_s"]) - _seconds(first)
    rate = tokens.output / writing if tokens is not None and writing > 0 else None
    return {"first_token_s": _seconds(first), "tokens_per_s": rate}


def token_columns(tokens: Tokens | None) -> Json:
    """Return token counts as columns, null where the provider did not report them."""
    return {f"tokens_{name}": getattr(tokens, name, None) for name in TOKENS}


def call_rows(path: str, episode: Json) -> list[Json]:
    """Return the rows of an episode's parsed calls."""
    return [
        {
            "episode": episode["episode"],
            "shard": path,
            "call": number,
            **{key: call[key] for key in ("turn", "valid", "ok", "transient", "kind")},
            "tool": text(call["tool"]),
            "code": text(call["code"]),
        }
        for number, call in enumerate(episode["calls"])
    ]


def _seconds(value: float) -> float:
    """Return a time in s, NaN if no clock can show it."""
    return value if 0 <= value < LATEST_S else nan


def _words(value: Any) -> str | None:
    return None if value is None else str(value)


def as_json(value: Any) -> str | None:
    """Return a value as JSON with sorted keys, None as None."""
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def text(value: str | None, limit: int = 200) -> str | None:
    """Return a model's text for a column: cut at `limit`, lone surrogates replaced."""
    if value is None:
        return None
    return value[:limit].encode("utf-8", "replace").decode("utf-8")
