"""The five tools on services and their addresses."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.world.objects import from_entry, shown, to_entry
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import (
    HANDLE,
    INLINE,
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    schema,
    text,
)

Json = dict[str, Any]


def signed_in(world: World, service: str | None) -> None:
    """Raise ToolFailure `not_signed_in` unless `service` is open or signed in to."""
    if service is not None and service not in world.signed_in:
        raise ToolFailure(
            "not_signed_in", f"{service} needs a sign-in first", unmet=f"signed_in:{service}"
        )


def _reachable(world: World, url: str) -> Json:
    """Return an endpoint that can be used now; raises ToolFailure if it cannot be."""
    endpoint: Json = world.get("endpoints", url)
    if "moved_to" in endpoint:
        raise ToolFailure("moved", f"{url} has moved", missing=f"endpoint:{url}")
    if (via := endpoint.get("via")) is not None:
        service, backend = via
        if world.sections["routes"].get(service) != backend:
            raise ToolFailure(
                "not_routed",
                f"{service} is not routed to {backend}",
                unmet=f"routed:{service}:{backend}",
            )
    signed_in(world, endpoint.get("service"))
    return endpoint


def _fetcher(world: World, url: str) -> ToolOutcome:
    endpoint = _reachable(world, url)
    if endpoint.get("body") is None:
        raise ToolFailure("nothing_here", f"{url} offers nothing to fetch", missing=f"body:{url}")
    data = from_entry(endpoint["body"], f"endpoint:{url}")
    return ToolOutcome(shown(data), data)


def _poster(
    world: World, url: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:
    content = world.content(data, text)
    endpoint = _reachable(world, url)
    if "posts" not in endpoint:
        raise ToolFailure("not_accepted", f"{url} accepts no posts", missing=f"posts:{url}")
    changed = {**endpoint, "posts": [*endpoint["posts"], to_entry(content)]}
    receipt = world.receipt(f"endpoint:{url}", content.content)
    return ToolOutcome(
        {"url": url, "receipt": receipt}, changes=(Change("endpoints", url, changed),)
    )  # fmt: skip


def _router(world: World, service: str, backend: str) -> ToolOutcome:
    known = {entry["backend"]: entry for entry in world.get("backends", service)}
    if backend not in known:
        raise ToolFailure(
            "not_found", f"{service} has no backend {backend!r}"[:200], missing=f"backend:{backend}"
        )
    if known[backend]["state"] != "up":
        raise ToolFailure(
            "down", f"{backend} is {known[backend]['state']}", violation="backend down"
        )
    receipt = world.receipt(f"route:{service}", backend)
    return ToolOutcome(
        {"service": service, "backend": backend, "url": known[backend]["url"], "receipt": receipt},
        changes=(Change("routes", service, backend),),
        meets=(f"routed:{service}:{backend}",),
    )


def _monitor(world: World, service: str) -> ToolOutcome:
    backends = world.get("backends", service)
    shown_keys = ("backend", "state", "latency_ms", "requests")
    states = [{key: entry[key] for key in shown_keys} for entry in backends]
    return ToolOutcome({"service": service, "backends": states})


def _validator(world: World, url: str) -> ToolOutcome:
    endpoint: Json = world.get("endpoints", url)
    moved = endpoint.get("moved_to")
    live = moved or url
    revision = world.receipt("revision", live)
    return ToolOutcome(
        {"state": "moved" if moved else "live", "revision": revision, "live_url": live}
    )


_URL = text()
_SERVICE = text()

TOOLS = (
    Tool(
        "network_fetcher",
        "GET data from a URL.",
        schema(("url",), url=_URL),
        _fetcher,
        ("not_found", "moved", "not_routed", "not_signed_in", "nothing_here"),
        "handle and preview",
        requires="sign-in where the service needs one",
        keywords="download http https endpoint api offered at get come from",
    ),
    Tool(
        "network_poster",
        "POST data to a URL.",
        schema(("url",), url=_URL, data=HANDLE, text=INLINE),
        _poster,
        ("not_found", "moved", "not_routed", "not_signed_in", "not_accepted"),
        "receipt number",
        requires="sign-in where the service needs one",
        keywords="submit send http https endpoint api must receive deliver",
    ),
    Tool(
        "network_router",
        "Route a service's traffic to one of its backends.",
        schema(("service", "backend"), service=_SERVICE, backend=text()),
        _router,
        ("not_found", "down"),
        "the backend's URL and a receipt number",
        requires="a backend that is up",
        keywords="direct switch point routed node reached through",
    ),
    Tool(
        "network_monitor",
        "Show a service's backends: state, latency, requests.",
        schema(("service",), service=_SERVICE),
        _monitor,
        ("not_found",),
        "backends with state, latency_ms and requests",
        keywords="health status up down node nodes lowest slowest load watch",
    ),
    Tool(
        "network_validator",
        "Check whether a URL is live or moved.",
        schema(("url",), url=_URL),
        _validator,
        ("not_found",),
        "state, live_url and revision number",
        keywords="verify address live current moved revision where",
    ),
)
