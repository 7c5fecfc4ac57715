"""Kind `player`: the reference players, which answer inside this process."""

from __future__ import annotations

from collections.abc import Mapping

from pilotbench.providers.kind import Kind, Provider, Role
from pilotbench.providers.settings import Access, Model, ProviderSettings


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the player; there is nothing to connect to."""
    from pilotbench.providers.protocols.players import PlayerProvider

    return PlayerProvider()


KIND = Kind(
    name="player",
    sentence="Reference players (oracle, random, …), which need no model; `deployment` names one.",
    connect=connect,
    default_slots=4,
    retry_for_s=60,
    latency_s=(0.0, 0.003, 0.1),
    role=Role.PLAYER,
)
