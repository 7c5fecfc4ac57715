"""Tools on tables and numbers that are not the base tools."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import acting, columns, reading
from pilotbench.benchmark.scenarios.tools.searched.others import described
from pilotbench.benchmark.scenarios.tools.searched.variant import variant

TOOLS = (
    *columns.TOOLS,
    variant(
        "data_processing_match_counter", "filter", reading.LENGTH,
        "Counts the rows of a table that pass a test. It keeps no rows and returns no handle.",
    ),
    variant(
        "data_processing_sampler", "filter", reading.SAMPLE,
        "Keeps at most five rows of a table that pass a test, as a sample. Further rows are left"
        " out without notice.",
    ),
    variant(
        "data_processing_join_checker", "joiner", reading.LENGTH,
        "Tells how many rows two tables would have when joined. It does not join them.",
    ),
    variant(
        "data_processing_join_sampler", "joiner", reading.SAMPLE,
        "Joins two tables and keeps the first five rows only, to show what a join would look like."
        " The result is not complete.",
    ),
    variant(
        "data_processing_merger", "joiner", acting.RETIRED,
        "Merges two tables. This tool is deprecated and refuses every call.",
    ),
    variant(
        "data_processing_estimator", "aggregator", reading.ROUNDED,
        "Estimates the sum, mean, minimum, maximum or count of a column, rounded to thousands. It"
        " is not exact.",
    ),
    described(
        "data_processing_parser",
        "Turns text in the format CSV or JSON into a table. It does not change tables or records.",
    ),
    described(
        "data_processing_transformer",
        "Changes or sorts a column of a table: multiplies it, adds a number, or orders the rows by"
        " it. No row is dropped.",
    ),
    described(
        "data_processing_validator",
        "Checks that the values of a column are present, positive or unique. Rows that break the"
        " rule are dropped and shown.",
    ),
    variant(
        "computation_rounder", "calculator", reading.ROUNDED,
        "Evaluates an arithmetic expression and rounds the result to thousands. Use it for"
        " presentations only.",
    ),
    variant(
        "computation_speller", "calculator", reading.AS_TEXT,
        "Evaluates an arithmetic expression and returns the result as text. The text cannot be used"
        " in further expressions.",
    ),
    described(
        "computation_analyzer",
        "Computes the median, the standard deviation or the range of a column. It computes no"
        " totals.",
    ),
)  # fmt: skip
