"""Every wire format by the value of `api`: each module of this folder declares one as `WIRE`.

Adding a format is adding a file here. Modules are imported when the config is read, so a format
imports its SDK inside `opened` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pilotbench.providers.wire_format import WireFormat

Json = dict[str, Any]


def _declared() -> dict[str, WireFormat]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {one.WIRE.name: one.WIRE for one in modules if hasattr(one, "WIRE")}


WIRE_FORMATS: Mapping[str, WireFormat] = _declared()


def completed(schema: Json) -> Json:
    """Return the schema of `providers` or `model_catalog` with the wire formats in `api`."""
    entry = schema["additionalProperties"]
    known = " ".join(f"{name}: {wire.sentence}" for name, wire in WIRE_FORMATS.items())
    api = {
        "enum": list(WIRE_FORMATS),
        "description": f"{entry['properties']['api']['description']} {known}",
    }
    properties = entry["properties"] | {"api": api}
    return schema | {"additionalProperties": entry | {"properties": properties}}
