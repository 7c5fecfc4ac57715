"""From the body of a chat completion to the completion, tolerantly.

Accepted are `data` around the completion and a choice without a message where its finish reason
explains it. Anything else is an UnusableAnswer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pilotbench.ground.errors import ConnectionFailed, Refused, UnusableAnswer
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.failures import LAST_WORD, FailureRules, broken_call, wrapped
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.usage import tokens
from pilotbench.providers.wire_format import DONE

Json = dict[str, Any]
_GOOD = ("0", "200", "ok", "success", "none", "null", "false")
CUT_OFF = "cut_off"
"""Marks the choice of a stream that ended with an error: like any stream that was cut off."""
_SAID_WITHOUT = (Meaning.REFUSED, Meaning.LENGTH, Meaning.CALL)
"""Meanings that explain why a choice has no message."""
_PIECES = ("text", "thinking", "summary", "data")
"""The fields of a part that continue in its next piece."""


def completion(rules: FailureRules, body: Json) -> Completion:
    """Return the completion in a decoded body; see `WireFormat.completion`."""
    inner = _at(body, "data")
    if isinstance(inner, dict) and "choices" in inner and "choices" not in body:
        body = {**body, **inner}
    choice = _first(body.get("choices"))
    usage = tokens(body.get("usage"), choice and choice.get("usage"))
    error = body.get("error")
    if _is_error(error) or (choice is None and _is_bare_error(body)):
        return _broken(rules, error if _is_error(error) else body, choice or {}, usage)
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


def assembled(chunks: Iterable[Json]) -> Json:
    """Return the body that the chunks of a stream make up.

    Raises ConnectionFailed for a stream that was cut off: without a finish reason and DONE.
    """
    body: Json = {"choices": []}
    message: Json = {}
    reason = place = None
    done = False
    for chunk in chunks:
        if chunk is DONE:
            done = True
            break
        given = {name: value for name, value in chunk.items() if value is not None}
        if not _is_error(given.get("error")):
            given.pop("error", None)
        choice = _first(given.pop("choices", None)) or {}
        place = choice.get("index") if place is None else place
        if choice.get("index") not in (None, place):
            choice = {}  # another answer to the same request
        usage = choice.get("usage") or _at(given, "x_groq", "usage")
        body |= given | ({"usage": usage} if usage else {})
        if not choice and _is_bare_error(chunk):
            body["error"] = chunk
        reason = choice.get("finish_reason") or reason
        for piece in (choice.get("delta"), choice.get("message")):
            _add(message, piece if isinstance(piece, dict) else {})
    if reason is None and not done and not body.get("error"):
        raise ConnectionFailed("the stream was cut off")
    if message or reason:
        broken = {CUT_OFF: True} if reason is None and body.get("error") else {}
        body["choices"] = [{"message": message, "finish_reason": reason, **broken}]
    return body


def _add(message: Json, delta: Json) -> None:
    """Add a piece of a message: texts are concatenated, calls and parts are merged."""
    for name, value in delta.items():
        if name == "tool_calls":
            calls = message.setdefault("tool_calls", [])
            for place, piece in enumerate(value if isinstance(value, list) else ()):
                if isinstance(piece, dict):
                    _add_call(calls, piece, place)
        elif value is not None:
            message[name] = value if name == "role" else _joined(message.get(name), value)


def _joined(old: Any, new: Any) -> Any:
    """Return a field with another piece: of text, or of a list of parts."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if not isinstance(old, list) and not isinstance(new, list):
        return new
    parts = _parts(old)
    for part in _parts(new):
        _add_part(parts, part)
    return parts


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [{"type": "text", "text": value}] if value else []
    return [*value] if isinstance(value, list) else []


def _add_part(parts: list[Any], part: Any) -> None:
    """Add a part, or continue the one with the same index, without one the last."""
    if isinstance(part, dict):
        earlier = range(len(parts) - 1, -1, -1) if "index" in part else range(len(parts))[-1:]
        for place in earlier:
            if _continues(parts[place], part):
                parts[place] = {
                    **parts[place],
                    **{n: v for n, v in part.items() if v is not None},
                    **{n: _joined(parts[place].get(n), part[n]) for n in _PIECES if n in part},
                }
                return
    parts.append(part)


def _continues(old: Any, part: Json) -> bool:
    """Return whether a part goes on with an earlier one."""
    if not isinstance(old, dict) or not any(name in part for name in _PIECES):
        return False
    both = bool(old.get("id") and part.get("id"))
    names = ("type", "index", "id") if both else ("type", "index")
    return all(old.get(name) == part.get(name) for name in names)


def _add_call(calls: list[Json], piece: Json, place: int) -> None:
    """Add a piece of a call to the last call with its index, or begin another.

    Some services number every call 0, and some repeat the name in each piece.
    """
    index = piece.get("index", place)
    given = piece.get("function")
    function = given if isinstance(given, dict) else {}
    call = next((call for call in reversed(calls) if call["index"] == index), None)
    if call is None or (function.get("name") and _differ(piece.get("id"), call.get("id"))):
        call = {"index": index, "function": {}}
        calls.append(call)
    call |= {n: v for n, v in piece.items() if n != "function" and v}
    for name, value in function.items():
        old = call["function"].get(name)
        again = name == "name" and value == old
        both = isinstance(value, str) and isinstance(old, str) and not again
        call["function"][name] = old + value if both else (value if value is not None else old)


def _differ(one: Any, other: Any) -> bool:
    return bool(one and other and one != other)


def _is_error(error: Any) -> bool:
    """Return whether the value of `error` is an error: some services report success there."""
    if not isinstance(error, dict):
        return bool(error) and not _is_good(error)
    said = {name: value for name, value in error.items() if value not in (None, "")}
    verdict = next((said[name] for name in ("code", "status", "message") if name in said), None)
    return bool(said) and not _is_good(verdict)


def _is_good(verdict: Any) -> bool:
    return isinstance(verdict, str | int) and str(verdict).strip().lower() in _GOOD


def _is_bare_error(body: Json) -> bool:
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
    found = body.get("prompt_filter_results") or _at(body, "promptFeedback", "blockReason")
    found = found or _at(body, "prompt_feedback", "block_reason")
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


def _first(choices: Any) -> Json | None:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else None


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
