"""What OpenAI's Responses API refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilotbench.simulator.apis.api import Incoming, Problem, objects
from pilotbench.simulator.ground.thinking import unpacked
from pilotbench.simulator.strictness.chat import schema_problem
from pilotbench.simulator.strictness.rule import Rule, first, names, refused, repeated, unknown

Json = dict[str, Any]
LONGEST_ID = 64
_KNOWN = names(
    "background conversation include input instructions max_output_tokens max_tool_calls metadata "
    "model parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention "
    "reasoning safety_identifier service_tier store stream stream_options temperature text "
    "tool_choice tools top_logprobs top_p truncation user verbosity"
)
_MOVED = {
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "messages": "input",
}
_TYPES = ("message", "function_call", "function_call_output", "reasoning", "item_reference")


def _items(incoming: Incoming) -> list[Json]:
    return objects(incoming.sent.get("input"))


def _parameters(incoming: Incoming) -> Problem | None:
    for name in unknown(incoming.sent, _KNOWN):
        if name in _MOVED:
            return refused(
                f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved "
                f"to '{_MOVED[name]}'. Try again with the new parameter.",
                name,
                "unsupported_parameter",
            )
        return refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if incoming.sent.get("previous_response_id"):
        given = incoming.sent["previous_response_id"]
        return refused(
            f"Previous response with id '{given}' not found.",
            "previous_response_id",
            "previous_response_not_found",
        )
    return None


def _temperature(incoming: Incoming) -> Problem | None:
    for name in ("temperature", "top_p"):
        if incoming.sent.get(name, 1) != 1:
            return refused(
                f"Unsupported parameter: '{name}' is not supported with this model.", name
            )
    return None


def _input(incoming: Incoming) -> Problem | None:
    return first(_wrong_items(_items(incoming)))


def _wrong_items(items: list[Json]) -> Iterator[Problem]:
    for place, item in enumerate(items):
        kind, role = item.get("type", "message"), item.get("role")
        if kind not in _TYPES:
            where = f"input[{place}].type"
            yield refused(f"Invalid value: '{kind}' of '{where}'.", where, "invalid_value")
        if kind != "message":
            continue
        wanted = "output_text" if role == "assistant" else "input_text"
        for number, part in enumerate(objects(item.get("content"))):
            if part.get("type") not in (wanted, "refusal", "input_image", "input_file"):
                where = f"input[{place}].content[{number}]"
                words = f"Invalid value: '{part.get('type')}'. Supported values are: '{wanted}'."
                yield refused(words, where, "invalid_value")


def _tools(incoming: Incoming) -> Problem | None:
    """Functions are flat here, not inside `function` as in chat completions."""
    for place, tool in enumerate(objects(incoming.sent.get("tools"))):
        if tool.get("type") == "function" and not tool.get("name"):
            where = f"tools[{place}].name"
            words = f"Missing required parameter: '{where}'."
            return refused(words, where, "missing_required_parameter")
    return None


def _call_ids(incoming: Incoming) -> Problem | None:
    return first(_wrong_ids(_items(incoming)))


def _wrong_ids(items: list[Json]) -> Iterator[Problem]:
    given: list[str] = []
    for place, item in enumerate(items):
        if item.get("type") not in ("function_call", "function_call_output"):
            continue
        where, name = f"input[{place}].call_id", item.get("call_id")
        if not isinstance(name, str) or not name:
            words = f"Missing required parameter: '{where}'."
            yield refused(words, where, "missing_required_parameter")
        elif len(name) > LONGEST_ID:
            yield refused(
                f"Invalid '{where}': string too long. Expected a string with maximum length "
                f"{LONGEST_ID}, but got a string with length {len(name)} instead.",
                where,
                "string_above_max_length",
            )
        elif item["type"] == "function_call":
            given.append(name)
    given += [str(item["id"]) for item in items if item.get("id")]
    for name in repeated(given):
        yield refused(f"Duplicate item found with id {name}.", "input")


def _call_answers(incoming: Incoming) -> Problem | None:
    return first(_unanswered(_items(incoming)))


def _unanswered(items: list[Json]) -> Iterator[Problem]:
    called = [str(item.get("call_id")) for item in items if item.get("type") == "function_call"]
    given = [
        str(item.get("call_id")) for item in items if item.get("type") == "function_call_output"
    ]
    for name in called:
        if name not in given:
            yield refused(f"No tool output found for function call {name}.", "input")
    for name in given:
        if name not in called:
            words = f"No tool call found for function call output with call_id {name}."
            yield refused(words, "input")


def _object_schema(incoming: Incoming) -> Problem | None:
    text = incoming.sent.get("text")
    given = text.get("format") if isinstance(text, dict) else None
    if not isinstance(given, dict) or given.get("type") != "json_schema":
        return None
    return schema_problem(given.get("name"), given.get("schema"), "text.format.schema")


def _reasoning_items(incoming: Incoming) -> Problem | None:
    """A call comes after the reasoning that it came with, unchanged."""
    if incoming.sent.get("store") is not False:
        return None
    return first(_wrong_reasoning(_items(incoming)))


def _wrong_reasoning(items: list[Json]) -> Iterator[Problem]:
    owed: list[str] = []
    thought = ""
    for item in items:
        kind = item.get("type", "message")
        if kind == "reasoning":
            thought = str(item.get("id"))
            if not item.get("encrypted_content"):
                yield refused(
                    f"Item with id '{thought}' not found. Items are not persisted when `store` is "
                    "set to false. Try again with `store` set to true, or remove this item from "
                    "your input.",
                    "input",
                )
                return
            found = unpacked(item["encrypted_content"])
            if found is None or found.get("id") != thought:
                yield refused(
                    f"The encrypted content for item {thought} could not be verified.",
                    None,
                    "invalid_encrypted_content",
                )
                return
            owed = list(found["calls"])
        elif kind == "function_call" and item.get("call_id") not in owed:
            name = item.get("id") or item.get("call_id")
            wanted = str(name).replace("fc_", "rs_")
            yield refused(
                f"Item '{name}' of type 'function_call' was provided without its required "
                f"'reasoning' item: '{wanted}'.",
                "input",
            )
        elif kind == "function_call":
            owed.remove(item["call_id"])
        elif owed:
            break
    if owed:
        yield refused(
            f"Item '{thought}' of type 'reasoning' was provided without its required following "
            "item.",
            "input",
        )


RULES: dict[str, Rule] = {
    "parameters": _parameters,
    "temperature": _temperature,
    "input": _input,
    "tools": _tools,
    "call_ids": _call_ids,
    "call_answers": _call_answers,
    "object_schema": _object_schema,
    "reasoning_items": _reasoning_items,
}
