"""Logs in the format of Inspect AI: one `.eval` file per cell, for its viewer and its data frames.

An `.eval` file is a ZIP archive of JSON: `header.json` (what was run, and the results),
`summaries.json`, and one file per sample below `samples/`. A sample is an episode, an epoch a
repeat. Scores come from the database, so that they are those of the summary; messages come from
the shard files. Owed and inapplicable episodes have no sample. The bytes depend on the results
only. Source of the format: version 2 of the log, as Inspect AI 0.3 reads and writes it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotbench.benchmark.scorers.scorer import as_text
from pilotbench.ground import atomic_files
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.cells import Cell, shard_of
from pilotbench.providers.answer import Tokens, added
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.results.database import queries
from pilotbench.results.database.schema import CELL

Json = dict[str, Any]
VERSION = 2
SCORER = "pilotbench"
SCORED = ("completed", "refused")
STOPS = {
    Meaning.LENGTH: "max_tokens",
    Meaning.REFUSED: "content_filter",
}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Outcome:
    """What the database says of an episode; `success` is None where nothing has scored it."""

    success: bool | None
    score: float | None


def write(db: Path, results: Path, folder: Path) -> int:
    """Write the log of each cell of the selection that has an episode; return how many.

    Raises UserError without a database, RecordError for a damaged shard file.
    """
    frame = queries.episodes(db)
    frame = frame[frame["status"].isin(SCORED)]
    written = 0
    for _, of_cell in frame.groupby(list(CELL), observed=True, sort=True):
        outcomes = {
            str(row.episode): Outcome(_known(row.success), _known(row.progress))
            for row in of_cell.itertuples(index=False)
        }
        log = _Log(outcomes)
        for path in sorted(of_cell["shard"].astype(str).unique()):
            log.add(path, *queries.shard_records(db, results, path))
        target = folder / f"{log.cell.folder}.eval"
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.drafted(target) as draft:
            log.write(draft)
        written += 1
    return written


class _Log:
    """The log of one cell."""

    def __init__(self, outcomes: dict[str, Outcome]) -> None:
        self.cell: Cell
        self._outcomes = outcomes
        self._samples: list[Json] = []
        self._records: list[Json] = []
        self._origin: Json = {}

    def add(self, path: str, header: Json, records: list[Json]) -> None:
        """Add the episodes of a shard that the database counts."""
        self.cell = shard_of(Path("shards", path)).cell
        self._origin = self._origin or header.get("provenance", {})
        for record in records:
            outcome = self._outcomes.get(record["episode"])
            if outcome is not None:
                system = header.get("system", {}).get(record["system"])
                self._samples.append(sample(record, outcome, system))
                self._records.append(record)

    def write(self, path: Path) -> None:
        """Write the archive."""
        start = {"version": VERSION, "eval": self._spec(), "plan": _PLAN}
        header = {**start, "status": "success", "results": self._results(), "stats": self._stats()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, "_journal/start.json", start)
            for one in self._samples:
                _put(archive, f"samples/{one['id']}_epoch_{one['epoch']}.json", one)
            _put(archive, "summaries.json", [_summary(one) for one in self._samples])
            _put(archive, "header.json", header)

    def _spec(self) -> Json:
        cell, first = self.cell, self._records[0]
        ids = list(dict.fromkeys(one["id"] for one in self._samples))
        settings = {
            "prompt": cell.prompt,
            "difficulty": cell.difficulty,
            "tool_success_rate": cell.tool_success_rate,
        }
        return {
            "eval_id": digest([str(cell.folder), "eval"])[:22],
            "run_id": str(self._origin.get("run") or digest(str(cell.folder))[:22]),
            "created": _moment(min(_starts(self._records), default=0.0)),
            "task": cell.task,
            "task_id": digest([str(cell.folder), "task"])[:22],
            "task_version": 0,
            "task_args": settings,
            "solver": cell.prompt,
            "dataset": {"name": cell.task, "samples": len(ids), "sample_ids": ids},
            "model": f"{first['provider']}/{first['deployment']}",
            "model_generate_config": {},
            "config": {"epochs": 1 + max(one["repeat"] for one in self._records)},
            "scorers": [{"name": SCORER, "metrics": [{"name": "accuracy"}]}],
            "metadata": {"model": cell.model, **settings},
            "packages": {},
        }

    def _results(self) -> Json:
        known = [one for one in self._outcomes.values() if one.success is not None]
        rate = sum(one.success is True for one in known) / len(known) if known else 0.0
        counted, all_ = len(known), len(self._samples)
        score = {
            "name": SCORER,
            "scorer": SCORER,
            "scored_samples": counted,
            "unscored_samples": all_ - counted,
            "metrics": {"accuracy": {"name": "accuracy", "value": rate}} if known else {},
        }
        return {"total_samples": all_, "completed_samples": all_, "scores": [score]}

    def _stats(self) -> Json:
        starts = list(_starts(self._records))
        ends = [
            request["started"] + request["latency_s"]
            for record in self._records
            for request in record["requests"]
        ]
        usage = _usage(self._records)
        model = f"{self._records[0]['provider']}/{self._records[0]['deployment']}"
        return {
            "started_at": _moment(min(starts, default=0.0)),
            "completed_at": _moment(max(ends, default=0.0)),
            "model_usage": {} if usage is None else {model: usage},
        }


_PLAN = {"name": "plan", "steps": [{"solver": "generate", "params": {}}]}


def sample(record: Json, outcome: Outcome, system: str | None) -> Json:
    """Return an episode as a sample."""
    name = record.get("question_id")
    messages = list(_messages(record, system))
    verdict, usage = record.get("verdict") or {}, _usage([record])
    model = f"{record['provider']}/{record['deployment']}"
    said = [one for one in messages if one["role"] == "assistant"]
    requests = record["requests"]
    times = {}
    if requests:
        end = requests[-1]["started"] + requests[-1]["latency_s"]
        times = {
            "started_at": _moment(requests[0]["started"]),
            "completed_at": _moment(end),
            "total_time": max(0.0, end - requests[0]["started"]),
            "working_time": sum(request["latency_s"] for request in requests),
        }
    return {
        "id": record["index"] if name is None else name,
        "epoch": record["repeat"] + 1,
        "input": record["user"] or "",
        "target": _target(record, verdict),
        "messages": messages,
        "output": _output(record, model, said[-1] if said else None, usage),
        "scores": _scores(record, outcome, verdict),
        "metadata": {**record.get("metadata", {}), **_marks(record), **_facts(record)},
        "model_usage": {} if usage is None else {model: usage},
        "uuid": record["episode"][:22],
        **times,
    }


def _marks(record: Json) -> Json:
    """Return the epoch and the canary of an instance, if it has them."""
    return {name: record[name] for name in ("epoch", "canary") if name in record}


def _messages(record: Json, system: str | None) -> Iterator[Json]:
    """Yield the conversation, as far as a record has it."""
    model = record["deployment"]
    if system:
        yield {"role": "system", "content": system, "source": "input"}
    for one in record.get("messages", []):
        yield {**one, "source": "input"}
    yield {"role": "user", "content": record["user"] or "", "source": "input"}
    for turn in record["transcript"]:
        calls = [{**turn["call"], "reply": turn["reply"]}] if turn["call"] else []
        calls += turn.get("further", [])
        made = [
            {
                "id": f"call_{turn['turn']}_{number}",
                "function": call["tool"],
                "arguments": call["arguments"],
                "type": "function",
            }
            for number, call in enumerate(calls)
        ]
        text = turn["content"] or ""
        message = {"role": "assistant", "content": text, "source": "generate", "model": model}
        yield message | ({"tool_calls": made} if made else {})
        for call, one in zip(calls, made, strict=True):
            if call["reply"] is not None:
                names = {"tool_call_id": one["id"], "function": one["function"]}
                yield {"role": "tool", "content": as_text(call["reply"]), **names}
        spoken = turn.get("user") or (None if calls else turn["reply"])
        if spoken is not None:
            yield {"role": "user", "content": as_text(spoken)}


def _target(record: Json, verdict: Json) -> str:
    if "wanted" in verdict:
        return as_text(verdict["wanted"])
    return "; ".join(goal["says"] for goal in record["goals"])


def _output(record: Json, model: str, last: Json | None, usage: Json | None) -> Json:
    if last is None:
        return {"model": model, "choices": [], "completion": ""}
    reason = record["transcript"][-1]["finish_reason"]
    usual = "tool_calls" if "tool_calls" in last else "stop"
    choice = {"message": last, "stop_reason": STOPS.get(meaning(reason), usual)}
    found = {"model": model, "choices": [choice], "completion": last["content"]}
    return found | ({} if usage is None else {"usage": usage})


def _scores(record: Json, outcome: Outcome, verdict: Json) -> Json:
    if outcome.success is None:
        return {}
    score: Json = {"value": "C" if outcome.success else "I"}
    if record["answer"] is not None:
        score["answer"] = as_text(verdict.get("read") or record["answer"])
    score["explanation"] = verdict.get("why") or record["reason"] or record["end_reason"] or ""
    score["metadata"] = {
        "progress": outcome.score,
        "level": record["level"],
        **{name: verdict[name] for name in ("rule", "in_form", "metrics") if name in verdict},
    }
    return {SCORER: score}


def _facts(record: Json) -> Json:
    """Return what Inspect has no place for."""
    names = ("status", "end_reason", "reason", "cost_usd", "model_reported", "instance")
    return {"pilotbench": {name: record[name] for name in names}}


def _summary(one: Json) -> Json:
    keep = ("id", "epoch", "input", "target", "metadata", "model_usage", "uuid")
    times = ("started_at", "completed_at", "total_time", "working_time")
    return {
        **{name: one[name] for name in (*keep, *times) if name in one},
        "scores": {name: {"value": score["value"]} for name, score in one["scores"].items()},
        "completed": True,
        "message_count": len(one["messages"]),
    }


def _usage(records: list[Json]) -> Json | None:
    """Return the tokens of episodes, None where a provider did not report them."""
    counts = [
        Tokens.from_json(request["tokens"]) for record in records for request in record["requests"]
    ]
    tokens = added(counts)
    if tokens is None or not counts:
        return None
    costs = [record["cost_usd"] for record in records]
    found = {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "input_tokens_cache_read": tokens.cached,
        "reasoning_tokens": tokens.reasoning,
    }
    return found | ({} if None in costs else {"total_cost": sum(costs)})


def _starts(records: list[Json]) -> Iterator[float]:
    return (request["started"] for record in records for request in record["requests"])


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _known(value: Any) -> Any:
    """Return a cell of a frame, None for a missing one."""
    return None if value is None or value != value or str(value) == "<NA>" else value


def _put(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    archive.writestr(entry, text.encode("utf-8", "replace"))
