"""Resources named on the command line: an unknown name would silently limit nothing."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from pilotbench.ground.errors import ConfigError, hint
from pilotbench.matrix.validation import TAKEN

_CLOSE = 0.8


def check(
    limits: Iterable[str], of_jobs: Iterable[str], aliases: Collection[str], *, alone: bool = True
) -> None:
    """Raise ConfigError where a limit names no key, or a job resource names one.

    `limits` are the names of `--resources`, `of_jobs` those of `--default-resources` and
    `--set-resources`. Standard resources and those of an executor are accepted; so are those of a
    workflow that imports this one (not `alone`), unless the name is close to an alias.
    """
    for name in limits:
        known = name in aliases or name in TAKEN or name.startswith("_")
        if not known and (alone or _is_close(name, aliases)):
            raise ConfigError(f"--resources {name}: no key has this alias{hint(name, aliases)}")
    for name in of_jobs:
        if name in aliases or _is_close(name, aliases):
            close = hint(name, aliases).removeprefix("; did you mean ").removesuffix("?")
            raise ConfigError(
                f"{name}: the slots of a key are not a resource of jobs; "
                f"to limit it: --resources {name if name in aliases else close}=N"
            )


def _is_close(name: str, aliases: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(name, aliases, n=1, cutoff=_CLOSE))
