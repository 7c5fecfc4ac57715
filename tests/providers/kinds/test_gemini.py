"""Episodes with a Gemini API over loopback, which refuses what the real one refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types

from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config_files, validation
from pilotbench.providers.kinds import KINDS
from support.gemini_service import SECRET, USAGE, GeminiService, failed, response
from support.http_service import Reply
from support.scripted import PRICE, QUESTIONS, Played, play, shard_of

Json = dict[str, Any]
THOUGHT = {"text": "I look first.", "thought": True}
LOOK = {"functionCall": {"name": "utility_helper", "args": {"topic": "x"}, "id": "one"}}
EARLY = {"functionCall": {"name": "finish", "args": {"answer": "early"}, "id": "two"}}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", SECRET)


def answer_to(contents: list[Json]) -> int:
    """Return the answer to the question of a conversation."""
    asked = contents[0]["parts"][0]["text"]
    return next(answer for question, answer in QUESTIONS.items() if question in asked)


def finished(contents: list[Json], **given: Any) -> Json:
    """Return a call of `finish` with the right answer."""
    call = {"name": "finish", "args": {"answer": answer_to(contents)}, **given}
    return {"functionCall": call, "thoughtSignature": "c2lnbmVkIHR3aWNl"}


def two_turns(contents: list[Json]) -> Json:
    """Return two parallel calls first, with one signature, then the answer."""
    if len(contents) == 1:
        return response(THOUGHT, {**LOOK, "thoughtSignature": "c2lnbmVkIG9uY2U="}, EARLY)
    return response(finished(contents, id="three"))


def asked(folder: Path, service: GeminiService, *, tools: bool = True, **entry: Any) -> Played:
    """Play the two questions."""
    model = {"provider": "scripted", "deployment": "m", "protocol": "native", "price": PRICE}
    catalog = {"m": {**model, **entry}}
    return play(
        shard_of(folder, service.address, tools=tools, kind="gemini", model_catalog=catalog)
    )


@pytest.mark.parametrize("stream", [False, True])
def test_an_episode_hands_back_thoughts_signatures_and_all_results(
    tmp_path: Path, stream: bool
) -> None:
    with GeminiService(two_turns) as service:
        played = asked(tmp_path, service, parameters={"max_tokens": 100, "seed": 3}, stream=stream)
    assert service.refused == []
    assert [played.outcome(index) for index in (0, 1)] == ["right", "right"]
    (path, headers), body = service.heads[-1], service.requests[-1]
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    assert path == f"/v1beta/models/m:{method}"
    assert "openai" not in str(headers).lower()
    _, model, results = body["contents"]
    assert model["parts"] == [THOUGHT, {**LOOK, "thoughtSignature": "c2lnbmVkIG9uY2U="}, EARLY]
    assert [part["functionResponse"]["id"] for part in results["parts"]] == ["one", "two"]
    record = played.records[0]
    assert record["transcript"][0]["thought"] == "I look first."
    assert record["tokens"] == {"input": 200, "output": 30, "reasoning": 10, "cached": 0}


def test_a_text_without_a_call_goes_back_and_the_next_call_counts(tmp_path: Path) -> None:
    def answer(contents: list[Json]) -> Json:
        if len(contents) == 1:
            return response({"text": "I think.", "thoughtSignature": "dGV4dA=="})
        return response(finished(contents))

    with GeminiService(answer) as service:
        played = asked(tmp_path, service)
    assert (service.refused, played.outcome(0)) == ([], "right")


@pytest.mark.parametrize("protocol", ["json", "text"])
def test_written_protocols_play_too(tmp_path: Path, protocol: str) -> None:
    def answer(contents: list[Json]) -> Json:
        if len(contents) == 1:
            text = '{"thought": null, "tool": "utility_helper", "arguments": {"topic": "x"}}'
        else:
            number = answer_to(contents)
            text = f'{{"thought": null, "tool": "finish", "arguments": {{"answer": {number}}}}}'
        written = f"```json\n{text}\n```" if protocol == "text" else text
        return response({"text": written, "thoughtSignature": "c2ln"})

    with GeminiService(answer) as service:
        played = asked(tmp_path, service, protocol=protocol)
    assert (service.refused, played.outcome(0), played.outcome(1)) == ([], "right", "right")
    config = service.requests[0].get("generationConfig", {})
    assert ("responseJsonSchema" in config) is (protocol == "json")


QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure"}
DAY = QUOTA | {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
WAIT = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}
OVER = "You exceeded your current quota, please check your plan and billing details."
BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}


@pytest.mark.parametrize(
    ("first", "outcome", "kind"),
    [
        (failed(503, "UNAVAILABLE", "The model is overloaded."), "right", None),
        (failed(429, "RESOURCE_EXHAUSTED", OVER, WAIT), "right", None),
        (failed(400, "INVALID_ARGUMENT", "Unknown name."), "owed", "Rejected"),
        (Reply(BLOCKED), "refused", None),
        (response(reason="SAFETY"), "refused", None),
        (
            failed(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum."),
            "wrong",
            None,
        ),
        (response(reason="MALFORMED_FUNCTION_CALL"), "right", None),
        (response({"text": "12"}, reason="MAX_TOKENS"), "wrong", None),
    ],
)
def test_what_the_service_says_first_decides(
    tmp_path: Path, first: Json | Reply, outcome: str, kind: str | None
) -> None:
    told: list[str] = []

    def answer(contents: list[Json]) -> Json | Reply:
        if answer_to(contents) == 42 and not told:
            told.append("first")
            return first
        return response(finished(contents))

    with GeminiService(answer) as service:
        played = asked(tmp_path, service)
    assert (played.outcome(0), played.outcome(1)) == (outcome, "right")
    assert played.owed.get(0) == kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("secret", "always", "words"),
    [
        ("wrong-secret-0123456789", None, "HTTP 400: API key not valid"),
        (SECRET, failed(429, "RESOURCE_EXHAUSTED", OVER, DAY, WAIT), f"HTTP 429: {OVER[:30]}"),
    ],
)
def test_a_key_that_answers_nothing_more_is_reported_without_its_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    secret: str,
    always: Reply | None,
    words: str,
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", secret)
    with GeminiService(lambda contents: always or response(finished(contents))) as service:
        played = asked(tmp_path, service)
    assert set(played.owed.values()) == {"KeyDead"}
    assert all(words in message for message in played.messages.values())
    assert secret not in str(played)


def understood(body: Json) -> list[Any]:
    """Return a body as the types of the SDK: names may be in camelCase or in snake_case."""
    return [
        [types.Content.model_validate(one) for one in body["contents"]],
        [types.Tool.model_validate(tool) for tool in body["tools"]],
        types.GenerationConfig.model_validate(body["generationConfig"]),
        body["systemInstruction"]["parts"],
    ]


def test_the_official_sdk_asks_the_same(tmp_path: Path) -> None:
    """The SDK, given the same conversation as objects, sends the same JSON."""
    with GeminiService(two_turns) as service:
        asked(tmp_path, service, parameters={"max_tokens": 100, "temperature": 0.5})
        ours = next(body for body in service.requests if len(body["contents"]) == 3)
        config = ours["generationConfig"]
        options = types.HttpOptions(base_url=service.address, api_version="v1beta")
        client = genai.Client(vertexai=False, api_key=SECRET, http_options=options)
        try:
            found = client.models.generate_content(
                model="m",
                contents=[types.Content.model_validate(one) for one in ours["contents"]],
                config=types.GenerateContentConfig(
                    system_instruction=types.Content.model_validate(ours["systemInstruction"]),
                    tools=[types.Tool.model_validate(tool) for tool in ours["tools"]],
                    max_output_tokens=config["maxOutputTokens"],
                    temperature=config["temperature"],
                ),
            )
        finally:
            client.close()
        theirs = service.requests[-1]
    assert understood(theirs) == understood(ours)
    assert [call.name for call in found.function_calls or ()] == ["finish"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://generativelanguage.googleapis.com/v1beta", "before the version"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "kind: openai"),
    ],
)
def test_a_base_url_ends_before_the_version(url: str, words: str) -> None:
    entry = {"kind": "gemini", "base_url": url, "keys": {"k": {"env": "K"}}}
    with pytest.raises(ConfigError, match=words):
        validation.validate(config_files.read((), {"providers": {"g": entry}}))


@pytest.mark.parametrize(
    ("deployment", "fits"),
    [("gemini-2.5-flash", True), ("models/gemini-2.5-flash", False), ("a b", False), ("", False)],
)
def test_a_deployment_is_a_model_alone(deployment: str, fits: bool) -> None:
    assert (KINDS["gemini"].deployment_problem(deployment) is None) is fits
