"""The JSON Schemas of config, records and question packs, one YAML file each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files

FOLDER = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Return the file of a schema: `config`, `models`, `episode`, …"""
    return FOLDER / f"{name}.schema.yaml"


def load(name: str, **lists: Iterable[Any]) -> dict[str, Any]:
    """Return a schema by its name.

    `lists` are what code declares. `"${key}"` becomes a list, as in `enum: "${error_kinds}"`, and
    `${key}` within a text its words.
    """

    def listed(match: re.Match[str]) -> str:
        words = list(lists.get(match[2], ()))
        return json.dumps(words) if match[1] else ", ".join(map(str, words))

    text = path(name).read_text(encoding="utf-8")
    schema: dict[str, Any] = yaml_files.load(re.sub(r'("?)\$\{(\w+)\}\1', listed, text))
    return schema


def defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the default of each key of an object that has one."""
    rules = schema["properties"].items()
    return {key: rule["default"] for key, rule in rules if "default" in rule}
