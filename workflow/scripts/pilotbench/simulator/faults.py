"""Which fault a request meets, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pilotbench.simulator.ground.answers import SimulatedReply
from pilotbench.simulator.ground.conversation import Conversation, share
from pilotbench.simulator.ground.setup import LASTING, PASSING, STREAMED, Setup

ERRORS: Mapping[str, str] = {
    "error_500": "server_error",
    "overloaded": "overloaded",
    "unauthorized": "invalid_api_key",
    "insufficient_quota": "insufficient_quota",
    "rejected": "invalid_request",
    "content_filter": "content_filter",
    "context_overflow": "context_length_exceeded",
}
"""The faults that are an error response, with its code."""
NOT_ANSWERED = (
    "error_500",
    "overloaded",
    "reset",
    "hang",
    "truncated",
    "malformed",
    "slow_drip",
    "cut_stream",
    "stream_error",
    "unusable",
)
"""The faults after which a client has no answer and asks again."""


def drawn_fault(setup: Setup, conversation: Conversation, attempt: int, stream: bool) -> str | None:
    """Return the fault of an attempt, None for a good one."""
    lasting = lasting_fault(setup, conversation)
    if lasting is not None or not setup.faults:
        return lasting
    draw = share(setup.seed, "passing", conversation.digest, attempt)
    passing = _drawn(setup.faults, PASSING, draw)
    return None if passing in STREAMED and not stream else passing


def lasting_fault(setup: Setup, conversation: Conversation) -> str | None:
    """Return the fault of every attempt at a conversation, None for a good one."""
    if any(text in conversation.request for text in setup.reject_containing):
        return "rejected"
    limit = setup.context_tokens
    if limit is not None and conversation.tokens > limit:
        return "context_overflow"
    if not setup.faults:
        return None
    return _drawn(setup.faults, LASTING, share(setup.seed, "lasting", conversation.opening))


def is_quick(fault: str | None) -> bool:
    """Return whether a fault is reported without delay."""
    return fault in ERRORS and fault not in ("error_500", "overloaded")


def cut(reply: SimulatedReply) -> SimulatedReply:
    """Return the reply as it is at the limit of its tokens."""
    content = reply.message.get("content") or ""
    return SimulatedReply({"role": "assistant", "content": content[: len(content) // 2]}, "length")


def broken_off(reply: SimulatedReply) -> SimulatedReply:
    """Return the reply as it is where the service fails after it was made: paid for and useless."""
    return replace(reply, finish_reason="error")


def filtered(reply: SimulatedReply) -> SimulatedReply:
    """Return the reply as a filter leaves it."""
    return SimulatedReply({"role": "assistant", "content": None}, "content_filter")


def _drawn(shares: dict[str, float], kinds: tuple[str, ...], draw: float) -> str | None:
    upto = 0.0
    for kind in kinds:
        upto += shares.get(kind, 0.0)
        if draw < upto:
            return kind
    return None
