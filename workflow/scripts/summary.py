"""Adapter: play the reference players and write the summary."""

from pathlib import Path

from pilotbench.build import job_server

work = {
    "step": "summary",
    "config": snakemake.config,
    "results": Path(snakemake.output.page).parents[1],
    "log": snakemake.log[0],
}
job_server.run("pilotbench.build.derived", work, variable=job_server.DERIVING)
