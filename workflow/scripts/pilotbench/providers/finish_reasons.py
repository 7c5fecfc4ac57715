"""What the `finish_reason` of a choice means: one table for all services.

A reason is looked up by its first word, ignoring case, so that `SAFETY`,
`content_filter: PROHIBITED_CONTENT` and `FinishReason.MAX_TOKENS` are found. A reason that is not
in the table, or a missing one, means a completed answer; `known` returns which ones to report.
"""

from __future__ import annotations

import re
from enum import Enum


class Meaning(Enum):
    """The meaning of a finish reason; the value is its sentence in docs/services.md."""

    COMPLETED = "The model ended its message."
    CALL = "The model made a tool call, or tried to."
    LENGTH = "The output was cut off at its token limit (`length`)."
    REFUSED = "The provider's filter cut off or withheld the answer: the episode is refused."
    INFRASTRUCTURE = (
        "The service failed: the answer is not scored but requested again, at most three times in "
        "all; then the episode is owed."
    )


REASONS: dict[Meaning, str] = {
    Meaning.COMPLETED: "stop eos eos_token end end_turn pause_turn stop_sequence complete "
    "completed done finish finished null",
    Meaning.CALL: "tool_calls tool_call tool_use function_call function_calls "
    "malformed_function_call malformed_tool_call unexpected_tool_call too_many_tool_calls "
    "malformed_response tool_use_failed",
    Meaning.LENGTH: "length max_tokens max_output_tokens max_new_tokens max_length token_limit "
    "model_length model_context_window_exceeded truncated incomplete continuation",
    Meaning.REFUSED: "content_filter content_filtered filtered safety sensitive refusal refused "
    "prohibited_content recitation blocklist blocked spii image_safety language moderation "
    "content_policy content_policy_violation guardrail guardrails guardrail_intervened model_armor "
    "escalation image_prohibited_content image_recitation jailbreak",
    Meaning.INFRASTRUCTURE: "error insufficient_system_resource abort aborted network_error "
    "cancelled canceled cancel timeout timed_out server_error internal_error internal_server_error "
    "engine_error overloaded unavailable failed failure exception "
    "missing_thought_signature pup_limited_disabled",
}
"""Every known reason, in lower case with underscores, by its meaning."""

_TABLE = {word: meaning for meaning, words in REASONS.items() for word in words.split()}
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FIRST = re.compile(r"[a-z][a-z0-9_]*")


def meaning(reason: str | None) -> Meaning:
    """Return what a finish reason means."""
    return _TABLE.get(_word(reason), Meaning.COMPLETED)


def known(reason: str | None) -> bool:
    """Return whether the table contains a reason; a missing one counts as known."""
    return not (reason or "").strip() or _word(reason) in _TABLE


def _word(reason: str | None) -> str:
    """Return the first word of a reason as it is written in the table."""
    words = _HUMP.sub("_", (reason or "").strip()).lower().replace("-", "_")
    words = words.removeprefix("finish_reason").lstrip("._ :")
    found = _FIRST.match(words)
    return found[0].rstrip("_") if found else ""
