"""A function of the pack scores each reply: `score(reply, row)` in a file of the pack.

It runs in a process of its own (`python_worker`), within a time and a memory limit. What it raises,
a value that is no score and a limit that is reached leave that episode unfinished, named with file
and line: the model is not at fault. All `.py` files of the pack's folder are in the scoring
version, so a change scores the stored answers again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from pilotbench.benchmark.sandbox.pack_process import Ended, PackProcess, PackWorker, environment
from pilotbench.benchmark.scorers.python_worker import LOAD_S
from pilotbench.benchmark.scorers.scorer import Json, Scorer, Verdict
from pilotbench.ground.errors import TaskError, Unscorable, of_system

PROGRAM = Path(__file__).with_name("python_worker.py")
MOST_TIMEOUTS = 3
REMEMBERED = 1000


class PackFunction:
    """The function of one pack."""

    def __init__(self, folder: Path, options: Json) -> None:
        """Read what identifies it. Raises TaskError where the file is missing."""
        self._folder, self._options = folder, options
        self._file: str = options["file"]
        path, where = folder / self._file, f"{folder / 'task.yaml'}: scorer.file"
        if not path.resolve().is_relative_to(folder.resolve()):
            raise TaskError(f"{where}: {self._file} is outside of the pack")
        if not path.is_file():
            raise TaskError(f"{where}: there is no file {path}")
        self.version = code_hash(folder)
        first = {
            "folder": str(folder.resolve()),
            "file": self._file,
            "function": options["function"],
            "memory_mb": options["memory_mb"],
        }
        command = (sys.executable, "-P", str(PROGRAM))
        place = folder.resolve()
        self._worker = PackWorker(lambda: PackProcess(command, place, environment()), first, LOAD_S)
        self._slow = 0
        self._known: dict[str, Json] = {}

    def check(self) -> None:
        """Raise TaskError, one line, where the file cannot be imported or has no such function."""
        try:
            found = self._worker.start()
        except Ended as error:
            raise TaskError(self._said(error, "importing it", LOAD_S)) from None
        if "error" in found:
            raise TaskError(f"{self._folder}/{found['error']}")

    def judge(self, row: Json, wanted: Any, given: Any) -> Verdict:
        """Return what the function makes of a reply. Raises Unscorable."""
        request = json.dumps({"reply": given, "row": row})
        found = self._known.get(request) or self._ask(request)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[request] = found
        success = found["success"]
        if success is None:
            success = found["score"] >= self._options["threshold"]
        right = "accepts" if success else "does not accept"
        return Verdict(
            right=success,
            in_form=None,
            read=found.get("read"),
            rule=f"function {self._options['function']}",
            why=found.get("why") or f"the function {right} it",
            score=found["score"],
            metrics=found["metrics"],
        )

    def _ask(self, request: str) -> Json:
        """Return what the process answers. Raises Unscorable; the next request is asked again."""
        seconds = self._options["timeout_s"]
        if self._slow >= MOST_TIMEOUTS:
            raise Unscorable(
                f"{self._folder}/{self._file}: not called, since {MOST_TIMEOUTS} calls in a row "
                f"took longer than timeout_s: {seconds:g}"
            )
        try:
            found = self._worker.ask(json.loads(request), seconds)
        except Ended as error:
            self._slow += error.slow
            raise Unscorable(self._said(error, "the call", seconds)) from None
        self._slow = 0
        if found.get("memory"):
            limit = f" (memory_mb: {self._options['memory_mb']})"
            raise Unscorable(f"{self._folder}/{found['error']}{limit}")
        if "error" in found:
            raise Unscorable(f"{self._folder}/{found['error']}")
        if code_hash(self._folder) != self.version:
            raise Unscorable(f"{self._folder}/{self._file} was changed during this run; run again")
        return found

    def _said(self, error: Ended, what: str, seconds: float) -> str:
        """Return the end of a process as one line, with the last place in the pack's code."""
        lines = re.findall(r'File "([^"\n]+)", line (\d+)', error.words)
        folder = self._folder.resolve()
        inside = [(Path(name), line) for name, line in lines if Path(name).is_relative_to(folder)]
        place = f"{self._folder}/{self._file}"
        if inside:
            path, line = inside[0]
            place = f"{self._folder}/{path.relative_to(folder)}: line {line}"
        slow = f"{what} takes longer than {seconds:g} s"
        return f"{place}: {slow if error.slow else error}"


def code_hash(folder: Path) -> str:
    """Return a hash of all `.py` files below a folder, hidden ones excepted.

    Raises TaskError where one cannot be read.
    """
    whole = hashlib.sha256()
    try:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder)
            if not any(part.startswith(".") for part in name.parts) and path.is_file():
                content = path.read_bytes()
                whole.update(f"{name.as_posix()}\0{len(content)}\0".encode("utf-8", "replace"))
                whole.update(content)
    except OSError as error:
        raise TaskError(of_system(error)) from None
    return whole.hexdigest()[:16]


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Raise Unscorable: only a pack has a function."""
    raise Unscorable("the scorer python needs the folder of a pack")


SCORER = Scorer(
    "A function of yours, `score(reply, row)`, in a file of the pack.",
    judge,
    answer={},
    goal="the function of the pack accepts the answer",
    options={
        "file": {
            "type": "string",
            "pattern": r"^[^/].*\.py$",
            "default": "score.py",
            "description": "A file below the pack's folder.",
        },
        "function": {
            "type": "string",
            "pattern": r"^[^\W\d]\w*$",
            "default": "score",
            "description": "The name of the function in it.",
        },
        "threshold": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 1.0,
            "description": "The score from which on an answer is a success.",
        },
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 3600,
            "default": 10,
            "description": "How long a call may take.",
        },
        "memory_mb": {
            "type": "integer",
            "minimum": 128,
            "maximum": 1 << 20,
            "default": 2048,
            "description": "How much memory (address space) the process may have.",
        },
    },
    opened=lambda folder, options, run_code: PackFunction(folder, options),
    calls="also",
)
