"""Adapter: judge the replies of one shard, in a child of the run's server where there is one."""

from pilotbench.build import job_server

local = snakemake.resources.local == "yes"
work = {
    "config": snakemake.config,
    "out": snakemake.output.verdicts,
    "log": snakemake.log[0],
    "tokens": {name: n for name, n in snakemake.resources.items() if isinstance(n, int)},
    "local": local,
    "versions": snakemake.params.versions,
}
job_server.run("pilotbench.build.verdicts", work, here=not local)
