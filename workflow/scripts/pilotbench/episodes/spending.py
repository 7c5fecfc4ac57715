"""What the answers of a shard have cost, from its file or, without one, from the journal."""

from __future__ import annotations

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.prices import cost_usd
from pilotbench.asking.unusable import Unusable
from pilotbench.episodes.shard_file import read_header
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Tokens


def spent(experiment: Experiment, shard: Shard) -> float:
    """Return what the answers of a shard cost, in USD at the prices of the config.

    Unusable answers are included, as far as their tokens are known.
    """
    model = experiment.settings.catalog[shard.cell.model]
    path = experiment.settings.results_dir / "shards" / shard.path
    try:
        header = read_header(path) if path.exists() else None
        tokens = header and Tokens(**header["tokens"]) + Unusable.in_header(header).tokens
    except RecordError:
        tokens = None
    return cost_usd(model.price, tokens or _journaled(experiment, shard)) or 0.0


def _journaled(experiment: Experiment, shard: Shard) -> Tokens:
    answers = JournalOnly(experiment, shard, everywhere=False).answers
    counts = (
        Tokens.from_json(record["asked"]["completion"]["tokens"])
        for record in answers.records()
        if record.get("index") in shard.indices
    )
    unusable = Unusable.of(answers.failures).tokens
    return sum((known for known in counts if known is not None), unusable)
