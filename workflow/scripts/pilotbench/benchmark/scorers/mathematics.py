"""Mathematics: the answer is an expression that equals the wanted one, by the library math-verify.

The library is an extra of the package. It takes the last expression that it finds in any text,
whatever stands around it, so that `not 42` would be 42. Here it only sees a text that is one
expression and nothing else: what `extract` reads, without words.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from pilotbench.benchmark.scorers.scorer import EXTRACT, FORM, Json, Scorer, Verdict, judged
from pilotbench.benchmark.scorers.wrapping import unwrapped
from pilotbench.benchmark.world.folding import folded
from pilotbench.ground.errors import Unscorable
from pilotbench.ground.shipped import how_to_install

INSTALL = how_to_install("math")
LONGEST = 200
PATIENCE_S = 60.0
_COMMANDS = """
frac dfrac tfrac sqrt cdot times div pi theta alpha beta infty left right pm cup cap in ln log exp
sin cos tan cot sec csc arcsin arccos arctan lfloor rfloor lceil rceil le leq ge geq lt gt begin end
pmatrix bmatrix displaystyle circ degree emptyset varnothing
"""
_KNOWN = frozenset(_COMMANDS.split())
_WORD = re.compile(r"\\?[A-Za-z]{2,}")
_SPACES = re.compile(r"\\[,;:! ]|\\quad\b|~")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_HARMLESS = re.compile(r"[A-Za-z0-9\s+\-*/^_=<>().,{}\[\]|\\&%√π∞∪∩∈≤≥±·×÷]*")
_TOO_LARGE = re.compile(
    r"\d{16}|!|\^\s*(?:\{[^{}]*(?:\^|\d{3})|\d{3}|\(|\{[^{}]{12})|\^[^^]{0,12}\^|\d_|_\{?\d{3}"
)
_OPEN = "([{"
_CLOSE = ")]}"


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare what is read with the wanted expression.

    Raises Unscorable where comparing takes longer than a minute.
    """

    def right(text: str) -> bool:
        return text == expression(str(wanted)) or bool(_compared(str(wanted), text)["equal"])

    def readable(text: str) -> str | None:
        found = expression(text)
        return found if found and _compared(str(wanted), found)["known"] else None

    return judged(
        given,
        options["extract"],
        readable,
        right,
        lambda text: expression(text) == text.strip().strip("$"),
        "expression",
    )


def expression(text: str) -> str | None:
    """Return a text that is one expression, without what wraps it, None where it says more."""
    raised = _RAISED.sub(lambda match: "^{" + match[0].translate(_LOWERED) + "}", unwrapped(text))
    plain = _SPACES.sub(" ", folded(raised)).strip(" .。;,")
    if not 0 < len(plain) <= LONGEST or _HARMLESS.fullmatch(plain) is None:
        return None
    words = (word.lstrip("\\") for word in _WORD.findall(plain))
    if _TOO_LARGE.search(plain) or any(word not in _KNOWN for word in words):
        return None
    return plain if _balanced(plain) else None


def _balanced(text: str) -> bool:
    """Return whether brackets open before they close; intervals may mix their kinds."""
    depth = 0
    for char in text:
        depth += (char in _OPEN) - (char in _CLOSE)
        if depth < 0:
            return False
    return depth == 0


@lru_cache(maxsize=10_000)
def _compared(wanted: str, given: str) -> Json:
    return _Worker.ask({"wanted": expression(wanted) or wanted, "given": given})


class _Worker:
    """The one process that compares for this process; it ends with it."""

    lock = Lock()
    process: subprocess.Popen[str] | None = None
    owner = 0

    @classmethod
    def ask(cls, request: Json) -> Json:
        """Return the worker's answer. Raises Unscorable where it takes too long."""
        with cls.lock:
            process = cls._running()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
            line = process.stdout.readline() if ready else ""
            if line:
                return dict(json.loads(line))
            cls.stop()
        raise Unscorable(f"comparing with {request['wanted']!r} takes longer than {PATIENCE_S:g} s")

    @classmethod
    def _running(cls) -> subprocess.Popen[str]:
        if cls.process is None or cls.owner != os.getpid() or cls.process.poll() is not None:
            if cls.owner == os.getpid():
                cls.stop()
            cls.owner = os.getpid()
            atexit.register(cls.stop)
            cls.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("math_worker.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return cls.process

    @classmethod
    def stop(cls) -> None:
        """End the process, if this one has started it."""
        if cls.process is None or cls.owner != os.getpid():
            return
        process, cls.process = cls.process, None
        process.kill()
        process.communicate()


def problem(wanted: Any) -> str | None:
    """Return that the extra is missing, or that the wanted answer is not one expression."""
    if find_spec("math_verify") is None:
        return f"the scorer mathematics needs math-verify: {INSTALL}"
    found = expression(wanted)
    if found is None or not _compared(wanted, found)["wanted"]:
        return "not one expression in LaTeX"
    return None


SCORER = Scorer(
    "The answer is an expression that equals this one (LaTeX), by `math-verify`; needs an extra.",
    judge,
    answer={"type": "string", "minLength": 1},
    goal="the answer equals {}",
    options={"extract": EXTRACT, "form": FORM},
    problem=problem,
)
