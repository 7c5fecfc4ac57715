"""What Anthropic's Messages API refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pilotbench.simulator.apis.api import Incoming, Problem, objects
from pilotbench.simulator.apis.messages import format_of
from pilotbench.simulator.ground.thinking import is_seal
from pilotbench.simulator.strictness.rule import (
    Rule,
    first,
    names,
    refused,
    repeated,
    schemas_in,
    unknown,
)

Json = dict[str, Any]
_KNOWN = names(
    "cache_control container context_management inference_geo max_tokens mcp_servers messages "
    "metadata model output_config output_format service_tier stop_sequences stream system "
    "temperature thinking tool_choice tools top_k top_p"
)
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_TOOL = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_UNSUPPORTED = names(  # in the schema of an answer
    "minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf maxItems "
    "uniqueItems oneOf not patternProperties"
)
_THOUGHTS = ("thinking", "redacted_thinking")


def _messages(incoming: Incoming) -> list[Json]:
    return objects(incoming.sent.get("messages"))


def _blocks(message: Json) -> list[Json]:
    return objects(message.get("content"))


def _of_type(message: Json, kind: str) -> list[Json]:
    return [block for block in _blocks(message) if block.get("type") == kind]


def _version(incoming: Incoming) -> Problem | None:
    if "anthropic-version" in incoming.headers:
        return None
    return refused("anthropic-version: header is required")


def _fields(incoming: Incoming) -> Problem | None:
    sent = incoming.sent
    for name in ("model", "max_tokens"):
        if not sent.get(name):
            return refused(f"{name}: Field required")
    for name in unknown(sent, _KNOWN):
        return refused(f"{name}: Extra inputs are not permitted")
    if not 0 <= (sent.get("temperature") or 0) <= 1:
        return refused("temperature: range: 0..1")
    for place, tool in enumerate(objects(sent.get("tools"))):
        where = f"tools.{place}.custom"
        if not _TOOL.fullmatch(str(tool.get("name", ""))):
            words = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
            return refused(f"{where}.name: {words}")
        if not isinstance(tool.get("input_schema"), dict):
            return refused(f"{where}.input_schema: Field required")
        if tool["input_schema"].get("type") != "object":
            return refused(f"{where}.input_schema.type: Input should be 'object'")
    return None


def _roles(incoming: Incoming) -> Problem | None:
    for place, message in enumerate(_messages(incoming)):
        role = message.get("role")
        if role == "system":
            return refused(
                f'messages.{place}: Unexpected role "system". The Messages API accepts a top-level '
                '`system` parameter, not "system" as an input message role.'
            )
        if role not in ("user", "assistant"):
            return refused(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        if place == 0 and role != "user":
            return refused('messages: first message must use the "user" role')
    return None


def _blocks_of_text(incoming: Incoming) -> Problem | None:
    for place, message in enumerate(_messages(incoming)):
        if not message.get("content"):
            return refused(f"messages.{place}: all messages must have non-empty content")
        for block in _of_type(message, "text"):
            if not str(block.get("text", "")).strip():
                return refused("messages: text content blocks must be non-empty")
    return None


def _call_ids(incoming: Incoming) -> Problem | None:
    given: list[str] = []
    for place, message in enumerate(_messages(incoming)):
        for number, block in enumerate(_blocks(message)):
            if block.get("type") != "tool_use":
                continue
            name, where = str(block.get("id", "")), f"messages.{place}.content.{number}.tool_use"
            if not _ID.fullmatch(name):
                return refused(f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
            if not isinstance(block.get("input"), dict):
                return refused(f"{where}.input: Input should be a valid dictionary")
            given.append(name)
    for _ in repeated(given):
        return refused("messages: `tool_use` ids must be unique")
    return None


def _call_answers(incoming: Incoming) -> Problem | None:
    return first(_unanswered(_messages(incoming)))


def _unanswered(messages: list[Json]) -> Iterator[Problem]:
    owed: list[str] = []
    for place, message in enumerate(messages):
        given = [str(block.get("tool_use_id")) for block in _of_type(message, "tool_result")]
        missing = [name for name in owed if name not in given]
        if missing:
            yield _without_result(place - 1, missing)
        for number, name in enumerate(given):
            if name not in owed:
                yield refused(
                    f"messages.{place}.content.{number}: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {name}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message."
                )
        kinds = [block.get("type") for block in _blocks(message)][: len(given)]
        if any(kind != "tool_result" for kind in kinds):
            yield _without_result(place - 1, owed)  # text before a result
        owed = [str(block.get("id")) for block in _of_type(message, "tool_use")]
    if owed:
        yield _without_result(len(messages) - 1, owed)


def _without_result(place: int, missing: list[str]) -> Problem:
    return refused(
        f"messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately "
        f"after: {', '.join(missing)}. Each `tool_use` block must have a corresponding "
        "`tool_result` block in the next message."
    )


def _schema(incoming: Incoming) -> Problem | None:
    """Structured output: objects without other properties, no limits on numbers and lengths."""
    given = format_of(incoming.sent)
    if given is None:
        return None
    where = "output_config.format.schema"
    for schema in schemas_in(given.get("schema")):
        kind = schema.get("type")
        if kind == "object" and schema.get("additionalProperties") is not False:
            return refused(
                f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false"
            )
        for word in unknown(dict.fromkeys(_UNSUPPORTED), set(_UNSUPPORTED) - set(schema)):
            return refused(f"{where}: For '{kind}' type, property '{word}' is not supported")
    return None


def _thinks(incoming: Incoming) -> Json | None:
    given = incoming.sent.get("thinking")
    on = isinstance(given, dict) and given.get("type") in ("enabled", "adaptive")
    return given if on else None


def _thinking_parameters(incoming: Incoming) -> Problem | None:
    sent, thinking = incoming.sent, _thinks(incoming)
    if thinking is None:
        return None
    if sent.get("temperature", 1) != 1:
        return refused("`temperature` may only be set to 1 when thinking is enabled.")
    if "top_k" in sent:
        return refused("`top_k` must be unset when thinking is enabled.")
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens")
        if not isinstance(budget, int):
            return refused("thinking.enabled.budget_tokens: Field required")
        if budget < 1024:
            words = "Input should be greater than or equal to 1024"
            return refused(f"thinking.enabled.budget_tokens: {words}")
        if budget >= sent.get("max_tokens", 0):
            return refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
    choice = sent.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        return refused("Thinking may not be enabled when tool_choice forces tool use.")
    return None


def _thinking_blocks(incoming: Incoming) -> Problem | None:
    """Since the last words of the user: thinking before tool use, with its signature."""
    messages = _messages(incoming)
    asked = [
        place
        for place, message in enumerate(messages)
        if message.get("role") == "user" and not _of_type(message, "tool_result")
    ]
    start = asked[-1] if asked else 0
    for place, message in enumerate(messages):
        if message.get("role") != "assistant":
            continue
        uses = [block.get("id") for block in _of_type(message, "tool_use")]
        for number, block in enumerate(_blocks(message)):
            if block.get("type") == "thinking" and not is_seal(
                block.get("signature"), block.get("thinking"), uses
            ):
                words = "Invalid `signature` in `thinking` block"
                return refused(f"messages.{place}.content.{number}: {words}")
        kinds = [block.get("type") for block in _blocks(message)]
        if _thinks(incoming) and place > start and uses and kinds[0] not in _THOUGHTS:
            return refused(
                f"messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
                f"found `{kinds[0]}`. When `thinking` is enabled, a final `assistant` message must "
                "start with a thinking block (preceeding the lastmost set of `tool_use` and "
                "`tool_result` blocks). To avoid this requirement, disable `thinking`."
            )
    return None


RULES: dict[str, Rule] = {
    "version": _version,
    "fields": _fields,
    "roles": _roles,
    "text": _blocks_of_text,
    "call_ids": _call_ids,
    "call_answers": _call_answers,
    "schema": _schema,
    "thinking_parameters": _thinking_parameters,
    "thinking_blocks": _thinking_blocks,
}
