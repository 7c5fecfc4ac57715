"""Make shard files of real size from seeds: for tests and for the bench of the database.

`python -m support.make_shards results --shards 2000` fills `results/shards`.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.benchmark.tasks import TASKS
from pilotbench.episodes.shard_file import SHARD_FORMAT, write_shard
from pilotbench.matrix.cells import Cell, Shard, episode_id
from pilotbench.matrix.plan import Plan

Json = dict[str, Any]
TOOLS = ("file_operations_reader", "data_processing_filter", "network_poster", "utility_cache")
SYSTEM = "You solve one task with tools. " * 40
START = 1_760_000_000.0


def make_plan(shards: int, size: int = 20, repeats: int = 1) -> Plan:
    """Return a plan of exactly `shards` shards of `size` instances over standard words."""
    return Plan(
        tuple(shard for shard, _ in zip(_shards(size), range(shards), strict=False)), repeats
    )


def _shards(size: int) -> Iterator[Shard]:
    for number in range(10_000):
        words = product(STANDARD_PROMPTS, TASKS, ("easy", "medium"), ("0.8", "1.0"))
        for prompt, task, level, rate in words:
            yield Shard(Cell(f"model-{number}", prompt, task, level, rate), 0, size - 1)


def write_plan(results: Path, plan: Plan, text: float = 1.0) -> None:
    """Write every shard of `plan` below `results/shards`; `text` scales the transcripts."""
    for shard in plan.shards:
        write(results, shard, plan.repeats, text=text)


def write(
    results: Path,
    shard: Shard,
    repeats: int = 1,
    *,
    salt: str = "",
    text: float = 1.0,
    **provenance: Any,
) -> Path:
    """Write one shard file and return its path; another `salt` gives other outcomes."""
    path = results / "shards" / shard.path
    episodes = make_episodes(shard, repeats, salt=salt, text=text)
    write_shard(path, make_header(shard, episodes, repeats, **provenance), episodes)
    return path


def make_episodes(
    shard: Shard, repeats: int = 1, *, salt: str = "", text: float = 1.0
) -> list[Json]:
    """Return the episodes of a shard in order; the same arguments give the same episodes."""
    places = product(shard.indices, range(repeats))
    return [make_episode(shard.cell, i, r, salt=salt, text=text) for i, r in places]


def make_header(shard: Shard, episodes: list[Json], repeats: int, **provenance: Any) -> Json:
    """Return the header that fits the episodes; keywords replace provenance."""
    status = [episode["status"] for episode in episodes]
    cost = [episode["cost_usd"] for episode in episodes]
    asked = sum(len(episode["requests"]) for episode in episodes)
    ended = max((request_end(e) for e in episodes if e["requests"]), default=START)
    return {
        "kind": "shard",
        "format": SHARD_FORMAT,
        **dict(zip(("model", "prompt", "task", "difficulty"), shard.cell.words, strict=False)),
        "tool_success_rate": shard.cell.tool_success_rate,
        "first": shard.first,
        "last": shard.last,
        "repeats": repeats,
        "planned": len(shard.indices) * repeats,
        **{name: status.count(name) for name in ("completed", "refused", "not_applicable")},
        "tokens": {k: sum(e["tokens"][k] for e in episodes) for k in episodes[0]["tokens"]},
        "cost_usd": None if None in cost else sum(cost),
        "requests": asked,
        "asked": asked,
        "replayed": 0,
        "system": {_sha(SYSTEM): SYSTEM},
        "provenance": {
            "commit": "0" * 40,
            "dirty": False,
            "prompt_sha256": _sha(shard.cell.prompt),
            "instances_sha256": _sha(f"{shard.cell.task} {shard.name}"),
            "parameters": {"temperature": 0},
            "parameters_sha256": _sha("temperature 0"),
            "benchmark_version": "1",
            "scoring_version": "1",
            "libraries": {"python": "3.11.7"},
            "started": _iso(START),
            "ended": _iso(ended),
            "host": "bench",
            "keys": {"key_a": asked},
        }
        | provenance,
    }


def request_end(episode: Json) -> float:
    """Return when the last request of an episode ended, Unix time in s."""
    last = episode["requests"][-1]
    return float(last["started"] + last["latency_s"])


def make_episode(
    cell: Cell, index: int, repeat: int = 0, *, salt: str = "", text: float = 1.0
) -> Json:
    """Return one schema-valid episode with about 20 kB of JSON at `text` 1.0."""
    draw = random.Random(f"{salt} {cell.words} {index} {repeat}")
    status = "completed" if draw.random() < 0.98 else "refused"
    if cell.prompt.startswith("flawed_") and index % 10 == 9:
        status = "not_applicable"
    ease = random.Random(f"{cell.task} {cell.difficulty} {index}").choice((0.0, 0.4, 0.8))
    turns = 0 if status == "not_applicable" else draw.randint(4, 12)
    calls = [_call(draw, turn) for turn in range(turns)]
    requests = [_request(draw, cell, index, repeat, turn) for turn in range(turns)]
    return {
        "episode": episode_id(cell, index, repeat),
        "model": cell.model,
        "provider": "idealab",
        "deployment": cell.model,
        "protocol": "native",
        **dict(zip(("prompt", "task", "difficulty"), cell.words[1:4], strict=True)),
        "tool_success_rate": cell.tool_success_rate,
        "index": index,
        "repeat": repeat,
        "instance": _sha(f"{cell.task} {cell.difficulty} {index}"),
        "status": status,
        **_score(draw, status, calls, ease),
        "calls": calls,
        "turns": turns,
        "tool_calls": turns,
        "distinct_tools": len({call["tool"] for call in calls}),
        "parsed_turns": turns,
        "tokens": _tokens(requests),
        "cost_usd": 0.0001 * turns,
        "model_reported": cell.model if turns else None,
        "requests": requests,
        "system": _sha(SYSTEM) if turns else None,
        "user": _words(draw, int(400 * text)) if turns else None,
        "transcript": [_turn(draw, call, text) for call in calls],
        "max_turns": 16,
    }


def _score(draw: random.Random, status: str, calls: list[Json], ease: float) -> Json:
    nothing: Json = dict.fromkeys(("end_reason", "success", "progress", "level", "answer"))
    nothing |= {"weighted_score": None, "collateral_damage": None, "goals": [], "broken": []}
    nothing |= {"errors": {}, "transient": {"met": 0, "retried": 0, "recovered": 0}}
    nothing |= {"flaws": {}, "world_diff": [], "reason": "content filter"}
    if status != "completed":
        return nothing
    misses = (("partial_success", 0.5), ("failure", 0.0))
    level, weight = ("full_success", 1.0) if draw.random() < ease else draw.choice(misses)
    met = sum(call["transient"] for call in calls)
    return nothing | {
        "end_reason": draw.choice(("finish", "max_turns")),
        "success": level == "full_success",
        "progress": {1.0: 1.0, 0.5: 0.5, 0.0: 0.0}[weight],
        "level": level,
        "weighted_score": weight,
        "collateral_damage": False,
        "goals": [{"holds": weight > part / 2, "says": _words(draw, 12)} for part in range(2)],
        "errors": {"parameter_config": 2} if level == "failure" else {},
        "transient": {"met": met, "retried": met, "recovered": met // 2},
        "flaws": {"missing_step": draw.choice(("followed", "corrected", "not_reached"))},
        "answer": _words(draw, 3),
        "world_diff": [{"object": _words(draw, 1), "before": None, "after": _words(draw, 20)}],
        "reason": None,
    }


def _call(draw: random.Random, turn: int) -> Json:
    transient = draw.random() < 0.2
    return {
        "turn": turn,
        "tool": draw.choice(TOOLS),
        "arguments": {"path": f"/data/{draw.randrange(10**9)}", "query": _words(draw, 12)},
        "valid": True,
        "ok": not transient,
        "code": "unavailable" if transient else None,
        "transient": transient,
        "kind": None,
    }


def _request(draw: random.Random, cell: Cell, index: int, repeat: int, turn: int) -> Json:
    return {
        "identity": _sha(f"{cell.words} {index} {repeat} {turn}"),
        "turn": turn,
        "key": draw.choice(("key_a", "key_b")),
        "started": START + 40 * index + 3 * turn + draw.random(),
        "latency_s": draw.lognormvariate(0, 0.5),
        "queued_s": draw.random() / 10,
        "attempts": 1,
        "model": cell.model,
        "finish_reason": "tool_calls",
        "tokens": {
            "input": 1500 + 300 * turn,
            "output": draw.randrange(200),
            "reasoning": 0,
            "cached": 0,
        },
    }


def _turn(draw: random.Random, call: Json, text: float) -> Json:
    reply = {"handle": f"d{draw.randrange(10**9)}", "preview": _words(draw, int(120 * text))}
    return {
        "turn": call["turn"],
        "content": _words(draw, int(80 * text)),
        "call": {"tool": call["tool"], "arguments": call["arguments"]},
        "reply": {"ok": call["ok"], "result": reply},
        "parse_error": None,
        "surplus": 0,
        "finish_reason": "tool_calls",
        "thought": None,
    }


def _tokens(requests: list[Json]) -> Json:
    names = ("input", "output", "reasoning", "cached")
    return {name: sum(request["tokens"][name] for request in requests) for name in names}


def _words(draw: random.Random, count: int) -> str:
    """Return words of a skewed vocabulary: compresses about as well as prose and records do."""
    words = _vocabulary()
    return " ".join([words[int(len(words) * draw.random() ** 2)] for _ in range(count)])


@cache
def _vocabulary() -> list[str]:
    draw = random.Random("vocabulary")
    letters = string.ascii_lowercase + string.digits[:3]
    return ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(4000)]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def main() -> None:
    """Write the shards that the command line asks for."""
    parser = argparse.ArgumentParser(description="Make shard files of real size from seeds.")
    parser.add_argument("results", type=Path)
    parser.add_argument("--shards", type=int, default=2000)
    parser.add_argument("--text", type=float, default=1.0, help="scale of the transcripts")
    options = parser.parse_args()
    write_plan(options.results, make_plan(options.shards), options.text)


if __name__ == "__main__":
    main()
