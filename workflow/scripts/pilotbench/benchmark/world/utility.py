"""The five utility tools: cache, log, tracking, notes, notifications."""

from __future__ import annotations

from pilotbench.benchmark.world.objects import from_entry, shown, to_entry
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import (
    HANDLE,
    INLINE,
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)


def _cache(
    world: World, key: str, action: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:
    if action == "get":
        if key not in world.sections["cache"]:
            raise ToolFailure(
                "not_found", f"nothing is cached as {key!r}"[:200], missing=f"cache:{key}"
            )
        held = from_entry(world.sections["cache"][key], f"cache:{key}")
        return ToolOutcome(shown(held), held)
    content = world.content(data, text)
    receipt = world.receipt(f"cache:{key}", content.content)
    return ToolOutcome(
        {"key": key, "receipt": receipt}, changes=(Change("cache", key, to_entry(content)),)
    )


def _logger(
    world: World, level: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:  # fmt: skip
    content = world.content(data, text)
    receipt = world.receipt(f"log:{level}", content.content)
    entries = world.sections["log"].get(level, [])
    return ToolOutcome(
        {"level": level, "receipt": receipt},
        changes=(Change("log", level, [*entries, to_entry(content)]),),
    )


def _tracker(world: World, reference: str) -> ToolOutcome:
    return ToolOutcome({"reference": reference, **world.get("references", reference)})


def _helper(world: World, topic: str) -> ToolOutcome:
    return ToolOutcome({"topic": topic, **world.get("notes", topic)})


def _notifier(
    world: World, to: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:
    content = world.content(data, text)
    inbox = world.get("inboxes", to)
    receipt = world.receipt(f"inbox:{to}", content.content)
    return ToolOutcome(
        {"to": to, "receipt": receipt},
        changes=(Change("inboxes", to, [*inbox, to_entry(content)]),),
    )


TOOLS = (
    Tool(
        "utility_cache",
        "Get or put data under a cache key.",
        schema(
            ("key", "action"), key=text(), action=one_of("get", "put"), data=HANDLE, text=INLINE
        ),
        _cache,
        ("not_found",),
        "the data's handle, or a receipt number",
        keywords="cached kept stored entry under",
    ),
    Tool(
        "utility_logger",
        "Add data to the log.",
        schema(
            (), level=one_of("info", "warning", "error", default="info"), data=HANDLE, text=INLINE
        ),
        _logger,
        ("not_found",),
        "receipt number",
        keywords="log entry record note level info warning error journal logged",
    ),
    Tool(
        "utility_tracker",
        "Look up a tracking reference.",
        schema(("reference",), reference=text()),
        _tracker,
        ("not_found",),
        "what is known of the reference",
        keywords="track shipment parcel order status reference tells names",
    ),
    Tool(
        "utility_helper",
        "Look up a house note by topic.",
        schema(("topic",), topic=text()),
        _helper,
        ("not_found",),
        "the note",
        keywords="help note policy rule guide limit topic tells gives says",
    ),
    Tool(
        "utility_notifier",
        "Send data to a person.",
        schema(("to",), to=text(), data=HANDLE, text=INLINE),
        _notifier,
        ("not_found",),
        "receipt number",
        keywords="notify tell message inform inbox notification must be told get",
    ),
)
