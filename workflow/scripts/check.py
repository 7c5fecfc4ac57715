"""Adapter: print whether every key answers; fail if one does not."""

import sys
from pathlib import Path

from pilotbench.build.job import logged
from pilotbench.commands.check import text
from pilotbench.commands.key_checks import check
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    rows = check(load_experiment(snakemake.config))
    print(text(rows))
    sys.exit(int(any(row.problem for row in rows)))
