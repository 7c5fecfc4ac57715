"""Moves that find a value which a later step needs, or open the way to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import PlanBuilder
from pilotbench.benchmark.generation.source_steps import OLD, host_of


@dataclass(frozen=True)
class Item:
    """What a later step needs: a field, its words in the request, and how to draw a value."""

    field: str
    thing: str
    make: Callable[[PlanBuilder], Any]


def _limit(b: PlanBuilder) -> int:
    return b.draw.whole(600, 8_000)


ITEMS: dict[str, Item] = {
    "read": Item("path", "file", lambda b: vocabulary.path(b.draw, b.theme.noun, "csv")),
    "fetch": Item("url", "URL", lambda b: vocabulary.url(b.draw, host_of(b, "fetch")[0])),
    "connect": Item("table", "table", lambda b: vocabulary.underscored(b.draw, b.theme.noun)),
    "get": Item("key", "key", lambda b: vocabulary.name(b.draw, b.theme.noun)),
    "pull": Item("queue", "queue", lambda b: vocabulary.name(b.draw, "queue")),
    "filter": Item("limit", "limit", _limit),
    "transform": Item("supplement", "supplement", lambda b: b.draw.whole(1_000, 9_899)),
    "optimize": Item("budget", "budget", lambda b: b.draw.whole(5_000, 9_000)),
    "calculate": Item("surcharge", "surcharge", lambda b: b.draw.whole(1_000, 9_899)),
    "map": Item("mapping", "mapping", lambda b: vocabulary.name(b.draw, "names")),
    "write": Item("path", "file", lambda b: vocabulary.path(b.draw, "report", "out")),
    "post": Item("url", "URL", lambda b: vocabulary.url(b.draw, host_of(b, "post")[0])),
    "push": Item("queue", "queue", lambda b: vocabulary.name(b.draw, "queue")),
    "put": Item("key", "cache key", lambda b: vocabulary.name(b.draw, "result")),
    "notify": Item("person", "person", lambda b: vocabulary.person(b.draw)),
    "schedule": Item("time", "time", lambda b: vocabulary.time(b.draw)),
    "auth": Item("credential", "credential", lambda b: vocabulary.credential(b.draw)),
    "ask": Item("code", "code", lambda b: b.draw.whole(10_000, 99_999)),
}
BOUNDS = ("filter", "optimize")
"""Steps for which several values would keep the same rows: the goal requires the one looked up."""
OTHER_FIELDS = ("issue", "shelf", "room", "edition")


def _entry(b: PlanBuilder, target: str) -> dict[str, Any]:
    """Return the fields of a note or reference: the needed one and two others.

    At very_hard a number is noted without what the request says to add.
    """
    item = ITEMS[target]
    fields = [(field, b.draw.whole(10_000, 99_999)) for field in b.draw.some(OTHER_FIELDS, 2)]
    value = item.make(b)
    if b.hardest and isinstance(value, int) and target != "ask":
        if target not in b.more:
            b.more[target] = b.other_draw.whole(11, 99)
        value -= b.more[target]
    return dict(b.draw.mixed([*fields, (item.field, value)]))


def note(b: PlanBuilder, target: str) -> None:
    """Look a value up in a house note."""
    item = ITEMS[target]
    topic = b.target(f"note>{target}", OLD, lambda: vocabulary.name(b.draw, "rules"))
    b.add_all("notes", topic, lambda: _entry(b, target))
    b.step(
        "utility_helper",
        {"topic": topic.argument},
        group="lookup",
        easy=f"Look up the house note {topic.shown}: it gives the {item.thing} (`{item.field}`).",
        fact=f"The house note on {topic.shown} gives the {item.thing} as `{item.field}`.",
        gives="the note",
        purpose=f"look up the {item.thing} in the house note",
        operation="look up a house note",
    )
    _found(b, target, item, b.start["notes"][topic.value], "of the note")


def track(b: PlanBuilder, target: str) -> None:
    """Look a value up under a tracking reference."""
    item = ITEMS[target]
    reference = b.target(f"track>{target}", OLD, lambda: vocabulary.reference(b.draw))
    b.add_all("references", reference, lambda: {"status": "open", **_entry(b, target)})
    b.step(
        "utility_tracker",
        {"reference": reference.argument},
        group="lookup",
        easy=f"Track the reference {reference.shown}: it gives the {item.thing} (`{item.field}`).",
        fact=f"The tracking reference {reference.shown} tells the {item.thing} as `{item.field}`.",
        gives="the tracked entry",
        purpose=f"look up the {item.thing} by its tracking reference",
        operation="look up a tracking reference",
    )
    _found(b, target, item, b.start["references"][reference.value], "of the reference")


def _found(b: PlanBuilder, target: str, item: Item, entry: dict[str, Any], whose: str) -> None:
    value = entry[item.field]
    b.find(target, item.field, value, f"that {item.thing}", f"the `{item.field}` {whose}")
    if target in BOUNDS:
        b.fact("bound", f"the looked-up `{item.field}`", value, item.field)
    elif isinstance(value, int):
        b.fact("look", f"the `{item.field}` {whose}", value, item.field)


def scan(b: PlanBuilder, target: str) -> None:
    """Find the one file of a folder whose name contains a word."""
    folder = b.target(
        f"scan>{target}",
        OLD,
        lambda: f"{b.draw.pick(vocabulary.FOLDERS)}-{vocabulary.digits(b.draw)}",
    )
    word, *others = b.draw.some(vocabulary.STEMS, 4)

    def name(stem: str) -> str:
        return f"{stem}_{vocabulary.digits(b.draw)}.csv"

    path = f"{folder.value}/{name(word)}"
    if target == "ask":
        b.add("files", path, {"kind": "text", "value": "empty"})
    for stem in others:
        b.add("files", f"{folder.value}/{name(stem)}", {"kind": "text", "value": "not this one"})
    if folder.decoy is not None:
        decoy = f"{folder.decoy}/{name(word)}"
        b.add("files", decoy, {"kind": "text", "value": "not this one"})
    else:
        b.add("files", f"spare-{folder.value}/{name(word)}", {"kind": "text", "value": "spare"})
    live = b.world.sections["files"]
    hidden = path not in live
    if hidden:
        live[path] = {"kind": "text", "value": ""}
    b.step(
        "file_operations_scanner",
        {"folder": folder.argument, "pattern": f"*{word}*"},
        group="lookup",
        easy=f"Scan the folder {folder.shown} for the file that matches `*{word}*`.",
        fact=f"The file is the only one of the folder {folder.shown} that matches `*{word}*`.",
        gives="the files found",
        purpose=f"find the file that matches `*{word}*` in its folder",
        operation="list files of a folder",
    )
    if hidden:
        del live[path]
    b.find(target, "files.0", path, "that file", "the path found")
    digits = "the number in the name of that file, its folder left out,"
    words_ = "the full path of that file"
    b.fact("look", words_, path, "files.0", type="token", digits=digits)


def check(b: PlanBuilder, target: str) -> None:
    """Find out where a URL has moved to."""
    host = host_of(b, target)[0]
    old = b.target(f"check>{target}", OLD, lambda: vocabulary.url(b.draw, host))
    if target == "ask":
        b.add_all("endpoints", old, lambda: {"posts": []})
    else:
        b.add_all("endpoints", old, lambda: {"moved_to": vocabulary.url(b.draw, host)})
    wanted = "its live address must be found out and used"
    if target == "ask":
        wanted = "it must be found out where it is live"
    outcome = b.step(
        "network_validator",
        {"url": old.argument},
        group="lookup",
        easy=f"Check the URL {old.shown} for its live address.",
        fact=f"The URL {old.shown} may have moved: {wanted}.",
        gives="the checked address",
        purpose="check the URL for its live address",
        operation="check whether an address is live",
    )
    b.find(target, "live_url", outcome.result["live_url"], "that live address", "the live address")
    b.fact(
        "look", "the revision number of the live address", outcome.result["revision"], "revision"
    )


def monitor(b: PlanBuilder, target: str) -> None:
    """Find the fastest backend of a service that is up."""
    service = vocabulary.name(b.draw)
    backends = _backends(b, service)
    up = sorted((e for e in backends if e["state"] == "up"), key=lambda e: e["latency_ms"])
    chosen = up[1] if b.twisted == f"monitor>{target}" else up[0]
    b.add("backends", service, backends)
    which = f"the one of the service `{service}` that is up with the lowest latency"
    if chosen is not up[0]:
        b.twisted = None
        b.constraints.append(
            "But that backend is reserved: the backend wanted is the next fastest that is up."
        )
    b.step(
        "network_monitor",
        {"service": service},
        group="lookup",
        easy=f"Monitor the service `{service}` for the backend that is up with the lowest latency.",
        fact=f"The backend wanted is {which}.",
        gives="the states of the backends",
        purpose=f"find the backend wanted of the service `{service}`",
        operation="monitor a service's backends",
    )
    place = backends.index(chosen)
    name = chosen["backend"]
    b.find(target, f"backends.{place}.backend", name, "that backend", "the backend found")
    b.services[target] = service
    path = f"backends.{place}.requests"
    b.fact("look", "the number of requests of the backend wanted", chosen["requests"], path)


def _backends(b: PlanBuilder, service: str) -> list[dict[str, Any]]:
    """Return four backends, one of them down though it is the fastest."""
    latencies = sorted(b.draw.some(range(20, 400), 4))
    names = [f"node-{vocabulary.digits(b.draw)}" for _ in range(4)]
    if len(set(names)) < 4:
        names = [f"{name}{place}" for place, name in enumerate(names)]
    made = [
        {
            "backend": name,
            "state": "down" if place == 0 else "up",
            "latency_ms": latency,
            "requests": b.draw.whole(10_000, 99_999),
            "url": f"https://{service}.example/{name}/{vocabulary.digits(b.draw)}",
        }
        for place, (name, latency) in enumerate(zip(names, latencies, strict=True))
    ]
    return b.draw.mixed(made)


def route(b: PlanBuilder, target: str) -> None:
    """Route a service to a backend, whose URL the later step needs."""
    if "route" in b.found:
        service = b.services["route"]
        backend = b.literal("route", str)
    else:
        service = vocabulary.name(b.draw)
        b.add("backends", service, _backends(b, service))
        up = [entry for entry in b.start["backends"][service] if entry["state"] == "up"]
        backend = b.literal("route", lambda: b.draw.pick(up)["backend"])
    outcome = b.step(
        "network_router",
        {"service": service, "backend": backend.argument},
        group="lookup",
        easy=f"Route the service `{service}` to {_backend(backend.shown)}.",
        fact=f"The service `{service}` must be routed to {_backend(backend.shown)}.",
        gives="the routing",
        purpose=f"route the service `{service}` to its backend",
        operation="route a service",
    )
    identity = f"route:{service}"
    b.allow.append(identity)
    b.goal.append(
        {
            "kind": "routed",
            "object": identity,
            "backend": backend.value,
            "says": f"{service} is routed to {backend.value}",
        }
    )
    url = outcome.result["url"]
    b.via[target] = ([service, backend.value], len(b.steps) - 1)
    b.find(target, "url", url, "the URL of the routed backend", "the URL of the routed backend")


def _backend(shown: str) -> str:
    return f"the backend {shown}" if shown.startswith("`") else shown


def auth(b: PlanBuilder, target: str) -> None:
    """Sign in to the service that a later step needs."""
    service = vocabulary.name(b.draw)
    credential = b.literal("auth", lambda: vocabulary.credential(b.draw))
    b.add("services", service, {"credential": credential.value})
    what = "database" if target == "connect" else "service"
    shown = (
        f"the credential {credential.shown}"
        if credential.shown.startswith("`")
        else credential.shown
    )
    b.step(
        "integration_authenticator",
        {"service": service, "credential": credential.argument},
        group="lookup",
        easy=f"Sign in to the {what} `{service}` with {shown}.",
        fact=f"The {what} `{service}` answers only clients that are signed in with {shown}.",
        gives="the session",
        purpose=f"sign in to the {what} `{service}`",
        operation="sign in to a service",
    )
    b.sessions[target] = (service, len(b.steps) - 1)


LOOKUPS: dict[str, tuple[str, Callable[[PlanBuilder, str], None]]] = {
    "note": ("utility_helper", note),
    "track": ("utility_tracker", track),
    "scan": ("file_operations_scanner", scan),
    "check": ("network_validator", check),
    "monitor": ("network_monitor", monitor),
    "route": ("network_router", route),
    "auth": ("integration_authenticator", auth),
}
