"""What the tests of the journal write and look up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.asking.journal import Journal, Segment
from pilotbench.asking.journal.identity import RequestIdentity, identity
from pilotbench.ground.canonical_json import digest
from pilotbench.providers.answer import Answer, Completion, Tokens

CELL = Path("idealab/m-0123/baseline/simple_task/easy/0.8")


def parts(number: object = 0, repeat: int = 0, turn: int = 0, **more: Any) -> dict[str, Any]:
    """Return minimal components of an identity."""
    body = {"body_sha256": digest(str(number)), "question": str(number)}
    return {"provider": "idealab", **body, "repeat": repeat, "turn": turn, **more}


def wanted(number: object, index: int = 0, **more: Any) -> RequestIdentity:
    """Return minimal search terms."""
    of = parts(number, **more)
    return RequestIdentity(of, identity(of), identity({**of, "question": "whole"}), index)


def name(number: object) -> str:
    """Return the identity of a number."""
    return wanted(number).identity


def asked(text: str = "hello") -> Answer:
    """Return a response whose content is `text`."""
    message = {"role": "assistant", "content": text}
    return Answer(Completion(message, "stop", "m", Tokens(10, 5, 1, 2)), "key1", 1.5, 0.25, 0.1, 2)


def write(segment: Segment, number: object, text: str = "hello") -> None:
    """Write a response under the identity of `number`."""
    segment.write(wanted(number), asked(text))


def segments(journal: Journal) -> list[Path]:
    """Return the segment files."""
    return sorted(journal.folder.glob("*.jsonl"))


def is_segment(file: int) -> bool:
    """Return whether a file descriptor belongs to a segment of the journal."""
    return Path(f"/proc/self/fd/{file}").readlink().suffix == ".jsonl"
