"""Record content hashes of instances of every task type, so that none changes unnoticed.

`python -m dev.golden tests/data/golden_instances.json` updates the file of version 3, and with the
names of other tasks behind it that of these:

    python -m dev.golden tests/data/golden_briefed.json briefed_pipeline

When a hash changes, add a CHANGELOG line that says which instances changed and why.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pilotbench.benchmark import catalogue
from pilotbench.benchmark.tasks import TASKS

INDICES = (*range(10), 99, 100_000)

Hashes = dict[str, dict[str, dict[str, str]]]


def hashes(names: Sequence[str] = ()) -> Hashes:
    """Return task -> difficulty -> index -> content hash of the named tasks, else of version 3."""
    return {
        name: {
            difficulty: {
                str(index): catalogue.TASKS[name].instance(difficulty, index).content_hash
                for index in INDICES
            }
            for difficulty in catalogue.TASKS[name].difficulties
        }
        for name in names or TASKS
    }


def main(arguments: list[str]) -> int:
    """Write the hashes to the file given, or print them."""
    text = json.dumps(hashes(arguments[1:]), indent=1) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
