"""The rows of `make bench only=peers`: other runners and ours, the same jobs on one simulator.

A peer is one file of this folder and one line of PEERS. Its environment is made in a folder of its
own (`PILOTBENCH_PEERS`, by default a per-user cache), never in the project's, and is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from dev.bench.peers import evalscope, inspect_ai, lm_eval, promptfoo
from dev.bench.peers.figures import JOBS
from dev.bench.peers.install import NotInstalled, installed
from dev.bench.peers.ours import Ours
from dev.bench.peers.peer import Installed, Peer, Player
from dev.bench.row import Row

PEERS: dict[str, Peer] = {
    peer.name: peer for peer in (promptfoo.PEER, inspect_ai.PEER, lm_eval.PEER, evalscope.PEER)
}
OURS = {player.name: player for player in (Ours(), Ours(whole=False))}
NAMES = (*OURS, *PEERS)


def rows(scale: float = 1.0, job: str = "", peer: str = "") -> Iterator[Row]:
    """Yield each player's figures, sizes times `scale`; of `peer` and of jobs named `job…` alone.

    A peer that cannot be installed is left out, with one line on stderr.
    """
    if peer and peer not in NAMES:
        raise SystemExit(f"bench: no peer {peer!r}; there are {', '.join(NAMES)}")
    for name in [peer] if peer else NAMES:
        try:
            player = _player(name)
        except NotInstalled as error:
            print(f"bench: {name} is left out: {error}", file=sys.stderr, flush=True)
            continue
        for title, figures in JOBS.items():
            if title.startswith(job) and title not in player.leaves_out:
                yield from figures(player, scale)


def _player(name: str) -> Player:
    return OURS[name] if name in OURS else Installed(PEERS[name], installed(PEERS[name]))
