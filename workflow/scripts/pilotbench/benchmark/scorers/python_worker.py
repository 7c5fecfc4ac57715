"""The process that runs a pack's own scoring function: one JSON line in, one out.

It runs as a script, so it imports nothing of pilotbench. The first line names the function, each
further line is a reply with its row. What the function prints goes nowhere, and what it starts by
`fork` can neither read the requests nor write an answer.
"""

from __future__ import annotations

import faulthandler
import json
import math
import os
import resource
import sys
import traceback
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

Json = dict[str, Any]
MODULE = "pack_scorer"
LOAD_S = 60.0
MOST_METRICS = 50
LONGEST_NAME, LONGEST_WORDS = 100, 2000
ALLOWED = "True or False, a number from 0 to 1, or a dict with success or score"


class Wrong(Exception):
    """What a function returned cannot be a score."""


def checked(value: Any) -> Json:
    """Return what a function returned as success, score, metrics, why and read.

    `success` is None where a threshold decides. Raises Wrong.
    """
    value = _plain(value)
    if isinstance(value, bool):
        return _verdict(value, float(value))
    if isinstance(value, int | float):
        return _verdict(None, _share("", value))
    if not isinstance(value, dict):
        raise Wrong(f"returned {_named(value)}; allowed: {ALLOWED}")
    return _of_dict({name: _plain(one) for name, one in value.items()})


def _of_dict(value: Json) -> Json:
    success, score = value.pop("success", None), value.pop("score", None)
    if success is None and score is None:
        raise Wrong(f"returned a dict without success and score; allowed: {ALLOWED}")
    if success is not None and not isinstance(success, bool):
        raise Wrong(f"returned success: {_named(success)}; allowed: True, False")
    words = {name: _words(name, value.pop(name, None)) for name in ("why", "read")}
    share = float(success or False) if score is None else _share("score: ", score)
    return _verdict(success, share, _metrics(value), **words)


def _verdict(success: bool | None, score: float, metrics: Json | None = None, **words: Any) -> Json:
    return {"success": success, "score": score, "metrics": metrics, **words}


def _share(where: str, value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Wrong(f"returned {where}{_named(value)}; allowed: a number from 0 to 1")
    return float(value)


def _metrics(value: Json) -> Json | None:
    if len(value) > MOST_METRICS:
        raise Wrong(f"returned {len(value)} metrics; allowed: {MOST_METRICS}")
    for name, one in value.items():
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise Wrong(f"returned the metric {_named(name)}; allowed: names of text")
        if not isinstance(one, int | float) or abs(one) > sys.float_info.max or math.isnan(one):
            raise Wrong(f"returned {name}: {_named(one)}; allowed: a number, True, False")
    return {name: float(one) for name, one in value.items()} or None


def _words(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Wrong(f"returned {name}: {_named(value)}; allowed: text")
    return None if value is None else value[:LONGEST_WORDS]


def _plain(value: Any) -> Any:
    """Return a number of a numerical library as one of Python."""
    known = isinstance(value, bool | int | float | str | dict) or value is None
    if known or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except Exception:
        return value


def _named(value: Any) -> str:
    """Return a value in a few words."""
    simple = isinstance(value, bool | int | float | str) or value is None
    if simple:
        words = repr(value) if len(str(value)[:60]) < 60 else f"{str(value)[:60]}…"
        return words if not isinstance(value, str) else f"the text {words}"
    return f"a value of the type {type(value).__name__}"


def described(error: BaseException, folder: Path, place: str) -> str:
    """Return an error as one line: file, line, type and message.

    The place is the last one inside `folder`, else `place`.
    """
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, line in frames:
        path = Path(name)
        if path.is_relative_to(folder):
            place = f"{path.relative_to(folder)}: line {line}"
    try:
        text = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    except Exception:
        text = ""
    words = "".join(char if char.isprintable() else "?" for char in text[:200])
    return f"{place}: {type(error).__name__}{': ' if words else ''}{words}"


class Function:
    """The function of a pack."""

    def __init__(self, folder: Path, file: str, name: str) -> None:
        """Import the file. Raises whatever it raises, and Wrong without the function."""
        self.folder, self.name, self.place = folder, name, f"{file}: line 1"
        spec = spec_from_file_location(MODULE, folder / file)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[MODULE] = module
        spec.loader.exec_module(module)
        found = getattr(module, name, None)
        if not callable(found):
            raise Wrong(f"there is no function {name}")
        self.function: Callable[[Any, Json], Any] = found
        code = getattr(found, "__code__", None)
        if code is not None and Path(code.co_filename).is_relative_to(folder):
            path = Path(code.co_filename).relative_to(folder)
            self.place = f"{path}: line {code.co_firstlineno}"

    def answered(self, reply: Any, row: Json) -> Json:
        """Return what the function makes of a reply, or its error."""
        try:
            return checked(self.function(reply, row))
        except Wrong as error:
            return {"error": f"{self.place}: {self.name}() {error}"}
        except MemoryError as error:
            return {"error": described(error, self.folder, self.place), "memory": True}
        except BaseException as error:
            return {"error": described(error, self.folder, self.place)}


class Channel:
    """The requests and answers, out of reach of what the function prints, reads and starts."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.requests = os.fdopen(os.dup(0), "rb")
        self.answers = os.fdopen(os.dup(1), "wb", buffering=0)
        self.last_words = os.fdopen(os.dup(2), "wb", buffering=0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.register_at_fork(after_in_child=self._close)

    def _close(self) -> None:
        for file in (self.requests, self.answers, self.last_words):
            os.close(file.fileno())

    def answer(self, words: Json) -> None:
        """Write an answer, if this is the process that was asked."""
        if os.getpid() != self.owner:
            os._exit(0)
        self.answers.write(json.dumps(words).encode("ascii") + b"\n")


def loaded(order: Json) -> Function | Json:
    """Return the function that the first line names, or the error as an answer."""
    folder = Path(order["folder"])
    memory = order["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.path.insert(0, str(folder))
    try:
        return Function(folder, order["file"], order["function"])
    except Wrong as error:
        return {"error": f"{order['file']}: {error}"}
    except BaseException as error:
        return {
            "error": described(error, folder, order["file"]),
            "memory": isinstance(error, MemoryError),
        }


def main() -> None:
    """Load the function and answer each line of standard input until it ends.

    A line that takes too long ends the process, whether or not the one that asked still lives; the
    place in the code is written to standard error.
    """
    channel = Channel()
    faulthandler.enable(channel.last_words, all_threads=False)
    for line in channel.requests:
        order = json.loads(line)
        faulthandler.dump_traceback_later(order["seconds"], exit=True, file=channel.last_words)
        if "folder" in order:
            found = loaded(order)
            words = found if isinstance(found, dict) else {"place": found.place}
        else:
            assert isinstance(found, Function)
            words = found.answered(order["reply"], order["row"])
        faulthandler.cancel_dump_traceback_later()
        channel.answer(words)


if __name__ == "__main__":
    main()
