"""Goal predicates, protected objects, and what has changed in a world.

Goal predicates (plain JSON, each with its text in `says`):
- `stored`: a file, cache key or job holds this content with this lineage;
- `received`: an endpoint, queue, inbox or log got a new entry with this content and lineage;
- `routed`: a service is routed to a backend;
- `taken`: so many messages have left a queue;
- `answer`: the answer is the wanted one (see `answers.matches`).

Lineage is tested by operation: `roots` must all be among the roots of the content, none of which
may be typed text, and `ops` among its operations (`a|b`: either will do). Which tool did them is
never asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.world import answers
from pilotbench.benchmark.world.objects import INLINE_ROOT, content_of
from pilotbench.benchmark.world.state import SECTIONS

Json = dict[str, Any]
Sections = dict[str, dict[str, Any]]

SECTION_OF = {word: section for section, word in SECTIONS.items()}
APPENDED = ("endpoints", "queues", "inboxes", "log")


def locate(identity: str) -> tuple[str, str]:
    """Return (section, key) of an identity such as `file:out/a.csv`."""
    word, _, key = identity.partition(":")
    return SECTION_OF[word], key


def entries(section: str, value: Any) -> list[Json]:
    """Return the entries of an object that grows: posts, messages, inbox or log lines."""
    if value is None:
        return []
    return list(value.get("posts", ())) if section == "endpoints" else list(value)


def _fits(entry: Json, wanted: Json) -> bool:
    """Return whether a stored entry has the wanted content and lineage."""
    if "at" in wanted and entry.get("at") != wanted["at"]:
        return False
    roots, ops = entry.get("roots", ()), entry.get("ops", ())
    if INLINE_ROOT in roots or not set(wanted["roots"]) <= set(roots):
        return False
    if not all(set(op.split("|")) & set(ops) for op in wanted["ops"]):
        return False
    return bool(content_of(entry["kind"], entry["value"]) == wanted["content"])


def _added(start: Sections, now: Sections, section: str, key: str) -> tuple[int, list[Json]]:
    """Return how many first entries have left and which entries were added at the end."""
    before = entries(section, start.get(section, {}).get(key))
    after = entries(section, now[section].get(key))
    for left in range(len(before) + 1):
        kept = before[left:]
        if after[: len(kept)] == kept:
            return left, after[len(kept) :]
    return len(before), after


def holds(predicate: Json, start: Sections, now: Sections, answer: Any) -> bool:
    """Return whether one goal predicate holds; `start` and `now` are the sections of a world."""
    kind = predicate["kind"]
    if kind == "answer":
        return answers.matches(predicate, answer)
    section, key = locate(predicate["object"])
    if kind == "routed":
        return bool(now[section].get(key) == predicate["backend"])
    if kind == "stored":
        entry = now[section].get(key)
        return entry is not None and _fits(entry, predicate)
    left, added = _added(start, now, section, key)
    if kind == "taken":
        return left >= int(predicate["count"])
    return any(_fits(entry, predicate) for entry in added)


def changed(start: Sections, now: Sections) -> list[tuple[str, str]]:
    """Return (section, key) of every object that differs from the start, in order."""
    found = []
    for section in SECTIONS:
        before, after = start.get(section, {}), now[section]
        if before == after:
            continue
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                found.append((section, key))
    return found


def broken(goal: Sequence[Json], allow: Sequence[str], start: Sections, now: Sections) -> list[str]:
    """Return the identities of protected objects that changed, in order.

    An object of `allow` may change. What grows may grow only by what the goal asks for, once
    each, and only as many messages may leave a queue as the goal says; `log` in `allow` frees
    the whole log. Handles and sign-ins are not objects of the world.
    """
    found = []
    for section, key in changed(start, now):
        identity = f"{SECTIONS[section]}:{key}"
        if section == "log" and "log" in allow:
            continue
        if identity not in allow or (
            section in APPENDED and not _grown_as_asked(goal, identity, start, now)
        ):
            found.append(identity)
    return found


def _grown_as_asked(goal: Sequence[Json], identity: str, start: Sections, now: Sections) -> bool:
    section, key = locate(identity)
    left, added = _added(start, now, section, key)
    here = [predicate for predicate in goal if predicate.get("object") == identity]
    may_leave = sum(int(p["count"]) for p in here if p["kind"] == "taken")
    wanted = [predicate for predicate in here if predicate["kind"] == "received"]
    for entry in added:
        fitting = next((predicate for predicate in wanted if _fits(entry, predicate)), None)
        if fitting is None:
            return False
        wanted.remove(fitting)
    return left <= may_leave


def short(value: Any, limit: int = 120) -> str:
    """Return a value in few characters, for people."""
    words = "" if value is None else str(value)
    return words if len(words) <= limit else words[: limit - 1] + "…"


def differences(start: Sections, now: Sections) -> list[Json]:
    """Return each changed object with its short form before and after."""
    return [
        {
            "object": f"{SECTIONS[section]}:{key}",
            "before": short(start.get(section, {}).get(key)),
            "after": short(now[section].get(key)),
        }
        for section, key in changed(start, now)
    ]
