"""The record of an episode: conditions, score, messages, and what each request cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.asking.journal.identity import components, identity
from pilotbench.asking.prices import answers_usd
from pilotbench.benchmark.catalogue import epochs
from pilotbench.benchmark.flaws import harmful
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Score, Task, Turn
from pilotbench.episodes.episode_spec import EpisodeSpec, EpisodeState
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.cells import Cell, episode_id
from pilotbench.providers.answer import Answer, added
from pilotbench.providers.request import Request

Json = dict[str, Any]


@dataclass(frozen=True)
class Episode:
    """A finished episode: its record, and the system message that the record names by hash."""

    record: Json
    system: str | None


def record_of(
    spec: EpisodeSpec,
    status: str,
    state: EpisodeState | None = None,
    score: Score | None = None,
    system: str | None = None,
    user: str | None = None,
    reason: str | None = None,
) -> Json:
    """Return the record of an episode; see schemas/episode.schema.yaml."""
    model, instance = spec.model, spec.instance
    cell = Cell(model.name, spec.prompt.name, spec.task.name, instance.difficulty, spec.rate)
    return {
        "episode": episode_id(cell, instance.index, spec.repeat),
        "model": model.name,
        "provider": model.provider,
        "deployment": model.deployment,
        "protocol": spec.protocol.name,
        "prompt": spec.prompt.name,
        "task": spec.task.name,
        "difficulty": instance.difficulty,
        "tool_success_rate": spec.rate,
        "index": instance.index,
        "repeat": spec.repeat,
        "instance": instance.content_hash,
        **_epoch(spec.task),
        **_named(instance),
        "status": status,
        "reason": reason,
        "max_turns": spec.max_turns,
        "system": None if system is None else digest(system),
        "user": user,
        "harmful": None if status == "not_applicable" else _harmful(spec),
        **_scored(score),
        **_transcript_fields(spec, state, status),
        **_usage_fields(spec, state),
    }


def _epoch(task: Task) -> Json:
    """Return the epoch of a task, as far as it has epochs."""
    epoch = epochs.shown(task)
    return {} if epoch is None else {"epoch": epoch}


def _named(instance: Instance) -> Json:
    """Return name and metadata of an instance, and the mark of a public one, if it has them."""
    names = {"question_id": "id", "metadata": "metadata", "canary": "canary"}
    return {name: instance.extra[key] for name, key in names.items() if key in instance.extra}


def _harmful(spec: EpisodeSpec) -> bool | None:
    """Return whether following the prompt's flawed plan literally fails the task."""
    flaw = spec.prompt.flaw
    return None if flaw is None else harmful(flaw, spec.instance)


def _scored(score: Score | None) -> Json:
    if score is not None:
        optional = ("verdict", "collateral", "injection")
        return {k: v for k, v in vars(score).items() if v is not None or k not in optional}
    return {
        "success": None,
        "progress": None,
        "level": None,
        "weighted_score": None,
        "collateral_damage": None,
        "goals": [],
        "broken": [],
        "errors": {},
        "calls": [],
        "transient": {"met": 0, "retried": 0, "recovered": 0},
        "flaws": {},
        "world_diff": [],
    }


def _transcript_fields(spec: EpisodeSpec, state: EpisodeState | None, status: str) -> Json:
    """Return the messages.

    A reply to a plain question that is not empty counts as parsed, and so does a message in words
    where a message may have none.
    """
    turns = state.transcript.turns if state else []
    used = [tool for turn in turns for tool in map(_reached, turn.calls) if tool != "finish"]
    is_parsed = _in_words if spec.protocol.name == "none" else _with_a_call
    if spec.task.calling.several:
        is_parsed = _without_an_error
    completed = state is not None and status == "completed"
    return {
        "end_reason": state.transcript.end_reason if state and completed else None,
        "turns": len(turns),
        "tool_calls": len(used),
        "distinct_tools": len(set(used)),
        "parsed_turns": sum(map(is_parsed, turns)),
        "repaired": sum(turn.repaired for turn in turns),
        "transcript": [turn.as_json() for turn in turns],
        "answer": state.transcript.answer if state else None,
    }


def _in_words(turn: Turn) -> bool:
    return bool(turn.content)


def _with_a_call(turn: Turn) -> bool:
    return turn.call is not None


def _without_an_error(turn: Turn) -> bool:
    return turn.parse_error is None and bool(turn.calls or turn.content)


def _reached(call: Json) -> str:
    """Return the tool that a call is meant for, even through `call_tool`."""
    inner = call["arguments"].get("name") if call["tool"] == "call_tool" else None
    return inner if isinstance(inner, str) else str(call["tool"])


def _usage_fields(spec: EpisodeSpec, state: EpisodeState | None) -> Json:
    asked = state.asked if state else []
    tokens = added(one.completion.tokens for _, one in asked)
    return {
        "tokens": tokens and tokens.as_json(),
        "cost_usd": answers_usd(spec.model.price, [one for _, one in asked]),
        "model_reported": asked[-1][1].completion.model if asked else None,
        "requests": [_paid_request(spec, request, one) for request, one in asked],
    }


def _paid_request(spec: EpisodeSpec, request: Request, asked: Answer) -> Json:
    """Return what a request was and cost; what did not come with its answer is left out."""
    completion, received = asked.completion, asked.completion.received
    beside = {
        "first_token_s": completion.first_token_s,
        "cost_usd": answers_usd(spec.model.price, [asked]),
        "tier": asked.tier,
        "batch": asked.batch,
        "response_id": received.get("id"),
        **{name: received.get(name) for name in ("request_id", "fingerprint")},
        **{name: received.get(name) for name in ("usage", "logprobs", "choices")},
    }
    return {
        "identity": identity(components(spec.model, request)),
        "turn": request.turn,
        "key": asked.key,
        "started": asked.started,
        "latency_s": asked.latency_s,
        "queued_s": asked.queued_s,
        "attempts": asked.attempts,
        "slots": asked.slots,
        "model": asked.completion.model,
        "finish_reason": asked.completion.finish_reason,
        "tokens": asked.completion.tokens and asked.completion.tokens.as_json(),
        **{name: value for name, value in beside.items() if value is not None},
    }
