"""Adapter: evaluate one shard."""

from pathlib import Path

from pilotbench import matrix
from pilotbench.evaluate import Share, evaluate
from pilotbench.keys.routing import home_key
from pilotbench.records import shard_of
from pilotbench.run import orders
from pilotbench.run.job import logged, stop_on_signal

with logged(Path(snakemake.log[0])):
    out = Path(snakemake.output.shard)
    loaded, shard = matrix.load(snakemake.config).at(out.parents[6]), shard_of(out)
    key, local = home_key(loaded.settings, shard), snakemake.resources.local == "yes"
    told = orders.told()
    share = Share(
        key=key,
        tokens=snakemake.resources[key],
        borrow=local,
        slots=told.slots,
        may_ask=told.may_ask and not loaded.settings.rescore,
        parent=told.parent() if local else None,
        stop=stop_on_signal(),
    )
    evaluate(loaded, shard, out, share)
