"""The official SDKs play a conversation with the simulator: whole and streamed answers.

They are clients that we did not write: what they cannot read, a service would not send.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from support import Simulator
from support.raw_apis import PARAMETERS, QUESTION, SYSTEM

Json = dict[str, Any]
FAMILIES = ("gpt-5", "claude", "gemini-3", "deepseek", "qwen")
MODELS: Json = {name: {"plays": "turns-3", "family": name, "calls": 2} for name in FAMILIES}
WANTED = ["look", "look", "finish"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models=MODELS, keep_alive_s=0.02, latency_s=0.1) as simulator:
        yield simulator
        assert simulator.stats()["refusals"] == {}


@pytest.mark.parametrize(
    ("model", "stream"), [("deepseek", False), ("deepseek", True), ("qwen", True)]
)
def test_openai_by_chat_completions(simulator: Simulator, model: str, stream: bool) -> None:
    import openai

    messages: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": QUESTION},
    ]
    functions = [{"name": name, "parameters": PARAMETERS} for name in ("look", "finish")]
    tools: Any = [{"type": "function", "function": one} for one in functions]
    names = []
    with openai.OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
        while "finish" not in names:
            asked: Json = {"model": model, "messages": messages, "tools": tools}
            if stream:
                with client.chat.completions.stream(
                    **asked, stream_options={"include_usage": True}
                ) as events:
                    completion: Any = events.get_final_completion()
            else:
                completion = client.chat.completions.create(**asked)
            message = completion.choices[0].message
            assert completion.usage.completion_tokens_details.reasoning_tokens > 0
            assert len(message.tool_calls) == 2
            names.append(message.tool_calls[0].function.name)
            messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
            for call in message.tool_calls:
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "{}"})
    assert names == WANTED


@pytest.mark.parametrize("stream", [False, True])
def test_openai_by_responses(simulator: Simulator, stream: bool) -> None:
    import openai

    items: list[Any] = [{"role": "user", "content": QUESTION}]
    tools: Any = [
        {"type": "function", "name": name, "parameters": PARAMETERS, "strict": True}
        for name in ("look", "finish")
    ]
    names = []
    with openai.OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
        while "finish" not in names:
            asked: Json = {
                "model": "gpt-5",
                "instructions": SYSTEM,
                "input": items,
                "tools": tools,
                "store": False,
                "include": ["reasoning.encrypted_content"],
                "reasoning": {"effort": "low", "summary": "auto"},
            }
            if stream:
                with client.responses.stream(**asked) as events:
                    kinds = {event.type for event in events}
                    response: Any = events.get_final_response()
                assert "response.reasoning_summary_text.delta" in kinds
            else:
                response = client.responses.create(**asked)
            assert response.status == "completed"
            assert response.usage.output_tokens_details.reasoning_tokens > 0
            calls = [item for item in response.output if item.type == "function_call"]
            assert len(calls) == 2
            names.append(calls[0].name)
            items += [item.model_dump(exclude_none=True) for item in response.output]
            items += [
                {"type": "function_call_output", "call_id": call.call_id, "output": "{}"}
                for call in calls
            ]
    assert names == WANTED


@pytest.mark.parametrize("stream", [False, True])
def test_anthropic(simulator: Simulator, stream: bool) -> None:
    import anthropic

    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    tools: Any = [{"name": name, "input_schema": PARAMETERS} for name in ("look", "finish")]
    names = []
    with anthropic.Anthropic(base_url=simulator.address, api_key="any", max_retries=0) as client:
        while "finish" not in names:
            asked: Json = {
                "model": "claude",
                "system": SYSTEM,
                "messages": messages,
                "tools": tools,
                "max_tokens": 4096,
                "thinking": {"type": "enabled", "budget_tokens": 1024},
            }
            if stream:
                with client.messages.stream(**asked) as events:
                    message: Any = events.get_final_message()
            else:
                message = client.messages.create(**asked)
            assert message.stop_reason == "tool_use"
            assert [block.type for block in message.content] == ["thinking", *["tool_use"] * 2]
            uses = [block for block in message.content if block.type == "tool_use"]
            names.append(uses[0].name)
            messages.append({"role": "assistant", "content": message.content})
            results = [
                {"type": "tool_result", "tool_use_id": use.id, "content": "{}"} for use in uses
            ]
            messages.append({"role": "user", "content": results})
    assert names == WANTED


@pytest.mark.parametrize("stream", [False, True])
def test_google_genai(simulator: Simulator, stream: bool) -> None:
    from google import genai
    from google.genai import types

    functions = [
        types.FunctionDeclaration(name=name, parameters_json_schema=PARAMETERS)
        for name in ("look", "finish")
    ]
    config = types.GenerateContentConfig(
        system_instruction=SYSTEM,
        tools=[types.Tool(function_declarations=functions)],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )
    contents: list[Any] = [types.Content(role="user", parts=[types.Part(text=QUESTION)])]
    options = types.HttpOptions(base_url=simulator.address)
    names = []
    with contextlib.closing(genai.Client(api_key="any", http_options=options)) as client:
        while "finish" not in names:
            asked: Json = {"model": "gemini-3", "contents": contents, "config": config}
            if stream:
                found = list(client.models.generate_content_stream(**asked))
            else:
                found = [client.models.generate_content(**asked)]
            parts = [part for one in found for part in one.candidates[0].content.parts or []]
            assert found[-1].usage_metadata.thoughts_token_count > 0
            assert any(part.thought for part in parts)
            calls = [part.function_call for part in parts if part.function_call]
            assert len(calls) == 2
            names.append(calls[0].name)
            contents.append(types.Content(role="model", parts=parts))
            replies = [
                types.Part(
                    function_response=types.FunctionResponse(
                        id=call.id, name=call.name, response={}
                    )
                )
                for call in calls
            ]
            contents.append(types.Content(role="user", parts=replies))
    assert names == WANTED
