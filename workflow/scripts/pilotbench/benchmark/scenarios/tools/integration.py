"""The tools on databases, queues and jobs, and the sign-in."""

from __future__ import annotations

import re
from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import DATA, QUOTE
from pilotbench.benchmark.scenarios.tools.showing import preview
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of, not_found
from pilotbench.benchmark.world.objects import from_entry, shown
from pilotbench.benchmark.world.tool import (
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)

Json = dict[str, Any]

_TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d")


def _authenticator(world: ScenarioWorld, service: str, credential: str) -> ToolOutcome:
    if credential != world.get("services", service)["credential"]:
        message = f"The service {service} does not accept this credential."
        missing = f"credential:{credential}"[:200]
        raise ToolFailure("bad_credential", message, missing=missing)
    return ToolOutcome(
        {"service": service, "session": world.receipt("session", service)},
        changes=(Change("signed_in", service, True),),
        meets=(f"signed_in:{service}",),
    )


def _connector(world: ScenarioWorld, database: str, table: str) -> ToolOutcome:
    known: Json = world.get("databases", database)
    world.signed_in_to(known.get("service"))
    if table not in known["tables"]:
        raise not_found(f"table in the database {database}", table, f"table:{table}")
    data = from_entry(known["tables"][table], f"database:{database}/{table}")
    return ToolOutcome(shown(data), data)


def _queue(
    world: ScenarioWorld, queue: str, action: str, data: str | None = None, quote: int | None = None
) -> ToolOutcome:
    waiting = world.get("queues", queue)
    if action == "pull":
        return _pull(world, queue, waiting)
    if data is None:
        message = "The argument `data` is required for the action push."
        raise ToolFailure("bad_arguments", message, violation=message)
    content = world.data(data)
    entry = entry_of(content, quote)
    receipt = world.receipt_of("queues", queue, entry, content.content)
    changes = (Change("queues", queue, [*waiting, entry]),)
    return ToolOutcome({"queue": queue, "receipt": receipt}, None, changes)


def _pull(world: ScenarioWorld, queue: str, waiting: list[Json]) -> ToolOutcome:
    if not waiting:
        message = f"The queue {queue} is empty."
        raise ToolFailure("empty", message[:200], missing=f"message:{queue}")
    message_data = from_entry(waiting[0], f"queue:{queue}")
    told = {**preview(world, message_data), "left": len(waiting) - 1}
    return ToolOutcome(told, message_data, (Change("queues", queue, waiting[1:]),))


def _scheduler(
    world: ScenarioWorld, job: str, at: str, data: str, quote: int | None = None
) -> ToolOutcome:
    world.in_service(job)
    content = world.data(data)
    if not _TIME.fullmatch(at):
        message = "`at` must be a date and time such as 2031-04-02T14:30."
        raise ToolFailure("bad_time", message, violation="bad time")
    if job in world.sections["schedule"]:
        message = f"A job called {job!r} is already scheduled."
        raise ToolFailure("exists", message[:200], violation="exists")
    entry = entry_of(content, quote, at=at.replace(" ", "T"))
    receipt = world.receipt_of("schedule", job, entry, content.content)
    return ToolOutcome(
        {"job": job, "at": entry["at"], "receipt": receipt}, None, (Change("schedule", job, entry),)
    )


TOOLS = (
    Tool(
        "integration_authenticator",
        "Signs in to a service or database that requires it.",
        schema(
            ("service", "credential"),
            service=text("The name of the service."),
            credential=text("The credential for it."),
        ),
        _authenticator,
        ("not_found", "out_of_service", "bad_credential"),
        "the number of the session",
        keywords="authenticate login log in sign access",
    ),
    Tool(
        "integration_connector",
        "Opens a table of a database. Returns a handle of the whole table and a preview of two"
        " rows.",
        schema(
            ("database", "table"),
            database=text("The name of the database."),
            table=text("The name of the table."),
        ),
        _connector,
        ("not_found", "out_of_service", "not_signed_in"),
        "the handle, the columns, the number of rows and the first two rows",
        requires="a sign-in where the database asks for one",
        keywords="database table open connect query sql get read",
    ),
    Tool(
        "integration_queue",
        "Takes the first message from a queue (pull) or adds data to its end (push).",
        schema(
            ("queue", "action"),
            queue=text("The name of the queue."),
            action=one_of("pull", "push"),
            data=text("The handle of the data to push."),
            quote=QUOTE,
        ),
        _queue,
        ("not_found", "out_of_service", "empty", "bad_arguments"),
        "the message with its handle, or the receipt number",
        keywords="next oldest waiting add record queue push into",
    ),
    Tool(
        "integration_scheduler",
        "Schedules a new job that runs once with the data. Returns a receipt number.",
        schema(
            ("job", "at", "data"),
            job=text("The name of the job."),
            at=text("The time, such as 2031-04-02T14:30."),
            data=DATA,
            quote=QUOTE,
        ),
        _scheduler,
        ("not_found", "out_of_service", "exists", "bad_time"),
        "the job, its time and the receipt number",
        keywords="schedule scheduled job jobs run record later time",
    ),
)
