"""Lists of clauses as requests have them, drawn from a number."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.amendments import amended
from pilotbench.benchmark.scenarios.terms.clauses import KINDS, Clause
from pilotbench.benchmark.scenarios.terms.subjects import SUBJECTS

LISTS = ("list_table", "list_folder", "list_queue", "list_service")
DETAILS = ("detail_url", "detail_reference", "detail_file", "detail_cache")
LIMITS = ("limit_value", "limit_note", "ask_me")
ACTS = (
    "act_post",
    "act_push",
    "act_notify",
    "act_file",
    "act_schedule",
    "act_role",
    "act_phone",
    "pending",
)
RESTS = ("rest_post", "rest_push", "rest_notify", "rest_none")
OTHERS = (
    "sign_in",
    "rules_note",
    "undo",
    "purpose",
    "chain",
    "join_table",
    "was_limit",
    "was_place",
)


def value(kind: str, slot: str) -> Any:
    """Return a value that no other slot of the request has."""
    if slot == "limit":
        return 3000 + len(kind)
    holds_key = slot in ("path", "cache_key", "job") or kind == "detail_url"
    return f"{kind}-{slot}-{'<key>' if holds_key else 4821}"


def clause(kind: str, subject: str = "orders", **slots: Any) -> Clause:
    """Return a clause; slots that are not given have values of their own."""
    values = {slot: value(kind, slot) for slot in KINDS[kind].slots} | slots
    return Clause(kind, subject, tuple(values.items()))


def request(index: int) -> list[Clause]:
    """Return the clauses of a request in their usual sequence."""
    random = SeededRandom("clauses", index)
    kinds = [random.pick(kinds) for kinds in (LISTS, DETAILS, LIMITS)]
    kinds += [random.pick(("decide_over", "decide_under")), random.pick(ACTS)]
    kinds += [random.pick(RESTS)] if kinds[-1] != "pending" else []
    kinds += random.some(OTHERS, random.whole(0, 5))
    kinds += ["fallback"] if kinds[1] == "detail_url" and random.chance(0.5) else []
    kinds.append("named_by")
    answers = ["answer_total", "answer_largest", "answer_smallest"] + ["answer_receipt"] * (
        "chain" in kinds
    )
    subject = random.pick(sorted(SUBJECTS))
    clauses = [clause(kind, subject) for kind in [*kinds, random.pick(answers)]]
    return amended(clauses, lambda topic: SeededRandom("amended", topic, index))
