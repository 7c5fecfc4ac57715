"""Token counts as services report them: under several names, as numbers or as text, or not at all.

Some services count reasoning only in the total: the excess over input and output is output.
A count that cannot be read is unknown, never 0, and so is its cost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pilotbench.providers.answer import MOST_TOKENS, Tokens

Paths = tuple[tuple[str, ...], ...]
_TOTAL: Paths = (("total_tokens",),)
_INPUT: Paths = (("prompt_tokens",), ("input_tokens",), ("prompt_eval_count",))
_OUTPUT: Paths = (("completion_tokens",), ("output_tokens",), ("eval_count",))
_REASONING: Paths = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "thinking_tokens"),
    ("reasoning_tokens",),
)
_CACHED: Paths = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),
    ("cached_tokens",),
)
_WRITTEN: Paths = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("input_tokens_details", "cache_write_tokens"),
    ("cache_creation_input_tokens",),
)
_WRITTEN_1H: Paths = (("cache_creation", "ephemeral_1h_input_tokens"),)
_WHOLE = re.compile(r"\s*(\d{1,12})(\.0*)?\s*")


def tokens(*usages: Any) -> Tokens | None:
    """Return the counts of the first `usage` object that has any, None where none has."""
    return next((found for usage in usages if (found := _tokens(usage)) is not None), None)


def _tokens(usage: Any) -> Tokens | None:
    total, given, made = (_first(usage, paths) for paths in (_TOTAL, _INPUT, _OUTPUT))
    given = _rest(total, made) if given is None else given
    made = _rest(total, given) if made is None else made
    if given is None or made is None or not (given or made):
        return None
    if total is not None and total > given + made:  # output that is not itemised: reasoning
        made = total - given
    reasoning, cached = _first(usage, _REASONING) or 0, _first(usage, _CACHED) or 0
    reasoning, cached = min(reasoning, made), min(cached, given)
    written = min(_first(usage, _WRITTEN) or 0, given - cached)
    hour = min(_first(usage, _WRITTEN_1H) or 0, written)
    return Tokens(given, made, reasoning, cached, written, hour)


def total(usage: Mapping[str, Any], *names: str) -> int | None:
    """Return the sum of counts, of which the first must be there; None if one cannot be read."""
    given = [usage.get(name) for name in names]
    counts = [0 if value is None and place else _count(value) for place, value in enumerate(given)]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _rest(total: int | None, part: int | None) -> int | None:
    return total - part if total is not None and part is not None and part <= total else None


def _first(usage: Any, paths: Paths) -> int | None:
    """Return the first count at one of `paths`."""
    counts = (_count(_at(usage, path)) for path in paths)
    return next((count for count in counts if count is not None), None)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _count(value: Any) -> int | None:
    """Return a count written as 100, 100.0 or "100"; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        found = _WHOLE.fullmatch(value)
        value = int(found[1]) if found else -1
    return int(value) if 0 <= value <= MOST_TOKENS and value == int(value) else None
