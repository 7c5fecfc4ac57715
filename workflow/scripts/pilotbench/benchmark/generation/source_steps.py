"""Moves that bring data in: files, URLs, databases, cache, queues, named tables."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import Literal, PlanBuilder, Product
from pilotbench.benchmark.world.objects import as_csv

OLD = "is out of date"


def _spoilt(b: PlanBuilder) -> list[dict[str, object]]:
    """Return fresh rows; where a `validate` comes later, two of them break its rule."""
    rows = vocabulary.rows(b.draw, b.theme)
    if not b.later("validate"):
        return rows
    drawn = b.draw.pick(("present", "positive", "unique"))
    rule = b.rule = b.rule or drawn  # decoys break the same rule as the data
    first, second = b.draw.some(range(1, len(rows)), 2)
    if rule == "present":
        for place in (first, second):
            rows[place] = {**rows[place], b.theme.group: ""}
    elif rule == "positive":
        for place in (first, second):
            measure = b.theme.measures[0]
            rows[place] = {**rows[place], measure: -int(rows[place][measure])}
    else:
        for place in (first, second):
            rows[place] = {**rows[place], b.theme.key: rows[0][b.theme.key]}
    return rows


def table_entry(b: PlanBuilder) -> dict[str, object]:
    """Return a table as a world entry."""
    return {"kind": "table", "value": _spoilt(b)}


def _first_row(b: PlanBuilder) -> None:
    """Note the key of the first row as a fact."""
    key = b.theme.key
    first = b.rows[0][key]
    b.fact("row", f"the `{key}` of the first of the {b.theme.noun}", first, f"preview.0.{key}")


def given(b: PlanBuilder) -> None:
    """Start from a table that the request names; no step."""
    target = b.target("given", OLD, lambda: vocabulary.underscored(b.draw, b.theme.noun))
    b.add_all("tables", target, lambda: table_entry(b))
    data = b.entry(f"table:{target.value}", "tables", target.value)
    b.product = Product(target.value, data)
    text = f"The {b.theme.noun} are the table {target.shown}."
    b.opening(text)


def read(b: PlanBuilder) -> None:
    """Read a CSV file."""
    ending = "csv"
    target = b.target("read", OLD, lambda: vocabulary.path(b.draw, b.theme.noun, ending))
    b.add_all("files", target, lambda: {"kind": "text", "value": as_csv(_spoilt(b))})
    noun = b.theme.noun
    fact = f"The {noun} are in the file {target.shown}."
    if not target.shown.startswith("`"):
        fact = f"The {noun} are in {target.shown}, to be read."
    outcome = b.step(
        "file_operations_reader",
        {"path": target.argument},
        group="source",
        easy=f"Read {'the file ' if target.shown.startswith('`') else ''}{target.shown}.",
        fact=fact,
        gives=f"the text of the {noun}",
        purpose=f"read the file of the {noun}",
        operation="read a file",
    )
    preview: str = outcome.result["preview"]
    key, first = b.theme.key, preview.split("\n")[1].split(",")[0]
    b.fact("text", f"the `{key}` in the first row of the file", int(first), "preview")
    b.outcome = "is the text of the file, as it is"


def parse(b: PlanBuilder) -> None:
    """Parse the text that flows."""
    noun = b.theme.noun
    b.step(
        "data_processing_parser",
        {"data": b.flow.argument},
        group="shape",
        easy="Parse the CSV text into rows.",
        fact=f"That text is CSV, to be parsed into rows of {noun}.",
        gives=f"the parsed {noun}",
        purpose=f"parse the text into rows of {noun}",
        operation="parse text into rows",
    )
    b.outcome = "is the {noun}, as rows"
    _first_row(b)


def host_of(b: PlanBuilder, token: str) -> tuple[str, dict[str, Any], list[int]]:
    """Return the host of a new endpoint, what it requires, and the steps that open it."""
    requires: dict[str, Any] = {}
    after = []
    host = b.sessions[token][0] if token in b.sessions else vocabulary.name(b.draw)
    if token in b.sessions:
        requires["service"] = host
        after.append(b.sessions[token][1])
    if token in b.via:
        requires["via"], step = b.via[token]
        after.append(step)
    return host, requires, after


def fetch(b: PlanBuilder) -> None:
    """Fetch records from a URL."""
    host, requires, after = host_of(b, "fetch")
    target = b.target("fetch", OLD, lambda: vocabulary.url(b.draw, host))
    b.add_all("endpoints", target, lambda: {**requires, "body": table_entry(b)})
    noun = b.theme.noun
    b.step(
        "network_fetcher",
        {"url": target.argument},
        group="source",
        easy=f"Fetch the {noun} from {_url(target)}.",
        fact=f"The {noun} come from {_url(target)}.",
        gives=f"the fetched {noun}",
        purpose=f"fetch the {noun} from their URL",
        operation="fetch data from a URL",
        after=after,
    )
    _first_row(b)


def _url(target: Literal) -> str:
    return f"the URL {target.shown}" if target.shown.startswith("`") else target.shown


def connect(b: PlanBuilder) -> None:
    """Take a table out of a database."""
    service, requires, after = host_of(b, "connect")
    database = service if requires else vocabulary.name(b.draw, "db")
    target = b.target("connect", OLD, lambda: vocabulary.underscored(b.draw, b.theme.noun))
    tables = {target.value: table_entry(b)}
    if target.decoy is not None:
        with b.aside():
            tables[target.decoy] = table_entry(b)
    other = vocabulary.underscored(b.draw, b.draw.pick(vocabulary.THEMES).noun)
    b.add("databases", database, {**requires, "tables": {other: b.table(), **tables}})
    noun = b.theme.noun
    b.step(
        "integration_connector",
        {"database": database, "table": target.argument},
        group="source",
        easy=f"Get {_table(target)} from the database `{database}`.",
        fact=f"The {noun} are {_table(target)} of the database `{database}`.",
        gives=f"the {noun} of the database",
        purpose=f"get the {noun} from the database `{database}`",
        operation="get a table from a database",
        after=after,
    )
    _first_row(b)


def _table(target: Literal) -> str:
    return f"the table {target.shown}" if target.shown.startswith("`") else target.shown


def get(b: PlanBuilder) -> None:
    """Take records out of the cache."""
    target = b.target("get", OLD, lambda: vocabulary.name(b.draw, b.theme.noun))
    b.add_all("cache", target, lambda: table_entry(b))
    noun = b.theme.noun
    key = f"the key {target.shown}" if target.shown.startswith("`") else target.shown
    b.step(
        "utility_cache",
        {"key": target.argument, "action": "get"},
        group="source",
        easy=f"Get the {noun} from the cache under {key}.",
        fact=f"The {noun} are in the cache under {key}.",
        gives=f"the cached {noun}",
        purpose=f"get the {noun} from the cache",
        operation="get data from the cache",
    )
    _first_row(b)


def pull(b: PlanBuilder) -> None:
    """Take the first message off a queue."""
    target = b.target("pull", OLD, lambda: vocabulary.name(b.draw, "queue"))
    b.add_all("queues", target, lambda: [table_entry(b), b.table()])
    noun = b.theme.noun
    queue = f"the queue {target.shown}" if target.shown.startswith("`") else target.shown
    b.step(
        "integration_queue",
        {"queue": target.argument, "action": "pull"},
        group="source",
        easy=f"Pull the first message, which holds the {noun}, from {queue}.",
        fact=f"The {noun} are the first message that waits in {queue}; it must be taken off.",
        gives=f"the {noun} of the message",
        purpose=f"pull the message with the {noun} from its queue",
        operation="pull a message from a queue",
    )
    identity = f"queue:{target.value}"
    b.allow.append(identity)
    b.goal.append(
        {
            "kind": "taken",
            "object": identity,
            "count": 1,
            "says": f"the first message has left the queue {target.value}",
        }
    )
    _first_row(b)


STEPS = {
    "given": ("", given),
    "read": ("file_operations_reader", read),
    "parse": ("data_processing_parser", parse),
    "fetch": ("network_fetcher", fetch),
    "connect": ("integration_connector", connect),
    "get": ("utility_cache", get),
    "pull": ("integration_queue", pull),
}
