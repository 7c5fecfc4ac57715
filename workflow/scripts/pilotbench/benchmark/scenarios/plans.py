"""The reference plan of an assignment: the calls by which the oracle solves it, one by one."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.instances import Step
from pilotbench.benchmark.scenarios.point import Point
from pilotbench.benchmark.scenarios.tools.showing import PAGE
from pilotbench.benchmark.scenarios.work import Assignment, Item
from pilotbench.benchmark.scenarios.worlds import detail_of, stub_path

Json = dict[str, Any]


def plan_of(made: Assignment, receipts: dict[str, int], mistake: int | None) -> tuple[Step, ...]:
    """Return the plan; `mistake` is the receipt number of the entry to be withdrawn."""
    if made.word:
        return tuple(_Writer(made).until_known())
    writer = _Writer(made)
    writer.listed()
    if mistake is not None:
        arguments = {"target": made.act.name, "receipt": mistake}
        writer.add("integration_canceller", arguments, "withdraw the entry made by mistake")
    quote = 0
    for item in made.items:
        writer.looked_up(item)
        if item.target is not None:
            writer.passed_on(item, quote)
            quote = receipts[item.key] if item.is_chained else quote
    return tuple(writer.steps)


def most_steps(point: Point) -> int:
    """Return a bound on the length of the plan at a point."""
    each = 3 + len({"hidden", "joined"} & set(point.observation))
    each += 2 * ("committed" in point.recovery) + ("partial" in point.recovery)
    return 8 + (point.items + PAGE - 1) // PAGE + each * point.items


class _Writer:
    """Writes a plan step by step; arguments refer to the results of earlier steps."""

    def __init__(self, made: Assignment) -> None:
        self.made = made
        self.steps: list[Step] = []

    def add(self, tool: str, arguments: Json, operation: str) -> int:
        """Add a step; return its place."""
        self.steps.append(Step(tool, arguments, operation, operation))
        return len(self.steps) - 1

    def until_known(self) -> list[Step]:
        """Return the steps after which it is known that the task must be left alone."""
        reason = self.made.impossible
        if reason == "":
            self.noted(self.made.core.names.house)
        elif reason == "no_limit":
            self.noted(self.made.core.names.note)
        elif reason == "no_access":
            self.signed_in()
        elif reason == "no_list":
            self._list()
        return self.steps

    def noted(self, topic: str) -> None:
        """Add the look-up of a note."""
        self.add("utility_helper", {"topic": topic}, "look up a note")

    def signed_in(self) -> None:
        """Add the sign-in to the database."""
        names = self.made.core.names
        arguments = {"service": names.database, "credential": names.credential}
        self.add("integration_authenticator", arguments, "sign in")

    def listed(self) -> None:
        """Add the steps that find the items and what decides about them."""
        made, names = self.made, self.made.core.names
        if made.house is not None:
            self.noted(names.house)
        if made.core.is_noted and made.point.speaker not in ("changes", "asked"):
            self.noted(names.note)
        if made.point.speaker == "asked":
            self.add("requester_ask", {"question": "What is the limit?"}, "ask for the limit")
        if made.act.role:
            self.add("utility_directory", {"role": made.act.role}, "find the person")
        self._list()

    def _list(self) -> None:
        made, names = self.made, self.made.core.names
        if made.core.listing == "table":
            self.signed_in()
            arguments = {"database": names.database, "table": names.table}
            place = self.add("integration_connector", arguments, "get the list")
            if made.impossible:
                return
            for first in range(1, len(made.items) + 1, PAGE):
                data = {"$step": place, "path": "handle"}
                self.add("data_processing_viewer", {"data": data, "first": first}, "view the list")
        elif made.core.listing == "folder":
            self.add("file_operations_scanner", {"folder": names.folder}, "list the folder")
        elif made.core.listing == "service":
            self.add("network_monitor", {"service": names.service}, "list the servers")
        else:
            for _ in made.items[: 1 if made.impossible else None]:
                arguments = {"queue": names.queue, "action": "pull"}
                self.add("integration_queue", arguments, "take a message")

    def looked_up(self, item: Item) -> None:
        """Add the steps that get an item's record and what decides about it."""
        made, core = self.made, self.made.core
        if core.listing == "folder" and core.detail == "reference":
            self.add("file_operations_reader", {"path": stub_path(made, item.key)}, "read a file")
        place = self._record(item)
        data = {"$step": place, "path": "handle"}
        self.data = data
        if "partial" in made.point.recovery:
            _, url = detail_of(made, item)
            self.add("network_fetcher", {"url": url, "part": 2}, "fetch the second part")
        if "hidden" in made.point.observation:
            self.add("data_processing_viewer", {"data": data}, "view the record")
        if "joined" in made.point.observation:
            key = core.subject.key
            arguments = {"data": core.names.joined, "column": key, "test": "==", "value": item.key}
            self.add("data_processing_filter", arguments, "look up the item's row")

    def _record(self, item: Item) -> int:
        _, name = detail_of(self.made, item, mirror="down" in self.made.point.recovery)
        tool, arguments = {
            "url": ("network_fetcher", {"url": name}),
            "reference": ("utility_tracker", {"reference": name}),
            "file": ("file_operations_reader", {"path": name}),
            "cache": ("utility_cache", {"key": name, "action": "get"}),
        }[self.made.core.detail]
        return self.add(tool, arguments, "get the record")

    def passed_on(self, item: Item, quote: int) -> None:
        """Add the call that passes a record on, looked after and repeated where it has to be."""
        target = item.target
        assert target is not None
        quoted = quote if self.made.core.is_chained and item.is_chained else None
        arguments = target.arguments(item.key, item.record, self.data, quoted)
        self.add(target.tool, arguments, "pass the record on")
        if item.unconfirmed:
            name = {"target": target.name_for(item.key)}
            self.add("integration_auditor", name, "look whether it has arrived")
        if item.unconfirmed == "not_done":
            self.add(target.tool, arguments, "pass the record on again")
