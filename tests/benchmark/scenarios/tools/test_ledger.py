from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.ledger import key_of
from support.tools_lab import ENTRY, READ, A, Desk

MISTAKE = f"{A}/mistake"


def test_an_entry_is_withdrawn_by_its_receipt_and_a_fee_is_booked() -> None:
    desk = Desk().after(READ, ("network_poster", {"url": MISTAKE, "data": "@", "quote": 7}))
    first, second = desk.call("integration_auditor", {"target": MISTAKE})["entries"]
    found = desk.call("integration_canceller", {"target": MISTAKE, "receipt": first["receipt"]})
    assert found == {"target": MISTAKE, "withdrawn": first["receipt"], "fee": 25}
    assert desk.call("integration_auditor", {"target": MISTAKE})["entries"] == [second]
    assert desk.world.sections["fees"] == {MISTAKE: [{"receipt": first["receipt"], "amount": 25}]}


def test_withdrawing_a_job_or_a_file_removes_it() -> None:
    desk = Desk()
    for section, target in (("schedule", "job-1"), ("files", "in/OR-1.json"), ("cache", "OR-1")):
        (entry,) = desk.call("integration_auditor", {"target": target})["entries"]
        desk.after(("integration_canceller", {"target": target, "receipt": entry["receipt"]}))
        assert target not in desk.world.sections[section]
    assert len(desk.world.sections["fees"]) == 3


def test_of_two_equal_entries_only_the_newer_is_withdrawn() -> None:
    desk = Desk().after(READ, ("network_poster", {"url": MISTAKE, "data": "@"}))
    first, second = desk.call("integration_auditor", {"target": MISTAKE})["entries"]
    assert first == second
    desk.after(("integration_canceller", {"target": MISTAKE, "receipt": first["receipt"]}))
    assert desk.world.sections["endpoints"][MISTAKE]["posts"] == [ENTRY]


def test_only_a_record_has_a_key() -> None:
    assert key_of(ENTRY) == "OR-1"
    assert key_of({"kind": "record", "value": {"limit": 4}}) is None
    assert key_of({"kind": "text", "value": "OR-1"}) is None
