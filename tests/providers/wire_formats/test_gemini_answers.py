"""Responses of the Gemini API: whole, in events, blocked, broken."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from pilotbench.ground import errors
from pilotbench.providers.answer import Tokens
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.finish_reasons import Meaning, known, meaning
from pilotbench.providers.wire_formats.gemini import WIRE

Json = dict[str, Any]
RULES = FailureRules()
USAGE = {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110}
CALL = {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "c2ln"}


def response(
    *parts: Json, reason: str | None = "STOP", usage: Any = USAGE, **candidate: Any
) -> Json:
    """Return a response with one candidate."""
    content = {"content": {"role": "model", "parts": [*parts]}} if parts else {}
    finish = {"finishReason": reason} if reason else {}
    body = {"candidates": [{**content, **finish, **candidate}], "modelVersion": "gemini-3-pro"}
    return body | ({"usageMetadata": usage} if usage else {})


@pytest.mark.parametrize(
    ("body", "parts", "reason"),
    [
        (response({"text": "42"}), [{"text": "42"}], "STOP"),
        (
            response({"text": "t", "thought": True}, CALL),
            [{"text": "t", "thought": True}, CALL],
            "STOP",
        ),
        (response(reason="MAX_TOKENS"), [], "MAX_TOKENS"),
        (response(reason="SAFETY"), [], "SAFETY"),
        (response(content={"role": "model"}), [], "STOP"),
        (response(content={}), [], "STOP"),
        (
            response(reason="MALFORMED_FUNCTION_CALL", finishMessage="Malformed: add(1"),
            [{"text": "Malformed: add(1"}],
            "MALFORMED_FUNCTION_CALL",
        ),
        (response({"text": "42"}, reason=None), [{"text": "42"}], None),
    ],
)
def test_a_completion_keeps_the_parts_as_they_came(
    body: Json, parts: list[Json], reason: str | None
) -> None:
    types.GenerateContentResponse.model_validate(body)
    found = WIRE.completion(RULES, body)
    assert found.message == {"role": "model", "parts": parts}
    assert (found.finish_reason, found.model) == (reason, "gemini-3-pro")
    assert found.tokens == Tokens(100, 10)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USAGE, Tokens(100, 10)),
        (USAGE | {"thoughtsTokenCount": 30, "totalTokenCount": 140}, Tokens(100, 40, 30)),
        ({"promptTokenCount": 100, "thoughtsTokenCount": 30}, Tokens(100, 30, 30)),
        (USAGE | {"cachedContentTokenCount": 60}, Tokens(100, 10, 0, 60)),
        ({"promptTokenCount": 100, "totalTokenCount": 100}, Tokens(100, 0)),
        ({"promptTokenCount": 100, "candidatesTokenCount": "ten"}, None),
        (
            {"promptTokenCount": "100", "candidatesTokenCount": "7", "thoughtsTokenCount": 3.0},
            Tokens(100, 10, 3),
        ),
        ({"promptTokenCount": 100, "candidatesTokenCount": 7, "thoughtsTokenCount": -3}, None),
        ({"promptTokenCount": 100, "candidatesTokenCount": True}, None),
        ({"candidatesTokenCount": 10}, None),
        ("many", None),
        (None, None),
    ],
)
def test_thoughts_are_output_and_a_count_of_zero_is_left_out(
    usage: Any, tokens: Tokens | None
) -> None:
    assert WIRE.completion(RULES, response({"text": "42"}, usage=usage)).tokens == tokens


def error(code: int, status: str, message: str = "no") -> Json:
    """Return an error in Google's form."""
    return {"error": {"code": code, "status": status, "message": message}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, errors.Refused),
        ({"promptFeedback": {"blockReason": "OTHER"}, "candidates": []}, errors.Refused),
        ({"promptFeedback": {"safetyRatings": []}}, errors.UnusableAnswer),
        ({"promptFeedback": 3, "candidates": "none"}, errors.UnusableAnswer),
        ({}, errors.UnusableAnswer),
        (response(), errors.UnusableAnswer),
        (response(reason="OTHER"), errors.UnusableAnswer),
        (response({"text": "4"}, reason="MISSING_THOUGHT_SIGNATURE"), errors.UnusableAnswer),
        (error(503, "UNAVAILABLE"), errors.ServerFailed),
        (error(429, "RESOURCE_EXHAUSTED"), errors.RateLimited),
        (response({"text": "4"}) | error(503, "UNAVAILABLE"), errors.UnusableAnswer),
    ],
)
def test_a_response_without_a_completion_says_why(
    body: Json, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(kind) as caught:
        WIRE.completion(RULES, body)
    if isinstance(caught.value, errors.UnusableAnswer) and "usageMetadata" in body:
        assert caught.value.tokens == Tokens(100, 10)


NOT_OF_TEXT = {"OTHER", "NO_IMAGE", "IMAGE_OTHER", "FINISH_REASON_UNSPECIFIED"}


@pytest.mark.parametrize("reason", [one.value for one in types.FinishReason])
def test_every_finish_reason_of_the_sdk_has_a_meaning(reason: str) -> None:
    assert known(reason) is (reason not in NOT_OF_TEXT)


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        (
            [
                response({"text": "4"}, reason=None, usage=None),
                response({"text": "2"}),
            ],
            [{"text": "42"}],
        ),
        (
            [
                response({"text": "I ", "thought": True}, reason=None),
                response({"text": "add.", "thought": True}, {"text": "So"}, reason=None),
                response({"text": ":"}, CALL),
            ],
            [{"text": "I add.", "thought": True}, {"text": "So:"}, CALL],
        ),
        (
            [
                response({"text": "42"}, reason=None),
                response({"text": "", "thoughtSignature": "c2ln"}),
            ],
            [{"text": "42"}, {"text": "", "thoughtSignature": "c2ln"}],
        ),
        (
            [
                response({"text": "4", "thoughtSignature": "c2ln"}, reason=None),
                response({"text": "2"}),
            ],
            [{"text": "4", "thoughtSignature": "c2ln"}, {"text": "2"}],
        ),
        ([response({"text": "42"}, reason=None), response()], [{"text": "42"}]),
        (
            [
                response({"text": "4"}, reason=None, index=0),
                response({"text": "x"}, index=1),
                response({"text": "2"}, index=0),
            ],
            [{"text": "42"}],
        ),
    ],
)
def test_a_stream_makes_up_the_response_that_it_would_have_been(
    events: list[Json], parts: list[Json]
) -> None:
    found = WIRE.completion(RULES, WIRE.assembled(events))
    assert found.message == {"role": "model", "parts": parts}
    assert (found.finish_reason, found.tokens) == ("STOP", Tokens(100, 10))


@pytest.mark.parametrize("events", [[], [response({"text": "4"}, reason=None)], [{"a": 1}]])
def test_a_stream_without_an_end_is_a_broken_connection(events: list[Json]) -> None:
    with pytest.raises(errors.ConnectionFailed):
        WIRE.assembled(events)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([{"promptFeedback": {"blockReason": "SAFETY"}}], errors.Refused),
        ([error(503, "UNAVAILABLE")], errors.ServerFailed),
        ([response({"text": "4"}, reason=None), error(503, "UNAVAILABLE")], errors.ServerFailed),
        ([response({"text": "4"}), error(503, "UNAVAILABLE")], errors.UnusableAnswer),
    ],
)
def test_a_stream_may_end_with_an_error(events: list[Json], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        WIRE.completion(RULES, WIRE.assembled(events))


def test_meanings_of_gemini() -> None:
    assert meaning("ESCALATION") is Meaning.REFUSED
    assert meaning("CONTINUATION") is Meaning.LENGTH
