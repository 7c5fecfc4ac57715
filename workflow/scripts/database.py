"""Adapter: bring the master database up to date."""

from pathlib import Path

from pilotbench import matrix
from pilotbench.run import outputs
from pilotbench.run.job import logged

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.database).parent
    outputs.update_database(matrix.load(snakemake.config).at(results))
