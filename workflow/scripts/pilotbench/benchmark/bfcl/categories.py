"""The categories of BFCL that are tasks: those that need no other service."""

from __future__ import annotations

PREFIX = "bfcl_"
MULTI_TURN = "multi_turn"
SINGLE_TURN = (
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
)
CONVERSATIONS = tuple(
    f"{MULTI_TURN}_{kind}" for kind in ("base", "miss_func", "miss_param", "long_context")
)
NAMES = tuple(PREFIX + category for category in (*SINGLE_TURN, *CONVERSATIONS))
