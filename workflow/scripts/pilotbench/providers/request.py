"""A request: what is sent, and what else decides its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.instances import Instance

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One chat request of an episode.

    `body` is exactly what is sent (model, messages, tools, request parameters); it and the other
    fields make the identity of the response. Real providers look at `body` alone; the reference
    players also look at the instance. `earlier` is the body that an earlier release would have
    sent where it differs: an answer to that is an answer to this.
    """

    body: Json
    instance: Instance
    tool_success_rate: str
    repeat: int
    turn: int
    earlier: Json | None = None
