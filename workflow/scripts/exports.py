"""Adapter: write the exports of the master database."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.master).parent
    outputs.write_exports(load_experiment(snakemake.config).at(results))
