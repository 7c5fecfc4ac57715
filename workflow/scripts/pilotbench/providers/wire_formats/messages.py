"""Wire format `messages`: Anthropic's Messages API.

System text is separate from the messages, which alternate between user and assistant: the results
of a turn's calls are all at the start of one user message. A message of the service goes back block
by block as it came, thinking with its signatures included: the service rejects a conversation in
which they were changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pilotbench.ground.errors import ConfigError, UnusableAnswer
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.answer_schema import with_object_root
from pilotbench.providers.call_ids import accepted
from pilotbench.providers.failures import FailureRules, wrapped
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.messages import EMPTY, Message, Offer, ToolCall, compact, text_of
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.strict_schema import strict
from pilotbench.providers.usage import tokens, total
from pilotbench.providers.wire_format import Send, check_mappings
from pilotbench.providers.wire_formats import message_events

if TYPE_CHECKING:
    import httpx2

    from pilotbench.benchmark.instances import Image

Json = dict[str, Any]
MOST_OUTPUT = 8192
"""`max_tokens`, which is required, where the entry has none; a budget for thinking is added."""
UNKNOWN = (
    "seed", "n", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs",
    "response_format", "parallel_tool_calls", "verbosity",
)  # fmt: skip
"""Parameters of chat completions that this API does not have."""
_STATUS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402,
    "permission_error": 403, "not_found_error": 404, "request_too_large": 413,
    "rate_limit_error": 429, "api_error": 500, "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip
"""The status that each type of error comes with, for one in a stream or in a 200."""


class Messages:
    """Anthropic's Messages API."""

    name = "messages"
    sentence = "Anthropic's Messages API."
    sdk = ("pilotbench.providers.anthropic_sdk", "anthropic")

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request; no earlier release spoke this format.

        Raises ConfigError for a parameter that this API does not have.
        """
        given = _translated(parameters)
        system = "\n\n".join(m.text for m in messages if m.role == "system" and m.text)
        said = accepted([m for m in messages if m.role != "system"])
        body = {
            "model": deployment,
            "max_tokens": MOST_OUTPUT + _budget(given),
            **({"system": system} if system else {}),
            "messages": _turns(said),
            **({"tools": [_tool(tool) for tool in offer.tools]} if offer.tools else {}),
            **given,
        }
        schema = None if offer.schema is None else strict(with_object_root(offer.schema))
        if schema is not None:
            form = {"format": {"type": "json_schema", "schema": schema}}
            body["output_config"] = form | body.get("output_config", {})
        return body, ()

    def path(self, body: Json) -> str:
        """Return the path below the base URL, which ends before the version."""
        return "/v1/messages"

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged into the top level."""
        rest = {name: value for name, value in body.items() if name != "extra_body"}
        return rest | dict(body.get("extra_body") or {})

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in the decoded body of a 2xx answer.

        Raises UnusableAnswer where there is none, or the error that came in a 200.
        """
        error = body.get("error")
        if error:
            raise wrapped(rules, {"error": _with_status(error)})
        content, counts = body.get("content"), _tokens(body.get("usage"))
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        if not isinstance(content, list):
            raise UnusableAnswer("the body has no content", tokens=counts)
        reason, model = (_text(body.get(name)) for name in ("stop_reason", "model"))
        if meaning(reason) is Meaning.INFRASTRUCTURE:
            raise UnusableAnswer(f"the service stopped: stop_reason {reason}", tokens=counts)
        if meaning(reason) is Meaning.LENGTH:
            content = _cut(content)
        return Completion({"role": "assistant", "content": content}, reason, model, counts)

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the events of a stream as the body that an answer at once would have had.

        Raises ConnectionFailed for a stream that was cut off.
        """
        return message_events.assembled(events)

    def read(self, message: Json) -> Message:
        """Return an assistant's message. Never raises, whatever it contains."""
        blocks = _blocks(message)
        return Message(
            "assistant",
            text=text_of(_of(blocks, "text")),
            thinking=text_of([{"text": b.get("thinking")} for b in _of(blocks, "thinking")]),
            calls=tuple(map(_call, _of(blocks, "tool_use"))),
            raw=message,
        )

    def written(self, text: str | None) -> Json:
        """Return an assistant's message with only this text."""
        return {"role": "assistant", "content": [{"type": "text", "text": text}] if text else []}

    def opened(self, provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
        """Return what posts requests with a key."""
        from pilotbench.providers import anthropic_sdk

        return anthropic_sdk.opened(provider, key, http)


WIRE = Messages()


def _translated(parameters: Mapping[str, Any]) -> Json:
    """Return the parameters in the words of this format."""
    for name in parameters:
        if name in UNKNOWN:
            raise ConfigError(f"{name} is unknown to api messages: remove it, or write api: chat")
    check_mappings(parameters, ("thinking", "output_config"))
    given = dict(parameters)
    if "max_completion_tokens" in given:
        given["max_tokens"] = given.pop("max_completion_tokens")
    if "stop" in given:
        stop = given.pop("stop")
        given["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    for name in ("reasoning_effort", "effort"):
        if name in given:
            effort = {"effort": given.pop(name)}
            given["output_config"] = effort | dict(given.get("output_config") or {})
    return given


def _budget(given: Json) -> int:
    """Return the tokens for thinking, which are part of the output."""
    thinking = given.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return budget if isinstance(budget, int) else 0


def _tool(tool: Any) -> Json:
    schema = {"type": "object", **tool.parameters}
    return {"name": tool.name, "description": tool.description, "input_schema": schema}


def _turns(messages: Iterable[Message]) -> list[Json]:
    """Return the messages in turn: those in a row of one role are one message."""
    turns: list[tuple[str, list[Json]]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].extend(_as_sent(message))
    return [{"role": role, "content": _content(blocks)} for role, blocks in turns]


def _content(blocks: list[Json]) -> str | list[Json]:
    """Return the content of a message: results come first, a text alone is only the text."""
    if not blocks:
        return EMPTY
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return sorted(blocks, key=lambda block: block["type"] != "tool_result")


def _as_sent(message: Message) -> list[Json]:
    """Return the blocks of a message."""
    if message.results:
        return [
            {"type": "tool_result", "tool_use_id": result.id, "content": result.content}
            for result in message.results
        ]
    if message.parts:
        return list(map(_part, message.parts))
    return [*map(_part, message.images), *_repeated(message, _blocks(message.raw or {}))]


def _part(shown: str | Image) -> Json:
    if isinstance(shown, str):
        return {"type": "text", "text": shown}
    source = {"type": "base64", "media_type": shown.media_type, "data": shown.data}
    return {"type": "image", "source": source}


def _repeated(message: Message, came: Sequence[Json]) -> Iterator[Json]:
    """Yield the blocks of a message as they came, with the text and the calls that it now has."""
    same = text_of(_of(came, "text")) == message.content
    text = [] if same else [{"type": "text", "text": message.content}]
    calls = list(message.calls)
    for block in came:
        kept = {name: value for name, value in block.items() if value is not None}
        if kept.get("type") == "tool_use":
            yield from _spoken(text)
            text = []
            yield from ([_tool_use(calls.pop(0), kept)] if calls else [])
        elif kept.get("type") != "text":
            yield kept
        elif same:
            yield from _spoken([kept])
    yield from _spoken(text)
    yield from (_tool_use(call, {}) for call in calls)


def _spoken(blocks: Iterable[Json]) -> Iterator[Json]:
    """Yield the blocks of text that are not blank, which the service rejects."""
    return (block for block in blocks if str(block.get("text") or "").strip())


def _tool_use(call: ToolCall, came: Json) -> Json:
    arguments = call.arguments if isinstance(call.arguments, dict) else {}
    return {**came, "type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def _blocks(message: Json) -> list[Json]:
    """Return the blocks of a message's content, which may be text alone."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [b for b in content if isinstance(b, dict)] if isinstance(content, list) else []


def _of(blocks: Iterable[Json], kind: str) -> list[Json]:
    return [block for block in blocks if block.get("type") == kind]


def _call(block: Json) -> ToolCall:
    return ToolCall(text_of(block.get("id")), text_of(block.get("name")), block.get("input"))


def _cut(content: list[Any]) -> list[Any]:
    """Return the content of a message that ended early: a call at its end is not complete.

    The service completes its JSON, so that it looks whole; here it is text without its end.
    """
    *before, last = content or [None]
    if not isinstance(last, dict) or last.get("type") != "tool_use":
        return content
    given = last.get("input")
    return [*before, {**last, "input": given if isinstance(given, str) else compact(given)[:-1]}]


def _tokens(usage: Any) -> Tokens | None:
    """Return the counts; `input_tokens` of this API excludes what the cache read and wrote."""
    if not isinstance(usage, dict):
        return None
    cached = "cache_read_input_tokens"
    whole = total(usage, "input_tokens", cached, "cache_creation_input_tokens")
    return tokens({**usage, "input_tokens": whole, "cached_tokens": usage.get(cached)})


def _with_status(error: Any) -> Any:
    """Return an error with the status that its type stands for."""
    status = _STATUS.get(str(error.get("type"))) if isinstance(error, dict) else None
    return error if status is None else {"status": status, **error}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
