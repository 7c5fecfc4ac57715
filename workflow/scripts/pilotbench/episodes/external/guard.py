"""Run a command as the guard of its process group: it ends with the process that started it.

Whoever starts this script keeps a pipe to its standard input open. When the pipe closes, in
whatever way that process ended, the command and its children end too. The exit code is that of the
command. It is run as a file by an isolated Python, so it imports nothing of pilotbench.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 5.0
PAUSE_S = 0.1
NOT_STARTED = 127


def main(words: list[str]) -> int:
    """Run the command; return its exit code, 128 and the number of the signal that ended it."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # for the command; not inherited by it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return NOT_STARTED
    while child.poll() is None:
        ready, _, _ = select.select([0], [], [], PAUSE_S)
        if ready and not os.read(0, 1):
            _end(child)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _end(child: subprocess.Popen[bytes]) -> None:
    os.killpg(0, signal.SIGTERM)
    since = time.monotonic()
    while child.poll() is None and time.monotonic() - since < GRACE_S:
        time.sleep(PAUSE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
