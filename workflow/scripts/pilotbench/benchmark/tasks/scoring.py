"""Score a completed episode: a pure function of (instance, transcript).

The transcript's calls are replayed through a fresh session; nothing is asked of a provider. A
change of any rule here must raise SCORING_VERSION; stored transcripts are then scored again at no
cost.

Each call has at most one kind of error: the first in `ERROR_KINDS` whose rule fits. A
precondition that an earlier call had met and no later one meets is `parameter_config`: what was
needed existed, but the call named something else (the raw text, say, and not the rows parsed from
it).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pilotbench.benchmark import flaws
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.ground.errors import TranscriptError

Json = dict[str, Any]

SCORING_VERSION = "3"
STATUSES = ("completed", "refused", "not_applicable")
"""What an episode is that has a record: scored, refused by the service, or without a meaning."""
END_REASONS = ("finish", "no_call", "max_turns", "context_overflow", "length")
ANSWERED = ("finish", "no_call")
ERROR_KINDS = {
    "tool_call_format": "no call could be parsed",
    "tool_selection": "an unknown tool, or a valid call that breaks something protected, each time",
    "parameter_config": "the schema is violated, or a named object does not exist or does not fit",
    "sequence_order": "a precondition does not hold, and a later call makes it true",
    "dependency": "a precondition does not hold, and no call ever makes it true",
    "timeout": "an injected failure that no success of the same call follows",
    "max_turns": "the turns ran out; once per episode",
    "no_rule_error": "the episode failed and nothing above fits; once per episode",
}
"""Each kind of error and its rule; the names are keys of episodes and columns of the database."""
JUDGED, NO_ANSWER = "judge", "none"
"""How the verdict of a reply is read that judges decide about, and of one without an answer."""
PARTIAL_PROGRESS = 0.5
WEIGHTS = {"full_success": 1.0, "partial_success": 0.5, "failure": 0.0}


class Record(Protocol):
    """What the scorer reads of one executed call; see `world.session.CallRecord`."""

    tool: str
    arguments: Any
    valid: bool
    ok: bool
    code: str | None
    transient: bool
    unmet: str | None
    missing: str | None
    violation: str | None
    unknown_tool: bool
    meets: tuple[str, ...]
    broke: list[str]


class Replayable(Protocol):
    """The part of a session that scoring needs."""

    finished: bool
    answer: Any
    log: list[Any]

    def call(self, tool: str, arguments: Any) -> Json:
        """Execute one call and return the reply."""
        ...

    def goal_state(self, answer: Any) -> list[tuple[Json, bool, str]]:
        """Return (predicate, holds now, words) for each goal predicate."""
        ...

    def protected_broken(self) -> list[str]:
        """Return the identities of the protected objects that have changed."""
        ...

    def diff(self) -> list[Json]:
        """Return each changed object in short form."""
        ...


SessionFactory = Callable[[Instance, str, int], Replayable]


def score(instance: Instance, transcript: Transcript, session_factory: SessionFactory) -> Score:
    """Score a completed episode of a task with a world.

    Raises TranscriptError (one line) if the transcript does not fit the instance.
    """
    session, turns = _replayed(instance, transcript, session_factory)
    answer = transcript.answer if transcript.end_reason in ANSWERED else None
    goals = [
        {"kind": predicate["kind"], "holds": bool(holds), "says": says}
        | ({"object": predicate["object"]} if "object" in predicate else {})
        for predicate, holds, says in session.goal_state(answer)
    ]
    broken = session.protected_broken()
    reached = sum(goal["holds"] for goal in goals)
    progress = reached / len(goals) if goals else 0.0
    success = bool(goals) and reached == len(goals) and not broken
    level = level_of(success, progress, broken)
    calls = call_rows(turns, session.log)
    return Score(
        success=success,
        progress=progress,
        level=level,
        weighted_score=WEIGHTS[level],
        collateral_damage=bool(broken),
        goals=goals,
        broken=broken,
        errors=errors_of(calls, transcript, success),
        calls=calls,
        transient=transient_of(session.log),
        flaws=flaws.signatures(instance, _attempts(turns, session.log)),
        world_diff=session.diff(),
    )


def graded(score: Score, verdict: Json) -> Score:
    """Return the score of an answer to a pack's question with its verdict.

    A verdict with a `score`, a share of right, decides about progress and level.
    """
    share = verdict.get("score")
    if share is None:
        return replace(score, verdict=verdict)
    level = level_of(bool(score.success), share, score.broken)
    return replace(
        score, progress=share, level=level, weighted_score=WEIGHTS[level], verdict=verdict
    )


def answered(success: bool, goals: list[Json]) -> Score:
    """Return the score of a plain reply to a question, whose only goal is the answer."""
    return Score(
        success=success,
        progress=float(success),
        level="full_success" if success else "failure",
        weighted_score=float(success),
        collateral_damage=False,
        goals=goals,
        broken=[],
        errors={} if success else {"no_rule_error": 1},
        calls=[],
        transient={"met": 0, "retried": 0, "recovered": 0},
        flaws={},
        world_diff=[],
    )


def awaited(instance: Instance, transcript: Transcript) -> Score:
    """Return the score of a reply that judges will judge: unknown, a failure without an answer."""
    answer = transcript.answer
    is_empty = answer is None or not str(answer).strip()
    verdict: Json = {
        "wanted": instance.extra.get("answer"),
        "read": None if is_empty else answer,
        "rule": NO_ANSWER if is_empty else JUDGED,
        "why": "no answer" if is_empty else "the judges decide",
        "right": False if is_empty else None,
        "in_form": None,
    }
    goal = {"kind": "answer", "holds": False, "says": "the judges accept the answer"}
    score = replace(answered(False, [goal]), verdict=verdict)
    if is_empty:
        return score
    score = replace(score, success=None, progress=None, level=None, weighted_score=None)
    return replace(score, goals=[], errors={})


def level_of(success: bool, progress: float, broken: Sequence[str]) -> str:
    """Return the level of a score."""
    if success:
        return "full_success"
    if not broken and progress >= PARTIAL_PROGRESS:
        return "partial_success"
    return "failure"


def _replayed(
    instance: Instance, transcript: Transcript, session_factory: SessionFactory
) -> tuple[Replayable, list[Turn]]:
    """Return the session after all calls, and the turns that had a call."""
    check_fit(instance, transcript)
    session = session_factory(instance, transcript.tool_success_rate, transcript.repeat)
    turns = [turn for turn in transcript.turns if turn.call is not None]
    for turn in turns:
        _replay(instance, session, turn)
    if session.finished != (transcript.end_reason == "finish"):
        raise misfit(instance, f"end_reason {transcript.end_reason} does not fit its calls")
    if session.finished and not equal(session.answer, transcript.answer):
        raise misfit(instance, "the answer is not the one that finish was called with")
    return session, turns


def check_fit(instance: Instance, transcript: Transcript) -> None:
    """Raise TranscriptError unless a transcript is of this instance."""
    if transcript.instance != instance.content_hash:
        raise misfit(
            instance,
            f"the transcript is of instance {transcript.instance[:12]}, "
            f"this one is {instance.content_hash[:12]}",
        )
    if transcript.end_reason not in END_REASONS:
        raise misfit(instance, f"unknown end_reason {transcript.end_reason!r}")


def _replay(instance: Instance, session: Replayable, turn: Turn) -> None:
    """Execute one turn's call again; its reply must be the stored one.

    A turn without a reply ended the episode.
    """
    if session.finished:
        raise misfit(instance, f"turn {turn.turn}: a call after finish")
    call = turn.call or {}
    if set(call) != {"tool", "arguments"}:
        raise misfit(instance, f"turn {turn.turn}: a call has exactly tool and arguments")
    reply = session.call(call["tool"], call["arguments"])
    if turn.reply is not None and not equal(reply, turn.reply):
        raise misfit(
            instance,
            f"turn {turn.turn}: {call['tool']} now replies {_short(reply)}, "
            f"the transcript has {_short(turn.reply)}",
        )


def misfit(instance: Instance, words: str) -> TranscriptError:
    """Return the error of a transcript that does not fit its instance."""
    return TranscriptError(f"{instance.task} {instance.difficulty} {instance.index}: {words}")


def _plain(value: Any) -> str:
    """Return `value` as JSON in a normal form, which may contain NaN, unlike an identity."""
    return json.dumps(value, sort_keys=True)


def equal(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON."""
    return _plain(one) == _plain(other)


def _short(value: Any) -> str:
    words = _plain(value)
    return words if len(words) <= 100 else words[:99] + "…"


def call_rows(turns: Sequence[Turn], log: Sequence[Record]) -> list[Json]:
    """Return one row per call: turn, tool, arguments, valid, ok, code, transient, kind."""
    return [
        {
            "turn": turn.turn,
            "tool": record.tool,
            "arguments": record.arguments,
            "valid": record.valid,
            "ok": record.ok,
            "code": record.code,
            "transient": record.transient,
            "kind": error_kind(place, log),
        }
        for place, (turn, record) in enumerate(zip(turns, log, strict=True))
    ]


def error_kind(place: int, log: Sequence[Record]) -> str | None:
    """Return the kind of error of call `place`, None for a good call."""
    record = log[place]
    if record.unknown_tool or record.broke:
        return "tool_selection"
    if record.ok:
        return None
    if record.transient:
        return None if _recovered(place, log) else "timeout"
    if record.violation is None and record.missing is None and record.unmet is not None:
        return _order_kind(record.unmet, log[:place], log[place + 1 :])
    return "parameter_config"


def _order_kind(unmet: str, before: Sequence[Record], after: Sequence[Record]) -> str:
    if any(unmet in record.meets for record in after):
        return "sequence_order"
    if any(unmet in record.meets for record in before):
        return "parameter_config"
    return "dependency"


def _same(record: Record) -> str:
    return _plain([record.tool, record.arguments])


def _recovered(place: int, log: Sequence[Record]) -> bool:
    wanted = _same(log[place])
    return any(record.ok and _same(record) == wanted for record in log[place + 1 :])


def transient_of(log: Sequence[Record]) -> dict[str, int]:
    """Count the transient failures met, retried, and recovered."""
    met = [place for place, record in enumerate(log) if record.transient]
    retried = [
        place
        for place in met
        if any(_same(record) == _same(log[place]) for record in log[place + 1 :])
    ]
    recovered = sum(_recovered(place, log) for place in met)
    return {"met": len(met), "retried": len(retried), "recovered": recovered}


def errors_of(calls: Sequence[Json], transcript: Transcript, success: bool) -> dict[str, int]:
    """Count the errors of each kind; kinds that do not occur are absent."""
    found = Counter(row["kind"] for row in calls if row["kind"] is not None)
    found["tool_call_format"] += sum(turn.call is None for turn in transcript.turns)
    found["max_turns"] += transcript.end_reason == "max_turns"
    if not success and not found.total():
        found["no_rule_error"] = 1
    return {kind: found[kind] for kind in ERROR_KINDS if found[kind]}


def _attempts(turns: Sequence[Turn], log: Sequence[Record]) -> list[flaws.Attempt]:
    """Return what the flaw signatures use: each attempted call and its result."""
    return [
        flaws.Attempt(record.tool, record.arguments, record.ok, _result(turn))
        for turn, record in zip(turns, log, strict=True)
    ]


def _result(turn: Turn) -> Any:
    return turn.reply.get("result") if isinstance(turn.reply, dict) else None
