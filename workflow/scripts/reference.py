"""Adapter: play the reference players on the draws of the models."""

from pathlib import Path

from pilotbench.build import outputs
from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment

with logged(Path(snakemake.log[0])):
    results = Path(snakemake.output.played).parent
    outputs.play_reference(load_experiment(snakemake.config).at(results))
