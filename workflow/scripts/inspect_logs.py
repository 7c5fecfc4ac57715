"""Adapter: write the logs for the viewer of Inspect AI."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.input.database).parent
    outputs.write_inspect_logs(load_experiment(snakemake.config).at(results))
