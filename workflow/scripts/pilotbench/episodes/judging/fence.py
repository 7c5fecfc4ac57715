"""Texts of others in the request of a judge: between lines with a mark that no text contains.

The mark is a hash of the texts, so that equal texts make equal requests, and nobody who writes one
of them can know it. What a server may read as its own tokens (roles, ends of messages) is written
with a space, and of a long text the middle is left out; both are stated before the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pilotbench.ground.canonical_json import digest
from pilotbench.providers.messages import clean

LENGTH = 16
_TOKENS = re.compile(
    r"<(?=[|｜])|<(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn)>)|<(?=<SYS>>|</SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS)\])",
    re.IGNORECASE,
)
"""Where a token of a chat template begins: `<|im_start|>`, `</s>`, `[INST]`, …"""


def fenced(texts: Mapping[str, str], longest: int) -> tuple[str, str]:
    """Return the texts, each between two lines with its name and the mark; and the mark."""
    shown = {name: _shown(text, longest) for name, text in texts.items()}
    mark = _mark([text for text, _ in shown.values()])
    parts = []
    for name, (text, notes) in shown.items():
        words = f" ({'; '.join(notes)})" if notes else ""
        parts.append(f"=== BEGIN {name} {mark} ==={words}\n{text}\n=== END {name} {mark} ===")
    return "\n\n".join(parts), mark


def _shown(text: str, longest: int) -> tuple[str, list[str]]:
    """Return a text as a judge sees it, and what was changed."""
    found, notes = clean(text), []
    if len(found) > longest:
        head, tail = longest - longest // 4, longest // 4
        notes.append(
            f"{len(found):,} characters, of which the middle {len(found) - longest:,} are left out "
            f"after the first {head:,}"
        )
        found = f"{found[:head]}\n[…]\n{found[-tail:]}"
    spaced = _TOKENS.sub(lambda match: f"{match[0]} ", found)
    if spaced != found:
        notes.append("tokens of chat templates are written with a space")
    return spaced, notes


def _mark(texts: list[str]) -> str:
    """Return a mark that none of the texts contains in any case."""
    mark, whole = digest(texts)[:LENGTH], "\n".join(texts).casefold()
    while mark in whole:
        mark = digest([mark])[:LENGTH]
    return mark
