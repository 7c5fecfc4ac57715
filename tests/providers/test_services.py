"""What services send and how it is handled: q1 gets the scripted responses, q2 healthy ones.

Each row represents a class of responses. `asked` is the maximum number of requests for q1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground import notices
from pilotbench.ground.errors import ConfigError
from support.http_service import Reply
from support.scripted import (
    QUESTIONS,
    Script,
    choice,
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
RIGHT = said("42")
FILTERED = [{"prompt_index": 0, "content_filter_results": {"violence": {"filtered": True}}}]
DASHSCOPE = (
    "You exceeded your current quota, please check your plan and billing details. For details, "
    "see: https://help.aliyun.com/zh/model-studio/error-code#token-limit"
)
GEMINI = (
    "You exceeded your current quota, please check your plan and billing details.\n* Quota "
    "exceeded for metric: generate_content_free_tier_requests, limit: 2\nPlease retry in 0.2s."
)
STREAM = b"".join(
    b"data: " + json.dumps(chunk).encode() + b"\n\n"
    for chunk in (
        {"model": "m", "choices": [{"delta": {"role": "assistant", "content": "4"}}]},
        {"choices": [{"delta": {"content": "2"}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}},
    )
)
PAID_ERROR = b"".join(
    b"data: " + json.dumps(chunk).encode() + b"\n\n"
    for chunk in (
        {"model": "m", "choices": [{"delta": {"role": "assistant", "content": "partial"}}]},
        {
            "error": {"code": "server_error", "message": "Provider disconnected"},
            "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 10},
        },
    )
)


def raw(body: Json, old: bytes, new: bytes) -> bytes:
    """Return a body with bytes that JSON cannot say."""
    content = json.dumps(body).encode()
    assert old in content
    return content.replace(old, new)


LOGPROBS = completion(choice({"role": "assistant", "content": "42"}, logprobs=["NUMBER"]))
COST = (100 * 1.0 + 10 * 10.0) / 1e6
CACHED_COST = (60 * 1.0 + 40 * 0.5 + 10 * 10.0) / 1e6
ANY: Any = object()


@dataclass(frozen=True)
class Case:
    """What is sent to q1, first `first` then `then`, and what must come of it."""

    name: str
    outcome: str
    then: Any
    first: tuple[Any, ...] = ()
    asked: int = 1
    cost: Any = ANY
    kind: str = "openai"
    record: Json = field(default_factory=dict)
    error: str | None = None
    retry_for_s: float = 1.5
    beside: tuple[str, ...] = ("right",)
    notice: str | None = None

    def script(self) -> Script:
        """Return the service."""

        def reply(body: Json, number: int) -> Any:
            if question_of(body) != Q1:
                return said("8")
            return self.first[number] if number < len(self.first) else self.then

        return reply


CASES = [
    # reasoning
    Case(
        "rc_only",
        "wrong",
        said(None, reasoning_content="6 times 7 is 42"),
        record={"end_reason": "no_call", "answer": ""},
        notice="has reasoning but no text",
    ),
    # finish reason
    Case("fr_isr", "owed", said("It is 4", "insufficient_system_resource"), asked=3),
    Case("fr_error_once", "right", RIGHT, (said("It", "error"),), asked=2),
    Case("fr_abort", "owed", said("", "abort"), asked=3),
    Case("fr_network", "right", RIGHT, (said("", "network_error"),) * 2, asked=3),
    Case("fr_sensitive", "refused", said("", "sensitive"), record={"reason": "sensitive"}),
    Case("fr_safety", "refused", said(None, "SAFETY")),
    Case("fr_prohibited", "refused", said("", "content_filter: PROHIBITED_CONTENT")),
    Case("fr_max_tokens", "wrong", said("It is", "MAX_TOKENS"), record={"end_reason": "length"}),
    Case(
        "fr_unknown", "right", said("42", "because"), notice="the finish reason because is unknown"
    ),
    Case("choices_empty", "refused", completion(prompt_filter_results=FILTERED)),
    Case("choices_none", "owed", completion(), asked=3, error="UnusableAnswer"),
    # usage
    Case("u_absent", "right", {**RIGHT, "usage": None}, cost=None),
    Case("u_null", "right", said("42", usage=None), cost=None),
    Case(
        "u_nulls",
        "right",
        said("42", usage={"prompt_tokens": None, "completion_tokens": None}),
        cost=None,
    ),
    Case(
        "u_float",
        "right",
        said("42", usage={"prompt_tokens": 100.0, "completion_tokens": 10.0}),
        cost=COST,
    ),
    Case(
        "u_text",
        "right",
        said("42", usage={"prompt_tokens": "100", "completion_tokens": "10"}),
        cost=COST,
    ),
    Case(
        "u_deepseek",
        "right",
        said(
            "42",
            usage={
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "prompt_cache_hit_tokens": 40,
                "prompt_cache_miss_tokens": 60,
            },
        ),
        cost=CACHED_COST,
    ),
    Case(
        "u_responses",
        "right",
        said("42", usage={"input_tokens": 100, "output_tokens": 10}),
        cost=COST,
    ),
    Case(
        "u_huge",
        "right",
        said("42", usage={"prompt_tokens": 10**400, "completion_tokens": 2**63}),
        cost=None,
    ),
    # model name
    Case("m_other", "right", {**RIGHT, "model": "qwen-turbo"}),
    # 4xx
    Case(
        "b_ctx_new",
        "wrong",
        failed(400, "Prompt exceeds max length"),
        record={"end_reason": "context_overflow"},
    ),
    Case(
        "b_ctx_413",
        "wrong",
        Reply(b"<html><h1>413 Request Entity Too Large</h1></html>", 413),
        record={"end_reason": "context_overflow"},
    ),
    Case("f_moderation", "refused", failed(403, 'Your input was flagged for "violence"')),
    Case(
        "b_groq",
        "wrong",
        failed(400, "Failed to call a function.", code="tool_use_failed", failed_generation="x"),
        cost=None,
    ),
    Case("b_parse_500", "wrong", failed(500, "Failed to parse input at pos 3"), cost=None),
    Case(
        "b_404_once",
        "right",
        RIGHT,
        (failed(404, "no", code="DeploymentNotFound"),) * 2,
        asked=3,
        kind="azure",
        retry_for_s=60,
    ),
    Case("f_401_once", "right", RIGHT, (failed(401, "no"),), asked=2, retry_for_s=60),
    # azure
    Case(
        "az_usage_policy",
        "refused",
        failed(400, "Invalid prompt: … violating our usage policy", code="invalid_prompt"),
        kind="azure",
    ),
    # 429
    Case(
        "rl_dash_tpm",
        "right",
        RIGHT,
        (failed(429, DASHSCOPE, {"retry-after": "0.1"}, code="insufficient_quota"),) * 2,
        asked=3,
    ),
    Case("rl_gemini", "right", RIGHT, (failed(429, GEMINI),) * 2, asked=3),
    Case(
        "rl_day",
        "owed",
        failed(429, "busy", {"retry-after": "86400"}),
        beside=("right", "owed"),  # the key is paused for both where q1 is answered first
    ),
    # 5xx
    Case("s_499", "right", RIGHT, (failed(498, "no capacity", {"retry-after": "0.1"}),), asked=2),
    Case("s_503", "right", RIGHT, (failed(503, "busy", {"retry-after": "0.1"}),), asked=2),
    Case(
        "s_503_long", "owed", failed(503, "busy", {"retry-after": "3600"}), beside=("right", "owed")
    ),
    # 200 body
    Case("sse", "right", STREAM, cost=COST),
    Case("sse_done", "right", STREAM + b"data: [DONE]\n\n", cost=COST),
    Case("sse_cut", "owed", STREAM[:90], asked=3, error="ConnectionFailed"),
    Case("nan_logprobs", "right", raw(LOGPROBS, b'"NUMBER"', b"NaN"), cost=COST),
    Case("inf_logprobs", "right", raw(LOGPROBS, b'"NUMBER"', b"-Infinity"), cost=COST),
    Case("latin1", "right", raw(said("@\n42"), b"@", b"caf\xe9"), cost=COST),
    Case("not_json", "owed", b"upstream said ok", asked=3, error="UnusableAnswer"),
    Case(
        "error_after_content", "owed", PAID_ERROR, asked=3, error="UnusableAnswer", retry_for_s=15.0
    ),
    Case("error_success", "right", RIGHT | {"error": {"code": 0, "message": "success"}}, cost=COST),
    Case("html_once", "right", RIGHT, (b"<html>sign in</html>",), asked=2),
]


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_service_does_to_one_question(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_known", notices.Known())
    with service(case.script()) as scripted:
        asked = shard_of(
            tmp_path,
            scripted.address,
            tools=False,
            kind=case.kind,
            retry_for_s=case.retry_for_s,
        )
        found = play(asked)
        assert scripted.asked(0) == case.asked
    assert found.outcome(0) == case.outcome
    assert found.outcome(1) in case.beside
    assert case.notice is None or capsys.readouterr().err.count(case.notice) == 1
    if case.outcome == "owed":
        assert case.error in (None, found.owed[0])
        return
    record = found.records[0]
    assert {name: record[name] for name in case.record} == case.record
    if case.cost is not ANY:
        assert record["cost_usd"] == (case.cost and pytest.approx(case.cost))


def journal_lines(folder: Path) -> list[Json]:
    """Return every line of the journal."""
    files = sorted((folder / "journal").rglob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b"upstream said ok sk-scripted", None),
        (said("It is 4", "abort"), {"input": 100, "output": 10, "reasoning": 0, "cached": 0}),
    ],
    ids=["not json", "broken off"],
)
def test_an_unusable_answer_is_kept_and_requested_three_times_over_all_runs(
    body: Any, tokens: Json | None, tmp_path: Path
) -> None:
    case = Case("unusable", "owed", body)
    with service(case.script()) as scripted:
        first = play(shard_of(tmp_path, scripted.address, tools=False, retry_for_s=0.1))
        assert first.owed == {0: "UnusableAnswer"}
        assert 1 <= scripted.asked(0) <= 3  # as long as `retry_for_s` lets it try
        for _ in range(3):
            found = play(shard_of(tmp_path, scripted.address, tools=False, retry_for_s=60))
            assert found.outcome(0) == "owed"
            assert scripted.asked(0) == 3
        assert "ask_unusable" not in found.messages[0]  # the cause, not the remedy
        kept = [line for line in journal_lines(tmp_path) if "failure" in line]
        assert len(kept) == 3
        sent = body.decode() if isinstance(body, bytes) else json.dumps(body)
        assert {line["raw"] for line in kept} == {sent.replace("sk-scripted", "***")}
        assert [line["tokens"] for line in kept] == [tokens] * 3

        again = shard_of(tmp_path, scripted.address, tools=False, ask_unusable=True)
        scripted.reply = lambda body, number: RIGHT
        assert play(again).outcome(0) == "right"
        assert scripted.asked(0) == 4
        assert scripted.asked(1) == 1


@pytest.mark.usefixtures("secret")
def test_what_an_earlier_release_accepted_wrongly_is_requested_again(tmp_path: Path) -> None:
    with service(lambda body, number: RIGHT if question_of(body) == Q1 else said("8")) as scripted:
        play(shard_of(tmp_path, scripted.address, tools=False))
        for file in (tmp_path / "journal").rglob("*.jsonl"):
            text = file.read_text().replace('"finish_reason": "stop"', '"finish_reason": "abort"')
            lines = [json.loads(line) for line in text.splitlines()]
            for line in lines:
                line.pop("checksum")
            file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        for file in (tmp_path / "results").rglob("*.gz"):
            file.unlink()
        found = play(shard_of(tmp_path, scripted.address, tools=False))
        assert (found.outcome(0), found.outcome(1)) == ("right", "right")
        assert scripted.asked(0) == scripted.asked(1) == 2


@pytest.mark.usefixtures("secret")
def test_a_service_that_cannot_be_trusted_is_owed_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_known", notices.Known())
    with service(lambda body, number: RIGHT) as scripted:
        secure = scripted.address.replace("http://", "https://")
        found = play(shard_of(tmp_path, secure, tools=False, retry_for_s=3600))
        assert found.owed == {0: "Untrusted", 1: "Untrusted"}
        assert scripted.requests == []
    assert capsys.readouterr().err.count("does not use TLS") == 1


@pytest.mark.usefixtures("secret")
def test_a_missing_ca_bundle_is_one_line_and_nothing_is_requested(tmp_path: Path) -> None:
    with service(lambda body, number: RIGHT) as scripted:
        asked = shard_of(
            tmp_path, scripted.address, tools=False, ca_bundle=str(tmp_path / "missing.pem")
        )
        with pytest.raises(ConfigError, match=r"^ca_bundle: .*missing\.pem") as caught:
            play(asked)
        assert "\n" not in str(caught.value)
        assert scripted.requests == []
