"""Adapter: write the figures of the summary as files."""

from pathlib import Path

from pilotbench.build import job_server

work = {
    "step": "figures",
    "config": snakemake.config,
    "results": Path(snakemake.output.figures).parents[1],
    "log": snakemake.log[0],
}
job_server.run("pilotbench.build.derived", work, variable=job_server.DERIVING)
