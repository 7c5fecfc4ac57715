"""What services with OpenAI's chat completions refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pilotbench.simulator.apis.api import Incoming, Problem, objects
from pilotbench.simulator.ground.thinking import is_sealed
from pilotbench.simulator.strictness.rule import Rule, first, refused, repeated

Json = dict[str, Any]
LONGEST_ID = 40
_NINE = re.compile(r"[a-zA-Z0-9]{9}")
_AFTER = {  # Mistral: which roles may follow which
    "system": ("system", "user", "assistant"),
    "user": ("system", "user", "assistant"),
    "assistant": ("user", "assistant", "tool"),
    "tool": ("tool", "assistant"),
}


def _messages(incoming: Incoming) -> list[Json]:
    return objects(incoming.sent.get("messages"))


def _calls(message: Json) -> list[Json]:
    return objects(message.get("tool_calls"))


def _tools_with_reasoning(incoming: Incoming) -> Problem | None:
    """OpenAI, GPT-5.4 and later: functions with reasoning only by the Responses API."""
    if not incoming.sent.get("tools") or incoming.sent.get("reasoning_effort") == "none":
        return None
    return refused(
        f"Function tools with reasoning_effort are not supported for {incoming.model} in "
        "/v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort "
        "to 'none'.",
        "reasoning_effort",
    )


def _max_tokens(incoming: Incoming) -> Problem | None:
    if "max_tokens" not in incoming.sent:
        return None
    return refused(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "max_tokens",
        "unsupported_parameter",
    )


def _temperature(incoming: Incoming) -> Problem | None:
    given = incoming.sent.get("temperature", 1)
    if given == 1 or incoming.sent.get("reasoning_effort") == "none":
        return None
    return refused(
        f"Unsupported value: 'temperature' does not support {given} with this model. Only the "
        "default (1) value is supported.",
        "temperature",
        "unsupported_value",
    )


def _call_ids(incoming: Incoming) -> Problem | None:
    return first(_wrong_ids(_messages(incoming)))


def _wrong_ids(messages: list[Json]) -> Iterator[Problem]:
    names: list[str] = []
    for place, message in enumerate(messages):
        for number, call in enumerate(_calls(message)):
            where, name = f"messages[{place}].tool_calls[{number}].id", call.get("id")
            if not isinstance(name, str):
                words = f"Missing required parameter: '{where}'."
                yield refused(words, where, "missing_required_parameter")
            elif not name:
                words = f"Invalid '{where}': empty string."
                yield refused(words, where, "empty_string")
            elif len(name) > LONGEST_ID:
                yield refused(
                    f"Invalid '{where}': string too long. Expected a string with maximum length "
                    f"{LONGEST_ID}, but got a string with length {len(name)} instead.",
                    where,
                    "string_above_max_length",
                )
            else:
                names.append(name)
    for name in repeated(names):
        yield refused(f"Duplicate tool call id '{name}' in 'messages'.", "messages")


def _call_answers(incoming: Incoming) -> Problem | None:
    return first(_unanswered(_messages(incoming)))


def _unanswered(messages: list[Json]) -> Iterator[Problem]:
    """Yield what is wrong with the messages after each call."""
    owed: list[str] = []
    for place, message in enumerate(messages):
        where = f"messages.[{place}].role"
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in owed:
                yield refused(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceding message with 'tool_calls'.",
                    where,
                )
                return
            owed.remove(str(message["tool_call_id"]))
            continue
        if owed:
            break
        owed = [str(call.get("id")) for call in _calls(message)]
    if owed:
        yield refused(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(owed),
            "messages",
        )


def _object_schema(incoming: Incoming) -> Problem | None:
    """Structured output: the root of a schema must be an object, not alternatives."""
    given = incoming.sent.get("response_format")
    if not isinstance(given, dict) or given.get("type") != "json_schema":
        return None
    inner = given.get("json_schema") or {}
    return schema_problem(inner.get("name"), inner.get("schema"), "response_format")


def schema_problem(name: Any, schema: Any, param: str) -> Problem | None:
    """Return what OpenAI refuses in the schema of an answer."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind != "object":
        return refused(
            f"Invalid schema for response_format '{name}': schema must be a JSON Schema of "
            f"'type: \"object\"', got 'type: \"{kind}\"'.",
            param,
        )
    if any(word in schema for word in ("anyOf", "oneOf", "allOf", "enum", "not")):
        return refused(
            f"Invalid schema for response_format '{name}': schema must have type 'object' and not "
            "have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.",
            param,
        )
    return None


def _no_schema(incoming: Incoming) -> Problem | None:
    """DeepSeek: an answer by a schema is not offered."""
    given = incoming.sent.get("response_format")
    if isinstance(given, dict) and given.get("type") == "json_schema":
        return refused(
            "This response_format type is unavailable now", None, "invalid_request_error"
        )
    return None


def _reasoning_returned(words: str, code: str) -> Rule:
    """Return the rule that a message with calls has the reasoning that came with it."""

    def rule(incoming: Incoming) -> Problem | None:
        for place, message in enumerate(_messages(incoming)):
            if not _calls(message):
                continue
            given = message.get("reasoning_content")
            if not given:
                return refused(words.format(place=place), None, code)
            if not is_sealed(given):
                return refused(f"reasoning_content of message {place} was changed", None, code)
        return None

    return rule


def _stream_only(incoming: Incoming) -> Problem | None:
    """DashScope: thinking models stream."""
    if incoming.stream or incoming.sent.get("enable_thinking") is False:
        return None
    return refused(
        "parameter.enable_thinking must be set to false for non-streaming calls",
        None,
        "invalid_parameter_error",
    )


def _nine_characters(incoming: Incoming) -> Problem | None:
    names = [call.get("id") for message in _messages(incoming) for call in _calls(message)]
    names += [m.get("tool_call_id") for m in _messages(incoming) if m.get("role") == "tool"]
    for name in names:
        if not _NINE.fullmatch(str(name)):
            return refused(
                f"Tool call id was {name} but must be a-z, A-Z, 0-9, with a length of 9.",
                None,
                "3280",
            )
    return None


def _role_order(incoming: Incoming) -> Problem | None:
    """Mistral: no user after a tool, as many results as calls, the last from user or tool."""
    before: Json = {}
    owed = 0
    for message in _messages(incoming):
        role, last = str(message.get("role")), str(before.get("role", "system"))
        if role not in _AFTER.get(last, ()):
            return refused(f"Unexpected role '{role}' after role '{last}'", None, "3230")
        if owed and role != "tool":
            return refused("Not the same number of function calls and responses", None, "3230")
        owed = owed - 1 if role == "tool" else len(_calls(message))
        if owed < 0:
            return refused(f"Unexpected role '{role}' after role '{last}'", None, "3230")
        before = message
    if before.get("role") not in ("user", "tool"):
        return refused(
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got "
            f"{before.get('role')}",
            None,
            "3230",
        )
    return None


RULES: dict[str, Rule] = {
    "tools_with_reasoning": _tools_with_reasoning,
    "max_tokens": _max_tokens,
    "temperature": _temperature,
    "call_ids": _call_ids,
    "call_answers": _call_answers,
    "object_schema": _object_schema,
    "no_schema": _no_schema,
    "deepseek_reasoning": _reasoning_returned(
        "Missing `reasoning_content` field in the assistant message at message index {place}. For "
        "more information, please refer to "
        "https://api-docs.deepseek.com/guides/thinking_mode#tool-calls",
        "invalid_request_error",
    ),
    "kimi_reasoning": _reasoning_returned(
        "thinking is enabled but reasoning_content is missing in assistant tool call message at "
        "index {place}",
        "",
    ),
    "stream_only": _stream_only,
    "nine_characters": _nine_characters,
    "role_order": _role_order,
}
