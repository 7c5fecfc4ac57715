"""Scorers of question packs: one a file, found in one plain dict."""

from pilotbench.benchmark.scorers import (
    contained_text,
    exact,
    json_equality,
    json_schema,
    number,
    one_of,
    regular_expression,
)
from pilotbench.benchmark.scorers.scorer import Scorer

SCORERS_VERSION = "3"
"""Version of all scorers; a change re-scores stored answers and is a line in the CHANGELOG."""

SCORERS: dict[str, Scorer] = {
    "exact": exact.SCORER,
    "one_of": one_of.SCORER,
    "number": number.SCORER,
    "regular_expression": regular_expression.SCORER,
    "json_equality": json_equality.SCORER,
    "json_schema": json_schema.SCORER,
    "contained_text": contained_text.SCORER,
}
