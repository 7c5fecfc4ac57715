"""The process that runs the program of a reply, and answers what its tests ask of it.

It is not trusted: what it runs may change anything in here. All that it can do is answer, which is
what a function does; `tester` believes nothing but plain values.
"""

from __future__ import annotations

import builtins
import io
import operator
import os
import random
import selectors
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import CoroutineType, ModuleType
from typing import Any

from pilotbench.benchmark.sandbox.channel import Channel, Closed
from pilotbench.benchmark.sandbox.plain_values import NotPlain, decoded, encoded

Json = dict[str, Any]
NAME = "reply"
FILE = "<reply>"
MOST_OUTPUT = 1 << 20
LONGEST_WORDS = 400
OPERATIONS: dict[str, Callable[..., Any]] = {
    "attribute": getattr,
    "set_attribute": setattr,
    "item": operator.getitem,
    "set_item": operator.setitem,
    "length": len,
    "iterate": iter,
    "next": next,
    "truth": bool,
    "text": str,
    "shown": repr,
    "enter": lambda one: one.__enter__(),
    "leave": lambda one: one.__exit__(None, None, None),
    "await": lambda one: __import__("asyncio").run(one),
    "eq": operator.eq,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
}
"""What tests may do with an object of the program; `tester` says when."""


class Program:
    """The names of one program, and the objects of it that its tests hold."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._kept: list[Any] = []
        self._module = ModuleType(NAME)

    def load(self, code: str) -> Json:
        """Run the program; return what its names are, or its error."""
        sys.modules[NAME] = self._module
        try:
            exec(compile(code, FILE, "exec"), self._module.__dict__)
        except BaseException as error:
            return failed(error)
        names = {name: _described(value) for name, value in vars(self._module).items()}
        return {"names": {name: what for name, what in names.items() if name[:2] != "__"}}

    def serve(self) -> None:
        """Answer until the tests are over."""
        while True:
            order = self._channel.receive()
            self._channel.send(self._answer(order))

    def _answer(self, order: Json) -> Json:
        """Return {"value"} or {"error"}, with the arguments where the call has changed them."""
        try:
            values = [decoded(one, self._found) for one in order.get("arguments", ())]
            named = {key: decoded(one, self._found) for key, one in order.get("named", {}).items()}
            if order["do"] == "name":
                return {"value": encoded(vars(self._module)[order["name"]], self._keep)}
            if order["do"] != "call":
                return {"value": encoded(OPERATIONS[order["do"]](*values), self._keep)}
            function, *values = values
            result = encoded(function(*values, **named), self._keep)
            after = [encoded(one, self._keep) for one in (*values, *named.values())]
            before = [*order["arguments"][1:], *order.get("named", {}).values()]
            return {"value": result} | ({"after": after} if after != before else {})
        except Closed:
            raise
        except BaseException as error:
            return failed(error)

    def _keep(self, value: Any) -> Any:
        if isinstance(value, Theirs):
            return ["theirs", value.number]
        whose = "coroutine" if isinstance(value, CoroutineType) else "mine"
        for number, one in enumerate(self._kept):
            if one is value:
                return [whose, number]
        self._kept.append(value)
        return [whose, len(self._kept) - 1]

    def _found(self, place: Any) -> Any:
        whose, number = place
        return Theirs(self, number) if whose == "theirs" else self._kept[number]

    def call_back(self, number: int, values: Any, named: Json) -> Any:
        """Call a function that the tests have given as an argument."""
        self._channel.send(
            {
                "call": number,
                "arguments": [encoded(one, self._keep) for one in values],
                "named": {key: encoded(one, self._keep) for key, one in named.items()},
            }
        )
        while True:
            order = self._channel.receive()
            if "result" in order:
                return decoded(order["result"], self._found)
            if "raised" in order:
                raise RuntimeError(order["raised"])
            self._channel.send(self._answer(order))


class Theirs:
    """A function of the tests."""

    def __init__(self, program: Program, number: int) -> None:
        self._program, self.number = program, number

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Call it, in the process of the tests."""
        return self._program.call_back(self.number, values, named)


def _described(value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, BaseException):
        return [one.__name__ for one in value.__mro__]
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    return "function" if callable(value) else "value"


def failed(error: BaseException) -> Json:
    """Return an error as its types, words and line in the reply."""
    if isinstance(error, NotPlain):
        return {"error": {"types": ["TypeError"], "words": str(error), "line": None}}
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines.append(error.lineno)
    words = ""
    with suppress(BaseException):
        words = str(error.msg if isinstance(error, SyntaxError) else error)[:LONGEST_WORDS]
    types = [one.__name__ for one in type(error).__mro__]
    return {"error": {"types": types, "words": words, "line": lines[-1] if lines else None}}


def run_script(code: str, given: str, seconds: float) -> Json:
    """Run the program as a script with `given` as standard input, in a process of its own.

    Return its output and how it ended.
    """
    (in_r, in_w), (out_r, out_w), (err_r, err_w) = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        for number, end in enumerate((in_r, out_w, err_w)):
            os.dup2(end, number)
        os.closerange(3, 64)
        _as_script(code)
    for end in (in_r, out_w, err_w):
        os.close(end)
    output, words, late = _talk(in_w, out_r, err_r, given.encode("utf-8", "replace"), seconds)
    for end in (in_w, out_r, err_r):
        with suppress(OSError):
            os.close(end)
    with suppress(ProcessLookupError):
        os.kill(pid, 9) if late or len(output) > MOST_OUTPUT else None
    code_ = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {
        "output": output[: MOST_OUTPUT + 1].decode("utf-8", "replace"),
        "words": words.decode("utf-8", "replace").strip().rpartition("\n")[2][:LONGEST_WORDS],
        "code": code_,
        "late": late,
    }


def _as_script(code: str) -> None:
    module = sys.modules["__main__"] = ModuleType("__main__")
    sys.stdin = io.TextIOWrapper(open(0, "rb"), encoding="utf-8")  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb"), encoding="utf-8")  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(open(2, "wb"), encoding="utf-8")  # noqa: SIM115
    status = 0
    try:
        exec(compile(code, FILE, "exec"), module.__dict__)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        line = failed(error)["error"]["line"]
        words = traceback.format_exception_only(error)[-1].strip()
        print(f"{words}{f' (line {line} of the program)' if line else ''}", file=sys.stderr)
        status = 1
    with suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status & 255)


def _talk(to: int, out: int, err: int, given: bytes, seconds: float) -> tuple[bytes, bytes, bool]:
    """Write and read until the program closes its output; return output, errors and lateness."""
    found, rest = {out: b"", err: b""}, memoryview(given)
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        os.set_blocking(to, False)
        ready.register(to, selectors.EVENT_WRITE)
        ready.register(out, selectors.EVENT_READ)
        ready.register(err, selectors.EVENT_READ)
        while len(ready.get_map()) > (to in ready.get_map()):
            events = ready.select(max(0, deadline - time.monotonic()))
            if not events:
                return found[out], found[err], True
            for key, _ in events:
                end = key.fd
                if end == to:
                    try:
                        rest = rest[os.write(to, rest[:65536]) :] if rest else rest
                    except OSError:
                        rest = memoryview(b"")
                    if not rest:
                        ready.unregister(to)
                        os.close(to)
                    continue
                part = os.read(end, 65536)
                found[end] = (
                    (found[end] + part)[-MOST_OUTPUT - 65536 :]
                    if end == err
                    else (found[end] + part)
                )
                if len(found[out]) > MOST_OUTPUT:
                    return found[out], found[err], False
                if not part:
                    ready.unregister(end)
    return found[out], found[err], False


def main(channel: Channel, code: str, seconds: float) -> None:
    """Do what the tests ask: load the program and answer calls, or run it as a script."""
    random.seed(0)
    for name in ("exit", "quit"):
        setattr(builtins, name, sys.exit)
    with suppress(Closed):
        order = channel.receive()
        if order["do"] == "load":
            program = Program(channel)
            channel.send(program.load(code))
            program.serve()
        while order["do"] == "run":
            channel.send(run_script(code, order["given"], seconds))
            order = channel.receive()
    os._exit(0)
