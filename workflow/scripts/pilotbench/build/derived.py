"""The job of database, summary, figures or logs: what is derived from finished shards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pilotbench.build import outputs, signals
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import Experiment, load_experiment

STEPS: Mapping[str, tuple[Callable[[Experiment], object], ...]] = {
    "database": (outputs.update_database, outputs.write_exports),
    "summary": (outputs.write_summary,),
    "figures": (outputs.write_figures,),
    "inspect_logs": (outputs.write_inspect_logs,),
}


def main(step: str, config: Mapping[str, Any], results: Path, log: str) -> None:
    """Do a step in `results`, the folder on this machine. A signal ends it.

    What is not written then is written by the next run.
    """
    signals.on_ending(_end)
    with logged(Path(log), results):
        experiment = load_experiment(config).at(results)
        for write in STEPS[step]:
            write(experiment)


def _end(number: int, _: object) -> None:
    signals.ignore()
    sys.exit(128 + number)
