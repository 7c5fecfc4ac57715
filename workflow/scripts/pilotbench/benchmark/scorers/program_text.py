"""Which part of a reply is the program."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

_FENCE = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<name>[^\s`]*)[^\n]*\n(?P<text>.*?)"
    r"(?P<end>^[ \t]*(?P=mark)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_OPENING = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_PYTHON = ("python", "py", "python3", "py3")
LONGEST = 200_000
_INDENT = "    "


@dataclass(frozen=True)
class Block:
    """A fenced block: its language as it is written, and whether it was closed."""

    language: str
    text: str
    is_closed: bool


@dataclass(frozen=True)
class ProgramText:
    """A program, and the rule by which it was read in a reply."""

    code: str
    rule: str


def program_of(reply: str, before: str, entry: str | None) -> ProgramText | None:
    """Return the program of a reply, None if it has none.

    `before` is a text that programs continue, or empty; `entry` the function that is wanted.
    """
    found = _chosen([block for block in blocks(reply) if _is_python(block)], entry)
    if found is not None:
        rule = f"last block{f' with {entry}' if _defines(found.text, entry) else ''}"
        text, rule = found.text, rule if found.is_closed else f"{rule}, which is not closed"
        joined, how = _joined(before, text, entry)
        return ProgramText(joined, rule + how)
    if not reply.strip() or _OPENING.search(reply):
        return None
    joined, how = _joined(before, reply, entry)
    if _parsed(joined) is None and _parsed(reply) is None:
        return None
    return ProgramText(joined, f"whole reply{how}")


def blocks(reply: str) -> list[Block]:
    """Return the fenced blocks of a text."""
    return [
        Block(found["name"].lower(), found["text"], bool(found["end"]))
        for found in _FENCE.finditer(reply.replace("\r\n", "\n"))
        if found["text"].strip()
    ]


def _is_python(block: Block) -> bool:
    return block.language in ("", *_PYTHON)


def _chosen(found: list[Block], entry: str | None) -> Block | None:
    """Return the last block that defines the function, else the last one that names Python."""
    defining = [block for block in found if _defines(block.text, entry)]
    named = [block for block in found if block.language in _PYTHON]
    return next(iter((defining or named or found)[-1:]), None)


def _joined(before: str, text: str, entry: str | None) -> tuple[str, str]:
    """Return a program with the text that it continues, and that in words."""
    if not before.strip():
        return text, ""
    if _defines(text, entry):
        head = next((one for one in (before, f"{before}{_INDENT}pass") if _parsed(one)), "")
        return f"{head}\n{text}", ", after the question's code" if head else ""
    lines = text.splitlines(keepends=True)
    shapes = (text, _INDENT + text.lstrip(), "".join(_INDENT + line for line in lines))
    for shape in shapes:
        end = "" if before.endswith("\n") else "\n"
        if _parsed(before + end + shape) is not None:
            return before + end + shape, ", which continues the question"
    return f"{before}\n{text}", ", after the question's code"


def _defines(text: str, entry: str | None) -> bool:
    """Return whether a text defines a function, class or name at its top."""
    tree = _parsed(text) if entry else None
    for node in tree.body if tree else ():
        if getattr(node, "name", None) == entry:  # a function or a class
            return True
        names = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(one, ast.Name) and one.id == entry for one in names):
            return True
    return False


def _parsed(text: str) -> ast.Module | None:
    """Return the tree of a text that is a program, None of any other."""
    if len(text) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<reply>", "exec", dont_inherit=True)
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
