"""Tools of their own: what they tell, empty, move or withdraw."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.world import goals
from support.tools_lab import ENTRY, READ, WORLD, A, Call, Desk

Json = dict[str, Any]

EMPTIES = [
    ("file_operations_remover", {"path": "in/OR-1.json"}, ("files", "in/OR-1.json"), None),
    ("network_cleaner", {"url": f"{A}/mistake"}, ("endpoints", f"{A}/mistake"), {"posts": []}),
    ("integration_queue_purger", {"queue": "todo"}, ("queues", "todo"), []),
    ("integration_job_remover", {"job": "job-1"}, ("schedule", "job-1"), None),
    ("utility_cache_evicter", {"key": "OR-1"}, ("cache", "OR-1"), None),
]


@pytest.mark.parametrize(("tool", "arguments", "place", "left"), EMPTIES)
def test_a_target_is_emptied_or_removed(
    tool: str, arguments: Json, place: tuple[str, str], left: Any
) -> None:
    desk = Desk(SEARCHED).after((tool, arguments))
    section, key = place
    assert desk.world.sections[section].get(key) == left
    assert goals.changed(WORLD, desk.world.sections) == [place]


TOLD: list[tuple[str, Json, Json]] = [
    ("utility_former_notes", {"topic": "limits"}, {"limit": 3857, "valid_until": "2030-12-31"}),
    ("utility_note_measurer", {"topic": "limits"}, {"words": 1}),
    ("utility_note_describer", {"topic": "limits"}, {"fields": ["limit"]}),
    ("utility_former_directory", {"role": "shift lead"}, {"person": "tom.berg"}),
    ("utility_deputy_finder", {"role": "duty manager"}, {"person": "mara.lind", "as": "deputy"}),
    ("utility_role_checker", {"role": "shift lead"}, {"held": True}),
    ("utility_inbox_counter", {"person": "mara.lind"}, {"messages": 0}),
    ("utility_phone_book", {"person": "mara.lind"}, {"person": "mara.lind"}),
    ("integration_entry_counter", {"target": "todo"}, {"entries": 1}),
    ("integration_archive_auditor", {"target": "todo"}, {"entries": [], "year": 2030}),
    ("integration_emptiness_checker", {"target": "none"}, {"empty": True}),
    ("file_operations_archive_scanner", {"folder": "in", "pattern": "*.json"},
     {"archived": ["archive/2030/in/OR-1.json"]}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "wanted"), TOLD)
def test_a_tool_tells_and_changes_nothing(tool: str, arguments: Json, wanted: Json) -> None:
    desk = Desk(SEARCHED)
    found = desk.call(tool, arguments)
    assert {key: found.get(key) for key in wanted} == wanted
    assert goals.changed(WORLD, desk.world.sections) == []


FAILS: list[tuple[str, Json, str]] = [
    ("utility_glossary", {"word": "limits"}, "not_found"),
    ("network_certificate_checker", {"host": "a.example"}, "not_found"),
    ("network_cleaner", {"url": f"{A}/parts"}, "not_accepted"),
    ("network_cleaner", {"url": f"{A}/lost"}, "out_of_service"),
    ("network_cleaner", {"url": f"{A}/x"}, "not_found"),
    ("utility_former_notes", {"topic": "x"}, "not_found"),
    ("integration_mass_canceller", {"target": "none"}, "no_entry"),
    ("integration_mass_canceller", {"target": f"{A}/parts"}, "no_entry"),
    ("integration_mass_canceller", {"target": "x"}, "not_found"),
    ("integration_queue_mover", {"queue": "todo", "other": "todo"}, "bad_arguments"),
    ("integration_queue_mover", {"queue": "todo", "other": "lost-queue"}, "out_of_service"),
    ("integration_queue_reverser", {"queue": "x"}, "not_found"),
    ("integration_fee_estimator", {"target": "todo", "receipt": 1}, "no_entry"),
]


@pytest.mark.parametrize(("tool", "arguments", "code"), FAILS)
def test_a_tool_refuses(tool: str, arguments: Json, code: str) -> None:
    found = Desk(SEARCHED).call(tool, arguments)
    assert (found["error"], found["message"][-1]) == (code, ".")


def test_without_another_person_nobody_stands_in() -> None:
    desk = Desk(SEARCHED, directory={"shift lead": "mara.lind"})
    assert desk.call("utility_deputy_finder", {"role": "shift lead"})["error"] == "not_found"


@pytest.mark.parametrize(
    ("target", "left"), [("todo", []), (f"{A}/mistake", {"posts": []}), ("job-1", None)]
)
def test_every_entry_is_withdrawn_for_a_fee_each(target: str, left: Any) -> None:
    desk = Desk(SEARCHED)
    assert desk.call("integration_mass_canceller", {"target": target})["withdrawn"] == 1
    section = next(name for name, held in WORLD.items() if target in held)
    assert desk.world.sections[section].get(target) == left
    assert desk.world.sections["fees"][target] == [{"receipt": 0, "amount": 25}]


def test_the_messages_of_a_queue_move_or_turn_round() -> None:
    push: Call = ("integration_queue", {"queue": "todo", "action": "push", "data": "@"})
    desk = Desk(SEARCHED).after(READ, push)
    first, second = desk.world.sections["queues"]["todo"]
    assert desk.call("integration_queue_reverser", {"queue": "todo"}) == {"waiting": 2}
    assert desk.world.sections["queues"]["todo"] == [second, first]
    assert desk.call("integration_queue_mover", {"queue": "todo", "other": "none"}) == {"moved": 2}
    assert desk.world.sections["queues"]["none"] == [second, first]
    assert first == ENTRY


def test_a_fee_is_told_or_a_dispute_opened_and_nothing_withdrawn() -> None:
    desk = Desk(SEARCHED)
    (entry,) = desk.call("integration_auditor", {"target": "todo"})["entries"]
    named = {"target": "todo", "receipt": entry["receipt"]}
    assert desk.call("integration_fee_estimator", named) == {"fee": 25, "withdrawn": False}
    assert desk.call("integration_disputer", named) == {"dispute": "opened", "withdrawn": False}
    assert goals.changed(WORLD, desk.world.sections) == []
