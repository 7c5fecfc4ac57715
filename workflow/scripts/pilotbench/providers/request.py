"""A request: the body that is sent, and what else determines the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.instances import Instance

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One chat request of an episode.

    `body` is exactly what is sent (model, messages, tools, request parameters); together with the
    other fields it determines the identity of the answer. Services see only `body`; the reference
    players also see the instance. `earlier` are the bodies that earlier releases would have sent,
    where they differ: an answer to one of them is accepted.
    """

    body: Json
    instance: Instance
    tool_success_rate: str
    repeat: int
    turn: int
    earlier: Sequence[Json] = ()
