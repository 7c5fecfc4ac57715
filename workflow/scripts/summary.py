"""Adapter: write the summary."""

from pathlib import Path

from pilotbench import matrix
from pilotbench.run import outputs
from pilotbench.run.job import logged

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.page).parents[1]
    outputs.write_summary(matrix.load(snakemake.config).at(results))
