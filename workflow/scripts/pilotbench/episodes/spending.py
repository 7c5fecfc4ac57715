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
from pilotbench.providers.settings import Model


def spent(experiment: Experiment, shard: Shard) -> float:
    """Return what the answers of a shard cost, in USD at the prices of the config.

    Unusable answers are included, as far as their tokens are known.
    """
    model = experiment.settings.catalog[shard.cell.model]
    ask = JournalOnly(experiment, shard, everywhere=False)
    if ask.has_batches:  # the header of a file has no counts by tier
        return _journaled(model, ask, shard)
    path = experiment.settings.results_dir / "shards" / shard.path
    try:
        header = read_header(path) if path.exists() else None
        tokens = header and Tokens(**header["tokens"]) + Unusable.in_header(header).tokens
    except RecordError:
        tokens = None
    return cost_usd(model.price, tokens) or 0.0 if tokens else _journaled(model, ask, shard)


def _journaled(model: Model, ask: JournalOnly, shard: Shard) -> float:
    """Return the cost of the answers in the journal, each at the price of its tier and day."""
    found = ask.answers.of_indices(shard.indices)
    each = [cost_usd(model.price, one.completion.tokens, one.tier, one.started) for one in found]
    unusable = cost_usd(model.price, Unusable.of(ask.answers.failures).tokens)
    return sum(usd for usd in (*each, unusable) if usd is not None)
