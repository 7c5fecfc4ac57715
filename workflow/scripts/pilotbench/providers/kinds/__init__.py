"""Every provider kind by its name: each module of this folder declares one as `KIND`.

Adding a kind is adding a file here. Modules are imported when the config is read, so a kind imports
the libraries of its service inside `connect` only: the OpenAI SDK alone takes half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.settings import Access, Model, ProviderSettings

Json = dict[str, Any]


def _declared() -> dict[str, Kind]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.KIND.name: module.KIND for module in modules}


KINDS: Mapping[str, Kind] = _declared()


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of `provider` for requests to `model`.

    `access` has the base URL and secret of each key alias that may be used. Nothing is sent.
    """
    return KINDS[provider.kind].connect(provider, model, access)


def completed(schema: Json) -> Json:
    """Return the schema of `providers` with the kinds, their documentation and their defaults."""
    entry = schema["additionalProperties"]
    properties = entry["properties"]
    key = properties["keys"]["additionalProperties"]
    slots = {name: kind.default_slots for name, kind in KINDS.items()}
    seconds = {name: kind.retry_for_s for name, kind in KINDS.items()}
    kinds = {
        "enum": list(KINDS),
        "description": " ".join(f"{name}: {kind.sentence}" for name, kind in KINDS.items()),
    }
    keys = properties["keys"] | {
        "additionalProperties": key
        | {"properties": key["properties"] | {"slots": _default(key["properties"]["slots"], slots)}}
    }
    properties = properties | {
        "kind": kinds,
        "retry_for_s": _default(properties["retry_for_s"], seconds),
        "keys": keys,
    }
    return schema | {"additionalProperties": entry | {"properties": properties}}


def _default(prop: Json, by_kind: Mapping[str, float]) -> Json:
    """Return a property whose description ends with its default for each kind."""
    values = ", ".join(f"{name} {value:g}" for name, value in by_kind.items())
    return prop | {"description": f"{prop['description']} Default by kind: {values}."}
