"""Adapter: write the figures of the summary as files."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.figures).parents[1]
    outputs.write_figures(load_experiment(snakemake.config).at(results))
