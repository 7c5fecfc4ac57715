"""What services do to tool calls: q1 is played over several messages as scripted, under `native`.

The server of a row may be strict: it refuses a conversation that it would not take from a client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.providers.wire_formats import chat
from support.http_service import Reply
from support.scripted import (
    QUESTIONS,
    Scripted,
    completion,
    failed,
    play,
    question_of,
    said,
    service,
    shard_of,
)

Json = dict[str, Any]
Q1 = next(iter(QUESTIONS))
HELP = {"topic": "sums"}


def call(name: str, arguments: Any, **rest: Any) -> Json:
    """Return a tool call; arguments that are not text are encoded."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"type": "function", "function": {"name": name, "arguments": text}, **rest}


def calls(*made: Json, content: str | None = None, **message: Any) -> Json:
    """Return a completion whose message has tool calls."""
    return said(content, "tool_calls", tool_calls=[*made], **message)


def finish(arguments: Any, **rest: Any) -> Json:
    """Return a completion that finishes."""
    return calls(call("finish", arguments, **rest))


def helped(**rest: Any) -> Json:
    """Return a completion that makes a call which is not the last."""
    return calls(call("utility_helper", HELP, **rest))


def ids(body: Json) -> tuple[list[str], list[str]]:
    """Return the ids of the calls of a conversation, and those of the results."""
    made = [c["id"] for m in body["messages"] for c in m.get("tool_calls") or ()]
    return made, [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"]


def any_conversation(body: Json) -> Reply | None:
    """Refuse what no service takes: results that do not follow their calls."""
    made, answered = ids(body)
    return None if made == answered else failed(400, "a call without its result")


def no_duplicates(body: Json) -> Reply | None:
    made, _ = ids(body)
    return failed(400, "duplicate id") if len(set(made)) < len(made) else any_conversation(body)


def nine_alphanumerics(body: Json) -> Reply | None:
    made, _ = ids(body)
    good = all(re.fullmatch("[a-zA-Z0-9]{9}", one) for one in made)
    return no_duplicates(body) if good else failed(400, "an id must be a-z, A-Z, 0-9, length 9")


def forty(body: Json) -> Reply | None:
    made, _ = ids(body)
    return failed(400, "id too long") if max(map(len, made), default=0) > 40 else None


def reasoning_replayed(body: Json) -> Reply | None:
    lacking = [
        m for m in body["messages"] if m.get("tool_calls") and not m.get("reasoning_content")
    ]
    return failed(400, "missing reasoning_content") if lacking else None


@dataclass(frozen=True)
class Case:
    """The replies to q1 in order (the last again and again) and what must come of it."""

    name: str
    outcome: str
    replies: tuple[Any, ...]
    asked: int
    strict: Callable[[Json], Reply | None] = any_conversation
    record: Json = field(default_factory=dict)

    def script(self, body: Json, number: int) -> Any:
        """Answer as the row says; q2 is healthy."""
        if question_of(body) != Q1:
            return finish({"answer": 8}, id="call_8")
        turn = sum(message["role"] == "assistant" for message in body["messages"])
        return self.strict(body) or self.replies[min(turn, len(self.replies) - 1)]


ANSWER = {"answer": 42}
HERMES = f"<tool_call>\n{json.dumps({'name': 'finish', 'arguments': ANSWER})}\n</tool_call>"
BOTH = (helped(id="call_0"), helped(id="call_0"), finish(ANSWER, id="call_0"))
NO_IDS = (helped(), helped(id=None), finish(ANSWER, id=""))
BROKEN = failed(400, "Failed to call a function.", code="tool_use_failed", failed_generation="<f")
NO_MESSAGE = completion({"index": 0, "finish_reason": "MALFORMED_FUNCTION_CALL"})

CASES = [
    Case("t_healthy", "right", (helped(id="a1"), finish(ANSWER, id="b2")), 2, no_duplicates),
    Case("t_double", "right", (finish(json.dumps(json.dumps(ANSWER)), id="a"),), 1),
    Case("t_sameid", "right", BOTH, 3, no_duplicates),
    Case("t_twice", "right", (calls(*[call("finish", ANSWER, id="a")] * 2),), 1, no_duplicates),
    Case("t_noid", "right", NO_IDS, 3, no_duplicates),
    Case("t_mistral", "right", NO_IDS, 3, nine_alphanumerics),
    Case(
        "t_longid", "right", (helped(id="a" * 80), helped(id="a" * 80), finish(ANSWER)), 3, forty
    ),
    Case("t_hermes", "right", (said(HERMES),), 1),
    Case(
        "t_hermes_then", "right",
        (said("First.\n" + HERMES.replace("finish", "utility_helper")), finish(ANSWER, id="b")),
        2, no_duplicates,
    ),
    Case("t_groq", "wrong", (BROKEN,), 2, record={"end_reason": "no_call", "parsed_turns": 0}),
    Case("t_groq_once", "right", (BROKEN, finish(ANSWER, id="b")), 2),
    Case("t_nomsg", "wrong", (NO_MESSAGE,), 2, record={"end_reason": "no_call"}),
    Case("t_nomsg_once", "right", (NO_MESSAGE, finish(ANSWER, id="b")), 2),
    Case("t_finlist", "right", (finish({"answer": [42]}, id="a"),), 1),
    Case("t_finbare", "right", (finish("42", id="a"),), 1),
    Case("t_fintext", "right", (finish('"42"', id="a"),), 1),
    Case("t_finbroken", "wrong", (finish('{"answer": 42', id="a"),), 2),
    Case(
        "t_deepseek_rc", "right",
        (
            calls(call("utility_helper", HELP, id="a"), reasoning_content="I look it up."),
            finish(ANSWER, id="b"),
        ),
        2, reasoning_replayed,
    ),
]  # fmt: skip


def played(case: Case, folder: Path) -> tuple[Any, Scripted]:
    with service(case.script) as scripted:
        return play(shard_of(folder, scripted.address, tools=True)), scripted


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_service_does_to_the_calls_of_one_question(case: Case, tmp_path: Path) -> None:
    found, scripted = played(case, tmp_path)
    assert scripted.asked(0) == case.asked
    assert (found.outcome(0), found.outcome(1)) == (case.outcome, "right")
    record = found.records[0]
    assert {name: record[name] for name in case.record} == case.record


@pytest.mark.parametrize("name", ["t_noid", "t_sameid", "t_groq", "t_hermes_then", "t_deepseek_rc"])
def test_what_was_mended_is_the_same_at_every_replay(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    with service(case.script) as scripted:
        asked = shard_of(tmp_path, scripted.address, tools=True)
        first = play(asked)
        for path in (asked.settings.results_dir / "shards").rglob("*.gz"):
            path.unlink()
        again = play(asked, may_ask=False)
        assert len(scripted.requests) == case.asked + 1
    assert [record["transcript"] for record in again.records.values()] == [
        record["transcript"] for record in first.records.values()
    ]


def test_ids_of_a_healthy_conversation_are_repeated_as_they_came(tmp_path: Path) -> None:
    _, scripted = played(CASES[0], tmp_path)
    last = next(body for body in reversed(scripted.requests) if question_of(body) == Q1)
    assert ids(last) == (["a1"], ["a1"])


def test_a_call_in_a_tag_is_repeated_as_the_tool_call_that_it_is(tmp_path: Path) -> None:
    _, scripted = played(next(c for c in CASES if c.name == "t_hermes_then"), tmp_path)
    last = next(body for body in reversed(scripted.requests) if question_of(body) == Q1)
    assert last["messages"][2]["content"] == "First."
    (made,) = last["messages"][2]["tool_calls"]
    assert made["function"] == {"name": "utility_helper", "arguments": '{"answer":42}'}


@pytest.mark.parametrize("name", ["t_noid", "t_sameid", "t_longid", "t_deepseek_rc"])
def test_a_journal_of_the_earlier_form_answers_without_a_request(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(replace(c, strict=any_conversation) for c in CASES if c.name == name)
    with service(case.script) as scripted:
        asked = shard_of(tmp_path, scripted.address, tools=True)
        with monkeypatch.context() as earlier:
            earlier.setattr(chat, "now", chat.before)
            play(asked)
        assert len(scripted.requests) == case.asked + 1
        for path in (asked.settings.results_dir / "shards").rglob("*.gz"):
            path.unlink()
        again = play(asked)
        assert again.outcome(0) == "right"
        assert len(scripted.requests) == case.asked + 1
