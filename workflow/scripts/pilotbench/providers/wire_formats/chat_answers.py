"""From the body of a chat completion to the completion, tolerantly.

Accepted are `data` around the completion and a choice without a message where its finish reason
explains it. Anything else is an UnusableAnswer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pilotbench.ground.errors import Refused, UnusableAnswer
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.failures import LAST_WORD, FailureRules, broken_call, wrapped
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.usage import tokens

Json = dict[str, Any]
_GOOD = ("0", "200", "ok", "success", "none", "null", "false")
CUT_OFF = "cut_off"
"""Marks the choice of a stream that ended with an error: like any stream that was cut off."""
_SAID_WITHOUT = (Meaning.REFUSED, Meaning.LENGTH, Meaning.CALL)
"""Meanings that explain why a choice has no message."""


def completion(rules: FailureRules, body: Json) -> Completion:
    """Return the completion in a decoded body; see `WireFormat.completion`."""
    inner = at(body, "data")
    if isinstance(inner, dict) and "choices" in inner and "choices" not in body:
        body = {**body, **inner}
    choice = first(body.get("choices"))
    usage = tokens(body.get("usage"), choice and choice.get("usage"))
    error = body.get("error")
    if is_error(error) or (choice is None and is_bare_error(body)):
        return _broken(rules, error if is_error(error) else body, choice or {}, usage)
    if choice is None:
        raise _without_choice(body)
    reason = _text(choice.get("finish_reason"))
    means = meaning(reason)
    if means is Meaning.INFRASTRUCTURE:
        raise UnusableAnswer(f"the service stopped: finish_reason {reason}", tokens=usage)
    message = choice.get("message")
    if not isinstance(message, dict):
        if not isinstance(choice.get("text"), str) and means not in _SAID_WITHOUT:
            raise UnusableAnswer("the choice has no message", tokens=usage)
        message = {"content": choice.get("text")}
    return Completion(_message(message), reason, _text(body.get("model")), usage)


def is_error(error: Any) -> bool:
    """Return whether the value of `error` is an error: some services report success there."""
    if not isinstance(error, dict):
        return bool(error) and not _is_good(error)
    said = {name: value for name, value in error.items() if value not in (None, "")}
    verdict = next((said[name] for name in ("code", "status", "message") if name in said), None)
    return bool(said) and not _is_good(verdict)


def _is_good(verdict: Any) -> bool:
    return isinstance(verdict, str | int) and str(verdict).strip().lower() in _GOOD


def is_bare_error(body: Json) -> bool:
    """Return whether a body without a choice is an error without `error` around it."""
    code = body.get("errorCode") or body.get("code") or body.get("object") == "error"
    worded = isinstance(body.get("message") or body.get("msg"), str)
    return worded and bool(code) and not _is_good(code)


def _broken(rules: FailureRules, error: Any, choice: Json, usage: Tokens | None) -> Completion:
    """Return what an error in a 200 means: the model's own broken call, or a refusal.

    Raises UnusableAnswer where there is content or usage, so that it was paid for; else the error.
    """
    given = choice.get("message")
    message = _message(given if isinstance(given, dict) else {"content": choice.get("text")})
    found = broken_call(rules, 400, {"error": error})
    if found is not None:
        written = message["content"] if found[1] is None else found[1]
        return Completion({"content": written}, found[0], None, usage)
    failed = wrapped(rules, {"error": error})
    if usage is None and not any(value for name, value in message.items() if name != "role"):
        raise failed
    reason = LAST_WORD.get(type(failed))
    if reason is None and choice.get(CUT_OFF):
        raise failed
    if reason is None:
        raise UnusableAnswer(f"an error in a paid response: {failed}", tokens=usage)
    return Completion(message, reason, None, usage)


def _without_choice(body: Json) -> Refused | UnusableAnswer:
    """Return the error for a response without a choice: a refusal where a filter reports one."""
    found = body.get("prompt_filter_results") or at(body, "promptFeedback", "blockReason")
    found = found or at(body, "prompt_feedback", "block_reason")
    flags = list(_flags(found))
    if found and (any(flags) or not flags):
        return Refused("the provider's filter has withheld the answer")
    return UnusableAnswer("the body has no choice", tokens=tokens(body.get("usage")))


def _flags(value: Any) -> Iterator[bool]:
    """Yield the value of each `filtered` or `detected` in the results of a filter."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (bool(value[name]) for name in ("filtered", "detected") if name in value)
    for one in inner:
        yield from _flags(one)


def _message(message: Json) -> Json:
    """Return the message as it came, without nulls; `content` is text or None."""
    found = {name: value for name, value in message.items() if value is not None}
    found["content"] = _content(message.get("content"))
    return found


def _content(content: Any) -> Any:
    """Return the text of a content: parts are concatenated, other JSON is written as text.

    Parts of reasoning are needed again, so such a content is kept as it came.
    """
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict | str) for part in content):
        if any(isinstance(part, dict) and part.get("thinking") for part in content):
            return content
        return "".join(p if isinstance(p, str) else str(p.get("text") or "") for p in content)
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        return str(content["text"])
    return json.dumps(content, ensure_ascii=False)


def first(choices: Any) -> Json | None:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else None


def at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
