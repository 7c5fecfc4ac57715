"""Hold the content hashes of some hundred instances: a change of any is deliberate.

`python -m dev.golden tests/data/golden_instances.json` writes them anew; do so only
together with a CHANGELOG line that says which instances changed and why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.levels import DIFFICULTIES

INDICES = (*range(10), 99, 100_000)
WORLD_TASKS = (
    "simple_task",
    "basic_task",
    "api_integration",
    "data_pipeline",
    "multi_stage_pipeline",
)

Hashes = dict[str, dict[str, dict[str, str]]]


def hashes() -> Hashes:
    """Return task -> difficulty -> index -> content hash."""
    return {
        name: {
            difficulty: {
                str(index): TASKS[name].instance(difficulty, index).content_hash
                for index in INDICES
            }
            for difficulty in DIFFICULTIES
        }
        for name in WORLD_TASKS
    }


def main(arguments: list[str]) -> int:
    """Write the hashes to the file given, or print them."""
    text = json.dumps(hashes(), indent=1) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
