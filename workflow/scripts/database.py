"""Adapter: bring the master database and its exports up to date."""

from pathlib import Path

from pilotbench.build import job_server

work = {
    "step": "database",
    "config": snakemake.config,
    "results": Path(snakemake.output.database).parent,
    "log": snakemake.log[0],
}
job_server.run("pilotbench.build.derived", work, variable=job_server.DERIVING)
