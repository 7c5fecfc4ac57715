"""BFCL's package is optional: tests that need it are skipped without it."""

from __future__ import annotations

from pilotbench.benchmark.bfcl.official import INSTALL, NotThere, folder
from support.optional import skip_for


def needs_bfcl() -> None:
    """Skip the running test where the package is not installed."""
    try:
        folder()
    except NotThere:
        skip_for([INSTALL])
