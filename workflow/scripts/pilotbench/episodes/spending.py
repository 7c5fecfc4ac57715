"""What the answers of a shard have cost, from its file or, without one, from the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.prices import answers_usd, cost_usd, price_digest
from pilotbench.asking.unusable import Unusable
from pilotbench.episodes.shard_file import read_header, read_shard
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import Asked, VerdictShard
from pilotbench.providers.answer import Tokens
from pilotbench.providers.price import Price, Priced

Json = dict[str, Any]


def spent(experiment: Experiment, shard: Asked) -> float:
    """Return what the answers of a shard, or of its judge, cost, in USD at the present prices.

    Unusable answers are included, as far as their cost is known.
    """
    price = experiment.settings.catalog[shard.asked].price
    if isinstance(shard, VerdictShard):
        return _journaled(experiment, shard, price)
    path = experiment.settings.results_dir / "shards" / shard.path
    try:
        if path.exists():
            header = read_header(path)
            return _in_file(path, header, price) + Unusable.in_header(header).usd(price)
    except RecordError:
        pass  # the build names damaged files
    return _journaled(experiment, shard, price)


def _in_file(path: Path, header: Json, price: Priced | None) -> float:
    """Return the cost that a shard file states, or at other prices that of each request.

    Earlier releases knew no tiers: where a price is the same for every request, their sums do.
    """
    stated, usd = header.get("price"), header["cost_usd"]
    if stated is not None and usd is not None and stated["digest"] == price_digest(price):
        return float(usd)
    if stated is None and isinstance(price, Price) and not price.above:
        return cost_usd(price, Tokens.from_json(header["tokens"])) or 0.0
    _, records = read_shard(path)
    requests = [request for record in records for request in record["requests"]]
    return sum(
        cost_usd(price, Tokens.from_json(one["tokens"]), one.get("tier"), one["started"]) or 0.0
        for one in requests
    )


def _journaled(experiment: Experiment, shard: Asked, price: Priced | None) -> float:
    answers = JournalOnly(experiment, shard, everywhere=False).answers
    found = answers.of_indices(shard.indices)
    usd = sum(answers_usd(price, [one]) or 0.0 for one in found)
    return usd + Unusable.of(answers.failures).usd(price)
