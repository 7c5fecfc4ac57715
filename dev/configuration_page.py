"""Write the tables of docs/configuration.md from the schemas: `python -m dev.configuration_page`.

A table is between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; everything else is written by
hand. A test keeps the page and the schemas in step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dev.benchmark_page import page
from pilotbench.matrix.validation import schema_of

Json = dict[str, Any]
PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
HEAD = "| key | default | meaning |\n|---|---|---|"


def parts() -> dict[str, str]:
    """Return each table by its name."""
    provider = schema_of("providers")["additionalProperties"]["properties"]
    key = provider["keys"]["additionalProperties"]["properties"]
    return {
        "config_keys": _table(schema_of("config")["properties"]),
        "provider_keys": _table({name: rule for name, rule in provider.items() if name != "keys"}),
        "key_keys": _table(key),
        "model_keys": _table(schema_of("models")["additionalProperties"]["properties"]),
    }


def _table(properties: Json) -> str:
    return "\n".join([HEAD, *_rows(properties)])


def _rows(properties: Json, prefix: str = "") -> Iterator[str]:
    """Yield one row per key; the keys of an object follow it, with its name and a dot."""
    for name, rule in properties.items():
        meaning = rule["description"].removesuffix(".")
        yield f"| `{prefix}{name}` | {_default(rule)} | {meaning}. |"
        yield from _rows(rule.get("properties", {}), f"{prefix}{name}.")


def _default(rule: Json) -> str:
    """Return the default as it is written in YAML; nothing if there is none."""
    value = rule.get("default")
    if value is None:
        return ""
    text = json.dumps(value) if not isinstance(value, str) else value
    return f"`{text.replace(chr(34), '')}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), parts()), encoding="utf-8")
