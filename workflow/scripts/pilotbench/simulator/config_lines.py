"""The lines of a config that reach the simulated families."""

from __future__ import annotations

from typing import Any

import yaml

from pilotbench.simulator.families import family_of
from pilotbench.simulator.ground.setup import ModelSetup, Setup

Json = dict[str, Any]
VARIABLE, KEY = "SIMULATOR_API_KEY", "simulator"
_KINDS = {
    "chat": ("openai", "/v1"),
    "responses": ("openai", "/v1"),
    "messages": ("anthropic", ""),
    "gemini": ("gemini", ""),
}
"""API -> the kind of a provider that uses it, and what follows the address in its base URL."""


def experiment(setup: Setup, origin: str) -> Json:
    """Return models, providers and catalog entries for every model of a family; empty without."""
    models = {name: entry.family for name, entry in setup.models.items() if entry.family}
    if not models:
        return {}
    apis = list(dict.fromkeys(family_of(family).api for family in models.values()))
    all_slots = setup.keys[KEY].slots if KEY in setup.keys else None
    slots = all_slots and max(1, all_slots // len(apis))
    return {
        "models": list(models),
        "providers": {f"simulated_{api}": _provider(api, origin, slots) for api in apis},
        "model_catalog": {name: _model(name, setup.models[name]) for name in models},
    }


def lines(setup: Setup, origin: str) -> str:
    """Return the experiment as YAML, one line for each provider and model."""
    found = []
    for section, entries in experiment(setup, origin).items():
        if isinstance(entries, list):
            found.append(f"{section}: {_in_a_line(entries)}")
            continue
        found.append(f"{section}:")
        found += [f"  {name}: {_in_a_line(entry)}" for name, entry in entries.items()]
    return "\n".join(found)


def _in_a_line(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return text.strip()


def _provider(api: str, origin: str, slots: int | None) -> Json:
    kind, end = _KINDS[api]
    key: Json = {"env": VARIABLE}
    return {
        "kind": kind,
        "api": api,
        "base_url": f"{origin}{end}",
        "keys": {f"simulated_{api}_key": key | ({"slots": slots} if slots else {})},
    }


def _model(name: str, entry: ModelSetup) -> Json:
    used = family_of(entry.family)
    return {
        "provider": f"simulated_{used.api}",
        "deployment": name,
        "protocol": "native",
        "price": entry.price or {"input": 0, "output": 0},
        **used.entry,
    }
