"""Adapter: write the exports of the master database."""

from pathlib import Path

from pilotbench import matrix
from pilotbench.run import outputs
from pilotbench.run.job import logged

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.master).parent
    outputs.write_exports(matrix.load(snakemake.config).at(results))
