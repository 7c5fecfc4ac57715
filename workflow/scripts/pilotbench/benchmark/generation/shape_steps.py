"""Moves from rows to rows, and from data to documents and archives."""

from __future__ import annotations

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import PlanBuilder, Unfit
from pilotbench.benchmark.generation.source_steps import OLD

ORDERED = ("aggregate", "analyze", "optimize", "group")


def _measures(b: PlanBuilder) -> list[str]:
    """Return the columns of the flowing rows that hold numbers, the key left out."""
    first = b.rows[0]
    return [
        column
        for column, value in first.items()
        if isinstance(value, int | float) and column not in (b.theme.key, b.mapped.get(b.theme.key))
    ]


def measure(b: PlanBuilder) -> str:
    """Draw a column of numbers, the one last changed if any; raises Unfit when there is none."""
    columns = _measures(b)
    if b.focus in columns:
        return str(b.focus)
    if not columns:
        raise Unfit("no column of numbers")
    return b.draw.pick(columns)


def _limit(b: PlanBuilder, column: str) -> int:
    """Draw a limit that leaves rows on both sides; raises Unfit when there is none."""
    values = sorted(row[column] for row in b.rows)
    if len(values) < 4:
        raise Unfit("too few rows")
    place = b.draw.whole(1, len(values) - 3)
    low, high = int(values[place]) + 1, int(values[place + 1]) - 1
    if high < low:
        raise Unfit("no room for a limit")
    return b.draw.whole(low, high)


def filter_(b: PlanBuilder) -> None:
    """Keep rows over or under a limit that splits them."""
    before, column, noun = b.flow.data, measure(b), b.theme.noun
    limit = b.literal("filter", lambda: _limit(b, column))
    test, word = b.draw.pick(((">", "over"), ("<", "under")))
    b.step(
        "data_processing_filter",
        {"data": b.flow.argument, "column": column, "test": test, "value": limit.argument},
        group="shape",
        easy=f"Filter: keep the {noun} with `{column}` {word} {limit.shown}.",
        fact=f"Only {noun} whose `{column}` is {word} {limit.shown} count.",
        gives=f"the filtered {noun}",
        purpose=f"keep the {noun} whose `{column}` is {word} {limit.shown}",
        operation="filter rows",
    )
    b.must_change(before)
    key = b.mapped.get(b.theme.key, b.theme.key)
    b.fact("row", f"the `{key}` of the first of these {noun}", b.rows[0][key], f"preview.0.{key}")
    b.outcome = "is the {noun} that count"


def transform(b: PlanBuilder) -> None:
    """Add to a column, or sort where order shows in the result."""
    before, column, noun = b.flow.data, measure(b), b.theme.noun
    if "transform" not in b.found and not b.later(*ORDERED) and b.draw.chance(0.4):
        action, word = b.draw.pick((("sort_up", "ascending"), ("sort_down", "descending")))
        arguments = {"data": b.flow.argument, "action": action, "column": column}
        easy = f"Transform: sort the {noun} by `{column}`, {word}."
        fact = f"The {noun} are to be sorted by `{column}`, {word}."
        purpose = f"sort the {noun} by `{column}`, {word}"
    else:
        more = b.literal("transform", lambda: b.draw.whole(1_000, 9_999))
        arguments = {
            "data": b.flow.argument,
            "action": "add",
            "column": column,
            "value": more.argument,
        }
        easy = f"Transform: add {more.shown} to every `{column}`."
        fact = f"To every `{column}` of the {noun}, {more.shown} is to be added."
        purpose = f"add {more.shown} to every `{column}`"
    b.step(
        "data_processing_transformer",
        arguments,
        group="shape",
        easy=easy,
        fact=fact,
        gives=f"the transformed {noun}",
        purpose=purpose,
        operation="transform a column",
    )
    b.must_change(before)
    key = b.mapped.get(b.theme.key, b.theme.key)
    wanted = key if sorts(arguments) else column
    first = b.rows[0][wanted]
    when = "in that order" if sorts(arguments) else "after that addition"
    b.fact("row", f"the `{wanted}` of the first of the {noun} {when}", first, f"preview.0.{wanted}")
    b.focus = None if sorts(arguments) else column
    b.outcome = "is the {noun} in that order" if sorts(arguments) else "is the {noun} so changed"


def sorts(arguments: dict[str, object]) -> bool:
    """Return whether a transformation only sorts."""
    return str(arguments["action"]).startswith("sort")


RULES = {
    "present": ("without a `{column}`", "lack `{column}`"),
    "positive": ("whose `{column}` is not positive", "have no positive `{column}`"),
    "unique": ("that repeat the `{column}` of an earlier one", "repeat an earlier `{column}`"),
}


def validate(b: PlanBuilder) -> None:
    """Keep the rows that follow a rule; two of them break it."""
    if b.rule is None:
        raise Unfit("nothing was spoilt")
    before, noun = b.flow.data, b.theme.noun
    columns = {
        "present": b.theme.group,
        "positive": b.theme.measures[0],
        "unique": b.theme.key,
    }
    column = columns[b.rule]
    which, lack = (text.format(column=column) for text in RULES[b.rule])
    outcome = b.step(
        "data_processing_validator",
        {"data": b.flow.argument, "column": column, "rule": b.rule},
        group="shape",
        easy=f"Validate by the rule `{b.rule}`: drop the {noun} {which}.",
        fact=f"The {noun} {which} are invalid and do not count.",
        gives=f"the valid {noun}",
        purpose=f"drop the invalid {noun}, which {lack}",
        operation="check rows against a rule",
    )
    b.must_change(before)
    other = b.theme.measures[1]
    rejected = outcome.result["rejected"][0][other]
    words_ = f"the `{other}` of the first of the rejected {noun}"
    b.fact("row", words_, rejected, f"rejected.0.{other}")
    b.outcome = "is the valid {noun}"


def map_(b: PlanBuilder) -> None:
    """Rename columns by a stored mapping."""
    noun = b.theme.noun
    target = b.target("map", OLD, lambda: vocabulary.name(b.draw, "names"))
    columns = list(b.rows[0])

    def mapping() -> dict[str, str]:
        return {column: f"{column}_{vocabulary.digits(b.draw)}" for column in columns[:3]}

    b.add_all("mappings", target, mapping)
    b.mapped = {column: b.start["mappings"][target.value].get(column, column) for column in columns}
    shown = f"the mapping {target.shown}" if target.shown.startswith("`") else target.shown
    b.step(
        "integration_mapper",
        {"data": b.flow.argument, "mapping": target.argument},
        group="shape",
        easy=f"Rename the columns of the {noun} by {shown}.",
        fact=f"The columns of the {noun} must have the names of {shown}.",
        gives=f"the renamed {noun}",
        purpose=f"rename the columns of the {noun} by their mapping",
        operation="rename columns",
    )
    words_, digits = f"the new name of `{b.theme.key}`", "the number at the end of the new name"
    key = b.mapped[b.theme.key]
    b.fact("row", words_, key, "columns.0", type="token", digits=f"{digits} of `{b.theme.key}`")
    b.focus = b.mapped.get(b.focus or "")
    b.outcome = "is the {noun} under these names"


def optimize(b: PlanBuilder) -> None:
    """Choose rows that give most within a limit."""
    before, noun = b.flow.data, b.theme.noun
    columns = _measures(b)
    if len(columns) < 2 or any(row[column] < 0 for row in b.rows for column in columns):
        raise Unfit("no two columns of numbers")
    gain, cost = b.draw.some(columns, 2)
    total = int(sum(row[cost] for row in b.rows))
    limit = b.literal("optimize", lambda: b.draw.whole(total // 3, total * 2 // 3))
    outcome = b.step(
        "computation_optimizer",
        {"data": b.flow.argument, "maximize": gain, "cost": cost, "limit": limit.argument},
        group="shape",
        easy=(
            f"Optimize: choose the {noun} with the largest total `{gain}` "
            f"whose total `{cost}` is at most {limit.shown}."
        ),
        fact=(
            f"Of the {noun}, only those count whose total `{gain}` is the largest possible "
            f"while their total `{cost}` is at most {limit.shown}."
        ),
        gives=f"the chosen {noun}",
        purpose=f"choose the best {noun} by `{gain}` within a total `{cost}` of {limit.shown}",
        operation="choose the best rows within a limit",
    )
    b.must_change(before)
    b.fact("row", f"the total `{gain}` of the chosen {noun}", outcome.result["best"], "best")
    b.outcome = "is the {noun} so chosen"


def group(b: PlanBuilder) -> None:
    """Total a column for each group."""
    before, noun, column = b.flow.data, b.theme.noun, measure(b)
    by = b.mapped.get(b.theme.group, b.theme.group)
    function, word = b.draw.pick((("sum", "total"), ("mean", "mean"), ("max", "largest")))
    b.step(
        "data_processing_aggregator",
        {"data": b.flow.argument, "column": column, "function": function, "group_by": by},
        group="shape",
        easy=f"Aggregate: take the {word} `{column}` of each `{by}` (function `{function}`).",
        fact=f"What is wanted is the {word} `{column}` of the {noun} by `{by}`.",
        gives=f"the {word} `{column}` by `{by}`",
        purpose=f"take the {word} `{column}` of each `{by}`",
        operation="aggregate a column by group",
    )
    b.must_change(before)
    if len(b.rows) < 2:
        raise Unfit("one group only")
    words_ = f"the {word} `{column}` of the alphabetically first `{by}`"
    b.fact("row", words_, b.rows[0][column], f"preview.0.{column}", decimals=2)
    b.outcome = f"is the {word} `{column}` of each `{by}`: a row for each, in alphabetical order"


def convert(b: PlanBuilder) -> None:
    """Render rows or a number in a text format."""
    format = b.draw.pick(("json", "csv", "xml", "yaml"))
    outcome = b.step(
        "file_operations_converter",
        {"data": b.flow.argument, "format": format},
        group="format",
        easy=f"Convert the outcome to {format.upper()}.",
        fact=f"The outcome must be formatted as {format.upper()} text.",
        gives=f"the {format.upper()} text",
        purpose=f"convert the outcome to {format.upper()}",
        operation="convert data to a text format",
    )
    b.fact("row", "the checksum of the converted text", outcome.result["checksum"], "checksum")


def compress(b: PlanBuilder) -> None:
    """Compress what flows."""
    method = b.draw.pick(("gzip", "bzip2", "xz"))
    outcome = b.step(
        "file_operations_compressor",
        {"data": b.flow.argument, "method": method},
        group="format",
        easy=f"Compress the outcome with {method}.",
        fact=f"The outcome must be compressed with {method}.",
        gives=f"the {method} archive",
        purpose=f"compress the outcome with {method}",
        operation="compress data",
    )
    b.fact("row", "the checksum of the archive", outcome.result["checksum"], "checksum")


STEPS = {
    "filter": ("data_processing_filter", filter_),
    "transform": ("data_processing_transformer", transform),
    "validate": ("data_processing_validator", validate),
    "map": ("integration_mapper", map_),
    "optimize": ("computation_optimizer", optimize),
    "group": ("data_processing_aggregator", group),
    "convert": ("file_operations_converter", convert),
    "compress": ("file_operations_compressor", compress),
}
