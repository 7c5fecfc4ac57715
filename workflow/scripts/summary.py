"""Adapter: write the summary."""

from pathlib import Path

from pilotbench import matrix, outputs
from pilotbench.job import logged

with logged(Path(snakemake.log[0])):
    outputs.write_summary(matrix.load(snakemake.config))
