"""Adapter: ask what the shards of one model need in batches, in a child of the run's server."""

from pilotbench.build import job_server

work = {
    "config": snakemake.config,
    "over": snakemake.output.over,
    "log": snakemake.log[0],
    "model": snakemake.params.model,
    "shards": snakemake.params.shards,
}
job_server.run("pilotbench.build.batches", work)
