"""The cache, the log, tracking, house notes, the staff directory and messages to people."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.parameters import DATA, QUOTE
from pilotbench.benchmark.scenarios.tools.showing import preview
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of
from pilotbench.benchmark.world.objects import from_entry, typed
from pilotbench.benchmark.world.tool import (
    INLINE_LIMIT,
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)


def _cache(world: ScenarioWorld, key: str, action: str, data: str | None = None) -> ToolOutcome:
    if action == "get":
        held = from_entry(world.get("cache", key), f"cache:{key}")
        return ToolOutcome(preview(world, held), held)
    if data is None:
        message = "The argument `data` is required for the action put."
        raise ToolFailure("bad_arguments", message, violation=message)
    world.in_service(key)
    content = world.data(data)
    if key in world.sections["cache"]:
        message = f"The cache already has an entry called {key!r}."
        raise ToolFailure("exists", message[:200], violation="exists")
    entry = entry_of(content)
    receipt = world.receipt_of("cache", key, entry, content.content)
    return ToolOutcome({"key": key, "receipt": receipt}, None, (Change("cache", key, entry),))


def _tracker(world: ScenarioWorld, reference: str) -> ToolOutcome:
    data = from_entry(world.get("references", reference), f"reference:{reference}")
    return ToolOutcome(preview(world, data), data)


def _helper(world: ScenarioWorld, topic: str) -> ToolOutcome:
    return ToolOutcome({"topic": topic, **world.get("notes", topic)})


def _directory(world: ScenarioWorld, role: str) -> ToolOutcome:
    return ToolOutcome({"role": role, "person": world.get("directory", role)})


def _notifier(world: ScenarioWorld, to: str, data: str, quote: int | None = None) -> ToolOutcome:
    content = world.data(data)
    inbox = world.get("inboxes", to)
    entry = entry_of(content, quote)
    receipt = world.receipt_of("inboxes", to, entry, content.content)
    changes = (Change("inboxes", to, [*inbox, entry]),)
    return ToolOutcome({"to": to, "receipt": receipt}, None, changes)


def _logger(world: ScenarioWorld, level: str, text: str) -> ToolOutcome:
    content = typed(text)
    entry = entry_of(content)
    receipt = world.receipt_of("log", level, entry, content.content)
    lines = world.sections["log"].get(level, [])
    return ToolOutcome(
        {"level": level, "receipt": receipt}, None, (Change("log", level, [*lines, entry]),)
    )


def _ask(world: ScenarioWorld, question: str) -> ToolOutcome:
    """Refuse: a session in which somebody can be asked answers before it comes to this."""
    message = "Nobody is available to answer questions."
    raise ToolFailure("nobody_there", message, violation="nobody to ask")


TOOLS = (
    Tool(
        "utility_cache",
        "Reads an entry of the cache (get) or stores data under a new key (put).",
        schema(
            ("key", "action"),
            key=text("The key of the entry."),
            action=one_of("get", "put"),
            data=text("The handle of the data to put."),
        ),
        _cache,
        ("not_found", "out_of_service", "exists", "bad_arguments"),
        "the data with its handle, or the receipt number",
        keywords="cached kept temporary",
    ),
    Tool(
        "utility_tracker",
        "Looks up a tracking reference. Returns the record of the item with a handle.",
        schema(("reference",), reference=text("The tracking reference.")),
        _tracker,
        ("not_found", "out_of_service"),
        "the handle and the record",
        keywords="track shipment parcel order status",
    ),
    Tool(
        "utility_helper",
        "Shows a house note: a rule, a limit or a policy of the company.",
        schema(("topic",), topic=text("The topic of the note.")),
        _helper,
        ("not_found", "out_of_service"),
        "the note",
        keywords="help guide guideline look up says",
    ),
    Tool(
        "utility_directory",
        "Looks up who holds a role in the staff directory.",
        schema(("role",), role=text("The role, such as `shift lead`.")),
        _directory,
        ("not_found", "out_of_service"),
        "the name of the person",
        keywords="person holder contact responsible name employee",
    ),
    Tool(
        "utility_notifier",
        "Sends data to a person in writing. Returns a receipt number.",
        schema(("to", "data"), to=text("The name of the person."), data=DATA, quote=QUOTE),
        _notifier,
        ("not_found", "out_of_service"),
        "the person and the receipt number",
        keywords="notify send record people tell message inform",
    ),
    Tool(
        "utility_logger",
        "Adds a line of text to the log.",
        schema(
            ("text",),
            level=one_of("info", "warning", "error", default="info"),
            text=text("The text.", maxLength=INLINE_LIMIT),
        ),
        _logger,
        (),
        "the level and the receipt number",
        keywords="journal write down note remark",
    ),
    Tool(
        "requester_ask",
        "Asks the person who made the request one question.",
        schema(("question",), question=text("The question.")),
        _ask,
        ("nobody_there",),
        "the reply",
        keywords="question clarify requester",
    ),
)
