"""A program from the side of its tests: its names and objects, behind a channel.

An object of the program that is no plain value stays there. Tests may use it, but it is never equal
to a plain value and never learns what it is compared with.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from pilotbench.benchmark.sandbox.channel import Channel, Closed
from pilotbench.benchmark.sandbox.plain_values import NotPlain, decoded, encoded, written_back

Json = dict[str, Any]
SHORT = 160
LONG_ANSWER = 1 << 19
"""From this size on, an answer of the program may be why what tests send back is too long."""


class Ended(BaseException):
    """The program has ended: no test can go on. Tests cannot catch it as an Exception."""


class BadTest(BaseException):
    """The test cannot be used on any program."""


class Program:
    """The program, from the side of its tests."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._functions: list[Callable[..., Any]] = []
        self._errors: dict[str, type[BaseException]] = {}
        self.uses = 0
        self.last: str = ""
        self.names: dict[str, Any] = {}

    def load(self) -> str | None:
        """Run the program; return its error in words."""
        found = self._asked({"do": "load"})
        if "error" in found:
            return _words(found["error"])
        self.names = found["names"]
        for name, types in self.names.items():
            if isinstance(types, list):
                self._errors[name] = type(name, (_standard(types),), {})
        return None

    def value(self, name: str) -> Any:
        """Return what tests see of a name of the program."""
        if name in self._errors:
            return self._errors[name]
        what = str(self.names[name])
        if what.startswith("module "):
            return _standard_module(what.removeprefix("module "))
        return self._result(self._asked({"do": "name", "name": name}), name)

    def run(self, given: str) -> Json:
        """Run the program as a script."""
        self.uses += 1
        return self._asked({"do": "run", "given": given})

    def ask(self, do: str, *values: Any) -> Any:
        """Return the result of an operation on objects of the program."""
        return self._result(self._asked({"do": do, "arguments": self._sent(values)}), do)

    def call(self, function: Remote, values: tuple[Any, ...], named: Json) -> Any:
        """Call a function of the program; arguments that it changes are changed here."""
        self.uses += 1
        order = {
            "do": "call",
            "arguments": self._sent((function, *values)),
            "named": dict(zip(named, self._sent(tuple(named.values())), strict=True)),
        }
        answer = self._asked(order)
        if "after" in answer:
            changed = [self._plain(one) for one in answer["after"]]
            for old, new in zip((*values, *named.values()), changed, strict=False):
                written_back(old, new)
        return self._result(answer, "")

    def _sent(self, values: tuple[Any, ...]) -> list[Any]:
        try:
            return [encoded(one, self._keep) for one in values]
        except (NotPlain, RecursionError) as error:
            raise BadTest(f"the tests pass what cannot be sent to a program: {error}") from None

    def _asked(self, order: Json) -> Json:
        try:
            self._channel.send(order)
            while True:
                answer = self._channel.receive()
                if not isinstance(answer, dict):
                    raise Ended
                if "call" not in answer:
                    return answer
                self._call_back(answer)
        except Closed:
            raise Ended from None
        except ValueError as error:
            if self._channel.longest_received > LONG_ANSWER:
                raise
            raise BadTest(str(error)) from None

    def _call_back(self, answer: Json) -> None:
        result = self._called_back(answer)
        try:
            self._channel.send(result)
        except ValueError as error:
            self._channel.send({"raised": str(error)})

    def _called_back(self, answer: Json) -> Json:
        try:
            values = [self._plain(one) for one in answer["arguments"]]
            named = {key: self._plain(one) for key, one in answer["named"].items()}
            return {
                "result": encoded(self._functions[answer["call"]](*values, **named), self._keep)
            }
        except Exception as error:
            return {"raised": f"{type(error).__name__}: {error}"[:SHORT]}

    def _result(self, answer: Json, what: str) -> Any:
        if "error" in answer:
            raise self._raised(answer["error"])
        value = self._plain(answer.get("value"))
        self.last = f"{what or 'the call'} gave {shortened(value)}"
        return value

    def _plain(self, value: Any) -> Any:
        try:
            return decoded(value, self._find)
        except NotPlain as error:
            raise TypeError(str(error)) from None

    def _raised(self, error: Json) -> BaseException:
        types = error["types"]
        kind = next((self._errors[one] for one in types if one in self._errors), _standard(types))
        try:
            made = kind(error["words"])
        except Exception:
            made = Exception(error["words"])
        if not isinstance(made, Exception):
            made = RuntimeError(f"{types[0]}: {error['words']}")
        made.__dict__["of_reply"] = _words(error)
        return made

    def _keep(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return ["mine", value.number_]
        if not callable(value):
            raise NotPlain(f"a value of the type {type(value).__name__}")
        self._functions.append(value)
        return ["theirs", len(self._functions) - 1]

    def _find(self, place: Any) -> Any:
        whose, number = place
        if whose == "theirs":
            return self._functions[number]
        return (RemoteCoroutine if whose == "coroutine" else Remote)(self, int(number))


class Remote:
    """An object of the program that is no plain value: a function, a class, an instance, …"""

    __slots__ = ("number_", "program_")

    def __init__(self, program: Program, number: int) -> None:
        object.__setattr__(self, "program_", program)
        object.__setattr__(self, "number_", number)

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self.program_.call(self, values, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self.program_.ask("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.program_.ask("set_attribute", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self.program_.ask("item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.program_.ask("set_item", self, key, value)

    def __len__(self) -> int:
        return int(self.program_.ask("length", self))

    def __bool__(self) -> bool:
        return bool(self.program_.ask("truth", self))

    def __iter__(self) -> Iterator[Any]:
        ways = self.program_.ask("iterate", self)
        while True:
            try:
                yield self.program_.ask("next", ways)
            except StopIteration:
                return

    def __next__(self) -> Any:
        return self.program_.ask("next", self)

    def __contains__(self, value: Any) -> bool:
        return any(one is value or one == value for one in self)

    def __enter__(self) -> Any:
        return self.program_.ask("enter", self)

    def __exit__(self, *error: object) -> None:
        self.program_.ask("leave", self)

    def __str__(self) -> str:
        return str(self.program_.ask("text", self))

    def __repr__(self) -> str:
        return "an object of the program"

    def __hash__(self) -> int:
        return int(self.number_)

    def __eq__(self, other: object) -> bool:
        """Ask the program for two objects of its own; it never learns what is expected."""
        if not isinstance(other, Remote):
            return False
        return self.number_ == other.number_ or bool(self.program_.ask("eq", self, other))


class RemoteCoroutine(Remote):
    """A coroutine of the program; it runs there, to its end, when tests await it."""

    __slots__ = ()

    def __await__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Run it. Raises StopIteration with its result, as coroutines do."""
        raise StopIteration(self.program_.ask("await", self))

    def throw(self, error: BaseException) -> Any:
        """Raise what the event loop of the tests throws in."""
        raise error

    def close(self) -> None:
        """Do nothing: it ends with its program."""


def _between_two(name: str) -> Callable[[Any, Any], Any]:
    def operation(self: Remote, other: Any) -> Any:
        if not isinstance(other, Remote):
            return NotImplemented
        return self.program_.ask(name, self, other)

    return operation


for _name in ("lt", "le", "gt", "ge", "add", "sub", "mul"):
    setattr(Remote, f"__{_name}__", _between_two(_name))


def _standard(types: list[str]) -> type[BaseException]:
    """Return the first type that is one of Python's own exceptions."""
    known = (getattr(builtins, str(one), None) for one in types)
    found = (one for one in known if isinstance(one, type) and issubclass(one, Exception))
    return next(found, Exception)


def _standard_module(name: str) -> ModuleType:
    """Return a module that the tests use without importing it: Python's own, not the program's."""
    if name.partition(".")[0] not in sys.stdlib_module_names:
        raise NameError(f"the tests do not import {name}")
    return import_module(name)


def _words(error: Json) -> str:
    line = f" (line {error['line']} of the program)" if error.get("line") else ""
    words = f": {error['words']}" if error.get("words") else ""
    return " ".join(f"{error['types'][0]}{words}{line}".split())


def shortened(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a value of the type {type(value).__name__}"
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
