"""Adapter: fetch the weights of an embedded model."""

from pathlib import Path

from pilotbench.build.job import logged
from pilotbench.matrix.experiment import load_experiment
from pilotbench.providers import weights

log = Path(snakemake.log[0])
with logged(log, log.parents[2]):
    out = Path(snakemake.output[0])
    catalog = load_experiment(snakemake.config).settings.catalog
    weights.fetch(
        next(m.weights for m in catalog.values() if m.weights and m.weights.on_disk == out), out
    )
