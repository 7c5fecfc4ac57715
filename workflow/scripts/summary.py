"""Adapter: write the summary."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.page).parents[1]
    outputs.write_summary(load_experiment(snakemake.config).at(results))
