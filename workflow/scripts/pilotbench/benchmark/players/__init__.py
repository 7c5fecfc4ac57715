"""The reference players by name; their scores are bounds for those of models.

They play through the same interface as a provider: `player` says what each sees and returns,
`dev.expected_scores` what each must score.
"""

from __future__ import annotations

from pilotbench.benchmark.players.blind import (
    abstainer,
    do_nothing,
    finish_guess,
    random,
    spammer,
)
from pilotbench.benchmark.players.naive import naive
from pilotbench.benchmark.players.namers import copier, name_only
from pilotbench.benchmark.players.oracles import no_retry_oracle, oracle, searcher
from pilotbench.benchmark.players.plan_follower import plan_follower
from pilotbench.benchmark.players.player import PlayContext, Player, Seen
from pilotbench.benchmark.players.shortcut import shortcut
from pilotbench.benchmark.players.slips import slips
from pilotbench.benchmark.players.template import template

__all__ = ["PLAYERS", "PlayContext", "Player", "Seen"]

PLAYERS: dict[str, Player] = {
    "oracle": oracle,
    "searcher": searcher,
    "no_retry_oracle": no_retry_oracle,
    "random": random,
    "name_only": name_only,
    "copier": copier,
    "shortcut": shortcut,
    "spammer": spammer,
    "do_nothing": do_nothing,
    "finish_guess": finish_guess,
    "abstainer": abstainer,
    "naive": naive,
    "plan_follower": plan_follower,
    "template": template,
    **{f"slips_{percent}": slips(percent) for percent in (2, 5, 10, 20)},
}
