"""The first process in the sandbox: for each program it starts one that runs it and one that tests.

It reads orders from standard input: the lengths of two JSON texts, then both. The first has the
program, the second its tests. The program's process is started before the tests are read, so they
never were in its memory. When there is a verdict, or a limit is reached, everything is ended, what
was written is removed, and what was found is one line of JSON on standard output. Nothing of the
tests stays in this process, which the next program is a copy of.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.benchmark.sandbox import program, tester
from pilotbench.benchmark.sandbox.channel import Channel
from pilotbench.benchmark.sandbox.processes import FIRST, end_all, usage

Json = dict[str, Any]
HEADER = 32
TICK_S = 0.02
MOST_FILES, MOST_BYTES, FILE_BYTES, OPEN_FILES = 2000, 64 << 20, 8 << 20, 32
LONGEST_RESULT = 1 << 16
CLOSED_FROM = 1 << 10
_PDEATHSIG, _DUMPABLE, _CHILD_SUBREAPER, _NO_NEW_PRIVS = 1, 4, 36, 38


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _read(size: int) -> bytearray:
    """Return exactly `size` bytes of standard input; end with it."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = os.readv(0, [view])
        if not count:
            raise SystemExit
        view = view[count:]
    return data


def _limit(order: Json) -> None:
    """Limit this process and those that it starts."""
    memory, seconds = order["memory_mb"] << 20, int(order["cpu_s"] + 0.999)
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_FSIZE: (FILE_BYTES, FILE_BYTES),
        resource.RLIMIT_NOFILE: (OPEN_FILES, OPEN_FILES),
    }
    if order["counts_processes"]:
        wanted[resource.RLIMIT_NPROC] = (order["processes"] + 8, order["processes"] + 8)
    for which, values in wanted.items():
        with suppress(OSError, ValueError):
            resource.setrlimit(which, values)


def _fork(ends: tuple[int, ...], order: Json) -> int:
    """Fork; the child keeps nothing but `ends`, as 3, 4, …, and is limited."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _prctl(_PDEATHSIG, signal.SIGKILL)
        kept = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in ends]
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        for number, end in enumerate(kept, start=3):
            os.dup2(end, number, inheritable=False)
        os.closerange(3 + len(kept), CLOSED_FROM)
        sys.path.extend(order["packages"])
        _limit(order)
    return pid


@dataclass(frozen=True)
class Found:
    """The result of the tests as it is written, a limit that was reached, and both exit codes."""

    result: memoryview
    limit: str | None
    program: int | None
    tester: int | None

    def send(self, ends: bool) -> None:
        """Write it, and forget the result: it may say what the tests want."""
        others = {"limit": self.limit, "program": self.program, "tester": self.tester, "ends": ends}
        line = [json.dumps(others).encode("ascii")[:-1], b', "result": ', self.result or b"null"]
        os.writev(1, [*line, b"}\n"])
        self.result[:] = bytes(len(self.result))


def _run(order: Json, place: str) -> Found:
    """Run a program and its tests."""
    ours, theirs = socket.socketpair()
    runner = _fork((theirs.fileno(),), order)
    if runner == 0:
        _prctl(_DUMPABLE, int(not order["scripts"]))
        os.chdir(place)
        program.main(Channel(socket.socket(fileno=3)), order["program"], order["wall_s"])
    theirs.close()
    tests = _read(order["size"])
    reader, writer = os.pipe()
    judge = _fork((ours.fileno(), writer), order)
    if judge == 0:
        _judge(tests)
    tests[:] = bytes(len(tests))
    ours.close()
    os.close(writer)
    result, limit = _watched(reader, order, place)
    os.close(reader)
    codes = end_all((runner, judge))
    return Found(result, limit, codes.get(runner), codes.get(judge))


def _judge(tests: bytearray) -> None:
    """Run the tests and write their result. Does not return."""
    with suppress(BaseException):
        found = tester.main(Channel(socket.socket(fileno=3)), json.loads(tests))
        os.write(4, json.dumps(found).encode("ascii"))
    os._exit(0)


def _watched(reader: int, order: Json, place: str) -> tuple[memoryview, str | None]:
    """Return the result of the tests, or the limit that all processes together have reached."""
    deadline, data = time.monotonic() + order["whole_s"], memoryview(bytearray(LONGEST_RESULT))
    size = 0
    while True:
        if select.select([reader], [], [], TICK_S)[0]:
            count = os.readv(reader, [data[size:]])
            size += count
            if not count:
                return data[:size], None
            continue
        limit = _reached(order, place, time.monotonic() >= deadline)
        if limit is not None:
            return data[:0], limit


def _reached(order: Json, place: str, is_late: bool) -> str | None:
    used, files = usage(), os.statvfs(place)
    if used.threads > order["processes"] + 2:
        return f"it starts more than {order['processes']} processes or threads"
    if used.memory > (order["memory_mb"] + 100) << 20:
        return f"it uses more than {order['memory_mb']} MB"
    if os.getpid() == FIRST and files.f_files - files.f_ffree > MOST_FILES:
        return f"it makes more than {MOST_FILES} files"
    return f"it takes longer than {order['whole_s']:g} s" if is_late else None


def _emptied(place: Path) -> bool:
    """Remove what a program has written; return whether all is gone."""
    for path in place.iterdir():
        with suppress(OSError, RecursionError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
    return not any(place.iterdir())


def _facts(order: Json) -> Json:
    """Return what this process can reach of the machine."""
    with socket.socket() as connection:
        connection.settimeout(1)
        network = connection.connect_ex(("127.0.0.1", order["port"])) == 0
    return {
        "first": os.getpid() == FIRST,
        "network": network,
        "writable": [one for one in order["folders"] if os.access(one, os.W_OK)],
        "readable": [one for one in order["files"] if os.access(one, os.R_OK)],
    }


def main(place: str) -> None:
    """Answer each order until standard input ends; programs write into the folder `place`."""
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_CHILD_SUBREAPER, 1)
    _prctl(_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a first process ignores what it does not handle
    while True:
        header = _read(HEADER).split()
        order = json.loads(_read(int(header[0], 16)))
        order["size"] = int(header[1], 16)
        if "port" in order:
            os.write(1, json.dumps(_facts(order)).encode("ascii") + b"\n")
            continue
        found = _run(order, place)
        is_clean = _emptied(Path(place))
        found.send(not is_clean)
        if not is_clean:
            return
