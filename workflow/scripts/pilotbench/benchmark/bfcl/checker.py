"""The package's own checker and its simulated services, in a process that can be ended."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pilotbench.benchmark.bfcl.official import folder
from pilotbench.benchmark.sandbox.pack_process import (
    Ended,
    PackProcess,
    PackWorker,
    environment,
)
from pilotbench.ground.errors import Unscorable

Json = dict[str, Any]
PROGRAM = Path(__file__).with_name("checker_process.py")
START_S, CALL_S, CHECK_S = 30.0, 10.0, 60.0
TOO_LONG = f"Error during execution: it took longer than {CALL_S:.0f} seconds"
"""The reply to calls that do not end."""


@dataclass(frozen=True)
class Found:
    """A verdict of the package: its kind of error and its words where an answer is not valid."""

    valid: bool
    kind: str | None = None
    why: tuple[str, ...] = ()


class Checker:
    """Asks the process; see `official.Official` for what it does."""

    def __init__(self, package: Path) -> None:
        command = (sys.executable, "-P", str(PROGRAM))
        first = {"folder": str(package)}
        self._worker = PackWorker(
            lambda: PackProcess(command, package, environment()), first, START_S
        )

    def check_calls(self, category: str, index: int, calls: Sequence[Json]) -> Found:
        """Return the verdict on the calls of one message, each `{name: arguments}`."""
        return self._checked("check_calls", category, index, list(calls))

    def check_turns(self, category: str, index: int, turns: list[list[list[str]]]) -> Found:
        """Return the verdict on a conversation: the calls of each step of each turn."""
        return self._checked("check_turns", category, index, turns)

    def executed(self, category: str, index: int, steps: list[list[str]]) -> list[str]:
        """Return the results of the calls of the last step, after all before it."""
        words = {"do": "executed", "with": [category, index, steps]}
        try:
            found = self._worker.ask(words, CALL_S)
        except Ended as end:
            if not end.slow:
                raise Unscorable(f"{category} {index}: {end}") from None
            return [TOO_LONG] * len(steps[-1])
        if "error" in found:
            return [f"Error during execution: {found['error']}"] * len(steps[-1])
        return [str(one) for one in found["found"]]

    def _checked(self, do: str, category: str, index: int, answer: Any) -> Found:
        """Ask for a verdict. Raises Unscorable where the checker fails."""
        try:
            found = self._worker.ask({"do": do, "with": [category, index, answer]}, CHECK_S)
        except Ended as end:
            raise Unscorable(f"{category} {index}: the checker of bfcl-eval: {end}") from None
        if "error" in found:
            return Found(False, "checker_error", (str(found["error"]),))
        verdict = found["found"]
        return Found(bool(verdict["valid"]), verdict["kind"], tuple(verdict["why"]))


@cache
def checker() -> Checker:
    """Return the checker of this process. Raises NotThere."""
    return Checker(folder())


NOT_A_CALL = "not a call"
"""A text that is not Python: its execution is an error."""


def as_python(call: Json) -> str:
    """Return a call as the package executes it, by `eval`: a name, and literals by keyword."""
    words = ",".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    text = f"{call['tool']}({words})"
    return text if _is_plain(text) else NOT_A_CALL


def _is_plain(text: str) -> bool:
    try:
        node = ast.parse(text, mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
            return False
        for keyword in node.keywords:
            ast.literal_eval(keyword.value)
        return all(keyword.arg for keyword in node.keywords)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False
