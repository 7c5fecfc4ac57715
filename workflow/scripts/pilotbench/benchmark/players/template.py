"""Do what was read, call by call."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import (
    Json,
    PlayContext,
    Seen,
    finish,
    is_transient,
    use,
)
from pilotbench.benchmark.players.template_program.placing import Target
from pilotbench.benchmark.players.template_program.reading import Order, read

Call = tuple[str, Json]
Work = Generator[Call, Json, Any]


class Impossible(Exception):
    """A call was refused."""


def template(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Read the request by patterns, do what was read, and finish with what was computed."""
    work = _worked(read(instance.request))
    try:
        call = next(work)
        for turn in turns:
            if not is_transient(turn.reply):
                call = work.send(turn.reply)
    except StopIteration as end:
        return finish(end.value)
    return use(instance, *call)


def _worked(order: Order) -> Work:
    """Yield the calls of an order; what cannot be read ends it as impossible."""
    try:
        if order.credential:
            service, credential = order.credential
            yield from _done("integration_authenticator", service=service, credential=credential)
        limit = yield from _limit(order)
        items = []
        for row in (yield from _listed(order)):
            items.append((yield from _item(order, row)))
        return (yield from _passed_on(order, limit, items))
    except (Impossible, KeyError, ValueError, TypeError):
        return "IMPOSSIBLE"


def _done(tool: str, **arguments: Any) -> Work:
    """Yield one call and return its result."""
    reply = yield tool, arguments
    if not reply.get("ok"):
        raise Impossible
    return reply["result"]


def _limit(order: Order) -> Work:
    if order.note is None:
        return order.limit or 0
    note = yield from _done("utility_helper", topic=order.note)
    return note["limit"]


def _listed(order: Order) -> Work:
    """Return the rows of the list, with at least the key of each item."""
    kind, *where = order.listing
    if kind == "table":
        return (yield from _rows(order, *where))
    if kind == "folder":
        return (yield from _files(*where))
    if kind == "service":
        found = yield from _done("network_monitor", service=where[0])
        return [row for row in found["backends"] if row.get("state") == "up"]
    return (yield from _messages(*where))


def _rows(order: Order, database: str, table: str) -> Work:
    opened = yield from _done("integration_connector", database=database, table=table)
    rows: list[Json] = []
    left = 1
    while left:
        page = yield from _done(
            "data_processing_viewer", data=opened["handle"], first=len(rows) + 1
        )
        rows += page["rows"]
        left = page["more_rows"]
    return rows


def _files(folder: str) -> Work:
    found = yield from _done("file_operations_scanner", folder=folder)
    rows = []
    for path in found["files"]:
        rows.append((yield from _record("file_operations_reader", path=path)))
    return rows


def _messages(queue: str) -> Work:
    rows: list[Json] = []
    left = 1
    while left:
        found = yield from _done("integration_queue", queue=queue, action="pull")
        rows.append((yield from _seen(found)))
        left = found["left"]
    return rows


def _record(tool: str, **arguments: Any) -> Work:
    """Return a record with all its fields, and its handle."""
    found = yield from _done(tool, **arguments)
    return (yield from _seen(found))


def _seen(found: Json) -> Work:
    if found.get("more_fields") or "part" in found:
        found = yield from _done("data_processing_viewer", data=found["handle"])
    return {**found["record"], "handle": found["handle"]}


def _item(order: Order, row: Json) -> Work:
    """Return the record of a listed item."""
    form, text = order.record
    if form == "tracked":
        return (yield from _record("utility_tracker", reference=row[text]))
    where = named(text, _key_in(order, row))
    if form == "record_url":
        return (yield from _record("network_fetcher", url=where))
    if form == "record_file":
        return (yield from _record("file_operations_reader", path=where))
    return (yield from _record("utility_cache", key=where, action="get"))


def _key_in(order: Order, row: Json) -> str:
    return str(row.get(order.key) or row.get("key") or row["backend"])


def named(text: str, key: str) -> str:
    """Return a name with the key in the place of its angle brackets."""
    before, _, after = text.partition("<")
    return before + key + after.partition(">")[2]


def _passed_on(order: Order, limit: int, items: list[Json]) -> Work:
    """Pass the records on and return the answer."""
    counting, receipt = [], 0
    for item in items:
        amount = item[order.amount]
        counts = amount > limit if order.over else amount < limit
        counting += [item] if counts else []
        target = order.act if counts else order.rest
        if target:
            quote = {"quote": receipt} if order.chained else {}
            tool, arguments = _pass(target, item, item[order.key])
            found = yield from _done(tool, data=item["handle"], **arguments, **quote)
            receipt = found["receipt"]
    return _answered(order, counting, receipt)


def _pass(target: Target, item: Json, key: str) -> tuple[str, Json]:
    form, text = target
    if form == "url":
        return "network_poster", {"url": text}
    if form == "person":
        return "utility_notifier", {"to": text}
    if form == "new_file":
        return "file_operations_writer", {"path": named(text, key)}
    if form == "job":
        return "integration_scheduler", {"job": named(text, key), "at": item["slot"]}
    return "integration_queue", {"queue": text, "action": "push"}


def _answered(order: Order, counting: list[Json], receipt: int) -> Any:
    if order.answer == "receipt":
        return receipt
    ranked = sorted(counting, key=lambda item: int(item[order.amount]))
    if order.answer in ("largest", "smallest"):
        return ranked[-1 if order.answer == "largest" else 0][order.key] if ranked else "none"
    return sum(item[order.amount] for item in counting)
