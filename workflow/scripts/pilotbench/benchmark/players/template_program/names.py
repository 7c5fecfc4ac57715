"""What the names of a request are for: databases, services, notes and queues look alike."""

from __future__ import annotations

import re
from itertools import permutations

from pilotbench.benchmark.players.template_program.text import Request

PULLED, DATABASE, SERVICE, NOTE, PUSHED = "pulled", "database", "service", "note", "pushed"
_CUES = {
    PULLED: r"pull|empty|message|\bnext|\btake|until|runs? (?:out|dry)|取|消息|空|条|one by one",
    DATABASE: r"database|sign|credential|table|row|库|登录|凭证|表",
    SERVICE: r"service|backend|`up`|state|monitor|服务|后端|监控",
    NOTE: r"note|topic|`limit`|说明|主题|字段",
    PUSHED: r"push|\bput|enqueue|record|\bpass|receive|goes|推|放|排|记录|others?|rest|不?符合"
    r"|count",
}
_REACH = 90
MOST = 7
"""The most names that are given roles: no request of version 4 has more."""


def roles(request: Request) -> dict[str, list[str]]:
    """Return the names of each role: the likeliest of all ways to give each name one."""
    names, needed = request.named("name")[:MOST], _needed(request)
    scores = {name: {role: _score(request, name, role) for role in _CUES} for name in names}
    needed += [PUSHED] * (len(names) - len(needed))
    ways = set(permutations(needed, len(names)))
    best = max(
        sorted(ways),
        key=lambda way: sum(scores[name][role] for name, role in zip(names, way, strict=True)),
    )
    found: dict[str, list[str]] = {role: [] for role in _CUES}
    for name, role in zip(names, best, strict=True):
        found[role].append(name)
    return found


def _needed(request: Request) -> list[str]:
    words, listed = request.named("word"), request.named("table")
    needed = [NOTE] if "limit" in words else []
    if listed:
        return [*needed, DATABASE]
    if "up" in words:
        return [*needed, SERVICE]
    return needed if request.named("folder") else [*needed, PULLED]


def _score(request: Request, name: str, role: str) -> float:
    """Return how near the cues of a role stand to a name, in the sentences that have it."""
    total = 0.0
    for token in request.tokens:
        if token.text == name:
            start, end = request.sentence(token.start)
            for found in re.finditer(_CUES[role], request.text[start:end], re.IGNORECASE):
                distance = max(
                    start + found.start() - token.end, token.start - start - found.end(), 0
                )
                total += max(0.0, 1 - distance / _REACH)
    return total
