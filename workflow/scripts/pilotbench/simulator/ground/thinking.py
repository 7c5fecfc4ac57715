"""The reasoning of simulated models, and the seals that show whether it came back unchanged.

A seal is an HMAC under a key of the simulator: the signature of a thinking block, the encrypted
content of a reasoning item, a thought signature. It depends only on what it seals, so that the same
request gets the same answer from every simulator.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any

from pilotbench.simulator.ground.conversation import Conversation

Json = dict[str, Any]
_KEY = b"pilotbench simulator"
_SEALED = re.compile(r"(?P<text>.*) \[(?P<seal>[\w+/=]+)\]", re.DOTALL)


def seal(*content: Any) -> str:
    """Return the seal of JSON values."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    code = hmac.new(_KEY, text.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.b64encode(code).decode()


def is_seal(given: Any, *content: Any) -> bool:
    """Return whether `given` is the seal of these values, in either alphabet of base64."""
    if not isinstance(given, str):
        return False
    usual = given.replace("-", "+").replace("_", "/")
    return hmac.compare_digest(usual.encode(), seal(*content).encode())


def reasoning(conversation: Conversation, message: Json) -> str:
    """Return the reasoning before `message`, which carries its own seal."""
    calls = [call["function"]["name"] for call in message.get("tool_calls") or ()]
    plan = f"Next I call {', '.join(calls)}." if calls else "Now I answer."
    text = f"I have seen {len(conversation.messages)} messages. This is turn {conversation.turn}. "
    return sealed(f"{text}{plan}")


def sealed(text: str) -> str:
    """Return a text with its seal at the end."""
    return f"{text} [{seal(text)}]"


def is_sealed(text: Any) -> bool:
    """Return whether a text ends with its own seal."""
    found = _SEALED.fullmatch(text) if isinstance(text, str) else None
    return found is not None and is_seal(found["seal"], found["text"])


def packed(value: Json) -> str:
    """Return JSON with its seal as one word, as a service encrypts what only it can read."""
    text = json.dumps([value, seal(value)], sort_keys=True, ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode()


def unpacked(word: Any) -> Json | None:
    """Return what `packed` made a word from, None where the word was changed."""
    try:
        value, given = json.loads(base64.urlsafe_b64decode(word))
    except (TypeError, ValueError):
        return None
    return value if isinstance(value, dict) and is_seal(given, value) else None
