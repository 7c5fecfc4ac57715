"""The kind `anthropic`: its failures, and whole episodes against the API's own rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground import errors
from pilotbench.providers.failures import failure
from pilotbench.providers.kinds import KINDS
from support import messages_api
from support.http_service import Reply
from support.messages_api import Strict, failed, message, text, thinking, use
from support.scripted import play, question_of, service, shard_of

Json = dict[str, Any]
RIGHT = {"What is 6 times 7?": "42", "What is 3 plus 5?": "8"}
HIDDEN = {"type": "redacted_thinking", "data": "eGRh"}
LIMITED = (
    "This request would exceed your organization's rate limit of 50,000 input tokens per minute "
    "(org: 1). For details, refer to: https://docs.claude.com/en/api/rate-limits."
)
SPENT = {"error_code": "enforced_spend_limit_reached"}


def told(kind: str, words: str = "no", **more: Any) -> Json:
    """Return the body of an error."""
    return {"type": "error", "error": {"type": kind, "message": words, **more}}


def wrong(words: str) -> tuple[int, Json]:
    """Return a rejected request."""
    return 400, told("invalid_request_error", words)


FAILURES: list[tuple[tuple[int, Json], type[errors.ProviderError]]] = [
    (wrong("max_tokens: Field required"), errors.Rejected),
    (wrong("`temperature` is deprecated for this model."), errors.Rejected),
    (wrong("messages.1.content.0: Invalid `signature` in `thinking` block"), errors.Rejected),
    (wrong("max_tokens: 99999 > 64000, which is the maximum allowed"), errors.Rejected),
    (wrong("prompt is too long: 215000 tokens > 200000 maximum"), errors.ContextOverflow),
    (
        wrong("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
        errors.ContextOverflow,
    ),
    ((413, told("request_too_large", "Request exceeds the maximum size")), errors.ContextOverflow),
    (wrong("Output blocked by content filtering policy"), errors.Refused),
    (wrong("Your credit balance is too low to access the Anthropic API."), errors.QuotaSpent),
    (wrong("You have reached your specified API usage limits."), errors.QuotaSpent),
    (wrong("You have reached your specified workspace API usage limits."), errors.QuotaSpent),
    ((402, told("billing_error")), errors.QuotaSpent),
    ((403, told("billing_error")), errors.QuotaSpent),
    ((429, told("rate_limit_error", "limit reached", details=SPENT)), errors.QuotaSpent),
    ((429, told("rate_limit_error", LIMITED)), errors.RateLimited),
    (
        (429, told("rate_limit_error", details={"error_code": "ramp_limit_exceeded"})),
        errors.RateLimited,
    ),
    ((401, told("authentication_error", "invalid x-api-key")), errors.AuthenticationFailed),
    ((403, told("permission_error")), errors.AuthenticationFailed),
    (
        (400, told("invalid_request_error", details={"error_code": "organization_on_hold"})),
        errors.AuthenticationFailed,
    ),
    ((404, told("not_found_error", "model: claude-9")), errors.Rejected),
    ((409, told("conflict_error")), errors.ServerFailed),
    ((500, told("api_error")), errors.ServerFailed),
    ((504, told("timeout_error")), errors.ServerFailed),
    ((529, told("overloaded_error", "Overloaded")), errors.ServerFailed),
]


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
def test_an_error_of_the_api_is_an_error_of_the_tree(
    answer: tuple[int, Json], expected: type[errors.ProviderError]
) -> None:
    status, body = answer
    assert type(failure(KINDS["anthropic"].failures, status, {}, body)) is expected


def turn(body: Json, number: int) -> list[Json]:
    """Return the blocks of an attentive model: it tries, reads the results, then finishes."""
    if number == 0:
        return [
            thinking("First I look."),
            HIDDEN,
            text("I look."),
            use("utility_helper", "toolu_1", topic="sums"),
            use("finish", "toolu_2", answer="early"),
        ]
    if number == 1:
        return [thinking("No call yet.")]
    return [thinking("Now."), use("finish", "toolu_3", answer=RIGHT[question_of(body)])]


def catalogued(protocol: str = "native", **parameters: Any) -> Json:
    """Return the catalogue of models with the one that is asked."""
    price = {"input": 1.0, "output": 10.0, "cached": 0.1}
    entry = {"provider": "scripted", "deployment": "m", "protocol": protocol, "price": price}
    return {"m": {**entry, "parameters": parameters}}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "secret")


BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
PARAMETERS: list[Json] = [{}, BUDGET, {"max_tokens": 500}, {"thinking": {"type": "adaptive"}}]


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_an_episode_with_thinking_and_parallel_calls_keeps_the_rules_of_the_api(
    tmp_path: Path, parameters: Json
) -> None:
    with service(Strict(turn)) as scripted:
        asked = shard_of(
            tmp_path,
            scripted.address,
            tools=True,
            kind="anthropic",
            model_catalog=catalogued(**parameters),
        )
        played = play(asked)
        assert [played.outcome(0), played.outcome(1)] == ["right", "right"]
        assert len(scripted.requests) == 6
        assert play(asked, may_ask=False).records == played.records
        assert len(scripted.requests) == 6
    first, second, last = played.records[0]["transcript"]
    assert (first["thought"], first["content"], first["surplus"]) == ("First I look.", "I look.", 1)
    assert (second["call"], last["call"]["tool"]) == (None, "finish")
    bodies = [body for body in scripted.requests if len(body["messages"]) == 3]
    for body in bodies:
        assert body["messages"][1]["content"] == turn(body, 0)
        assert [one["tool_use_id"] for one in body["messages"][2]["content"]] == [
            "toolu_1",
            "toolu_2",
        ]


def test_a_stream_is_played_like_answers_at_once(tmp_path: Path) -> None:
    found = []
    for streams in (False, True):
        with service(Strict(turn)) as scripted:
            (entry,) = catalogued().values()
            asked = shard_of(
                tmp_path / str(streams),
                scripted.address,
                tools=True,
                kind="anthropic",
                model_catalog={"m": {**entry, "stream": streams}},
            )
            played = play(asked)
            found.append([(r["transcript"], r["tokens"]) for r in played.records.values()])
        assert all(body.get("stream", False) is streams for body in scripted.requests)
    assert found[0] == found[1]


def test_tokens_of_the_cache_are_a_part_of_the_input(tmp_path: Path) -> None:
    with service(Strict(turn)) as scripted:
        played = play(shard_of(tmp_path, scripted.address, tools=True, kind="anthropic"))
    found = played.records[0]["tokens"]
    assert found == {
        "input": 300, "output": 30, "reasoning": 0, "cached": 150, "cache_writes": 30,
    }  # fmt: skip


@pytest.mark.parametrize("protocol", ["text", "json"])
def test_other_protocols_are_played_too(tmp_path: Path, protocol: str) -> None:
    def reply(body: Json, number: int) -> list[Json]:
        answer = RIGHT[question_of(body)]
        call = f'{{"thought": "hm", "tool": "finish", "arguments": {{"answer": "{answer}"}}}}'
        return [thinking("hm"), text("hm" if number == 0 else call)]

    with service(Strict(reply)) as scripted:
        asked = shard_of(
            tmp_path,
            scripted.address,
            tools=True,
            kind="anthropic",
            model_catalog=catalogued(protocol),
        )
        assert play(asked).outcome(0) == "right"


RESPONSES: list[tuple[str, Any, str]] = [
    ("refusal", message([], "refusal"), "refused"),
    ("cut off", message([use("finish", answer="42")], "max_tokens"), "wrong"),
    ("context is full", message([text("4")], "model_context_window_exceeded"), "wrong"),
    ("stop sequence", message([text("42")], "stop_sequence"), "right"),
    ("pause", message([text("42")], "pause_turn"), "right"),
    ("empty", message([]), "wrong"),
    ("stream", Reply(messages_api.streamed(message([thinking("hm"), text("42")]))), "right"),
    ("prompt too long", failed(400, "invalid_request_error", "prompt is too long: 9 > 8"), "wrong"),
    ("rejected", failed(400, "invalid_request_error", "no"), "owed"),
    ("overloaded", failed(529, "overloaded_error", "Overloaded", retry_after="0.1"), "owed"),
]


@pytest.mark.parametrize(("_", "answer", "outcome"), RESPONSES, ids=[row[0] for row in RESPONSES])
def test_a_response_means_what_the_api_says(
    tmp_path: Path, _: str, answer: Any, outcome: str
) -> None:
    with service(Strict(lambda body, number: answer)) as scripted:
        played = play(shard_of(tmp_path, scripted.address, tools=False, kind="anthropic"))
    assert played.outcome(0) == outcome


RULES: list[tuple[str, Json]] = [
    ("max_tokens", {"max_tokens": None}),
    ("greater than", {"thinking": {"type": "enabled", "budget_tokens": 100}}),
    ("Extra inputs", {"seed": 1}),
    ("alternate", {"messages": [{"role": "assistant", "content": "a"}]}),
    ("alternate", {"messages": []}),
    ("non-whitespace", {"messages": [{"role": "user", "content": " "}]}),
]
USER = {"role": "user", "content": "a"}
HISTORIES: list[tuple[str, list[Json], Any]] = [
    ("signature", [{**thinking("hm"), "signature": "x"}, text("a")], "b"),
    ("signature", [{**thinking("hm"), "thinking": "changed"}, text("a")], "b"),
    ("final block", [thinking("hm")], "b"),
    ("tool_result", [use("f")], "b"),
    ("tool_result", [use("f")], [{"type": "tool_result", "tool_use_id": "other", "content": ""}]),
    (
        "first",
        [use("f")],
        [text("b"), {"type": "tool_result", "tool_use_id": "toolu_1", "content": ""}],
    ),
    ("pattern", [use("f", "a b")], "b"),
    ("dictionary", [{**use("f"), "input": "{"}], "b"),
]


@pytest.mark.parametrize(("words", "change"), RULES)
def test_the_service_of_these_tests_rejects_a_wrong_request(words: str, change: Json) -> None:
    problem = messages_api.rejected({"model": "m", "max_tokens": 9, "messages": [USER], **change})
    assert words in str(problem)


@pytest.mark.parametrize(("words", "said", "reply"), HISTORIES)
def test_the_service_of_these_tests_rejects_a_wrong_conversation(
    words: str, said: list[Json], reply: Any
) -> None:
    turns = [USER, {"role": "assistant", "content": said}, {"role": "user", "content": reply}]
    problem = messages_api.rejected({"model": "m", "max_tokens": 9, "messages": turns})
    assert words in str(problem)
