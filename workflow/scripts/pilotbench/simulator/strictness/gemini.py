"""What Gemini refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pilotbench.simulator.apis.api import Incoming, Problem, objects
from pilotbench.simulator.apis.gemini import field, is_thought
from pilotbench.simulator.ground.thinking import is_seal
from pilotbench.simulator.strictness.rule import Rule, first, names, refused, schemas_in, unknown

Json = dict[str, Any]
_KNOWN = names(
    "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent "
    "model store serviceTier"
)
_CONFIG = names(
    "stopSequences responseMimeType responseSchema responseJsonSchema responseModalities "
    "candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty "
    "responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig "
    "mediaResolution"
)
_SCHEMA = names(
    "type format title description nullable enum maxItems minItems properties required "
    "minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering "
    "default items minimum maximum"
)
_DATA = ("text", "functionCall", "functionResponse", "inlineData", "fileData")
_PLACEHOLDER = "skip_thought_signature_validator"  # Google's, for a call of another model
_TURNS = (
    "Please ensure that function call turn comes immediately after a user turn or after a function "
    "response turn."
)
_RESPONSES = (
    "Please ensure that the number of function response parts is equal to the number of function "
    "call parts of the function call turn."
)


def _contents(incoming: Incoming) -> list[Json]:
    return objects(incoming.sent.get("contents"))


def _calls(content: Json) -> list[Json]:
    parts = objects(content.get("parts"))
    return objects([field(part, "functionCall") for part in parts])


def _replies(content: Json) -> list[Json]:
    parts = objects(content.get("parts"))
    return objects([field(part, "functionResponse") for part in parts])


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _unknown_name(value: Any, allowed: list[str], where: str) -> Iterator[Problem]:
    named = {_camel(name): name for name in value} if isinstance(value, dict) else {}
    for name in unknown(named, allowed):
        place = f" at '{where}'" if where else ""
        words = f'Unknown name "{named[name]}"{place}: Cannot find field.'
        yield refused(f"Invalid JSON payload received. {words}")


def _fields(incoming: Incoming) -> Problem | None:
    sent = incoming.sent
    config = field(sent, "generationConfig")
    return first(
        (
            *_unknown_name(sent, _KNOWN, ""),
            *_unknown_name(config, _CONFIG, "generation_config"),
        )
    )


def _schemas(incoming: Incoming) -> Problem | None:
    """A Schema is a part of OpenAPI's; JSON Schema has fields of its own."""
    given = [field(field(incoming.sent, "generationConfig"), "responseSchema")]
    for tool in objects(incoming.sent.get("tools")):
        given += [one.get("parameters") for one in objects(field(tool, "functionDeclarations"))]
    for schema in (one for root in given for one in schemas_in(root)):
        found = first(_unknown_name(schema, _SCHEMA, "schema"))
        if found is not None:
            return found
        if isinstance(schema.get("type"), list):
            return refused("Proto field is not repeating, cannot start list.")
    return None


def _parts(incoming: Incoming) -> Problem | None:
    for place, content in enumerate(_contents(incoming)):
        if content.get("role", "user") not in ("user", "model"):
            return refused("Please use a valid role: user, model.")
        where = f"* GenerateContentRequest.contents[{place}].parts"
        if not objects(content.get("parts")):
            return refused(f"{where}: contents.parts must not be empty.\n")
        for number, part in enumerate(objects(content.get("parts"))):
            if all(field(part, name) is None for name in _DATA):
                return refused(
                    f"{where}[{number}].data: required oneof field 'data' must have one "
                    "initialized field\n"
                )
    return None


def _call_turns(incoming: Incoming) -> Problem | None:
    """A call follows the user, its responses follow it, as many and with their ids."""
    before: Json = {}
    for content in _contents(incoming):
        calls, replies, called = _calls(content), _replies(content), _calls(before)
        if calls and before.get("role", "user") != "user":
            return refused(_TURNS)
        if calls and not before:
            return refused(_TURNS)
        if len(replies) != len(called):
            return refused(_RESPONSES)
        for call, reply in zip(called, replies, strict=True):
            same = reply.get("name") == call.get("name")
            if not same or reply.get("id", call.get("id")) != call.get("id"):
                return refused("Function response does not match its function call.")
            if not isinstance(reply.get("response"), dict):
                return refused("Proto field is not repeating, cannot start list.")
        before = content
    return refused(_RESPONSES) if _calls(before) else None


def _thought_signatures(incoming: Incoming) -> Problem | None:
    """Since the last words of the user: the first call of each turn has its signature."""
    contents = _contents(incoming)
    asked = [
        place
        for place, content in enumerate(contents)
        if content.get("role", "user") == "user" and not _replies(content)
    ]
    for place, content in enumerate(contents):
        if place < (asked[-1] if asked else 0):
            continue
        parts = objects(content.get("parts"))
        called = [part for part in parts if field(part, "functionCall") and not is_thought(part)]
        for part in called[:1]:
            call, given = field(part, "functionCall"), field(part, "thoughtSignature")
            if not given:
                return refused(
                    "Function call is missing a thought_signature in functionCall parts. This is "
                    "required for tools to work correctly, and missing thought_signature may lead "
                    "to degraded model performance. Additional data, function call "
                    f"`default_api:{call.get('name')}` , position {place + 1}. Please refer to "
                    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
                )
            if given != _PLACEHOLDER and not is_seal(
                given, call.get("name"), call.get("args") or {}
            ):
                return refused("Corrupted thought signature.")
    return None


RULES: dict[str, Rule] = {
    "fields": _fields,
    "schemas": _schemas,
    "parts": _parts,
    "call_turns": _call_turns,
    "thought_signatures": _thought_signatures,
}
