"""Adapter: print what a run will cost."""

from pathlib import Path

from pilotbench.build.job import logged
from pilotbench.commands import estimate
from pilotbench.matrix import experiment

with logged(Path(snakemake.log[0])):
    print(estimate.report(experiment.load(snakemake.config), snakemake.params.slots))
