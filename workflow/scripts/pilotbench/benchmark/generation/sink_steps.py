"""Moves that leave something in the world, and the goal that each implies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import Literal, PlanBuilder
from pilotbench.benchmark.generation.source_steps import host_of
from pilotbench.benchmark.world.objects import INLINE_ROOT

EQUAL = {
    "validate": "validate|filter",
    "optimize": "optimize|filter",
    "analyze": "analyze|aggregate",
}
"""Operations that can give the same result: the goal accepts each of them."""
CLOSED = "is closed to new data and must stay as it is"


def _reach(b: PlanBuilder, kind: str, identity: str, says: str, **more: str) -> None:
    """Ask for the flowing data at an object, with its lineage, and let the object change."""
    data = b.flow.data
    assert INLINE_ROOT not in data.roots
    b.allow.append(identity)
    b.goal.append(
        {
            "kind": kind,
            "object": identity,
            "content": data.content,
            "roots": list(data.roots),
            "ops": [EQUAL.get(op, op) for op in data.ops],
            **more,
            "says": says,
        }
    )


def _receipt(b: PlanBuilder, words_: str) -> None:
    receipt = b.results[-1]["receipt"]
    b.fact("receipt", f"the receipt number of {words_}", receipt, "receipt")


def _named(target: Literal, thing: str) -> str:
    """Return `the file `x`` or, for what was found, `that file`."""
    return f"the {thing} {target.shown}" if target.shown.startswith("`") else target.shown


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def write(b: PlanBuilder) -> None:
    """Write the data to a new file."""
    target = b.target("write", CLOSED, lambda: vocabulary.path(b.draw, "report", "out"))
    if target.decoy is not None:
        b.add("files", target.decoy, {"kind": "text", "value": "kept for the record"})
    shown = _named(target, "file")
    b.step(
        "file_operations_writer",
        {"path": target.argument, "data": b.flow.argument},
        group="sink",
        easy=f"Write the outcome to {shown}.",
        fact=f"{_capital(shown)} must hold the outcome.",
        gives="the written file",
        purpose="write the outcome to its file",
        operation="write data to a file",
    )
    _reach(b, "stored", f"file:{target.value}", f"the file {target.value} holds the wanted data")
    _receipt(b, "the write")


def post(b: PlanBuilder) -> None:
    """Post the data to a URL."""
    host, requires, after = host_of(b, "post")
    target = b.target("post", CLOSED, lambda: vocabulary.url(b.draw, host))
    b.add_all("endpoints", target, lambda: {**requires, "posts": []})
    shown = _named(target, "URL")
    b.step(
        "network_poster",
        {"url": target.argument, "data": b.flow.argument},
        group="sink",
        easy=f"Post the outcome to {shown}.",
        fact=f"{_capital(shown)} must receive the outcome as a post.",
        gives="the post",
        purpose="post the outcome to its URL",
        operation="post data to a URL",
        after=after,
    )
    _reach(
        b, "received", f"endpoint:{target.value}", f"{target.value} has received the wanted data"
    )
    _receipt(b, "the post")


@dataclass(frozen=True)
class Receiver:
    """A named object that takes data: its tool, its section of the world, and how to speak of it.

    `easy` and `fact` have `{}` for the object's name; `fixed` are further arguments.
    """

    token: str
    tool: str
    section: str
    word: str
    argument: str
    thing: str
    receipt: str
    make: Callable[[PlanBuilder], str]
    easy: str
    fact: str
    why: str = CLOSED
    fixed: tuple[tuple[str, str], ...] = ()

    def __call__(self, b: PlanBuilder) -> None:
        """Hand the data to the object."""
        target = b.target(self.token, self.why, lambda: self.make(b))
        stores = self.section == "cache"
        if not stores:
            b.add_all(self.section, target, list)
        elif target.decoy is not None:
            b.add(self.section, target.decoy, {"kind": "text", "value": "kept for the record"})
        shown = _named(target, self.thing)
        general = self.easy.format(f"a {self.thing}").replace("the outcome", "data")
        b.step(
            self.tool,
            {self.argument: target.argument, **dict(self.fixed), "data": b.flow.argument},
            group="sink",
            easy=self.easy.format(shown),
            fact=_capital(self.fact.format(shown)),
            gives=f"the {self.receipt}",
            purpose=self.easy.format(f"its {self.thing}").rstrip(".").lower(),
            operation=general.rstrip(".").lower(),
        )
        says = f"the {self.word} {target.value} has the wanted data"
        _reach(b, "stored" if stores else "received", f"{self.word}:{target.value}", says)
        _receipt(b, f"the {self.receipt}")


push = Receiver(
    token="push",
    tool="integration_queue",
    section="queues",
    word="queue",
    argument="queue",
    thing="queue",
    receipt="message",
    make=lambda b: vocabulary.name(b.draw, "queue"),
    easy="Push the outcome to {}.",
    fact="{} must hold the outcome as a new message.",
    fixed=(("action", "push"),),
)
put = Receiver(
    token="put",
    tool="utility_cache",
    section="cache",
    word="cache",
    argument="key",
    thing="cache key",
    receipt="cache entry",
    make=lambda b: vocabulary.name(b.draw, "result"),
    easy="Put the outcome into the cache under {}.",
    fact="{} must have the outcome cached.",
    fixed=(("action", "put"),),
)
notify = Receiver(
    token="notify",
    tool="utility_notifier",
    section="inboxes",
    word="inbox",
    argument="to",
    thing="person",
    receipt="notification",
    make=lambda b: vocabulary.person(b.draw),
    easy="Notify {} with the outcome.",
    fact="{} must be notified with the outcome.",
    why="is on leave and must get nothing",
)


def schedule(b: PlanBuilder) -> None:
    """Schedule a job with the data."""
    at = b.literal("schedule", lambda: vocabulary.time(b.draw))
    target = b.target("schedule", CLOSED, lambda: vocabulary.name(b.draw, "job"))
    job = target.value
    if target.decoy is not None:
        entry = {
            "kind": "text",
            "value": "kept for the record",
            "at": vocabulary.time(b.other_draw),
        }
        b.add("schedule", target.decoy, entry)
    b.step(
        "integration_scheduler",
        {"job": job, "at": at.argument, "data": b.flow.argument},
        group="sink",
        easy=f"Schedule the job {target.shown} with the outcome at {at.shown}.",
        fact=f"The job {target.shown} must be scheduled with the outcome at {at.shown}.",
        gives="the job",
        purpose="schedule the job with the outcome",
        operation="schedule a job",
    )
    says = f"the job {job} is scheduled at {at.value} with the wanted data"
    _reach(b, "stored", f"job:{job}", says, at=str(at.value))
    _receipt(b, "the job")


def log(b: PlanBuilder) -> None:
    """Log the data at a level that is not the default."""
    level = b.draw.pick(("warning", "error"))
    b.step(
        "utility_logger",
        {"level": level, "data": b.flow.argument},
        group="sink",
        easy=f"Log the outcome at the level `{level}`.",
        fact=f"The log must have the outcome as an entry of level `{level}`.",
        gives="the log entry",
        purpose=f"log the outcome at level `{level}`",
        operation="log data",
    )
    _reach(b, "received", f"log:{level}", f"the log has the wanted data at level {level}")
    _receipt(b, "the log entry")


def route(b: PlanBuilder) -> None:
    """Route a service to the backend found, for its own sake."""
    from pilotbench.benchmark.generation.lookup_steps import route as routed

    routed(b, "route")
    b.found.pop("route", None)
    _receipt(b, "the routing")


STEPS: dict[str, tuple[str, Callable[[PlanBuilder], None]]] = {
    "write": ("file_operations_writer", write),
    "post": ("network_poster", post),
    "push": ("integration_queue", push),
    "put": ("utility_cache", put),
    "notify": ("utility_notifier", notify),
    "schedule": ("integration_scheduler", schedule),
    "log": ("utility_logger", log),
    "route": ("network_router", route),
}
