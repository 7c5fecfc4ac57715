"""LiteLLM as the client of services in other formats, each played over loopback."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.ground import errors
from pilotbench.providers import litellm_sdk
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from support.http_service import HttpService, Reply
from support.optional import skip_for
from support.scripted import PRICE, QUESTIONS, play, said, service, shard_of

Json = dict[str, Any]
pytestmark = pytest.mark.filterwarnings("default")  # warnings of LiteLLM are not ours
SECRET = "litellm-secret-0123456789"
AWS = {
    "aws_access_key_id": "AKIDEXAMPLE0123456",
    "aws_secret_access_key": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE",
    "aws_region_name": "us-east-1",
}


@pytest.fixture(autouse=True)
def _there() -> None:
    if importlib.util.find_spec("litellm") is None:
        skip_for(["pip install '.[litellm]'"])


def service_account(token_uri: str) -> str:
    """Return a service account of Google with a new key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {"type": "service_account", "project_id": "p1", "client_email": "a@example.org"}
    return json.dumps({**account, "private_key": key.decode(), "token_uri": f"{token_uri}/token"})


CHAT = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "42"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 10, "outputTokens": 2, "totalTokens": 12},
    "metrics": {"latencyMs": 1},
}
MESSAGES = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "42"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 2},
}
GENERATED = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "42"}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12},
    "modelVersion": "g",
}
TOKEN = {"access_token": "ya29.token-0123456789abcdef", "expires_in": 3600, "token_type": "Bearer"}
FORMS: dict[str, Json] = {
    "/token": TOKEN,
    "chat/completions": CHAT,
    "/converse": CONVERSE,
    "/v1/messages": MESSAGES,
    ":generateContent": GENERATED,
}


def answer(path: str, headers: dict[str, str], body: Any) -> Json:
    """Return the answer of the service that has this path."""
    return next(form for end, form in FORMS.items() if path.endswith(end))


@pytest.fixture
def services() -> Iterator[HttpService]:
    """Yield every service at one address."""
    with HttpService(answer) as running:
        yield running


def ask(
    deployment: str, address: str, secret: str = SECRET, deadline_s: float = 30, **parameters: Any
) -> Completion:
    """Ask one short question."""
    provider = ProviderSettings("lite", "litellm", {"k": Key("k", "lite", 1)}, read_timeout_s=30)
    model = Model("m", "lite", deployment, kind="litellm")
    client: Any = KINDS["litellm"].connect(provider, model, {"k": Access(address, secret)})
    messages = [{"role": "user", "content": "What is 6 times 7?"}]
    body = {"model": deployment, "messages": messages, **parameters}
    request = Request(body, Instance("t", "none", 0, "q"), "none", 0, 0)
    try:
        return client.complete(request, "k", deadline_s)
    finally:
        client.close()


SONNET = "anthropic/claude-sonnet-4-5"
FLASH = "models/gemini-2.5-flash:generateContent"
VERTEX = f"/v1/projects/p1/locations/us-central1/publishers/google/{FLASH}"
BEDROCK = "bedrock/converse/anthropic.claude-3-5-sonnet-20240620-v1:0"


@pytest.mark.parametrize(
    ("deployment", "base", "secret", "path", "header", "value", "model"),
    [
        ("openai/m", "/v1", SECRET, "/v1/chat/completions", "authorization", SECRET, "openai/m"),
        ("mistral/s", "/v1", SECRET, "/v1/chat/completions", "authorization", SECRET, "mistral/m"),
        (SONNET, "", SECRET, "/v1/messages", "x-api-key", SECRET, "anthropic/claude"),
        ("gemini/gemini-2.5-flash", "/v1beta", SECRET, f"/v1beta/{FLASH}", "x-goog-api-key", SECRET,
         "gemini/g"),
        (BEDROCK, "", SECRET, None, "authorization", SECRET, BEDROCK),
        (BEDROCK, "", json.dumps(AWS), None, "authorization", "AWS4-HMAC-SHA256 Credential=AKID",
         BEDROCK),
        ("vertex_ai/gemini-2.5-flash", "", "account", VERTEX, "authorization",
         f"Bearer {TOKEN['access_token']}", "vertex_ai/g"),
    ],
)  # fmt: skip
def test_each_service_is_asked_in_its_own_format_with_our_key(
    services: HttpService,
    deployment: str,
    base: str,
    secret: str,
    path: str | None,
    header: str,
    value: str,
    model: str,
) -> None:
    given = service_account(services.address) if secret == "account" else secret
    found = ask(deployment, services.address + base, given, max_tokens=100)
    assert (found.message["content"], found.finish_reason) == ("42", "stop")
    assert (found.tokens, found.model) == (Tokens(10, 2), model)
    asked, headers = services.heads[-1]
    assert path is None or asked == path
    assert value in headers[header]
    assert len(services.requests) == (2 if secret == "account" else 1)


def test_nothing_is_taken_from_the_environment(
    services: HttpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORGANIZATION", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Own: from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/from-the-environment")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ask("openai/m", f"{services.address}/v1")
    assert "from-the-environment" not in str([*services.heads, *services.requests])


@pytest.mark.parametrize(
    ("deployment", "status", "body", "kind"),
    [
        ("openai/m", 401, {"error": {"message": "no"}}, errors.AuthenticationFailed),
        ("openai/m", 500, {"error": {"message": "no"}}, errors.ServerFailed),
        ("openai/m", 402, {"error": {"message": "no"}}, errors.QuotaSpent),
        ("openai/m", 302, {}, errors.ServerFailed),
        ("openai/m", 400, {"error": {"code": "content_filter"}}, errors.Refused),
        ("openai/m", 400, {"error": {"code": "context_length_exceeded"}}, errors.ContextOverflow),
        ("openai/m", 404, {"error": {"message": "no"}}, errors.Rejected),
        ("openai/m", 200, {"choices": []}, errors.UnusableAnswer),
        (BEDROCK, 429, {"message": "Too many requests"}, errors.RateLimited),
        (BEDROCK, 403, {"message": "The security token is invalid"}, errors.AuthenticationFailed),
        (BEDROCK, 400, {"message": "Input is too long"}, errors.ContextOverflow),
        (BEDROCK, 503, {"message": "busy"}, errors.ServerFailed),
        (BEDROCK, 200, {"text": "42"}, errors.UnusableAnswer),
        (SONNET, 529, {"type": "error"}, errors.ServerFailed),
    ],
)
def test_a_failure_is_read_in_the_response_and_not_retried(
    deployment: str, status: int, body: Json, kind: type[errors.ProviderError]
) -> None:
    reply = Reply(body, status, {"retry-after": "7", "location": "http://127.0.0.1:9/"})
    with HttpService(lambda *_: reply) as running:
        with pytest.raises(kind) as caught:
            ask(deployment, running.address)
        assert len(running.requests) == 1
    if isinstance(caught.value, errors.Retryable):
        assert caught.value.retry_after == 7
    assert SECRET not in str(caught.value)


def test_a_token_that_is_refused_is_a_key_that_is_refused() -> None:
    refused = Reply({"error": "invalid_grant", "error_description": "no"}, 400)
    with HttpService(lambda *_: refused) as running:
        secret = service_account(running.address)
        with pytest.raises(errors.AuthenticationFailed):
            ask("vertex_ai/gemini-2.5-flash", running.address, secret)


def test_a_parameter_that_the_service_does_not_have_is_rejected_and_not_dropped(
    services: HttpService,
) -> None:
    with pytest.raises(errors.Rejected, match="logit_bias"):
        ask(SONNET, services.address, logit_bias={"1": 1})
    assert services.requests == []


def test_an_attempt_ends_at_its_deadline(services: HttpService) -> None:
    for deployment in ("openai/m", BEDROCK):
        with HttpService(_wait) as running, pytest.raises(errors.TimedOut):
            ask(deployment, running.address, deadline_s=0.3)


def _wait(*_: Any) -> Json:
    time.sleep(1)
    return CHAT


def test_a_service_that_is_not_there_was_sent_nothing() -> None:
    with pytest.raises(errors.ConnectionFailed) as caught:
        ask(BEDROCK, "http://127.0.0.1:9")
    assert not caught.value.sent


def test_litellm_sends_nothing_on_its_own(services: HttpService) -> None:
    ask("openai/m", f"{services.address}/v1")
    litellm: Any = importlib.import_module("litellm")
    with pytest.raises(litellm.exceptions.APIConnectionError):
        litellm.completion(
            model=BEDROCK,
            messages=[{"role": "user", "content": "hi"}],
            api_key=SECRET,
            api_base=services.address,
        )
    assert len(services.requests) == 1


@pytest.mark.parametrize(
    ("secret", "parameters"),
    [
        ("sk-1", {"api_key": "sk-1"}),
        ("", {"api_key": "none"}),
        (json.dumps(AWS), AWS),
        (
            '{"type": "service_account", "project_id": "p1"}',
            {
                "vertex_credentials": '{"type": "service_account", "project_id": "p1"}',
                "vertex_project": "p1",
            },
        ),
    ],
)
def test_a_secret_is_a_key_or_the_fields_of_an_object(secret: str, parameters: Json) -> None:
    assert litellm_sdk.credentials(secret) == parameters


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ('{"api_base": "http://elsewhere"}', "holds api_base; allowed: aws_access_key_id"),
        ("{not JSON", "must be a JSON object"),
    ],
)
def test_any_other_secret_is_refused_in_one_line(secret: str, words: str) -> None:
    with pytest.raises(errors.ConfigError, match=words):
        litellm_sdk.credentials(secret)


def test_a_bearer_of_the_environment_does_not_replace_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "other")
    with pytest.raises(errors.ConfigError, match="unset AWS_BEARER_TOKEN_BEDROCK"):
        litellm_sdk.credentials(json.dumps(AWS))


@pytest.mark.parametrize(
    ("deployment", "host", "place"),
    [
        (BEDROCK, "bedrock-runtime.eu-west-1.amazonaws.com", {"aws_region_name": "eu-west-1"}),
        (BEDROCK, "127.0.0.1", {"aws_region_name": "us-east-1"}),
        (
            "vertex_ai/g",
            "europe-west4-aiplatform.googleapis.com",
            {"vertex_location": "europe-west4"},
        ),
        ("vertex_ai/g", "127.0.0.1", {"vertex_location": "us-central1"}),
        ("openai/m", "bedrock-runtime.eu-west-1.amazonaws.com", {}),
    ],
)
def test_the_host_names_the_region(deployment: str, host: str, place: Json) -> None:
    assert litellm_sdk.placed(deployment, f"https://{host}/") == place


def error(name: str) -> Exception:
    """Return an exception of a class of that name."""
    kind: type[Exception] = type(name, (ValueError,), {})
    return kind(f"litellm.{name}: no\nTraceback")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("AuthenticationError", 401),
        ("RateLimitError", 429),
        ("InternalServerError", 500),
        ("UnsupportedParamsError", 400),
        ("KeyError", 400),
    ],
)
def test_without_a_response_the_class_of_the_exception_decides(name: str, status: int) -> None:
    with httpx2.Client() as http, litellm_sdk._sending(http):
        found: Any = litellm_sdk._failed(error(name))
    assert found.status == status
    assert json.loads(found.content) == {"error": {"message": f"litellm.{name}: no"}}


@pytest.mark.parametrize(
    ("deployment", "reported", "named"),
    [
        ("openai/m", "m-2026", "openai/m-2026"),
        ("openai/m", "openai/m", "openai/m"),
        (BEDROCK, BEDROCK.rpartition("/")[2], BEDROCK),
        ("openai/m", None, None),
    ],
)
def test_a_model_is_named_as_the_deployment_names_it(
    deployment: str, reported: str | None, named: str | None
) -> None:
    assert litellm_sdk.named(deployment, {"model": reported}) == {"model": named}


@pytest.mark.parametrize(("key", "value"), [("api", "responses"), ("stream", True)])
def test_only_whole_chat_completions_are_available(key: str, value: Any) -> None:
    provider = ProviderSettings("lite", "litellm", {"k": Key("k", "lite", 1)})
    model = Model("m", "lite", "openai/m", kind="litellm", **{key: value})
    with pytest.raises(errors.ConfigError, match=rf"model_catalog\.m\.{key}"):
        KINDS["litellm"].connect(provider, model, {})


def test_an_unknown_service_is_one_line() -> None:
    with pytest.raises(errors.ConfigError, match=r"model_catalog\.m\.deployment: LiteLLM knows no"):
        ask("nonsense/m", "http://127.0.0.1:9")


def test_without_litellm_one_line_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    litellm_sdk._imported.cache_clear()
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(errors.ConfigError, match=r"pip install .*\[litellm\]"):
        ask("openai/m", "http://127.0.0.1:9")
    litellm_sdk._imported.cache_clear()


def test_an_episode_over_chat_completions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", SECRET)

    def reply(body: Json, number: int) -> Json:
        text = body["messages"][1]["content"]
        right = next(answer for question, answer in QUESTIONS.items() if question in text)
        name, arguments = ("utility_helper", '{"topic": "x"}')
        if number:
            name, arguments = "finish", json.dumps({"answer": right})
        function = {"name": name, "arguments": arguments}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        return said(None, "tool_calls", tool_calls=[call], reasoning_content="I look.")

    entry = {"provider": "scripted", "deployment": "openai/m", "price": PRICE}
    with service(reply) as running:
        catalog = {"m": {**entry, "protocol": "native"}}
        matrix = shard_of(
            tmp_path, running.address, tools=True, kind="litellm", model_catalog=catalog
        )
        played = play(matrix)
    assert [played.outcome(index) for index in (0, 1)] == ["right", "right"]
    assert played.records[0]["transcript"][0]["thought"] == "I look."
    assert running.requests[-1]["messages"][2]["reasoning_content"] == "I look."


def test_an_episode_over_converse_hands_back_signed_reasoning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", SECRET)
    reasoning = {"reasoningText": {"text": "I look.", "signature": "c2lnbmVk"}}

    def reply(path: str, headers: dict[str, str], body: Any) -> Json:
        text = json.dumps(body["messages"][0])
        right = next(answer for question, answer in QUESTIONS.items() if question in text)
        name = "utility_helper"
        given: Json = {"topic": "x"}
        if len(body["messages"]) > 1:
            name, given = "finish", {"answer": right}
        use = {"toolUseId": f"use_{len(body['messages'])}", "name": name, "input": given}
        content = [{"reasoningContent": reasoning}, {"toolUse": use}]
        message = {"role": "assistant", "content": content}
        return {**CONVERSE, "output": {"message": message}, "stopReason": "tool_use"}

    entry = {"provider": "scripted", "deployment": BEDROCK, "price": PRICE}
    with HttpService(reply) as running:
        catalog = {"m": {**entry, "protocol": "native"}}
        matrix = shard_of(
            tmp_path, running.address, tools=True, kind="litellm", model_catalog=catalog
        )
        played = play(matrix)
    assert [played.outcome(index) for index in (0, 1)] == ["right", "right"]
    _, assistant, _ = running.requests[-1]["messages"]
    assert assistant["content"][0] == {"reasoningContent": reasoning}
