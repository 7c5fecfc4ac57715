"""What a request can say, clause by clause; `wording` puts clauses into words.

A clause is a kind and the values of its slots. Slots that name an object of the world (a table, a
URL, a field of a record) are shown in backticks. `{one}` and `{many}` in a wording are the nouns of
the core's subject (`order` and `orders`, say).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clause:
    """One thing that a request says; `subject` is the key of the nouns in the vocabulary."""

    kind: str
    subject: str
    slots: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class ClauseKind:
    """A kind of clause: the slots that its wordings must contain, and what it means."""

    slots: tuple[str, ...]
    means: str


KINDS: dict[str, ClauseKind] = {
    # where the work list is
    "list_table": ClauseKind(
        ("table", "database"), "The items are the rows of a table of a database."
    ),
    "list_folder": ClauseKind(("folder",), "The items are the files of a folder, one per item."),
    "list_queue": ClauseKind(
        ("queue",), "The items wait in a queue, one message each; take them until it is empty."
    ),
    "list_service": ClauseKind(
        ("service",), "The items are those backends of a service whose state is `up`."
    ),
    "sign_in": ClauseKind(
        ("service", "credential"), "A database or service needs signing in with a credential."
    ),
    "named_by": ClauseKind(("key",), "Each item is named by that field: it holds its key."),
    # where the facts of an item are
    "detail_url": ClauseKind(
        ("url",), "Each item's record is offered at its own URL; `<…>` in it is the item's key."
    ),
    "detail_reference": ClauseKind(
        ("field",), "Each item has a tracking reference, in that field; tracking gives its record."
    ),
    "detail_file": ClauseKind(("path",), "Each item's record is a file; `<…>` is the item's key."),
    "detail_cache": ClauseKind(
        ("cache_key",), "Each item's record is in the cache, under this key; `<…>` is its key."
    ),
    "join_table": ClauseKind(
        ("table", "field", "key"),
        "The field of each item is not in its record but in another table, by the item's key.",
    ),
    # which items count
    "limit_value": ClauseKind(("limit",), "The limit is this number."),
    "limit_note": ClauseKind(
        ("topic", "field"), "The limit is in a house note on this topic, in that field."
    ),
    "was_limit": ClauseKind(
        ("limit",),
        "A limit of the past or of the future, of other lists, or one that was never agreed on; it"
        " decides nothing.",
    ),
    "decide_over": ClauseKind(
        ("field",), "Only items whose field is above the limit count; none is exactly at it."
    ),
    "decide_under": ClauseKind(
        ("field",), "Only items whose field is below the limit count; none is exactly at it."
    ),
    # what happens to the items that count: their record is passed on as it is
    "act_post": ClauseKind(("url",), "The record of each item that counts is posted to a URL."),
    "act_push": ClauseKind(("queue",), "The record of each one that counts goes into a queue."),
    "act_notify": ClauseKind(("person",), "A person is sent the record of each that counts."),
    "act_file": ClauseKind(
        ("path",), "The record of each one that counts is written to a file; `<…>` is its key."
    ),
    "act_schedule": ClauseKind(
        ("job", "field"),
        "A job with the record is scheduled for each one that counts; `<…>` in the job's name is"
        " the item's key, and it runs at the time in that field of the record.",
    ),
    "act_role": ClauseKind(
        ("role",),
        "Whoever holds this role is sent the record of each that counts; the staff directory says"
        " who that is.",
    ),
    "act_phone": ClauseKind(
        (), "Somebody telephones about each one that counts (no tool can do this)."
    ),
    "was_place": ClauseKind(
        ("place",),
        "Records went to this place once, will do so later, or those of another list do; nothing"
        " goes there. It is a place of the same kind as the one for the items that count.",
    ),
    # what happens to the rest
    "rest_post": ClauseKind(("url",), "The records of the others are posted to another URL."),
    "rest_push": ClauseKind(("queue",), "The records of the others go into another queue."),
    "rest_notify": ClauseKind(("person",), "Another person is sent the records of the others."),
    "rest_none": ClauseKind((), "Nothing happens to the others."),
    "chain": ClauseKind(
        (),
        "Every such call quotes (argument `quote`) the receipt number of the one before it, in the"
        " order of the list; the first one quotes 0.",
    ),
    # the answer
    "answer_total": ClauseKind(
        ("field",), "The answer is the total of a field over the items that count."
    ),
    "answer_largest": ClauseKind(
        ("key", "field"), "The answer is the key of the item that counts with the largest field."
    ),
    "answer_smallest": ClauseKind(
        ("key", "field"), "The answer is the key of the item that counts with the smallest field."
    ),
    "answer_receipt": ClauseKind(
        (), "The answer is the receipt number of the last call that passed a record on."
    ),
    # what has been said the wrong way round, or has not
    "places_turned": ClauseKind(
        (), "The places for the items that count and for the others have been exchanged."
    ),
    "places_kept": ClauseKind((), "These places have not been exchanged."),
    "side_turned": ClauseKind((), "The side of the limit on which items count is the other one."),
    "side_kept": ClauseKind((), "The side of the limit on which items count is the one stated."),
    "rank_turned": ClauseKind(
        (), "The answer is the smallest where the largest is stated, and the reverse."
    ),
    "rank_kept": ClauseKind((), "The answer is the largest or the smallest, as stated."),
    # the axes
    "rules_note": ClauseKind(
        ("topic",), "The house rules are the note on this topic; they prevail over the request."
    ),
    "fallback": ClauseKind(
        ("url", "mirror"), "If the first URL is out of service, its mirror serves the same."
    ),
    "undo": ClauseKind(
        ("target", "receipt"),
        "Somebody has already passed one record on by mistake: the entry with this receipt number"
        " at this target must be withdrawn, for which a fee is charged.",
    ),
    "pending": ClauseKind((), "Where the records go follows in a later message; begin anyway."),
    "ask_me": ClauseKind(
        (), "The writer does not know the limit by heart and can be asked for it."
    ),
    "change_limit": ClauseKind(
        ("limit",), "A later message: the limit is now this number, for all items of the list."
    ),
    "purpose": ClauseKind((), "Why this has to be done; it decides nothing."),
}
