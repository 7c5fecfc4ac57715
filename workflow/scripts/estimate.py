"""Adapter: print what a run will cost."""

from pathlib import Path

from pilotbench.build.job import logged
from pilotbench.commands import estimate
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    print(estimate.report(load_experiment(snakemake.config), snakemake.params.slots))
