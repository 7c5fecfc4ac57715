"""Wire format `chat`: OpenAI's chat completions.

The reasoning of a message with a call goes back to the service that sent it, since some refuse a
conversation without it. Ids of calls are those of `call_ids.py`.

Earlier releases repeated all ids, named a missing one `call_0`, and left reasoning out; the journal
is asked for their form too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pilotbench.providers.answer import Completion
from pilotbench.providers.call_ids import accepted, with_ids
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.messages import Message, Offer, ToolCall, compact, text_of
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Send
from pilotbench.providers.wire_formats import chat_answers

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]
REASONING = "reasoning_content"


class Chat:
    """OpenAI's chat completions, which most services offer."""

    name = "chat"
    sentence = "OpenAI's chat completions, which most services offer."

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request, and those of earlier releases where they differ."""
        rest = {**offered(offer), **parameters}
        body, former = (
            {"model": deployment, "messages": written, **rest}
            for written in (now(messages), before(messages))
        )
        return body, () if former == body else (former,)

    def path(self, body: Json) -> str:
        """Return the path of chat completions."""
        return "/chat/completions"

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged into the top level."""
        if "extra_body" not in body:
            return body
        rest = {name: value for name, value in body.items() if name != "extra_body"}
        return rest | dict(body["extra_body"] or {})

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in the first choice."""
        return chat_answers.completion(rules, body)

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the body that the chunks of a stream make up."""
        return chat_answers.assembled(events)

    def read(self, message: Json) -> Message:
        """Return an assistant's message. Never raises, whatever it contains."""
        return Message(
            "assistant",
            text=text_of(message.get("content")),
            thinking=text_of(message.get(REASONING)) or text_of(message.get("reasoning")),
            calls=tuple(map(_call, _dicts(message.get("tool_calls")))),
            refusal=text_of(message.get("refusal")),
            raw=message,
        )

    def written(self, text: str | None) -> Json:
        """Return an assistant's message."""
        return {"role": "assistant", "content": text}

    def opened(self, provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
        """Return what posts through the OpenAI SDK."""
        from pilotbench.providers.openai_sdk import opened

        return opened(provider, key, http)


WIRE = Chat()


def as_sent(message: Message) -> list[Json]:
    """Return a message as this format writes it: each result of a call is a separate message."""
    if message.role == "tool":
        return [
            {"role": "tool", "tool_call_id": result.id, "content": result.content}
            for result in message.results
        ]
    if not message.calls:
        return [{"role": message.role, "content": message.text}]
    reasoning = text_of((message.raw or {}).get(REASONING))
    return [
        {
            "role": message.role,
            "content": message.text or None,
            **({REASONING: reasoning} if reasoning else {}),
            "tool_calls": [_tool_call(call) for call in message.calls],
        }
    ]


def offered(offer: Offer) -> Json:
    """Return what offers tools, or asks for an answer by a schema."""
    body: Json = {}
    if offer.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in offer.tools
        ]
    if offer.schema is not None:
        schema = {"name": "call", "schema": offer.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def now(messages: Iterable[Message]) -> list[Json]:
    """Return the messages as they are sent."""
    return [one for message in accepted(messages) for one in as_sent(message)]


def before(messages: Iterable[Message]) -> list[Json]:
    """Return the messages as release 0.1 sent them."""
    plain = (replace(message, raw=None) for message in messages)
    named = with_ids(plain, lambda given, _, place: given or f"call_{place}")
    return [one for message in named for one in as_sent(message)]


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _call(call: Json) -> ToolCall:
    given = call.get("function")
    function = given if isinstance(given, dict) else {}
    name, arguments = text_of(function.get("name")), function.get("arguments")
    return ToolCall(text_of(call.get("id")), name, arguments)


def _tool_call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": compact(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}
