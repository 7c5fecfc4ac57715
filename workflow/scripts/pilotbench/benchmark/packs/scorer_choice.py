"""Which scorer compares an answer, and its options: the pack's choice, or that of one question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pilotbench.benchmark.packs.pack_schema import check_schema
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.scorer import Scorer
from pilotbench.ground import schemas
from pilotbench.ground.canonical_json import canonical
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]


@dataclass(frozen=True)
class ScorerChoice:
    """A kind of scorer with its options, the defaults filled in."""

    kind: str
    options: Json

    @property
    def scorer(self) -> Scorer:
        """The scorer."""
        return SCORERS[self.kind]

    @property
    def has_code(self) -> bool:
        """Whether code of the pack scores."""
        return self.scorer.opened is not None

    @property
    def key(self) -> str:
        """What tells it from other choices."""
        return canonical(self.as_json())

    def as_json(self) -> Json:
        """Return the choice as task.yaml has it."""
        return {"kind": self.kind, **self.options}


def chosen(where: str, value: Any) -> ScorerChoice:
    """Return the choice that a value states: a kind, or a mapping with `kind` and options.

    Raises TaskError, one line that begins with `where`.
    """
    given = {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or not isinstance(given.get("kind"), str):
        raise TaskError(f"{where} is not the kind of a scorer, or a mapping with kind and options")
    kind = given["kind"]
    if kind not in SCORERS:
        raise TaskError(f"{where}: unknown scorer {kind!r}{hint(kind, SCORERS)}")
    options = {key: one for key, one in given.items() if key != "kind"}
    check_schema(where, _options(kind), options)
    return ScorerChoice(kind, {**schemas.defaults(_options(kind)), **options})


@lru_cache(maxsize=100)
def _options(kind: str) -> Json:
    """Return the schema of the options of a scorer."""
    properties = SCORERS[kind].options
    return {"type": "object", "additionalProperties": False, "properties": properties}
