"""What the journal's tests write and look for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.canonical import digest
from pilotbench.journal import Journal, Segment
from pilotbench.providers.provider import Asked, Completion, Tokens

CELL = Path("idealab/m-0123/baseline/simple_task/easy/0.8")


def parts(repeat: int = 0, turn: int = 0, **more: Any) -> dict[str, Any]:
    """Return components as short as they can be."""
    return {"provider": "idealab", "repeat": repeat, "turn": turn, **more}


def name(number: object) -> str:
    """Return an identity for anything."""
    return digest(str(number))


def asked(text: str = "hello") -> Asked:
    """Return a response that says `text`."""
    message = {"role": "assistant", "content": text}
    return Asked(Completion(message, "stop", "m", Tokens(10, 5, 1, 2)), "key1", 1.5, 0.25, 0.1, 2)


def write(segment: Segment, number: object, text: str = "hello") -> None:
    """Write a response under the identity of `number`."""
    segment.write(name(number), parts(number=str(number)), asked(text), index=0)


def segments(journal: Journal) -> list[Path]:
    """Return the segment files."""
    return sorted(journal.folder.glob("*.jsonl"))
