"""Request parameters that a config may not set, and the reason for each.

`parameters` are merged into the request body, and `extra_body` into its top level. A parameter that
replaces what the benchmark asks, multiplies the cost, or changes the form of the answer would
silently make every result wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_DEPLOYMENT = "deployment names the model"
_MESSAGES = "the prompt and the instance make the messages"
_PROTOCOL = "the protocol decides how the model makes calls"
_ONE = "every further answer is paid for and discarded"
_STREAM = "write stream in the model's entry, beside parameters"
_WHOLE = "answers are awaited"
_CLIENT = "it is a setting of the client, not of the request; see config/providers.yaml"

_FLAT = "write its keys as parameters"
_NEUTRAL = "write max_tokens: budget and estimate rely on it"

RESERVED: dict[str, str] = {
    **dict.fromkeys(("model", "models", "fallbacks", "engine", "deployment_id"), _DEPLOYMENT),
    **dict.fromkeys(("messages", "prompt", "input", "instructions", "system", "echo"), _MESSAGES),
    **dict.fromkeys(("tools", "tool_choice", "functions", "function_call"), _PROTOCOL),
    **dict.fromkeys(("contents", "systemInstruction", "cachedContent"), _MESSAGES),
    **dict.fromkeys(("toolConfig", "responseSchema", "responseJsonSchema"), _PROTOCOL),
    **dict.fromkeys(("n", "best_of", "n_cmpl", "candidateCount"), _ONE),
    **{"generationConfig": _FLAT, "maxOutputTokens": _NEUTRAL},
    **{"stream": _STREAM, "stream_options": _STREAM, "background": _WHOLE},
    **dict.fromkeys(("extra_headers", "extra_query", "timeout", "max_retries"), _CLIENT),
    **dict.fromkeys(("api_key", "api_base", "base_url", "api_version", "organization"), _CLIENT),
}
"""Parameter -> why it cannot be set."""

HARMLESS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("n", "best_of", "n_cmpl", "candidateCount"), (1,)),
    **dict.fromkeys(("stream", "background", "echo"), (False,)),
    "tool_choice": ("auto",),
}
"""Values of reserved parameters that have no effect."""

COUNTS = ("max_tokens", "max_completion_tokens")
"""Parameters that are numbers of tokens: budget and estimate rely on them."""


def problems(parameters: Mapping[str, Any], protocol: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (path below `parameters`, why) of each parameter that a model must not have."""
    extra = parameters.get("extra_body")
    if extra is not None and not isinstance(extra, Mapping):
        yield ("extra_body",), "must be a mapping of parameters"
        extra = None
    for prefix, given in (((), parameters), (("extra_body",), extra or {})):
        for name, value in given.items():
            if why := _why(str(name), value, protocol):
                yield (*prefix, str(name)), why
    for name in extra or {}:
        if name == "extra_body":
            yield ("extra_body", name), "an extra_body inside extra_body is not sent as one"
        elif name in parameters:
            yield ("extra_body", name), "is also set outside extra_body; set it once"


def _why(name: str, value: Any, protocol: str) -> str | None:
    if name == "response_format" and protocol == "json":
        return f"cannot be set with protocol json: {_PROTOCOL}"
    if name in COUNTS and (type(value) is not int or value < 1):
        return "must be a whole number of tokens, 1 or more"
    if name not in RESERVED or _is_one_of(value, HARMLESS.get(name, ())):
        return None
    return f"cannot be set: {RESERVED[name]}"


def _is_one_of(value: Any, allowed: tuple[Any, ...]) -> bool:
    return any(value == one and type(value) is type(one) for one in allowed)
