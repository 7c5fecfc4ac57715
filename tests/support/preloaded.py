"""Runs of Python modules that need not import their packages first.

Importing Snakemake takes about two CPU seconds and what the summary needs two more, and the tests
run both hundreds of times. One process has imported the packages, but nothing of this repository,
and forks a child for each run. The child is what a new interpreter would be: it has the folder,
environment, import path, streams and exit code of `python -m MODULE`. (Snakemake's log names the
folder of the first process as its "run directory", and uses it for nothing else.)
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pickle
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

PACKAGES = (
    "altair",
    "duckdb",
    "httpx",
    "jinja2.meta",
    "jinja2.sandbox",
    "jsonschema",
    "nbformat",
    "pandas",
    "regex",
    "rich.console",
    "scipy.special",
    "snakemake.cli",
    "snakemake.persistence.file",
    "snakemake.profiles",
    "snakemake.report.html_reporter",
    "snakemake.storage",
    "smart_open",
    "vl_convert",
    "yaml",
)
LONGEST = 1 << 17
"""Bytes of a request: its words and environment."""
LONGEST_S = 1200.0
AT_IMPORT = ("sitecustomize.py", "snakemake_executor_plugin_*")
"""What Python looks for in the import path when it starts, and Snakemake when it is imported."""
Request = tuple[Sequence[str], str, dict[str, str]]


def python(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `python words…` in a folder, preloaded if possible; stdout and stderr are one text."""
    if is_possible(words, environment):
        return run(words, folder, environment)
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


def is_possible(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return whether a run is one of a module, and nothing changes the start of the interpreter."""
    settings = {name for name in environment if name.startswith("PYTHON")} - {"PYTHONPATH"}
    changed = any(os.environ.get(name) != environment[name] for name in settings)
    own = any(any(folder.glob(name)) for folder in _library(environment) for name in AT_IMPORT)
    return words[0] == "-m" and not changed and not own


def _library(environment: Mapping[str, str]) -> list[Path]:
    """Return the folders of the import path that an environment adds."""
    return [Path(one) for one in environment.get("PYTHONPATH", "").split(os.pathsep) if one]


def run(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float = LONGEST_S,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` in a folder, in a child of the process that has the packages."""
    request = pickle.dumps((words[1:], str(folder), dict(environment)))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    with ours, os.fdopen(read, encoding="utf-8") as output:
        with theirs, os.fdopen(write, "wb"):
            socket.send_fds(_server(), [request], [theirs.fileno(), write])
        killer = threading.Timer(timeout_s, os.kill, (int(ours.recv(32)), signal.SIGKILL))
        killer.start()
        said, code = output.read(), int(ours.recv(32))
        killer.cancel()
    return subprocess.CompletedProcess([sys.executable, *words], code, said)


@cache
def _server() -> socket.socket:
    """Start the process that has imported the packages; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(theirs.fileno())],
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # the last one is called first
    return ours


def _serve(requests: socket.socket) -> None:
    for package in PACKAGES:
        importlib.import_module(package)
    gc.freeze()
    while (received := socket.recv_fds(requests, LONGEST, 2))[0]:
        content, files, *_ = received
        if not os.fork():
            requests.close()
            gc.unfreeze()
            _watch(pickle.loads(content), *files)
            return
        for file in files:
            os.close(file)
        _forget_ended(os.WNOHANG)
    _forget_ended()


def _forget_ended(options: int = 0) -> None:
    """Let the system forget the children that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def _watch(request: Request, reply: int, output: int) -> None:
    """Do what is asked in a child of this process; reply with its id, then its exit code."""
    with socket.socket(fileno=reply) as told:
        if process := os.fork():
            os.close(output)
            told.send(b"%d" % process)
            told.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            os._exit(0)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    _do(*request)


def _do(words: Sequence[str], folder: str, environment: dict[str, str]) -> None:
    """Do what `python -m words…` does."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [folder, *map(str, _library(environment))]
    sys.argv[:] = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
