"""Adapter: bring the master database up to date."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.database).parent
    outputs.update_database(load_experiment(snakemake.config).at(results))
