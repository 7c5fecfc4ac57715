"""Adapter: evaluate one shard."""

from pathlib import Path

from pilotbench import evaluate

evaluate.main(
    config=snakemake.config,
    out=Path(snakemake.output.shard),
    log=Path(snakemake.log[0]),
    job=snakemake.jobid,
    may_ask=snakemake.resources.asking == "yes",
    tokens={k: v for k, v in snakemake.resources.items() if k in snakemake.params.keys},
)
