"""Wire format `gemini`: generateContent of the Gemini API.

A message of the model is a list of parts, and goes back with the parts that it came with: thoughts,
and the signatures without which Gemini 3 refuses a conversation. A call that the model wrote as
text has no signature of its own; where its message has one, the call carries Google's documented
placeholder. Ids of calls are repeated as received and optional: without them, calls and results
belong together by their order, so all results of a message are in one content.

Nothing is sent through `google-genai`: its public methods build the request anew from typed objects
and drop what these do not know, so the body would not be the one that the identity hashes. Its
types check every request in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pilotbench.providers.answer import Completion
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult, text_of
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Received, Send, check_mappings
from pilotbench.providers.wire_formats import gemini_answers

if TYPE_CHECKING:
    import httpx2

    from pilotbench.benchmark.instances import Image

Json = dict[str, Any]
VERSION = "v1beta"
SIGNATURE = "thoughtSignature"
NO_SIGNATURE = "skip_thought_signature_validator"
"""What Google documents as the signature of a call that has none."""
GENERATION = {
    "top_p": "topP",
    "top_k": "topK",
    "stop": "stopSequences",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
"""Parameter of other services -> its name in `generationConfig`."""
THINKING = {
    "reasoning_effort": "thinkingLevel",
    "thinking_level": "thinkingLevel",
    "thinking_budget": "thinkingBudget",
    "include_thoughts": "includeThoughts",
}
"""Parameter -> its name in `generationConfig.thinkingConfig`."""
BESIDE = ("extra_body", "labels", "safetySettings", "serviceTier", "store", "stream")
"""Parameters outside `generationConfig`."""
_KEYWORDS = (
    "$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems "
    "minimum maximum anyOf oneOf properties additionalProperties required propertyOrdering"
)
"""The words of JSON Schema that the API knows in the schema of an answer."""


class Gemini:
    """Google's Gemini API."""

    name = "gemini"
    sentence = "Google's Gemini API (`generateContent`)."
    sdk: tuple[str, ...] = ()

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request. There is none of an earlier release."""
        system = [{"text": one.text} for one in messages if one.role == "system"]
        body: Json = {"model": deployment, "contents": contents(messages)}
        if system:
            body["systemInstruction"] = {"parts": system}
        if offer.tools:
            body["tools"] = [{"functionDeclarations": [_declaration(t) for t in offer.tools]}]
        config, beside = configured(parameters)
        if offer.schema is not None:
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = answer_schema(offer.schema)
        return body | ({"generationConfig": config} if config else {}) | beside, ()

    def path(self, body: Json) -> str:
        """Return the path, which names the model."""
        streams = body.get("stream")
        method = "streamGenerateContent?alt=sse" if streams else "generateContent"
        return f"/{VERSION}/models/{quote(body['model'], safe='')}:{method}"

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged, the path says the rest."""
        said = ("model", "stream", "extra_body")
        rest = {name: value for name, value in body.items() if name not in said}
        return rest | dict(body.get("extra_body") or {})

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in the first candidate."""
        return gemini_answers.completion(rules, body)

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the response that the events of a stream make up."""
        return gemini_answers.assembled(events)

    def read(self, message: Json) -> Message:
        """Return a message of the model. Never raises, whatever it contains."""
        parts = parts_of(message)
        return Message(
            "assistant",
            text="".join(text_of(part.get("text")) for part in parts if not part.get("thought")),
            thinking="".join(text_of(part.get("text")) for part in parts if part.get("thought")),
            calls=tuple(_call(part) for part in parts if _is_call(part)),
            raw=message,
        )

    def written(self, text: str | None) -> Json:
        """Return a message of the model."""
        return {"role": "model", "parts": [{"text": text}] if text else []}

    def opened(self, provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
        """Return what posts with the key in the header that Google reads.

        A redirect is not followed: it would hand the header to another host.
        """
        base = key.base_url.rstrip("/")
        headers = dict(key.headers) | ({"x-goog-api-key": key.secret} if key.secret else {})

        def send(path: str, body: Json) -> Received:
            found = http.post(base + path, json=body, headers=headers, follow_redirects=False)
            return Received(found.status_code, found.headers, found.content)

        return send


WIRE = Gemini()


def contents(messages: Iterable[Message]) -> list[Json]:
    """Return the conversation without its system messages, one content per message."""
    found: list[Json] = []
    calls: tuple[ToolCall, ...] = ()
    for message in messages:
        if message.role == "assistant":
            calls = message.calls
            found.append({"role": "model", "parts": said_parts(message)})
        elif message.role == "tool":
            names = [call.name for call in calls]
            parts = [_response(*pair) for pair in zip(message.results, names, strict=False)]
            found.append({"role": "user", "parts": parts})
        elif message.role == "user":
            shown = message.parts or (*message.images, message.text)
            found.append({"role": "user", "parts": list(map(_part, shown))})
    return found


def _part(shown: str | Image) -> Json:
    if isinstance(shown, str):
        return {"text": shown}
    return {"inlineData": {"mimeType": shown.media_type, "data": shown.data}}


def said_parts(message: Message) -> list[Json]:
    """Return the parts of a message of the model, as they came wherever that is possible.

    They are not where its calls were read in another way: from text, or not at all.
    """
    came = parts_of(message.raw or {})
    calling = [part for part in came if _is_call(part)]
    if len(calling) == len(message.calls):
        if calling:
            calls = iter(message.calls)
            return [_repeated(part, next(calls)) if _is_call(part) else part for part in came]
        if came and message.raw and WIRE.read(message.raw).text.strip() == message.content.strip():
            return came
    signed = any(SIGNATURE in part for part in came)
    text = [{"text": message.content}] if message.content or not message.calls else []
    return [*text, *(_own_call(call, signed) for call in message.calls)]


def parts_of(message: Json) -> list[Json]:
    """Return the parts of a message, without those that are none."""
    parts = message.get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def configured(parameters: Mapping[str, Any]) -> tuple[Json, Json]:
    """Return `generationConfig`, and what stands beside it in the body."""
    check_mappings(parameters, ("thinkingConfig",))
    config: Json = {}
    thinking: Json = {}
    beside: Json = {}
    for name, value in parameters.items():
        if name in BESIDE:
            beside[name] = value
        elif name in THINKING:
            thinking |= _thinking(name, value)
        elif name == "stop":
            config["stopSequences"] = [value] if isinstance(value, str) else value
        else:
            config[GENERATION.get(name, name)] = value
    if thinking:
        config["thinkingConfig"] = {**config.get("thinkingConfig", {}), **thinking}
    return config, beside


def answer_schema(schema: Any) -> Any:
    """Return a JSON Schema in the words that the API knows; `const` is an `enum` of one."""
    if isinstance(schema, list):
        return [answer_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    found: Json = {}
    for name, value in schema.items():
        if name in ("properties", "$defs") and isinstance(value, dict):
            found[name] = {inner: answer_schema(one) for inner, one in value.items()}
        elif name in _KEYWORDS.split():
            found[name] = value if name in ("enum", "required") else answer_schema(value)
    return found


def _thinking(name: str, value: Any) -> Json:
    if name == "reasoning_effort" and value == "none":
        return {"thinkingBudget": 0}
    return {THINKING[name]: value}


def _declaration(tool: Any) -> Json:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool.parameters,
    }


def _is_call(part: Json) -> bool:
    return isinstance(part.get("functionCall"), dict)


def _call(part: Json) -> ToolCall:
    call = part["functionCall"]
    return ToolCall(text_of(call.get("id")), text_of(call.get("name")), call.get("args"))


def _repeated(part: Json, call: ToolCall) -> Json:
    """Return the part of a call as it came, corrected where nobody could have accepted it."""
    came = part["functionCall"]
    if (came.get("name"), came.get("args") or {}) == (call.name, call.arguments):
        return part
    return {**part, "functionCall": {**came, "name": call.name, "args": call.arguments}}


def _own_call(call: ToolCall, signed: bool) -> Json:
    """Return the part of a call that the model made in another form."""
    given = {"id": call.id} if call.id else {}
    part: Json = {"functionCall": {**given, "name": call.name, "args": call.arguments}}
    return part | ({SIGNATURE: NO_SIGNATURE} if signed else {})


def _response(result: ToolResult, name: str) -> Json:
    try:
        response = json.loads(result.content)
    except ValueError:
        response = result.content
    if not isinstance(response, dict):
        response = {"result": response}
    given = {"id": result.id} if result.id else {}
    return {"functionResponse": {**given, "name": name, "response": response}}
