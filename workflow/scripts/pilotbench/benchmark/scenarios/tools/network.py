"""The tools on URLs and services."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import DATA, QUOTE, URL, counting
from pilotbench.benchmark.scenarios.tools.showing import part_of, preview
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of
from pilotbench.benchmark.world.objects import from_entry
from pilotbench.benchmark.world.tool import Change, Tool, ToolFailure, ToolOutcome, schema, text

Json = dict[str, Any]


def _fetcher(world: ScenarioWorld, url: str, part: int) -> ToolOutcome:
    endpoint = _endpoint(world, url)
    if endpoint.get("body") is None:
        message = f"{url} accepts data but offers none."
        raise ToolFailure("nothing_here", message[:200], missing=f"body:{url}")
    parts = endpoint.get("parts", 1)
    if part > parts:
        message = f"{url} has {parts} part{'s' if parts > 1 else ''}; there is no part {part}."
        raise ToolFailure("out_of_range", message[:200], violation="out of range")
    data = from_entry(endpoint["body"], f"endpoint:{url}")
    told = preview(world, data) if parts == 1 else part_of(world, data, part, parts)
    return ToolOutcome(told, data)


def _poster(world: ScenarioWorld, url: str, data: str, quote: int | None = None) -> ToolOutcome:
    content = world.data(data)
    endpoint = _endpoint(world, url)
    if "posts" not in endpoint:
        message = f"{url} offers data but accepts none."
        raise ToolFailure("not_accepted", message[:200], missing=f"posts:{url}")
    entry = entry_of(content, quote)
    receipt = world.receipt_of("endpoints", url, entry, content.content)
    changed = {**endpoint, "posts": [*endpoint["posts"], entry]}
    return ToolOutcome({"url": url, "receipt": receipt}, None, (Change("endpoints", url, changed),))


def _endpoint(world: ScenarioWorld, url: str) -> Json:
    """Return an endpoint that can be used now; raises ToolFailure if it cannot be."""
    endpoint: Json = world.get("endpoints", url)
    world.signed_in_to(endpoint.get("service"))
    return endpoint


def _monitor(world: ScenarioWorld, service: str) -> ToolOutcome:
    return ToolOutcome({"service": service, "backends": world.get("backends", service)})


TOOLS = (
    Tool(
        "network_fetcher",
        "Fetches the data that a URL offers. A long record comes in parts; the handle is always of"
        " the whole record.",
        schema(("url",), url=URL, part=counting("Which part to show.")),
        _fetcher,
        ("not_found", "out_of_service", "not_signed_in", "nothing_here", "out_of_range"),
        "the handle and the record, or one part of it",
        requires="a sign-in where the service asks for one",
        keywords="get download http https endpoint api",
    ),
    Tool(
        "network_poster",
        "Posts data to a URL. Returns a receipt number.",
        schema(("url", "data"), url=URL, data=DATA, quote=QUOTE),
        _poster,
        ("not_found", "out_of_service", "not_signed_in", "not_accepted"),
        "the URL and the receipt number",
        requires="a sign-in where the service asks for one",
        keywords="post posts record send submit http https endpoint api deliver",
    ),
    Tool(
        "network_monitor",
        "Lists the backends of a service and the current state of each.",
        schema(("service",), service=text("The name of the service.")),
        _monitor,
        ("not_found", "out_of_service"),
        "the backends with their states",
        keywords="health status up down nodes watch",
    ),
)
