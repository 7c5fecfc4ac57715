"""Which sandbox this machine has, and the process that runs programs in it.

A sandbox is used only after a process in it has tried to leave it: to reach a port of this machine,
to write outside of its folder and to read the user's files.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pilotbench
from pilotbench.benchmark.sandbox.pack_process import Ended, PackProcess, PackWorker
from pilotbench.benchmark.sandbox.tester import ENDED

Json = dict[str, Any]
LIBRARY = Path(pilotbench.__file__).resolve().parent
PYTHON = Path(sys.executable).resolve()
INSIDE = "/sandbox"
SIZE = 64 << 20
START_S = 30.0
CONTROL = ("x = 1", {"tests": ["assert x == 1"], "setup": [], "entry_point": None})
WAITING_S = 10.0
"""How long a program may wait, beside three times its CPU time: others use the machine too."""
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache")
NAMESPACES = Path(__file__).with_name("namespaces.py")
COUNTS_SINCE = (5, 14)
"""From this Linux on, a limit of processes counts those of the namespace alone."""


@dataclass(frozen=True)
class Isolation:
    """A way to isolate programs: its name, and its command for what it should see and run."""

    name: str
    command: Callable[[list[str], list[str]], list[str]]
    is_strong: bool = True

    def start(self, packages: bool) -> PackProcess:
        """Start the server of programs. `packages` shows it the installed ones."""
        place = INSIDE if self.is_strong else tempfile.mkdtemp(prefix="pilotbench-code-")
        server = [str(PYTHON), "-s", "-S", "-P", "-c", _start_line(place)]
        shown = [*SYSTEM, sys.base_prefix, str(LIBRARY), *(package_folders() if packages else ())]
        env = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        env |= {"HOME": place, "TMPDIR": place, "PATH": "/usr/bin:/bin"}
        own = None if self.is_strong else Path(place)
        return PackProcess(self.command(_outermost(shown), server), Path("/"), env, own)


def _start_line(place: str) -> str:
    path = f"import sys; sys.path.insert(0, {str(LIBRARY.parent)!r})"
    return f"{path}; from pilotbench.benchmark.sandbox.server import main; main({place!r})"


def package_folders() -> list[str]:
    """Return the folders of installed packages."""
    return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]


def _outermost(paths: list[str]) -> list[str]:
    """Return the paths that exist and are not below another one."""
    found: list[str] = []
    for path in paths:
        inside = any(Path(path).is_relative_to(one) for one in found if not Path(one).is_symlink())
        if os.path.lexists(path) and not inside:
            found.append(path)
    return found


def _bubblewrap(paths: list[str], command: list[str]) -> list[str]:
    shown: list[str] = []
    for path in paths:
        link = Path(path).is_symlink()
        shown += (
            ["--symlink", str(Path(path).readlink()), path] if link else ["--ro-bind", path, path]
        )
    inside_tmp = any(path.startswith("/tmp/") for path in paths)
    return [
        _bwrap() or "bwrap",
        *("--unshare-all", "--unshare-user"),
        *(["--disable-userns"] if _knows("--disable-userns") else []),
        "--die-with-parent",
        "--as-pid-1",
        *("--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *shown,
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
        *(["--size", str(SIZE)] if _knows("--size") else []),
        *("--tmpfs", INSIDE),
        *(() if inside_tmp else ("--symlink", INSIDE, "/tmp")),
        *("--remount-ro", "/", "--chdir", INSIDE, "--"),
        *command,
    ]


def _bwrap() -> str | None:
    return shutil.which("bwrap")


@lru_cache(maxsize=8)
def _knows(option: str) -> bool:
    """Return whether this bubblewrap has an option."""
    said = subprocess.run(
        [_bwrap() or "bwrap", "--help"], capture_output=True, text=True, timeout=30, check=False
    )
    return option in said.stdout + said.stderr


def _namespaces(paths: list[str], command: list[str]) -> list[str]:
    order = {"paths": paths, "folder": INSIDE, "size": SIZE, "command": command}
    return [str(PYTHON), "-s", "-S", "-P", str(NAMESPACES), json.dumps(order)]


BUBBLEWRAP = Isolation("bubblewrap", _bubblewrap)
OWN_NAMESPACES = Isolation("namespaces", _namespaces)
WEAK = Isolation("weak", lambda paths, command: command, is_strong=False)


class NoSandbox(Exception):
    """This machine has no sandbox; the words say why."""


@lru_cache(maxsize=2)
def chosen(weak: bool) -> Isolation:
    """Return the first sandbox that works here, the weak one only where `weak` says so.

    For root, own namespaces come first: they make it an unprivileged user of the machine, which
    bubblewrap does not. Raises NoSandbox.
    """
    ways = [BUBBLEWRAP, OWN_NAMESPACES] if os.geteuid() else [OWN_NAMESPACES, BUBBLEWRAP]
    problems = []
    for way in ways:
        problem = problem_of(way)
        if problem is None:
            return way
        problems.append(f"{way.name}: {problem}")
    if weak:
        return WEAK
    raise NoSandbox("; ".join(problems))


def problem_of(way: Isolation) -> str | None:
    """Return why a sandbox cannot be used, None if it holds."""
    if way is BUBBLEWRAP and _bwrap() is None:
        return "not installed"
    if platform.system() != "Linux":
        return "needs Linux"
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return "; ".join(_leaks(_facts(way, server.getsockname()[1]))) or None
    except (Ended, OSError) as error:
        words = error.words.strip().rpartition("\n")[2] if isinstance(error, Ended) else str(error)
        return words or str(error)


def _facts(way: Isolation, port: int) -> Json:
    folders = ["/", "/usr", "/tmp/..", str(LIBRARY), str(Path.home()), str(Path.cwd())]
    order = {
        "port": port,
        "folders": folders,
        "files": [str(Path.home() / ".bashrc"), "/etc/passwd"],
    }
    process = way.start(packages=False)
    try:
        return process.ask_raw(framed(order, []), START_S)
    finally:
        process.stop()


def _leaks(facts: Json) -> Iterator[str]:
    if not facts["first"]:
        yield "programs would see other processes"
    if facts["network"]:
        yield "programs would have a network"
    for kind in ("writable", "readable"):
        for path in facts[kind]:
            yield f"{path} would be {kind}"


def framed(order: Json, tests: Any) -> bytes:
    """Return an order with its tests as the server reads them."""
    first, second = json.dumps(order).encode("ascii"), json.dumps(tests).encode("ascii")
    return f"{len(first):015x} {len(second):015x}\n".encode("ascii") + first + second


def counts_processes() -> bool:
    """Return whether a limit of processes counts those of the sandbox alone."""
    version = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit())
    return platform.system() == "Linux" and version >= COUNTS_SINCE


class Sandbox:
    """The sandbox of one pack: started when it is needed, and again when it has ended."""

    def __init__(self, way: Isolation, packages: bool) -> None:
        self.way, self._packages = way, packages
        self._worker = PackWorker(lambda: way.start(packages))

    def verdict(self, code: str, tests: Json, limits: Json, scripts: bool) -> Json:
        """Return the verdict of the tests on a program.

        One that ends its sandbox twice fails, if the sandbox still runs another one. Raises Ended.
        """
        with suppress(Ended):
            return self._asked(code, tests, limits, scripts)
        try:
            return self._asked(code, tests, limits, scripts)
        except Ended:
            self._asked(*CONTROL, {**limits, "timeout_s": START_S}, False)
            return {**_none(tests), "failure": "it ends its sandbox"}

    def _asked(self, code: str, tests: Json, limits: Json, scripts: bool) -> Json:
        wall = 3 * limits["timeout_s"] + WAITING_S
        whole = wall * len(tests["tests"]) if scripts else wall
        order = {
            "program": code,
            "scripts": scripts,
            "count": len(tests["tests"]),
            "cpu_s": limits["timeout_s"],
            "wall_s": wall,
            "whole_s": whole,
            "memory_mb": limits["memory_mb"],
            "processes": limits["processes"],
            "counts_processes": self.way.is_strong and counts_processes(),
            "packages": package_folders() if self._packages else [],
        }
        found = self._worker.ask_raw(framed(order, tests), whole + START_S)
        return {**_none(tests), **_said(found, limits["timeout_s"])}


def _none(tests: Json) -> Json:
    return {"passed": 0, "total": len(tests["tests"]), "failure": None, "problem": None}


def _said(found: Json, cpu_s: float) -> Json:
    """Return the result of the tests, or how they or the program ended without one."""
    too_long = f"takes longer than {cpu_s:g} s of CPU time"
    if found["limit"] is not None:
        return {"failure": found["limit"]}
    if found["result"] is None:
        is_late = found["tester"] == -signal.SIGXCPU
        return {"failure": f"a test {too_long}" if is_late else "it has ended its tests"}
    if found["result"]["failure"] == ENDED:
        return {**found["result"], "failure": f"it {_ended(found['program'] or 0, too_long)}"}
    return dict(found["result"])


def _ended(code: int, too_long: str) -> str:
    if code == -signal.SIGXCPU:
        return too_long
    if code == -signal.SIGKILL:
        return "has closed its connection to the tests"
    return f"is ended by {signal.Signals(-code).name}" if code < 0 else f"ends itself (exit {code})"
