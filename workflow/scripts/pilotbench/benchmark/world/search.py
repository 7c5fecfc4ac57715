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
        self._documents = {
            tool.name: Counter(
                words(f"{tool.name.replace('_', ' ')} {tool.description} {tool.keywords}")
            )
            for tool in tools
        }
        count = len(self._documents)
        seen = Counter(word for counts in self._documents.values() for word in counts)
        self._idf = {
            word: math.log(1 + (count - held + 0.5) / (held + 0.5)) for word, held in seen.items()
        }
        mean = sum(counts.total() for counts in self._documents.values()) / count
        self._norms = {
            name: K1 * (1 - B + B * counts.total() / mean)
            for name, counts in self._documents.items()
        }

    def best(self, query: str, limit: int) -> tuple[str, ...]:
        """Return the names of the best `limit` tools: best first, ties by name, only matches."""
        wanted = sorted(set(words(query)))
        scores = {}
        for name, counts in self._documents.items():
            norm = self._norms[name]
            scores[name] = sum(
                self._idf[word] * counts[word] * (K1 + 1) / (counts[word] + norm)
                for word in wanted
                if word in counts
            )
        order = sorted((-score, name) for name, score in scores.items() if score > 0)
        return tuple(name for _, name in order[:limit])


@lru_cache(maxsize=1)
def _index() -> Index:
    return Index(TOOLS.values())


@lru_cache(maxsize=4096)
def ranked(query: str, limit: int = FOUND) -> tuple[str, ...]:
    """Return the names of the best `limit` of the thirty tools; see `Index.best`."""
    return _index().best(query, limit)
