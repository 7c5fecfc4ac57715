"""The five difficulties, and those that require tools to be discovered."""

from __future__ import annotations

DIFFICULTIES = ("very_easy", "easy", "medium", "hard", "very_hard")
DISCOVERY_DIFFICULTIES = ("hard", "very_hard")


def is_discovery(difficulty: str) -> bool:
    """Return whether tools must be discovered at this difficulty."""
    return difficulty in DISCOVERY_DIFFICULTIES
