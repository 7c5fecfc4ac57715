"""Wire format `responses`: OpenAI's Responses API, without state on the server.

Nothing is stored (`store: false`); the whole conversation is sent each time. Every item of an
answer goes back as it came, reasoning with its encrypted content included. The completion's message
is `{"output": [items]}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pilotbench.ground.errors import ConfigError, ConnectionFailed, UnusableAnswer
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.answer_schema import with_object_root
from pilotbench.providers.call_ids import accepted
from pilotbench.providers.failures import LAST_WORD, FailureRules, broken_call, wrapped
from pilotbench.providers.messages import EMPTY, Message, Offer, ToolCall, compact, text_of
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.usage import tokens
from pilotbench.providers.wire_format import Send, check_mappings

if TYPE_CHECKING:
    import httpx2

    from pilotbench.benchmark.instances import Image

Json = dict[str, Any]
ENCRYPTED = "reasoning.encrypted_content"
RENAMED = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
NESTED = {"reasoning_effort": ("reasoning", "effort"), "verbosity": ("text", "verbosity")}
UNKNOWN = ("n", "seed", "stop", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs")
"""Parameters of chat completions that this API does not have."""
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Responses:
    """OpenAI's Responses API."""

    name = "responses"
    sentence = "OpenAI's Responses API, for models that take tools with reasoning only there."
    sdk = ("pilotbench.providers.openai_sdk",)

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request.

        Raises ConfigError for a parameter that this API does not have.
        """
        instructions, rest = _split(accepted(messages))
        body: Json = {"model": deployment}
        if instructions is not None:
            body["instructions"] = instructions
        body["input"] = [item for message in rest for item in items(message)]
        body |= _offered(offer) | {"store": False, "include": [ENCRYPTED]}
        return _with_parameters(body, parameters), ()

    def path(self, body: Json) -> str:
        """Return the path of responses."""
        return "/responses"

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged, an empty `include` left out."""
        rest = {name: value for name, value in body.items() if name != "extra_body"}
        if not rest.get("include", True):
            del rest["include"]
        return rest | dict(body.get("extra_body") or {})

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in a decoded body; an unfinished response is none."""
        usage = tokens(body.get("usage"))
        given = body.get("output")
        output = _dicts(given)
        if body.get("error"):
            return _failed(rules, body["error"], output, usage)
        details = body.get("incomplete_details")
        reason = (details or {}).get("reason") if isinstance(details, dict) else None
        reason = reason or body.get("status")
        if reason in ("failed", "cancelled", "queued", "in_progress"):
            raise UnusableAnswer(f"the service stopped: status {reason}", tokens=usage)
        if not isinstance(given, list):
            raise UnusableAnswer("the body has no output", tokens=usage)
        return Completion({"output": output}, _text(reason), _text(body.get("model")), usage)

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the response in the last event of a stream.

        Raises ConnectionFailed for a stream without one.
        """
        done: Json = {}
        for event in events:
            kind, response = event.get("type"), event.get("response")
            if kind == "response.output_item.done" and isinstance(event.get("item"), dict):
                done[str(event.get("output_index", len(done)))] = event["item"]
            elif kind in _ENDS and isinstance(response, dict):
                return {**response, "output": response.get("output") or [*done.values()]}
            elif kind == "error" or (kind is None and event.get("error")):
                return {"error": event.get("error") or event}
        raise ConnectionFailed("the stream was cut off")

    def read(self, message: Json) -> Message:
        """Return an assistant's message. Never raises, whatever it contains."""
        output = _dicts(message.get("output"))
        parts = [part for one in _of(output, "message") for part in _dicts(one.get("content"))]
        return Message(
            "assistant",
            text="".join(text_of(part.get("text")) for part in parts),
            thinking="\n".join(filter(None, map(_thought, _of(output, "reasoning")))),
            calls=tuple(map(_call, _of(output, "function_call"))),
            refusal="".join(text_of(part.get("refusal")) for part in _of(parts, "refusal")),
            raw=message,
        )

    def written(self, text: str | None) -> Json:
        """Return an assistant's message."""
        content = [] if text is None else [{"type": "output_text", "text": text}]
        return {"output": [{"type": "message", "role": "assistant", "content": content}]}

    def opened(self, provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
        """Return what posts through the OpenAI SDK."""
        from pilotbench.providers.openai_sdk import opened

        return opened(provider, key, http)


WIRE = Responses()


def items(message: Message) -> Iterator[Json]:
    """Yield the items of a message.

    Those of the service go back as they came. If none of its calls could be read, or if it only
    reasoned, its text does: the service refuses reasoning without the item that followed it.
    """
    if message.role == "tool":
        for result in message.results:
            yield {"type": "function_call_output", "call_id": result.id, "output": result.content}
        return
    given = _dicts((message.raw or {}).get("output"))
    made, wrote = _of(given, "function_call"), _of(given, "message")
    if (made and not message.calls) or not (made or wrote):
        yield from _text_item(message)
        yield from map(_call_item, message.calls)
        return
    calls = iter(message.calls)
    as_it_came = message.content.strip() in (WIRE.read({"output": given}).text.strip(), EMPTY)
    texts = iter(() if as_it_came else _text_item(message))
    for item in given:
        item = {name: value for name, value in item.items() if value is not None}
        if item.get("type") == "function_call":
            yield {**item, **_call_item(next(calls), item.get("arguments"))}
        elif item.get("type") != "message" or as_it_came:
            yield item
        else:
            yield from texts
    yield from texts
    yield from map(_call_item, calls)


def _text_item(message: Message) -> Iterator[Json]:
    if shown := message.parts or (message.images and (message.content, *message.images)):
        yield {"role": message.role, "content": list(map(_part, shown))}
    elif message.content:
        yield {"role": message.role, "content": message.content}


def _part(shown: str | Image) -> Json:
    if isinstance(shown, str):
        return {"type": "input_text", "text": shown}
    return {"type": "input_image", "image_url": shown.url}


def _call_item(call: ToolCall, given: Any = None) -> Json:
    """Return the item of a call; `given` is the text of its arguments as it came."""
    arguments = given if _is_json_of(given, call.arguments) else compact(call.arguments)
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _is_json_of(text: Any, value: Any) -> bool:
    try:
        return isinstance(text, str) and bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False


def _split(messages: Sequence[Message]) -> tuple[str | None, Sequence[Message]]:
    """Return the system text before the conversation, and the conversation."""
    if messages and messages[0].role == "system":
        return messages[0].content, messages[1:]
    return None, messages


def _offered(offer: Offer) -> Json:
    body: Json = {}
    if offer.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in offer.tools
        ]
    if offer.schema is not None:
        schema = {"name": "call", "schema": with_object_root(offer.schema), "strict": False}
        body["text"] = {"format": {"type": "json_schema", **schema}}
    return body


def _with_parameters(body: Json, parameters: Mapping[str, Any]) -> Json:
    """Return a body with parameters, those of chat completions under the names of this API."""
    check_mappings(parameters, ("reasoning", "text", "response_format"))
    check_mappings(parameters.get("response_format") or {}, ("json_schema",))
    found = dict(body)
    for name, value in parameters.items():
        if name in UNKNOWN:
            raise ConfigError(f"{name} is unknown to api responses: remove it, or write api: chat")
        if name in NESTED:
            outer, inner = NESTED[name]
            found[outer] = {**(found.get(outer) or {}), inner: value}
        elif name == "response_format" and isinstance(value, dict):
            flat = {**value, **(value.get("json_schema") or {})}
            flat.pop("json_schema", None)
            found["text"] = {**(found.get("text") or {}), "format": flat}
        elif isinstance(found.get(name), dict) and isinstance(value, dict):
            found[name] = {**found[name], **value}
        else:
            found[RENAMED.get(name, name)] = value
    return found


def _failed(
    rules: FailureRules, error: Any, output: list[Json], usage: Tokens | None
) -> Completion:
    """Return what the error of a response means: the model's own broken call, or a refusal.

    Raises UnusableAnswer where there is output or usage, so that it was paid for; else the error.
    """
    found = broken_call(rules, 400, {"error": error})
    if found is not None:
        message = {"output": output} if found[1] is None else WIRE.written(found[1])
        return Completion(message, found[0], None, usage)
    failed = wrapped(rules, {"error": error})
    if usage is None and not output:
        raise failed
    reason = LAST_WORD.get(type(failed))
    if reason is None:
        raise UnusableAnswer(f"an error in a paid response: {failed}", tokens=usage)
    return Completion({"output": output}, reason, None, usage)


def _thought(item: Json) -> str:
    return text_of(item.get("content")) or "\n".join(
        text_of(part.get("text")) for part in _dicts(item.get("summary"))
    )


def _call(item: Json) -> ToolCall:
    identity = text_of(item.get("call_id")) or text_of(item.get("id"))
    return ToolCall(identity, text_of(item.get("name")), item.get("arguments"))


def _of(found: Sequence[Json], kind: str) -> list[Json]:
    return [one for one in found if one.get("type") == kind]


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
