"""Adapter: evaluate one shard, in a child of the run's server where there is one."""

from pilotbench.run import forks

local = snakemake.resources.local == "yes"
work = {
    "config": snakemake.config,
    "out": snakemake.output.shard,
    "log": snakemake.log[0],
    "tokens": {name: n for name, n in snakemake.resources.items() if isinstance(n, int)},
    "local": local,
    "versions": snakemake.params.versions,
}
forks.run("pilotbench.run.shard", work, here=not local)
