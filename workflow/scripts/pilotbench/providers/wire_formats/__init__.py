"""Every wire format by the value of `api`: each module of this folder declares one as `WIRE`.

Adding a format is adding a file here. Modules are imported when the config is read, so a format
imports its SDK inside `opened` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_format import WireFormat, not_installed

Json = dict[str, Any]


def _declared() -> dict[str, WireFormat]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {one.WIRE.name: one.WIRE for one in modules if hasattr(one, "WIRE")}


WIRE_FORMATS: Mapping[str, WireFormat] = _declared()


def shortest_body(model: Model) -> Json:
    """Return the body of the shortest request to a model, with what its wire format adds."""
    wire, question = WIRE_FORMATS[model.api], [Message("user", "?")]
    return wire.bodies(model.deployment, question, Offer(), model.parameters)[0]


def missing(api: str) -> str | None:
    """Return what to install before a format can be used, None where nothing is missing."""
    lacking = (name for name in WIRE_FORMATS[api].sdk if find_spec(name) is None)
    return next((not_installed(api, name) for name in lacking), None)


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
