"""The events of a stream of Anthropic's Messages API, put together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pilotbench.ground.errors import ConnectionFailed

Json = dict[str, Any]
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking"}
"""The field that each delta continues."""
_JSON = "partial_json"


def assembled(events: Iterable[Json]) -> Json:
    """Return the message of a stream, or its error; unknown events count for nothing.

    Raises ConnectionFailed for a stream without its last event.
    """
    body: Json = {}
    blocks: dict[int, Json] = {}
    for event in events:
        kind = event.get("type")
        if kind == "error":
            return {"error": event.get("error") or event}
        if kind == "message_start":
            body = dict(_mapping(event.get("message")))
        elif kind == "content_block_start":
            blocks[_place(event, len(blocks))] = dict(_mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            block = blocks.setdefault(_place(event, len(blocks) - 1), {})
            _add(block, _mapping(event.get("delta")))
        elif kind == "message_delta":
            body |= _mapping(event.get("delta"))
            body["usage"] = _mapping(body.get("usage")) | _known(event.get("usage"))
        elif kind == "message_stop":
            return {**body, "content": [_whole(blocks[index]) for index in sorted(blocks)]}
    raise ConnectionFailed("the stream was cut off before its last event")


def _place(event: Json, usual: int) -> int:
    """Return the number of the block that an event is about."""
    place = event.get("index")
    return place if isinstance(place, int) else max(0, usual)


def _add(block: Json, delta: Json) -> None:
    kind = str(delta.get("type"))
    if kind in _TEXTS:
        name = _TEXTS[kind]
        block[name] = f"{block.get(name) or ''}{delta.get(name) or ''}"
    elif kind == "signature_delta":
        block["signature"] = delta.get("signature")
    elif kind == "input_json_delta":
        block[_JSON] = f"{block.get(_JSON) or ''}{delta.get(_JSON) or ''}"
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta.get("citation")]


def _whole(block: Json) -> Json:
    """Return a block with its input; what is not JSON stays text, for the protocol to judge."""
    written = block.pop(_JSON, None)
    if not isinstance(written, str) or not written.strip():
        return block
    try:
        return {**block, "input": json.loads(written)}
    except (ValueError, RecursionError):
        return {**block, "input": written}


def _known(value: Any) -> Json:
    return {name: count for name, count in _mapping(value).items() if count is not None}


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
