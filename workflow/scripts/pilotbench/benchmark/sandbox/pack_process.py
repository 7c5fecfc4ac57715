"""A process that runs code of a pack: bounded in time, without secrets, ended with what it started.

It is started with the first request and kept for the next ones. The limits that a process sets for
itself (memory) are its program's; here are those that hold whatever it does.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

Json = dict[str, Any]
GRACE_S = 5.0
"""How much later than the process itself its time-out is noticed here."""
LONGEST = 1 << 20
KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
"""What a process may know of the environment, with `LC_…`; secrets are in other variables."""
SET = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Ended(Exception):
    """The process gave no answer; `slow` if it took too long, `words` are what it wrote last."""

    def __init__(self, slow: bool, code: int | None, words: str) -> None:
        super().__init__()
        self.slow, self.code, self.words = slow, code, words

    def __str__(self) -> str:
        """Return how it ended."""
        if self.code is None or self.code >= 0:
            return f"the process ended (exit code {self.code})"
        return f"the process was ended by {signal.Signals(-self.code).name}"


def environment() -> dict[str, str]:
    """Return the environment of a process: nothing that could be a secret."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith("LC_")}
    return {**kept, **SET}


class PackProcess:
    """One running process. Requests and answers are lines of JSON."""

    def __init__(
        self, command: Sequence[str], folder: Path, env: dict[str, str], own: Path | None = None
    ) -> None:
        """Start `command` in `folder`, in a session of its own; its `own` folder ends with it."""
        self._owner, self._own = os.getpid(), own
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._err = self._process.stderr
        for file in (self._in, self._err):
            os.set_blocking(file.fileno(), False)

    @property
    def is_mine(self) -> bool:
        """Whether this process has started it, and not the one that this was forked from."""
        return self._owner == os.getpid()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, or said something that it was not asked."""
        return bool(select.select([self._out], [], [], 0)[0])

    def ask(self, request: Json, seconds: float) -> Json:
        """Return the answer to a request, which has its time in `seconds`. Raises Ended."""
        line = json.dumps({**request, "seconds": seconds}).encode("ascii") + b"\n"
        return self.ask_raw(line, seconds)

    def ask_raw(self, request: bytes, seconds: float) -> Json:
        """Return the answer to a request as it is sent. Raises Ended."""
        deadline = time.monotonic() + seconds + GRACE_S
        try:
            self._send(memoryview(request), deadline)
            return dict(json.loads(self._receive(deadline)))
        except (OSError, ValueError):
            slow = time.monotonic() >= deadline - GRACE_S
            raise self._ended(slow) from None

    def _send(self, line: memoryview, deadline: float) -> None:
        while line:
            _, ready, _ = select.select([], [self._in], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            line = line[os.write(self._in.fileno(), line) :]

    def _receive(self, deadline: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._out], [], [], max(0, deadline - time.monotonic()))
            part = os.read(self._out.fileno(), 1 << 16) if ready else b""
            if not part or len(line) > LONGEST:
                raise TimeoutError
            line += part
        return line

    def _ended(self, slow: bool) -> Ended:
        words = b""
        end = time.monotonic() + (0 if slow else 1)
        while not self._is_over() and time.monotonic() < end:
            time.sleep(0.01)  # its end of the pipe is closed: it is about to end
        with suppress(OSError):
            words = os.read(self._err.fileno(), LONGEST)
        return Ended(slow, self.stop(), words.decode("utf-8", "replace"))

    def _is_over(self) -> bool:
        """Return whether the process has ended; it is not reaped, so its group keeps its number."""
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def stop(self) -> int | None:
        """End the process and all that it has started; return its exit code.

        Return None if it was ended before, or if another process has started it.
        """
        if not self.is_mine or self._process.returncode is not None:
            return None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        for file in (self._in, self._out, self._err):
            file.close()
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
        return code


class PackWorker:
    """The process of a pack, started when it is needed and again after it has ended."""

    def __init__(
        self, started: Callable[[], PackProcess], first: Json | None = None, start_s: float = 0
    ) -> None:
        """`first` is the request that each new process is asked first, for `start_s`."""
        self._started, self._first, self._start_s = started, first, start_s
        self._lock = Lock()
        self._process: PackProcess | None = None
        self._end: Any = None
        _workers.add(self)

    def ask(self, request: Json, seconds: float) -> Json:
        """Return the answer, or that to the first request where it has an `error`.

        Raises Ended; the next request starts another process.
        """
        return self._asked(lambda process: process.ask(request, seconds))

    def ask_raw(self, request: bytes, seconds: float) -> Json:
        """Return the answer to a request as it is sent. Raises Ended, as `ask` does."""
        return self._asked(lambda process: process.ask_raw(request, seconds))

    def _asked(self, ask: Callable[[PackProcess], Json]) -> Json:
        with self._lock:
            try:
                process, found = self._running()
                if "error" not in found:
                    found = ask(process)
            except Ended:
                self._process = None
                raise
            if found.get("memory") or found.get("ends"):
                self._stop()
            return found

    def start(self) -> Json:
        """Start a process of its own, end it and return its answer to the first request."""
        with self._lock:
            self._stop()
            try:
                return self._running()[1]
            finally:
                self._stop()

    def _running(self) -> tuple[PackProcess, Json]:
        process = self._process
        if process is not None and not process.has_ended:
            return process, {}
        self._stop()
        process = self._process = self._started()
        if self._end is not None:
            self._end.detach()
        self._end = weakref.finalize(self, process.stop)
        found = {} if self._first is None else process.ask(self._first, self._start_s)
        if "error" in found:
            self._stop()
        return process, found

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def forget(self) -> None:
        """Leave the process to the one that has started it; this one was forked from that."""
        _others.append(self._process)
        self._process, self._lock = None, Lock()


_workers: weakref.WeakSet[PackWorker] = weakref.WeakSet()
_others: list[PackProcess | None] = []


def _forget_all() -> None:
    for worker in list(_workers):
        worker.forget()


os.register_at_fork(after_in_child=_forget_all)
