"""Files of JSON that another program wrote. What cannot be read is a CommandFailed, one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pilotbench.ground.errors import CommandFailed

Json = dict[str, Any]


def one_object(path: Path) -> Json:
    """Return the object of a file."""
    value = _parsed(path, _text(path))
    if not isinstance(value, dict):
        raise CommandFailed(f"{path.name}: not a JSON object")
    return value


def records(path: Path) -> list[Json]:
    """Return the objects of a file: of a list, of `samples`, or one per line."""
    text = _text(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = [_parsed(path, line) for line in text.split("\n") if line.strip()]
    if isinstance(value, dict) and isinstance(value.get("samples"), list):
        value = value["samples"]
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in found):
        raise CommandFailed(f"{path.name}: not a list of JSON objects")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path.name}: cannot be read as UTF-8: {error}") from None


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())[:200]
        raise CommandFailed(f"{path.name}: not whole JSON: {words}") from None
