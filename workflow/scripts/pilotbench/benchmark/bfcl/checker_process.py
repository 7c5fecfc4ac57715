"""The process in which the calls of a conversation are executed and answers are checked.

It runs as a script, one JSON line in, one out: `{"do": name, "with": [arguments]}`, where a name is
a function of the package's `Official`. Nothing is kept between two requests, so it can be ended at
any time. What the package prints goes nowhere.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY = 4 << 30
LONGEST = 1 << 20
DONE = ("check_calls", "check_turns", "executed")


def answered(package: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request, or its error."""
    try:
        assert order["do"] in DONE
        found = getattr(package, order["do"])(*order["with"])
        if isinstance(found, dict):  # details hold objects of the package
            words = [str(word) for word in _listed(found.get("error", found.get("error_message")))]
            found = {"valid": found["valid"], "kind": found.get("error_type"), "why": words}
        return {"found": found}
    except MemoryError:
        return {"error": "out of memory", "memory": True}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def main() -> None:
    """Answer each line of standard input until it ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import official  # type: ignore[import-not-found]  # a script has no package

    package = None
    for line in requests:
        order = json.loads(line)
        if "folder" in order:
            package = official.Official(Path(order["folder"]))
            words: dict[str, Any] = {}
        else:
            words = answered(package, order)
        text = json.dumps(words).encode("ascii")
        if len(text) >= LONGEST:
            text = json.dumps({"error": "the result is longer than 1 MiB"}).encode("ascii")
        answers.write(text + b"\n")


if __name__ == "__main__":
    main()
