"""Parameters that several tools have."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.world.tool import text

Json = dict[str, Any]

DATA = text("A handle, or the name of a table.")
COLUMN = text("The name of a column.")
URL = text("The full URL.")
QUOTE: Json = {
    "type": "integer",
    "description": "A receipt number to quote, or 0, where the request wants this.",
}
TARGET = text("A URL, queue, person, file, job or cache key.")


def counting(description: str) -> Json:
    """Return the schema of a whole number from 1 on, 1 by default."""
    return {"type": "integer", "description": description, "minimum": 1, "default": 1}
