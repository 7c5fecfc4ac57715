"""Adapter: print what a run will cost."""

from pathlib import Path

from pilotbench import estimate, matrix
from pilotbench.job import logged

with logged(Path(snakemake.log[0])):
    print(estimate.report(matrix.load(snakemake.config), snakemake.params.slots))
