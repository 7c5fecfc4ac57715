"""A mistake of the user is reported as one line, never as a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pilotbench.ground.errors import UserError, of_system


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End this process with one line where the user has made a mistake or the system fails."""
    try:
        yield
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {of_system(error)}")
