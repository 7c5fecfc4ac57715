"""The program of a reply passes the tests of the question, in a sandbox on this machine.

The tests are the answer of a line: code with asserts or with `check(candidate)`, a list of such
texts, or a list of inputs and outputs of a script. A program that fails is a wrong answer, whatever
it does; a sandbox that cannot be started scores nothing. It runs only where the config has
`run_code`. `sandbox/` has how programs are isolated and why they cannot pass otherwise.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from pilotbench.benchmark.sandbox.isolation import NoSandbox, Sandbox, chosen
from pilotbench.benchmark.sandbox.pack_process import Ended
from pilotbench.benchmark.scorers.program_text import ProgramText, program_of
from pilotbench.benchmark.scorers.scorer import Json, RunCode, Scorer, Verdict
from pilotbench.ground.errors import TaskError, Unscorable

REMEMBERED = 1000
NOT_ALLOWED = (
    "scorer code runs programs that models write, in a sandbox on this machine; to allow it, set "
    "run_code: true (or --config run_code=true); see Code in docs/packs.md"
)
NO_SANDBOX = (
    "run_code: true needs a sandbox, and none works here ({}); install bubblewrap, or set "
    "run_code: weak, under which programs can read and write your files and use the network"
)


class CodeTests:
    """The tests of one pack, and the sandbox in which they are run."""

    def __init__(self, folder: Path, options: Json, run_code: RunCode) -> None:
        """Nothing is started before the first program."""
        self._where, self._options, self._run_code = f"{folder / 'task.yaml'}", options, run_code
        self.version = "python{}.{}".format(*sys.version_info)
        self._sandbox: Sandbox | None = None
        self._known: dict[str, Json] = {}

    def check(self) -> None:
        """Raise TaskError, one line, where programs may not run or cannot be isolated."""
        if not self._run_code:
            raise TaskError(f"{self._where}: {NOT_ALLOWED}")
        try:
            chosen(self._run_code == "weak")
        except NoSandbox as error:
            raise TaskError(f"{self._where}: {NO_SANDBOX.format(error)}") from None

    def judge(self, row: Json, answer: Any, given: Any) -> Verdict:
        """Return what the tests make of a reply. Raises Unscorable."""
        entry, before = row.get(self._options["entry_point"]), self._before(row)
        program = program_of(given if isinstance(given, str) else "", before, entry)
        if program is None:
            return Verdict(False, None, None, "no program", "there is no Python code in the reply")
        found = self._tested(program, before, entry, tests_of(answer))
        if found["problem"] is not None:
            raise Unscorable(found["problem"])
        passed, total = found["passed"], found["total"]
        right = passed == total and found["failure"] is None
        return Verdict(
            right=right,
            in_form=None,
            read=program.code,
            rule=f"{program.rule}; run in: {self._opened().way.name}",
            why="all tests pass" if right else _why(found),
            score=passed / total if total > 1 else None,
        )

    def _before(self, row: Json) -> str:
        """Return the text that programs continue. Raises Unscorable where it is missing."""
        key = self._options["prepend"]
        if key and not isinstance(row.get(key), str):
            raise Unscorable(f"prepend: {key} is not a text of the question's line")
        return row[key] if key else ""

    def _tested(
        self, program: ProgramText, before: str, entry: str | None, tests: list[Any]
    ) -> Json:
        """Return the verdict of the sandbox, remembered. Raises Unscorable."""
        setup = [before] if before else []
        order = {"tests": tests, "setup": setup, "entry_point": entry}
        key = json.dumps([program.code, order])
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            scripts = isinstance(tests[0], dict)
            try:
                sandbox = self._opened()
                self._known[key] = sandbox.verdict(program.code, order, self._options, scripts)
            except Ended as error:
                last = error.words.strip().rpartition("\n")[2]
                words = "it does not answer" if error.slow else f"{error}{last and f': {last}'}"
                raise Unscorable(f"the sandbox failed: {words}") from None
        return self._known[key]

    def _opened(self) -> Sandbox:
        """Return the sandbox. Raises Unscorable where programs may not run."""
        if self._sandbox is None:
            try:
                self.check()
            except TaskError as error:
                raise Unscorable(str(error)) from None
            way = chosen(self._run_code == "weak")
            self._sandbox = Sandbox(way, self._options["packages"])
        return self._sandbox


def _why(found: Json) -> str:
    few = f"{found['passed']} of {found['total']} tests pass: " if found["total"] > 1 else ""
    return f"{few}{found['failure']}"


def tests_of(answer: Any) -> list[Any]:
    """Return the tests that an answer has."""
    return answer if isinstance(answer, list) else [answer]


def problem(wanted: Any) -> str | None:
    """Return the first error of syntax in tests."""
    for text in tests_of(wanted):
        if isinstance(text, str):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    compile(text, "<tests>", "exec")
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None)
                words = getattr(error, "msg", None) or str(error)
                return f"the tests are not Python: {words}{f' (line {line})' if line else ''}"
    return None


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Raise Unscorable: only a pack has a sandbox."""
    raise Unscorable("the scorer code needs the folder of a pack")


SCORER = Scorer(
    "The program of the reply (Python) passes these tests, in a sandbox; needs `run_code`.",
    judge,
    answer={
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["input", "output"],
                    "properties": {"input": {"type": "string"}, "output": {"type": "string"}},
                },
            },
        ]
    },
    goal="the program passes the tests",
    problem=problem,
    options={
        "entry_point": {
            "type": "string",
            "default": "entry_point",
            "description": "The key of a line that has the name of the function for `check`.",
        },
        "prepend": {
            "type": "string",
            "default": "",
            "description": "The key of a line whose text programs continue, such as `question`.",
        },
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 3600,
            "default": 10,
            "description": "CPU time of a program; it may take three times as long and 10 s more.",
        },
        "memory_mb": {
            "type": "integer",
            "minimum": 64,
            "maximum": 1 << 20,
            "default": 1024,
            "description": "How much memory a program may have.",
        },
        "processes": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "default": 16,
            "description": "How many processes and threads a program may have.",
        },
        "packages": {
            "type": "boolean",
            "default": False,
            "description": "Whether programs can import installed packages.",
        },
    },
    opened=CodeTests,
    shown=None,
)
