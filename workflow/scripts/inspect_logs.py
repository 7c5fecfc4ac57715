"""Adapter: write the logs for the viewer of Inspect AI."""

from pathlib import Path

from pilotbench.build import job_server

work = {
    "step": "inspect_logs",
    "config": snakemake.config,
    "results": Path(snakemake.input.database).parent,
    "log": snakemake.log[0],
}
job_server.run("pilotbench.build.derived", work, variable=job_server.DERIVING)
