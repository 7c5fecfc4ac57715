"""Tools that look things up, without the base tools for references, notes and roles."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.others import (
    elsewhere,
    looked_up,
    other_holder,
)
from pilotbench.benchmark.scenarios.tools.searched.variant import variant
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld

Json = dict[str, Any]


def _former_note(world: ScenarioWorld, topic: str, note: Any) -> Json:
    figures = {name: round(value * 0.8) for name, value in note.items() if type(value) is int}
    return {"valid_until": "2030-12-31", **figures}


def _note_length(world: ScenarioWorld, topic: str, note: Any) -> Json:
    return {"words": sum(len(str(value).split()) for value in note.values())}


def _note_fields(world: ScenarioWorld, topic: str, note: Any) -> Json:
    return {"fields": list(note)}


def _extension(world: ScenarioWorld, person: str, inbox: Any) -> Json:
    return {"extension": world.receipt("extension", person) % 9000 + 1000}


def _unread(world: ScenarioWorld, person: str, inbox: Any) -> Json:
    return {"messages": len(inbox)}


TOOLS = (
    variant(
        "utility_archive_tracker", "tracker", reading.LAST_YEAR,
        "Shows what was recorded under a tracking reference a year ago. The values are those of"
        " last year, not the current ones.",
    ),
    variant(
        "utility_arrival_estimator", "tracker", reading.FORECAST,
        "Estimates what will be recorded under a tracking reference next quarter. The values are"
        " forecasts.",
    ),
    variant(
        "utility_training_tracker", "tracker", reading.TRAINING,
        "Looks up a tracking reference in the training system. The values are invented.",
    ),
    variant(
        "utility_public_tracker", "tracker", reading.MASKED,
        "Shows what customers see of a tracking reference: every field but the key is blacked out."
        " The record itself is not returned.",
    ),
    variant(
        "utility_digest_tracker", "tracker", reading.ROUNDED,
        "Looks up a tracking reference with all amounts rounded to the nearest thousand. The exact"
        " amounts are not kept.",
    ),
    variant(
        "utility_label_printer", "tracker", reading.AS_TEXT,
        "Prints the label of a tracking reference as plain text. The result is text and no record.",
    ),
    variant(
        "utility_reference_resolver", "tracker", reading.FIRST_FIELD,
        "Tells only the key that belongs to a tracking reference. All other fields are left out.",
    ),
    variant(
        "utility_reference_checker", "tracker", reading.AVAILABLE,
        "Checks whether a tracking reference is known. It does not return the record.",
    ),
    variant(
        "utility_parcel_finder", "tracker", acting.RETIRED,
        "Finds a parcel by its tracking reference. This tool is deprecated and refuses every call.",
    ),
    looked_up(
        "utility_former_notes", "topic", "notes", _former_note,
        "Shows the figures of last year's version of a house note. They are no longer in force.",
    ),
    looked_up(
        "utility_note_measurer", "topic", "notes", _note_length,
        "Tells how many words a house note has. It does not show the note.",
    ),
    looked_up(
        "utility_note_describer", "topic", "notes", _note_fields,
        "Tells which fields a house note has. It does not show their values.",
    ),
    variant(
        "utility_manual", "helper", acting.RETIRED,
        "Shows a page of the old manual. This tool is deprecated and refuses every call.",
    ),
    elsewhere(
        "utility_glossary", "word", "word in the glossary",
        "Explains a technical word. It knows no house notes.",
    ),
    looked_up(
        "utility_former_directory", "role", "directory", other_holder("former holder"),
        "Tells who held a role last year. It does not tell who holds it now.",
    ),
    looked_up(
        "utility_deputy_finder", "role", "directory", other_holder("deputy"),
        "Tells who stands in for the holder of a role during holidays. It does not tell who holds"
        " the role.",
    ),
    variant(
        "utility_role_checker", "directory",
        reading.reworded(lambda told: {"role": told["role"], "held": True}, "yes or no"),
        "Checks whether somebody holds a role. It does not tell who it is.",
    ),
    variant(
        "utility_staff_list", "directory", acting.RETIRED,
        "Looks up a role in the old staff list. This tool is deprecated and refuses every call.",
    ),
    looked_up(
        "utility_phone_book", "person", "inboxes", _extension,
        "Tells the phone extension of a person. It does not know the roles of people.",
    ),
    looked_up(
        "utility_inbox_counter", "person", "inboxes", _unread,
        "Tells how many messages the inbox of a person holds. It sends nothing.",
    ),
    elsewhere(
        "utility_room_finder", "room", "meeting room",
        "Tells where a meeting room is. It knows no people and no roles.",
    ),
)  # fmt: skip
