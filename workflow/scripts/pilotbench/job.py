"""The frame of every job: a log file of its own, one line for an expected error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilotbench.errors import PilotbenchError


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Log to `path`; end the process with one line and exit code 1 on a PilotbenchError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    for noisy in ("httpx", "httpcore", "openai"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        yield
    except PilotbenchError as error:
        logging.getLogger(__name__).error("%s", error)
        sys.exit(f"error: {error}")
