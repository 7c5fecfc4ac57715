"""Adapter: evaluate one shard."""

import os
from pathlib import Path

from pilotbench import matrix, slots
from pilotbench.evaluate import Share, evaluate
from pilotbench.job import logged, stop_on_signal
from pilotbench.records import shard_of
from pilotbench.routing import home_key

with logged(Path(snakemake.log[0])):
    out = Path(snakemake.output.shard)
    loaded, shard = matrix.load(snakemake.config), shard_of(out)
    key, local = home_key(loaded.settings, shard), snakemake.resources.local == "yes"
    share = Share(
        key=key,
        tokens=snakemake.resources[key],
        borrow=local,
        slots=slots.from_text(snakemake.resources.slots),
        may_ask=snakemake.resources.asking == "yes",
        parent=os.getppid() if local else None,
        stop=stop_on_signal(),
    )
    evaluate(loaded, shard, out, share)
