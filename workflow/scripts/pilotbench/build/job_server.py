"""Jobs without start-up time: a process that has imported everything forks a child for each.

The script of a job is a new interpreter, and importing what asks a provider takes more than half a
CPU second: as much as twenty short questions. A run therefore starts a server when its first job
is ready; the script of a job passes work, environment and streams to a child of the server and
waits. Where no server answers (a job on a cluster, another interpreter), the script does the work.

There are two: the jobs that ask are small and many, those that derive results from what is finished
are few and need pandas and DuckDB, which the second server imports while the first ones ask.

Whichever process dies, the others end: the server reads a pipe of the run and exits when that is
closed; its children then have another parent, which they check before each request (see
`job_context`); a child whose script is gone stops as if by SIGTERM; a script whose child was killed
fails.
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

ASKING, DERIVING = "PILOTBENCH_JOB_SERVER", "PILOTBENCH_DERIVING_SERVER"
"""Interpreter and socket of each server, for the jobs that inherit these variables."""
MODULES = (
    "pilotbench.build.shard",
    "pilotbench.build.verdicts",
    "pilotbench.providers.service_client",
    "jsonschema",
    "jinja2.sandbox",
    "jinja2.meta",
    "encodings.idna",
)
"""What the job of every shard imports, at its start or when it first needs it."""
DERIVING_MODULES = (
    "pilotbench.build.derived",
    "pilotbench.build.progress",
    "pilotbench.episodes.evaluate",
    "pilotbench.results.database.updates",
    "pilotbench.results.database.master_json",
    "pilotbench.results.database.export",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "rich.table",
    "pilotbench.results.summary.write_all",
    "pilotbench.results.summary.terminal_table",
    "pilotbench.results.summary.page_templates:compile_all",
)
"""What the jobs of database and summary import; behind a colon a function that prepares more."""
LIBRARY = Path(__file__).resolve().parents[2]
_SERVE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from pilotbench.build import job_server; job_server.serve()"
)
_STREAMS = (0, 1, 2)
_END = b"end"
_KILLED = "error: the process of this job was killed; its answers are in the journal"
_servers: list[tuple[subprocess.Popen[bytes], Path]] = []
"""Each server of this process with its folder; the pipe that it reads closes with the process."""


def start(modules: Sequence[str] = MODULES, variable: str = ASKING) -> None:
    """Start a server that imports `modules`, and publish its address to the jobs as `variable`.

    There is none where its socket cannot be made: the path of the temporary folder is too long.
    """
    folder = Path(tempfile.mkdtemp(prefix="pilotbench-"))
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(folder / "socket"))
        except OSError:
            shutil.rmtree(folder)
            return
        listener.listen(128)
        number = listener.fileno()
        # -P: as for a script, nothing is imported from the working folder.
        words = [sys.executable, "-P", "-c", _SERVE, str(LIBRARY), str(folder), str(number)]
        # It does not inherit our output: whoever reads that need not wait for the server.
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(
            [*words, *modules],
            stdin=subprocess.PIPE,
            stdout=quiet,
            stderr=quiet,
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ},  # a child is forked without threads
            pass_fds=[number],
        )
        _servers.append((server, folder))
    os.environ[variable] = f"{sys.prefix}{os.pathsep}{folder}/socket"


def folders() -> list[Path]:
    """Return the temporary folders of the servers of this process."""
    return [folder for _, folder in _servers]


def end(at_once: bool = False) -> None:
    """End the servers, their children first unless `at_once`: those left have another parent."""
    for variable in (ASKING, DERIVING):
        os.environ.pop(variable, None)
    while _servers:
        server, folder = _servers.pop()
        if at_once:
            server.kill()
        server.communicate(None if at_once else _END)
        shutil.rmtree(folder, ignore_errors=True)


def run(module: str, arguments: dict[str, Any], here: bool = False, variable: str = ASKING) -> None:
    """Run `module.main(**arguments)` in a child of a server and exit as it exits.

    With `here` True, or where no server answers, it runs in this process.
    """
    connection = None if here else _connected(variable)
    if connection is not None:
        # Pickled, not as JSON: a config with numbers as keys keeps them.
        work = pickle.dumps((module, arguments, dict(os.environ), str(Path.cwd())))
        with connection, connection.makefile("rb") as stream:
            with suppress(ConnectionError):
                socket.send_fds(connection, [b"."], _STREAMS)
                connection.sendall(work)
            if child := _reported(stream, b"pid"):
                signals.on_ending(partial(_forward, child, []))
                code = _reported(stream, b"exit")
                sys.exit(_KILLED if code is None else code)
    importlib.import_module(module).main(**arguments)


def serve() -> None:
    """Run the server until the run closes our standard input."""
    _, _, folder, number, *modules = sys.argv
    handled = signals.ignore()  # the run ends us when its jobs are over
    signal.signal(signal.SIGCHLD, lambda *_: _reap())  # so that their CPU time is counted as ours
    try:
        for name in modules:
            with suppress(ImportError):  # the job that needs it reports it
                _load(name)
        gc.freeze()
        with socket.socket(fileno=int(number)) as listener, selectors.DefaultSelector() as ready:
            ready.register(listener, selectors.EVENT_READ)
            ready.register(0, selectors.EVENT_READ)
            while not any(key.fd == 0 for key, _ in ready.select()):
                connection, _ = listener.accept()
                with (
                    connection,
                    suppress(OSError),
                ):  # no process can be started: the script does the work
                    if os.fork() == 0:
                        listener.close()
                        _work(connection, handled)
        if os.read(0, len(_END)) == _END:
            _wait_for_children(1.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(name: str) -> None:
    """Import a module; call the function that is named behind a colon."""
    module, _, function = name.partition(":")
    found = importlib.import_module(module)
    if function:
        getattr(found, function)()


def _reap() -> bool:
    """Reap the children that have ended; return whether any is left."""
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


def _work(connection: socket.socket, handled: list[signal.Signals]) -> NoReturn:
    """Run as a child of the server: do the work of a job, and report how it ended."""
    code = 1
    try:
        signals.default([*handled, signal.SIGCHLD])
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
    except BaseException:  # the job ends here: its traceback belongs in its log
        traceback.print_exc()
    finally:
        signals.ignore()  # once this is reported, the script ends, and that is a signal
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            connection.sendall(b"exit %d\n" % code)
        os._exit(code)


def _stop_with(connection: socket.socket) -> None:
    """Stop this process when the script of the job, which sends nothing more, is gone."""
    with suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _connected(variable: str) -> socket.socket | None:
    prefix, _, path = os.environ.get(variable, "").rpartition(os.pathsep)
    if prefix != sys.prefix:
        return None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _forward(child: int, interrupts: list[int], number: int, _: object) -> None:
    """Forward a signal to the child; after a second Ctrl-C it finishes its requests alone."""
    if number == signal.SIGINT:
        if interrupts:
            os._exit(128 + number)
        interrupts.append(number)
    _signal(child, number)


def _signal(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _reported(stream: BinaryIO, word: bytes) -> int | None:
    """Return the number that the child reports as `word`; None if it ends before."""
    with suppress(ConnectionError):
        while line := stream.readline():
            name, _, number = line.partition(b" ")
            if name == word:
                return int(number)
    return None
