"""Wire format `chat`: OpenAI's chat completions.

A message with reasoning goes back with every field that the service sent, in whatever field the
reasoning is, since some services refuse a conversation without it. A message without reasoning goes
back as its text and its calls. Ids of calls are those of `call_ids.py`.

The schema of an answer has an object at its root, since OpenAI refuses others.

The journal is asked for the forms of earlier releases too. Release 0.2 repeated only
`reasoning_content`, and only with a call; 0.1 repeated no reasoning, all ids as they came, and
named a missing one `call_0`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pilotbench.providers.answer import Completion
from pilotbench.providers.answer_schema import with_object_root
from pilotbench.providers.call_ids import accepted, are_fine, with_ids
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.messages import Message, Offer, ToolCall, compact, text_of
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Send
from pilotbench.providers.wire_formats import chat_answers, chat_chunks

if TYPE_CHECKING:
    import httpx2

    from pilotbench.benchmark.instances import Image

Json = dict[str, Any]
REASONING, THINKING = "reasoning_content", "thinking"
_REASONING = re.compile("reason|think|thought|signature|encrypted|extra_content|provider_specific")
"""The names of fields with reasoning, or with what a service needs to read it again."""
_DEEPEST = 50


_PLAIN = frozenset(("role", "content", "tool_calls", "refusal"))
"""The fields that a message without reasoning usually has."""


class Chat:
    """OpenAI's chat completions, which most services offer."""

    name = "chat"
    sentence = "OpenAI's chat completions, which most services offer."
    sdk = ("pilotbench.providers.openai_sdk",)

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request, and those of earlier releases where they differ."""
        sent = now(messages)
        rest = {**offered(offer), **parameters}
        body = {"model": deployment, "messages": sent, **rest}
        is_plain = are_fine(messages) and not any(map(_reasons, messages))
        if is_plain and offer.schema is None:
            return body, ()  # as every release sent it
        former = [sent] if is_plain else [of_release_0_2(messages), before(messages)]
        rest = {**offered(offer, _as_it_is), **parameters}
        earlier = [{"model": deployment, "messages": one, **rest} for one in former]
        return body, [one for n, one in enumerate(earlier) if one not in (body, *earlier[:n])]

    def path(self, body: Json) -> str:
        """Return the path of chat completions."""
        return "/chat/completions"

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged; a stream reports its usage."""
        if body.get("stream"):
            body = {**body, "stream_options": {"include_usage": True}}
        if "extra_body" not in body:
            return body
        rest = {name: value for name, value in body.items() if name != "extra_body"}
        return rest | dict(body["extra_body"] or {})

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in the first choice."""
        return chat_answers.completion(rules, body)

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the body that the chunks of a stream make up."""
        return chat_chunks.assembled(events)

    def read(self, message: Json) -> Message:
        """Return an assistant's message. Never raises, whatever it contains."""
        return Message(
            "assistant",
            text=text_of(message.get("content")),
            thinking=text_of(message.get(REASONING))
            or text_of(message.get("reasoning"))
            or "".join(text_of(part[THINKING]) for part in _thinking(message.get("content"))),
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
    content: Any = message.content
    if shown := message.parts or (message.images and (content, *message.images)):
        content = list(map(_part, shown))
    if message.raw is None or not _has_reasoning(message.raw):
        calls = [_tool_call(call) for call in message.calls]
        return [_assistant(message.role, content, calls)]
    if parts := _thinking(message.raw.get("content")):
        content = [*parts, *([{"type": "text", "text": content}] if content else [])]
    given = _dicts(message.raw.get("tool_calls")) if message.calls else []
    given = given if len(given) == len(message.calls) else [{}] * len(message.calls)
    calls = [_repeated(call, one) for call, one in zip(message.calls, given, strict=True)]
    return [_with_rest(_assistant(message.role, content, calls), message.raw, "tool_calls")]


def _part(shown: str | Image) -> Json:
    if isinstance(shown, str):
        return {"type": "text", "text": shown}
    return {"type": "image_url", "image_url": {"url": shown.url}}


def _assistant(role: str, content: Any, calls: Sequence[Json]) -> Json:
    if not calls:
        return {"role": role, "content": content}
    return {"role": role, "content": content or None, "tool_calls": calls}


def _repeated(call: ToolCall, given: Json) -> Json:
    """Return a call with every field that the service sent; `index` is one of streams only."""
    ours = _tool_call(call)
    function = _with_rest(ours["function"], _dict(given.get("function")))
    return _with_rest({**ours, "function": function}, given, "index")


def _with_rest(ours: Json, given: Json, *handled: str) -> Json:
    """Return our form of what a service sent with all its other fields that are not empty."""
    known = (*ours, *handled)
    rest = {n: value for n, value in given.items() if n not in known and not _is_empty(value)}
    return {**ours, **rest}


def _is_empty(value: Any, level: int = 0) -> bool:
    """Return whether there is nothing in a field; what is nested very deeply is something."""
    if not isinstance(value, dict | list) or level > _DEEPEST:
        return not value
    inner = value.values() if isinstance(value, dict) else value
    return all(_is_empty(one, level + 1) for one in inner)


def _reasons(message: Message) -> bool:
    """Return whether a message is repeated with reasoning."""
    return bool(message.thought) or (message.raw is not None and _has_reasoning(message.raw))


def _has_reasoning(raw: Json) -> bool:
    """Return whether a message of a service, or one of its calls, has a field of reasoning."""
    is_text = isinstance(raw.get("content"), str | None) and not raw.get("tool_calls")
    if is_text and raw.keys() <= _PLAIN:
        return False
    calls = _dicts(raw.get("tool_calls"))
    functions = _dicts([call.get("function") for call in calls])
    fields = (field for one in (raw, *calls, *functions) for field in one.items())
    named = any(_REASONING.search(name) and not _is_empty(value) for name, value in fields)
    return named or bool(_thinking(raw.get("content")))


def _thinking(content: Any) -> list[Json]:
    """Return the parts of a content that are reasoning."""
    return [part for part in _dicts(content) if part.get(THINKING)]


def _as_it_is(schema: Json) -> Json:
    return schema


def offered(offer: Offer, form: Callable[[Json], Json] = with_object_root) -> Json:
    """Return what offers tools, or asks for an answer by a schema in some form."""
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
        schema = {"name": "call", "schema": form(offer.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def now(messages: Iterable[Message]) -> list[Json]:
    """Return the messages as they are sent."""
    return [one for message in accepted(messages) for one in as_sent(message)]


def of_release_0_2(messages: Iterable[Message]) -> list[Json]:
    """Return the messages as release 0.2 sent them."""
    return now(_with_content_of_0_2(message) for message in messages)


def before(messages: Iterable[Message]) -> list[Json]:
    """Return the messages as release 0.1 sent them."""
    plain = (_without_reasoning(message) for message in messages)
    named = with_ids(plain, lambda given, _, place: given or f"call_{place}")
    return [one for message in named for one in as_sent(message)]


def _with_content_of_0_2(message: Message) -> Message:
    reasoning = text_of((message.raw or {}).get(REASONING)) if message.calls else ""
    raw = {REASONING: reasoning} if reasoning else None
    return replace(_without_reasoning(message), raw=raw)


def _without_reasoning(message: Message) -> Message:
    """Return a message as services sent it without its reasoning."""
    return message if message.raw is None else replace(message, raw=None, thought="")


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _call(call: Json) -> ToolCall:
    function = _dict(call.get("function"))
    name, arguments = text_of(function.get("name")), function.get("arguments")
    return ToolCall(text_of(call.get("id")), name, arguments)


def _tool_call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": compact(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}
