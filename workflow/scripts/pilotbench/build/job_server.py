"""Jobs without a start: a process that has imported everything once forks one child for each.

The script of a job is a new interpreter, and what asks a provider takes more than half a second of
a core to import: as much as twenty short questions. So a run starts one server before its first
job, while the build tool is still busy; the script of a job hands work, environment and streams to
a child of the server and waits. Where no server answers (a job on a cluster, another interpreter)
it does the work itself.

Whoever dies, the others end: the server reads a pipe of the run and exits when that is closed; a
child then has another parent, which it looks at before each request (see `orders`); a child whose
script is gone stops as if by SIGTERM; a script whose child was killed fails.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from pilotbench.build import signals

VARIABLE = "PILOTBENCH_FORKS"
"""Interpreter and socket of the server, for the jobs that inherit the environment."""
MODULES = (
    "pilotbench.build.shard",
    "pilotbench.providers.openai_api",
    "jsonschema",
    "jinja2.sandbox",
    "jinja2.meta",
    "encodings.idna",
)
"""What the job of a shard imports, at its start or when it first needs it."""
LIBRARY = Path(__file__).resolve().parents[2]
_SERVE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from pilotbench.build import job_server; job_server.serve()"
)
_STREAMS = (0, 1, 2)
_END = b"end"
_KILLED = "error: the process of this job was killed; what it was answered is in the journal"
_servers: list[tuple[subprocess.Popen[bytes], Path]] = []
"""The server of this process with its folder; the pipe that it reads ends with the process."""


def start(modules: Sequence[str] = MODULES) -> None:
    """Start a server that imports `modules`, and publish its address to the jobs.

    There is none where its socket cannot be made: the path of the temporary folder is too long.
    """
    folder = Path(tempfile.mkdtemp(prefix="pilotbench-"))
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.bind(str(folder / "socket"))
        except OSError:
            shutil.rmtree(folder)
            return
        door.listen(128)
        number = door.fileno()
        # -P: the folder of the run is no place to import from, as it is none for a script.
        words = [sys.executable, "-P", "-c", _SERVE, str(LIBRARY), str(folder), str(number)]
        # Our output is not its output: who reads it to the end need not wait for its end.
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(
            [*words, *modules],
            stdin=subprocess.PIPE,
            stdout=quiet,
            stderr=quiet,
            pass_fds=[number],
        )
        _servers.append((server, folder))
    os.environ[VARIABLE] = f"{sys.prefix}{os.pathsep}{folder}/socket"


def folders() -> list[Path]:
    """Return the temporary folder of the server of this process, where it has one."""
    return [folder for _, folder in _servers]


def end(at_once: bool = False) -> None:
    """End the server, its children first unless `at_once`: one that is left has another parent."""
    os.environ.pop(VARIABLE, None)
    while _servers:
        server, folder = _servers.pop()
        if at_once:
            server.kill()
        server.communicate(None if at_once else _END)
        shutil.rmtree(folder, ignore_errors=True)


def run(module: str, arguments: dict[str, Any], here: bool = False) -> None:
    """Do `module.main(**arguments)` in a child of the server and exit as it exits.

    With `here` True, or where no server answers, it is done in this process.
    """
    connection = None if here else _connected()
    if connection is not None:
        # As bytes of Python and not as text: a config with numbers as keys stays what it is.
        work = pickle.dumps((module, arguments, dict(os.environ), str(Path.cwd())))
        with connection, connection.makefile("rb") as stream:
            with suppress(ConnectionError):
                socket.send_fds(connection, [b"."], _STREAMS)
                connection.sendall(work)
            if child := _told(stream, b"pid"):
                signals.on_ending(partial(_pass_on, child, []))
                code = _told(stream, b"exit")
                sys.exit(_KILLED if code is None else code)
    importlib.import_module(module).main(**arguments)


def serve() -> None:
    """Be the server, until the run closes our standard input."""
    _, _, folder, number, *modules = sys.argv
    heard = signals.ignore()  # the run ends us, when its jobs are over
    signal.signal(signal.SIGCHLD, lambda *_: _reap())  # so that their CPU time counts as ours
    try:
        with suppress(ImportError):  # the job that needs it says so
            for module in modules:
                importlib.import_module(module)
        gc.freeze()
        with socket.socket(fileno=int(number)) as door, selectors.DefaultSelector() as ready:
            ready.register(door, selectors.EVENT_READ)
            ready.register(0, selectors.EVENT_READ)
            while not any(key.fd == 0 for key, _ in ready.select()):
                connection, _ = door.accept()
                with connection, suppress(OSError):  # no process to be had: the script does it
                    if os.fork() == 0:
                        door.close()
                        _work(connection, heard)
        if os.read(0, len(_END)) == _END:
            _wait_for_children(1.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reap() -> bool:
    """Take note of the children that have ended; say whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _wait_for_children(seconds: float) -> None:
    until = time.monotonic() + seconds
    while _reap() and time.monotonic() < until:
        time.sleep(0.005)


def _work(connection: socket.socket, heard: list[signal.Signals]) -> NoReturn:
    """Be a child of the server: take a job's place, do its work, tell it how that ended."""
    code = 1
    try:
        signals.default([*heard, signal.SIGCHLD])
        _, streams, _, _ = socket.recv_fds(connection, 1, len(_STREAMS))
        for ours, theirs in zip(_STREAMS, streams, strict=True):
            os.dup2(theirs, ours)
            os.close(theirs)
        module, arguments, environment, folder = pickle.load(connection.makefile("rb"))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        connection.sendall(b"pid %d\n" % os.getpid())
        threading.Thread(target=_stop_with, args=(connection,), daemon=True).start()
        importlib.import_module(module).main(**arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            connection.sendall(b"exit %d\n" % code)
        os._exit(code)


def _stop_with(connection: socket.socket) -> None:
    """Stop this process when the job's script, which says nothing more, is gone."""
    with suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _connected() -> socket.socket | None:
    prefix, _, path = os.environ.get(VARIABLE, "").rpartition(os.pathsep)
    if prefix != sys.prefix:
        return None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _pass_on(child: int, interrupts: list[int], number: int, _: object) -> None:
    """Hand a signal to the child; a second Ctrl-C leaves it alone with what is in flight."""
    if number == signal.SIGINT:
        if interrupts:
            os._exit(128 + number)
        interrupts.append(number)
    _signal(child, number)


def _signal(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _told(stream: BinaryIO, word: bytes) -> int | None:
    """Return the number that the child tells under `word`; None where it is gone before."""
    with suppress(ConnectionError):
        while line := stream.readline():
            name, _, number = line.partition(b" ")
            if name == word:
                return int(number)
    return None
