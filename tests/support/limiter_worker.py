"""A process that holds slots of a key for a while, in several threads, and reports when."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from itertools import count
from pathlib import Path

from pilotbench.asking.keys.limiter import Limiter


def main() -> None:
    """Take, hold and release slots until the time is over; print `index taken released` lines."""
    options = _options()
    limiter = Limiter(options.folder, options.slots, options.rpm, options.tpm)
    end = time.time() + options.seconds
    lines: list[str] = []
    work = (limiter, options, end, lines)
    threads = [threading.Thread(target=_work, args=work) for _ in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write("".join(lines))


def _work(limiter: Limiter, options: argparse.Namespace, end: float, lines: list[str]) -> None:
    for take in count():
        if time.time() >= end or take == options.takes or _exists(options.until):
            return
        slot = limiter.wait(options.tokens, lambda: time.time() < end)
        if slot is None:
            return
        if take == 0:
            (options.folder / f"took-{os.getpid()}").touch()
        if options.announce:
            sys.stdout.write("holding\n")  # one write: threads must not mix their lines
            sys.stdout.flush()
        taken = time.time()
        time.sleep(options.hold)
        lines.append(f"{slot.index} {taken} {time.time()}\n")
        slot.settle(options.tokens)
        slot.release()


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slots", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--takes", type=int, help="end after so many slots (none: no bound)")
    parser.add_argument("--until", type=Path, help="end when there is this file")
    parser.add_argument("--hold", type=float, default=0.05)
    parser.add_argument("--tokens", type=int, default=0)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--announce", action="store_true", help="print `holding` for each slot")
    return parser.parse_args()


if __name__ == "__main__":
    main()
