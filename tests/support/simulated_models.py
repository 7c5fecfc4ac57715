"""Simulated models of known skill over a matrix: records, shard files and the frames of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.canonical_json import digest, unit_interval
from pilotbench.matrix.cells import Cell, Shard, episode_id
from pilotbench.results.analysis.load import CELL, ModelFacts, PromptFacts, SummaryData
from pilotbench.results.database.schema import COLLATERAL

Json = dict[str, Any]
TASKS = ("simple_task", "basic_task", "data_pipeline", "api_integration", "multi_stage_pipeline")
FLAWS = (
    "sequence_disorder",
    "tool_misuse",
    "parameter_error",
    "missing_step",
    "redundant_operations",
    "logical_inconsistency",
    "semantic_drift",
)
SKILL = {"strong": 1.6, "middle": 0.7, "weak": -0.6}  # log odds at easy, baseline, 0.8
PROTOCOL = {"strong": "native", "middle": "json", "weak": "text"}
PRICE = {"strong": (2.5, 10.0), "middle": (0.15, 0.6), "weak": None}
KEYS = {"strong": ("azure_key",), "middle": ("hub_key1", "hub_key2"), "weak": ("hub_key1",)}
SLOTS = {"azure_key": 8, "hub_key1": 5, "hub_key2": 5}
TASK_EFFECT = dict(zip(TASKS, (0.9, 0.4, -0.1, -0.3, -0.9), strict=True))
LEVEL_EFFECT = {"very_easy": 0.6, "easy": 0.0, "medium": -0.7, "hard": -1.3, "very_hard": -1.9}
RATE_EFFECT = {"1.0": 0.5, "0.9": 0.3, "0.8": 0.0, "0.7": -0.3, "0.6": -0.6}
PROMPT_EFFECT = {"baseline": 0.0, "cot": 0.15, "optimal": 0.8}
PLAYERS = {"oracle": "oracle", "random": "random"}


def effect(prompt: str) -> float:
    """Return the prompt's effect on the log odds; flaws hurt more the later they are listed."""
    if prompt in PROMPT_EFFECT:
        return PROMPT_EFFECT[prompt]
    return 0.6 - 0.25 * FLAWS.index(prompt.removeprefix("flawed_"))


def chance(cell: Cell, index: int) -> float:
    """Return the true chance of success of one instance."""
    if cell.model in PLAYERS:
        return 0.999 if cell.model == "oracle" else 0.02
    spread = 1.4 * _normal(cell.task, index)
    odds = SKILL[cell.model] + TASK_EFFECT[cell.task] + LEVEL_EFFECT[cell.difficulty] + spread
    return 1 / (1 + math.exp(-(odds + RATE_EFFECT[cell.tool_success_rate] + effect(cell.prompt))))


def _normal(*words: Any) -> float:
    u, v = unit_interval("u", *words), unit_interval("v", *words)
    return math.sqrt(-2 * math.log(u or 1e-12)) * math.cos(2 * math.pi * v)


def standard_cells(models: Iterable[str] = tuple(SKILL)) -> list[Cell]:
    """Return the cells of the five standard experiments, each once."""
    flawed = [f"flawed_{flaw}" for flaw in FLAWS]
    cells: dict[Cell, None] = {}
    for model in models:
        for task in TASKS:
            for prompt in ("baseline", "cot", "optimal", *flawed):
                cells[Cell(model, prompt, task, "easy", "0.8")] = None
            for level in ("very_easy", "medium"):
                cells[Cell(model, "optimal", task, level, "0.8")] = None
            for rate in ("1.0", "0.9", "0.7", "0.6"):
                cells[Cell(model, "optimal", task, "easy", rate)] = None
    return list(cells)


def record(cell: Cell, index: int, repeat: int = 0, start: float = 1_790_000_000.0) -> Json:
    """Return an episode record whose outcome is drawn with the true chance, by hash."""
    draw = unit_interval("outcome", *cell.words, index, repeat)
    success = draw < chance(cell, index)
    turns = 3 + int(8 * unit_interval("turns", *cell.words, index, repeat))
    progress = 1.0 if success else round(2 * unit_interval("p", *cell.words, index)) / 3
    level = "full_success" if success else ("partial_success" if progress >= 0.5 else "failure")
    requests = [_request(cell, index, repeat, turn, start) for turn in range(turns)]
    tokens = {k: sum(r["tokens"][k] for r in requests) for k in requests[0]["tokens"]}
    flaw = cell.prompt.removeprefix("flawed_")
    met = sum(unit_interval("f", index, t) > _rate(cell) for t in range(turns - 1))
    return {
        "episode": episode_id(cell, index, repeat),
        "model": cell.model,
        "provider": "players" if cell.model in PLAYERS else "sim",
        "deployment": cell.model,
        "protocol": PROTOCOL.get(cell.model, "native"),
        "prompt": cell.prompt,
        "task": cell.task,
        "difficulty": cell.difficulty,
        "tool_success_rate": cell.tool_success_rate,
        "index": index,
        "repeat": repeat,
        "instance": digest([cell.task, cell.difficulty, index]),
        "status": "completed",
        "end_reason": "finish" if progress > 0 else "max_turns",
        "success": success,
        "progress": progress,
        "level": level,
        "weighted_score": {"full_success": 1.0, "partial_success": 0.5, "failure": 0.0}[level],
        "collateral_damage": not success and draw > 0.97,
        "goals": [
            {"holds": success, "says": "the file report.csv holds the rows of May"},
            {"holds": progress > 0, "says": "the answer is 1,204.50"},
        ],
        "broken": ["log:audit"] if not success and draw > 0.97 else [],
        "errors": {} if success else {_error(draw): 1},
        "calls": [_call(t, met > t) for t in range(turns)],
        "transient": {"met": met, "retried": met, "recovered": max(met - (not success), 0)},
        "flaws": {name: _signature(name, flaw == name, draw) for name in FLAWS},
        "turns": turns,
        "tool_calls": turns,
        "distinct_tools": min(turns, 4),
        "parsed_turns": turns - (cell.model == "weak" and draw > 0.7),
        "repaired": int(cell.model == "weak" and draw > 0.9),
        "tokens": tokens,
        "cost_usd": _cost(cell.model, tokens),
        "model_reported": cell.model,
        "requests": requests,
        "system": digest("system"),
        "user": "Write the rows of May to report.csv and finish with their sum.",
        "transcript": _transcript(turns, success),
        "answer": "1204.5" if success else "about 1200",
        "world_diff": [{"object": "file:report.csv", "before": None, "after": "31 rows"}],
        "max_turns": 22,
        "reason": None,
    }


def _signature(name: str, flawed: bool, draw: float) -> str:
    """Return followed with chance 0.4 where the plan has the flaw, else 0.1."""
    return "followed" if draw > (0.6 if flawed else 0.9) else "corrected"


def _rate(cell: Cell) -> float:
    return float(cell.tool_success_rate) if cell.tool_success_rate != "none" else 1.0


def _error(draw: float) -> str:
    return [*ERROR_KINDS][int(draw * 1000) % len(ERROR_KINDS)]


def _call(turn: int, transient: bool) -> Json:
    return {
        "turn": turn,
        "tool": "file_operations_reader",
        "arguments": {"path": f"in/{turn}.csv"},
        "valid": True,
        "ok": not transient,
        "code": "unavailable" if transient else None,
        "transient": transient,
        "kind": None,
    }


def _transcript(turns: int, success: bool) -> list[Json]:
    return [
        {
            "turn": turn,
            "content": f"Step {turn + 1}: read the next file.",
            "call": {"tool": "file_operations_reader", "arguments": {"path": f"in/{turn}.csv"}},
            "reply": {"ok": True, "result": {"handle": f"file:{turn}", "preview": "a,b\n1,2"}},
            "parse_error": None,
            "surplus": 0,
            "finish_reason": "stop",
            "thought": None if success else "perhaps this one",
        }
        for turn in range(turns)
    ]


def _request(cell: Cell, index: int, repeat: int, turn: int, start: float) -> Json:
    keys = KEYS.get(cell.model, ("players_local",))
    latency = 0.4 + 2.2 * unit_interval("latency", *cell.words, index, repeat, turn) ** 3
    return {
        "identity": digest([*cell.words, index, repeat, turn]),
        "turn": turn,
        "key": keys[index % len(keys)],
        "started": start + index * 1.5 + turn * 3.0 + 60 * TASKS.index(cell.task),
        "latency_s": latency,
        "queued_s": 0.01,
        "attempts": 1,
        "slots": SLOTS.get(keys[index % len(keys)]),
        "model": cell.model,
        "finish_reason": "stop",
        "tokens": {
            "input": 900 + 150 * turn,
            "output": 60 + int(40 * latency),
            "reasoning": 20 if cell.model == "strong" else 0,
            "cached": 600 if cell.model == "strong" else 0,
        },
    }


def _cost(model: str, tokens: Json) -> float | None:
    if model in PLAYERS:
        return 0.0
    price = PRICE[model]
    return price and (tokens["input"] * price[0] + tokens["output"] * price[1]) / 1e6


def records(
    cells: Iterable[Cell], instances: int = 20, repeats: int = 1
) -> list[tuple[Shard, list[Json]]]:
    """Return one shard per cell with its records; cells follow each other in time."""
    return [
        (
            Shard(cell, 0, instances - 1),
            [
                record(cell, i, r, 1_790_000_000 + 120.0 * place)
                for i in range(instances)
                for r in range(repeats)
            ],
        )
        for place, cell in enumerate(cells)
    ]


def header(shard: Shard, episodes: list[Json], repeats: int = 1) -> Json:
    """Return a shard header with the counts and provenance that the evaluation writes."""
    cell = shard.cell
    cost = [e["cost_usd"] for e in episodes]
    return {
        "kind": "shard",
        "format": 1,
        **dict(zip(("model", "prompt", "task", "difficulty"), cell.words[:4], strict=True)),
        "tool_success_rate": cell.tool_success_rate,
        "first": shard.first,
        "last": shard.last,
        "repeats": repeats,
        "planned": len(shard.indices) * repeats,
        "completed": sum(e["status"] == "completed" for e in episodes),
        "refused": sum(e["status"] == "refused" for e in episodes),
        "not_applicable": sum(e["status"] == "not_applicable" for e in episodes),
        "tokens": {k: sum(e["tokens"][k] for e in episodes) for k in episodes[0]["tokens"]},
        "cost_usd": None if None in cost else sum(cost),
        "requests": sum(len(e["requests"]) for e in episodes),
        "asked": sum(len(e["requests"]) for e in episodes),
        "replayed": 0,
        "system": {digest("system"): "Rules of the episode: one call a turn, end with finish."},
        "provenance": {
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "dirty": False,
            "prompt_sha256": digest(cell.prompt),
            "instances_sha256": digest([cell.task, cell.difficulty]),
            "parameters": {"temperature": 0},
            "parameters_sha256": digest({"temperature": 0}),
            "benchmark_version": "1",
            "scoring_version": "1",
            "libraries": {"python": "3.11"},
            "started": "2026-09-22T10:00:00+00:00",
            "ended": "2026-09-22T10:02:00+00:00",
            "host": "lab",
            "keys": {},
        },
    }


def write(results: Path, shards: Iterable[tuple[Shard, list[Json]]], repeats: int = 1) -> None:
    """Write the shard files below `results`/shards."""
    for shard, episodes in shards:
        write_shard(results / "shards" / shard.path, header(shard, episodes, repeats), episodes)


def flat(shard: Shard, record: Json) -> Json:
    """Return the scalar columns of an episode, as the database's `episodes` has them."""
    requests, calls = record["requests"], record["calls"]
    nested = ("goals", "broken", "errors", "calls", "transient", "flaws", "tokens", "requests")
    row = {k: v for k, v in record.items() if k not in (*nested, "transcript", "world_diff")}
    ends = [r["started"] + r["latency_s"] for r in requests]
    return {
        **row,
        "shard": str(shard.path),
        **dict.fromkeys(("flexible_match", "strict_match", "score", "metrics")),  # of packs only
        **dict.fromkeys(("epoch", "injection", *(f"collateral_{kind}" for kind in COLLATERAL))),
        "answer": json.dumps(record["answer"]),
        "goals": len(record["goals"]),
        "goals_held": sum(g["holds"] for g in record["goals"]),
        "broken": len(record["broken"]),
        **{f"error_{kind}": record["errors"].get(kind, 0) for kind in ERROR_KINDS},
        "calls": len(calls),
        "valid_calls": sum(c["valid"] for c in calls),
        "ok_calls": sum(c["ok"] for c in calls),
        "drawn_calls": sum(c["valid"] for c in calls),
        **{f"transient_{k}": v for k, v in record["transient"].items()},
        **{f"flaw_{flaw}": record["flaws"].get(flaw) for flaw in FLAWS},
        **{f"tokens_{k}": v for k, v in record["tokens"].items()},
        "requests": len(requests),
        "known_usd": record["cost_usd"] or 0.0,
        "unpriced": len(requests) if record["cost_usd"] is None else 0,
        "batched": 0,
        "latency_s": sum(r["latency_s"] for r in requests),
        "queued_s": sum(r["queued_s"] for r in requests),
        "started": min((r["started"] for r in requests), default=float("nan")),
        "ended": max(ends, default=float("nan")),
        "provisional": False,
        "current": True,
    }


def data(
    shards: list[tuple[Shard, list[Json]]], owed: dict[Cell, int] | None = None
) -> SummaryData:
    """Return the frames of `shards` as the summary reads them; `owed` adds owed episodes."""
    owed = owed or {}
    episodes = pd.DataFrame([flat(shard, r) for shard, records in shards for r in records])
    requests = pd.DataFrame(
        [
            {
                **{k: r[k] for k in ("model", "prompt", "task", "difficulty")},
                **q,
                **{f"tokens_{k}": v for k, v in q["tokens"].items()},
                "cost_usd": _cost(r["model"], q["tokens"]),
                "batched": False,
            }
            for _, records in shards
            for r in records
            for q in r["requests"]
        ]
    )
    cells = pd.DataFrame([_cell(shard, records, owed) for shard, records in shards])
    models = list(dict.fromkeys(cells["model"]))
    prompts = list(dict.fromkeys(cells["prompt"]))
    return SummaryData(
        episodes=episodes,
        requests=requests,
        cells=cells,
        shards=pd.DataFrame([_shard_row(shard, records) for shard, records in shards]),
        owed=pd.DataFrame(
            [row for shard, _ in shards for row in _owed_rows(shard, owed.get(shard.cell, 0))],
            columns=[*CELL, "index", "repeat", "kind", "message"],
        ),
        selection={"models": models, "prompts": prompts, "repeats": 1, "instances": 20},
        models={m: _facts(m) for m in models},
        prompts={p: _prompt(p) for p in prompts},
        slots=SLOTS,
    )


def _owed_rows(shard: Shard, count: int) -> list[Json]:
    """Return rows of the instances after the last of a shard."""
    cell = dict(zip(CELL, shard.cell.words, strict=True))
    words = {"repeat": 0, "kind": "ServerFailed", "message": "HTTP 500"}
    return [cell | words | {"index": shard.last + 1 + place} for place in range(count)]


def _facts(model: str) -> ModelFacts:
    return ModelFacts(
        provider="players" if model in PLAYERS else "sim",
        deployment=model,
        protocol=PROTOCOL.get(model, "native"),
        player=PLAYERS.get(model),
        temperature=0.0,
    )


def _prompt(prompt: str) -> PromptFacts:
    flaw = prompt.removeprefix("flawed_") if prompt.startswith("flawed_") else None
    return PromptFacts(prompt, plan_given=prompt not in ("baseline", "cot"), flaw=flaw)


def _cell(shard: Shard, records: list[Json], owed: dict[Cell, int]) -> Json:
    done = sum(r["status"] == "completed" for r in records)
    refused = sum(r["status"] == "refused" for r in records)
    none = sum(r["status"] == "not_applicable" for r in records)
    waiting = owed.get(shard.cell, 0)
    words = dict(zip(("model", "prompt", "task", "difficulty"), shard.cell.words[:4], strict=True))
    return {
        **words,
        "tool_success_rate": shard.cell.tool_success_rate,
        "planned": len(records) + waiting,
        "completed": done,
        "refused": refused,
        "owed": waiting,
        "not_applicable": none,
        "provisional": 0,
    }


def _shard_row(shard: Shard, records: list[Json]) -> Json:
    top = header(shard, records)
    return {
        "path": str(shard.path),
        **{k: top[k] for k in ("model", "prompt", "task", "difficulty", "tool_success_rate")},
        "first": shard.first,
        "last": shard.last,
        "state": "file",
        "damage": None,
        "asked": top["asked"],
        "replayed": 0,
        "cost_usd": top["cost_usd"],
        "commit": top["provenance"]["commit"],
        "dirty": False,
        "started": top["provenance"]["started"],
        "ended": top["provenance"]["ended"],
        "host": "lab",
        "benchmark_version": "1",
        "scoring_version": "1",
    }
