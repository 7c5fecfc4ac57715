"""Models judge the replies by a rubric; a score exists only once every judge has judged.

The pack compares nothing itself: `judging.py` reads these options, `episodes/judging` asks
the judges, and the database makes scores of their verdicts.
"""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scorers.scorer import Json, Scorer, Verdict
from pilotbench.ground.errors import Unscorable

AGGREGATES = ("majority", "all", "any", "mean")


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Raise Unscorable: only models judge."""
    raise Unscorable("the scorer judge needs verdicts of models")


SCORER = Scorer(
    "Models judge the reply by a rubric, or compare it with those of other models.",
    judge,
    answer={},
    goal="the judges accept the answer",
    needs_answer=False,
    options={
        "rubric": {
            "type": "string",
            "minLength": 1,
            "description": "What a good reply is: text, or a file below the pack (.md or .txt).",
        },
        "models": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "uniqueItems": True,
            "description": "The judges: entries of config/models.yaml.",
        },
        "repeats": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 1,
            "description": "How often each judge is asked about the same reply.",
        },
        "aggregate": {
            "enum": [*AGGREGATES],
            "default": "majority",
            "description": "What makes a success of the verdicts of all judges and repeats: more "
            "than half are right, all, any, or the mean of their scores reaches the threshold.",
        },
        "scale": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
            "description": "The lowest and the highest score that a judge may give, such as "
            "[1, 5]. Without it a judge says right or wrong.",
        },
        "criteria": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": r"^(?!reason$)[A-Za-z][A-Za-z0-9_]{0,63}$"},
            "additionalProperties": {"type": "string", "minLength": 1},
            "description": "Criteria that are judged one by one, each by name with a sentence; "
            "the score of a reply is their mean.",
        },
        "threshold": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "The score, from 0 to 1, from which on a verdict is right. Default: 1, "
            "and 0.5 with a scale.",
        },
        "compare": {
            "type": "string",
            "minLength": 1,
            "description": "Compare two replies instead: `all` pairs of models, or each model with "
            "the one named here. Both orders are asked; a success is to be preferred.",
        },
        "reference": {
            "type": "boolean",
            "default": True,
            "description": "Whether the judges see the answer of the pack, where there is one.",
        },
        "system": {
            "type": "string",
            "minLength": 1,
            "description": "What the judges are told before the rules on data and form.",
        },
        "longest_reply": {
            "type": "integer",
            "minimum": 100,
            "maximum": 1_000_000,
            "default": 30_000,
            "description": "Characters of a reply that a judge sees; of a longer one the middle is "
            "left out, and the judge is told so.",
        },
    },
)
