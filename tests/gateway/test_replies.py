"""Answers in OpenAI's forms, read by the official client: whole and as a stream."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.answer import Completion, Tokens
from support.gateway_server import GatewayServer, said

Json = dict[str, Any]
USER: Any = [{"role": "user", "content": "What is the weather in Basel and in Bern?"}]
CALLS: Any = [
    {
        "id": f"call_{n}",
        "type": "function",
        "function": {"name": "weather", "arguments": f'{{"place": "{place}"}}'},
    }
    for n, place in enumerate(("Basel", "Bern"))
]


def response(*output: Json, reason: str = "completed") -> Completion:
    return Completion({"output": list(output)}, reason, "response-model-1", Tokens(5, 3))


MESSAGE: Json = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Sunny in Basel", "annotations": []}],
}
REFUSAL = {**MESSAGE, "content": [{"type": "refusal", "refusal": "I may not say."}]}
REASONING: Json = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"}
CALL: Json = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"place": "Basel"}',
    "status": "completed",
}


def _without_places(calls: Any) -> None:
    """Drop what the client adds while it collects a stream."""
    for call in calls or ():
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Sunny", {}),
        (None, {"tool_calls": CALLS}),
        ("I look it up.", {"tool_calls": CALLS}),
        (None, {"refusal": "I may not say."}),
        ("", {}),
    ],
)
def test_a_stream_of_a_chat_says_what_the_whole_answer_says(
    lab: GatewayServer, content: str | None, message: Json
) -> None:
    lab.reply = lambda body, number: said(content, **message)
    whole = lab.client.chat.completions.create(model="chatty", messages=USER)
    with lab.client.chat.completions.stream(model="chatty", messages=USER) as stream:
        last = stream.get_final_completion()
    one, other = whole.choices[0], last.choices[0]
    assert other.finish_reason == one.finish_reason
    assert other.message.content == one.message.content
    assert other.message.refusal == one.message.refusal
    calls = [made.to_dict().get("tool_calls") or [] for made in (one.message, other.message)]
    _without_places(calls[1])
    assert calls[0] == calls[1]
    assert calls[0] == message.get("tool_calls", [])
    assert lab.asked[0][0] == lab.asked[1][0]  # a stream is the same request


def test_log_probabilities_and_further_answers_reach_the_client(lab: GatewayServer) -> None:
    one = {"token": "Sunny", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    second = {
        "index": 1,
        "message": {"role": "assistant", "content": "Rain"},
        "finish_reason": "stop",
        "logprobs": None,
    }
    received = {"logprobs": {"content": [one]}, "choices": [second], "id": "x", "fingerprint": "f"}
    made = said("Sunny")
    lab.reply = lambda body, number: Completion(
        made.message, "stop", "m", Tokens(5, 3), received=received
    )
    found = lab.client.chat.completions.create(model="chatty", messages=USER, logprobs=True, n=2)
    assert [choice.message.content for choice in found.choices] == ["Sunny", "Rain"]
    assert found.choices[0].logprobs is not None
    assert [t.logprob for t in found.choices[0].logprobs.content or []] == [-0.5]
    chunks = list(
        lab.client.chat.completions.create(
            model="chatty", messages=USER, logprobs=True, n=2, stream=True
        )
    )
    heard = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk.choices:
            heard[choice.index] += choice.delta.content or ""
    assert heard == {0: "Sunny", 1: "Rain"}
    assert any(choice.logprobs for chunk in chunks for choice in chunk.choices)


@pytest.mark.parametrize(
    "output",
    [
        [MESSAGE],
        [REASONING, CALL],
        [MESSAGE, CALL, {**CALL, "id": "fc_2", "call_id": "call_2"}],
        [REFUSAL],
        [],
    ],
)
def test_a_stream_of_a_response_says_what_the_whole_response_says(
    lab: GatewayServer, output: list[Json]
) -> None:
    lab.reply = lambda body, number: response(*output)
    whole = lab.client.responses.create(model="thinker", input="?")
    words = ""
    with lab.client.responses.stream(model="thinker", input="?") as stream:
        for event in stream:
            if event.type == "response.function_call_arguments.delta":
                words += event.delta
        last = stream.get_final_response()
    heard: list[Json] = [{**one.to_dict()} for one in last.output]
    for item in heard:
        for part in [item, *(item.get("content") or [])]:  # what the client adds
            part.pop("parsed_arguments", None)
            part.pop("parsed", None)
    assert heard == [one.to_dict() for one in whole.output] == output
    assert words == "".join(item.get("arguments", "") for item in output)
    assert (last.status, last.usage) == (whole.status, whole.usage)


def test_a_response_that_was_cut_off_is_incomplete(lab: GatewayServer) -> None:
    lab.reply = lambda body, number: response(MESSAGE, reason="max_output_tokens")
    with lab.client.responses.stream(model="thinker", input="?") as stream:
        kinds = [event.type for event in stream]
    found = lab.client.responses.create(model="thinker", input="?")
    assert kinds[-1] == "response.incomplete"
    assert found.status == "incomplete"
    assert found.incomplete_details is not None
    assert found.incomplete_details.reason == "max_output_tokens"
