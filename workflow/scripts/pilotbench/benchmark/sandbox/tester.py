"""The process that runs the tests of a question on the program of a reply.

The tests are evaluated here, on plain values that the program has answered. So a program passes by
answering what is asked, and in no other way: it cannot see the tests, change what `assert` or `==`
mean, or end before they have.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import signal
import sys
import traceback
from collections import defaultdict
from collections.abc import Container
from contextlib import suppress
from importlib import import_module
from types import CodeType, FunctionType, ModuleType

from pilotbench.benchmark.sandbox.channel import Channel
from pilotbench.benchmark.sandbox.program import MOST_OUTPUT
from pilotbench.benchmark.sandbox.remote import (
    SHORT,
    BadTest,
    Ended,
    Json,
    Program,
    Remote,
    shortened,
)

FILE = "<tests>"
ENDED = "ended"
"""The failure of tests whose program has ended; how is known outside."""


def names_of(code: CodeType) -> set[str]:
    """Return all names that some code uses."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return {*code.co_names, *(name for one in inner for name in names_of(one))}


ALIASES = {"np": "numpy", "pd": "pandas"}
"""Usual names of modules that are not Python's own."""


def usual_modules(text: str, defined: Container[str] = ()) -> dict[str, ModuleType]:
    """Return the modules that a test uses by their usual names without importing them.

    Programs usually import them too, but a program may also define such a name: `math.isclose` of
    a test is Python's own. What the module does not have, or what is called, is the program's.
    Of `np` and `pd`, those that the question's code has `defined` are left. Raises BadTest for
    a module that is not installed.
    """
    tree = ast.parse(text)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = defaultdict[str, set[str]](set)
    owners = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used[node.value.id].add(node.attr)
            owners.add(node.value)
    other = {node.id for node in names if node not in owners}
    others = {name for name in ALIASES if name not in defined}
    known = (used.keys() & {*sys.stdlib_module_names, *others}) - other
    modules = {name: _module(name) for name in sorted(known)}
    return {
        name: module
        for name, module in modules.items()
        if all(hasattr(module, attribute) for attribute in used[name])
    }


def _module(name: str) -> ModuleType:
    try:
        return import_module(ALIASES.get(name, name))
    except ImportError:
        raise BadTest(f"the tests use {name} without importing it, and it is not there") from None


class Tests:
    """The tests of one question, run one after the other; the first error is kept."""

    def __init__(self, program: Program, order: Json) -> None:
        self._program, self._order = program, order
        self.passed = 0
        self.failure: str | None = None

    def result(self) -> Json:
        """Run the tests; return how many passed of how many, and why the first one failed."""
        total, problem = len(self._order["tests"]), None
        try:
            if isinstance(self._order["tests"][0], dict):
                self._run_cases()
            else:
                self._run_code()
        except Ended:
            self.failure = self.failure or ENDED
        except BadTest as error:
            problem = str(error)
        if not self._program.uses and self.failure is None and problem is None:
            problem = "the tests call nothing of the program; for check(candidate), the question's "
            problem += "line needs the function's name (entry_point)"
        return {
            "passed": self.passed,
            "total": total,
            "failure": self.failure,
            "problem": problem,
        }

    def _fails(self, why: str) -> None:
        self.failure = self.failure or why

    def _run_cases(self) -> None:
        for number, case in enumerate(self._order["tests"], start=1):
            found = self._program.run(case["input"])
            why = _wrong_output(found, case["output"])
            if why is None:
                self.passed += 1
            else:
                self._fails(f"case {number}: {why}")

    def _run_code(self) -> None:
        error = self._program.load()
        if error is not None:
            self._fails(error)
            return
        names: Json = {"__name__": "tests", "__builtins__": builtins}
        for text in self._order["setup"]:
            with suppress(Exception):  # what only the program may need
                exec(compile(text, "<question>", "exec"), names)
        for number, text in enumerate(self._order["tests"], start=1):
            file = f"{FILE[:-1]} {number}>"
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            try:
                self._run(text, file, names)
                self.passed += 1
            except (Exception, SystemExit) as problem:
                self._fails(self._said(problem, file))

    def _run(self, text: str, file: str, names: Json) -> None:
        code = compile(text, file, "exec")
        entry = self._order["entry_point"]
        modules = usual_modules(text, names)
        names |= {name: one for name, one in modules.items() if name != entry}
        trusted = {*names, *vars(builtins)} - {entry}
        for name in sorted(({*names_of(code), entry} & set(self._program.names)) - trusted):
            names[name] = self._program.value(name)
            if not isinstance(names[name], Remote | type | ModuleType):
                self._program.uses += 1
        before = set(names)
        exec(code, names)
        made = {name: names[name] for name in names if name not in before or name == "check"}
        functions = {name: one for name, one in made.items() if isinstance(one, FunctionType)}
        if entry is not None and "check" in functions:
            if entry not in self._program.names:
                raise NameError(f"the program does not define {entry}")
            functions["check"](names[entry])
        for name, function in functions.items():
            if name.startswith("test") and not function.__code__.co_argcount:
                function()

    def _said(self, error: BaseException, file: str) -> str:
        """Return what failed: the test's line, the exception, and what the program gave."""
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        line = _short_line(frames[-1].line or "") if frames else ""
        of_reply = getattr(error, "of_reply", None)
        if isinstance(error, AssertionError) and of_reply is None:
            words = f"{error}: " if str(error) else ""
            return (
                f"{words}{line}; {self._program.last}" if self._program.last else f"{words}{line}"
            )
        words = of_reply or f"{type(error).__name__}: {error}"
        return " ".join(f"{words}{f', in {line}' if line else ''}".split())


def _short_line(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def _wrong_output(found: Json, wanted: str) -> str | None:
    """Return why the output of a script is not the wanted one, None if it is."""
    if found["late"] or found["code"] == -signal.SIGXCPU:
        return "it takes too long"
    if len(found["output"]) > MOST_OUTPUT:
        return f"it prints more than {MOST_OUTPUT >> 20} MB"
    if found["code"]:
        if found["code"] < 0:
            return f"it is ended by {signal.Signals(-found['code']).name}"
        return str(found["words"] or f"it ended with exit code {found['code']}")
    given, right = _lines(found["output"]), _lines(wanted)
    if given == right:
        return None
    for number, (one, other) in enumerate(zip(given, right, strict=False), start=1):
        if one != other:
            return f"line {number} of the output is {shortened(one)}, not {shortened(other)}"
    return f"the output has {len(given)} lines, not {len(right)}"


def _lines(text: str) -> list[str]:
    """Return the lines of an output without white space at their ends and empty last lines."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def main(channel: Channel, order: Json) -> Json:
    """Return the result of the tests of `order`."""
    return Tests(Program(channel), order).result()
