"""Find tools by words: BM25 over names, descriptions and keywords.

A few hundred short documents need no library: the known ones load numpy, which costs more than
all searches of a shard. Formula: Robertson and Zaragoza, The Probabilistic Relevance Framework:
BM25 and Beyond (2009), with k1 = 1.2 and b = 0.75 and the idf that is never negative.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from pilotbench.benchmark.world.tool import Tool
from pilotbench.benchmark.world.toolbox import TOOLS

K1, B = 1.2, 0.75
FOUND = 5

_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"")
_WORD = re.compile(r"[a-z]+|[0-9]+")
_STOP = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on",
     "or", "that", "the", "to", "with")
)  # fmt: skip


def words(sentence: str) -> list[str]:
    """Return the searched words: lower case, quoted names and stop words dropped, plural s cut."""
    bare = _QUOTED.sub(" ", sentence.lower())
    return [_stem(word) for word in _WORD.findall(bare) if word not in _STOP]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


class Index:
    """The words of some tools, by which a query finds the best of them."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        documents = {
            tool.name: Counter(
                words(f"{tool.name.replace('_', ' ')} {tool.description} {tool.keywords}")
            )
            for tool in tools
        }
        seen = Counter(word for counts in documents.values() for word in counts)
        mean = sum(counts.total() for counts in documents.values()) / len(documents)
        self._weights: dict[str, list[tuple[str, float]]] = {}
        for name, counts in documents.items():
            norm = K1 * (1 - B + B * counts.total() / mean)
            for word, count in counts.items():
                idf = math.log(1 + (len(documents) - seen[word] + 0.5) / (seen[word] + 0.5))
                weight = idf * count * (K1 + 1) / (count + norm)
                self._weights.setdefault(word, []).append((name, weight))

    def best(self, query: str, limit: int) -> tuple[str, ...]:
        """Return the names of the best `limit` tools: best first, ties by name, only matches."""
        weights: dict[str, list[float]] = {}
        for word in sorted(set(words(query))):
            for name, weight in self._weights.get(word, ()):
                weights.setdefault(name, []).append(weight)
        order = sorted((-sum(held), name) for name, held in weights.items())
        return tuple(name for _, name in order[:limit])


@lru_cache(maxsize=1)
def _index() -> Index:
    return Index(TOOLS.values())


@lru_cache(maxsize=4096)
def ranked(query: str, limit: int = FOUND) -> tuple[str, ...]:
    """Return the names of the best `limit` of the thirty tools; see `Index.best`."""
    return _index().best(query, limit)
