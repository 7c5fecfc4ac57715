"""Adapter: print what a run will cost."""

from pathlib import Path

from pilotbench import matrix
from pilotbench.run.job import logged
from pilotbench.verbs import estimate

with logged(Path(snakemake.log[0])):
    print(estimate.report(matrix.load(snakemake.config), snakemake.params.slots))
