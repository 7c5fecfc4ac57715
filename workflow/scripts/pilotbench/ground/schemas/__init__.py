"""The JSON Schemas of config, records and question packs, one YAML file each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files

FOLDER = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Return the file of a schema: `config`, `models`, `episode`, …"""
    return FOLDER / f"{name}.schema.yaml"


def load(name: str, **lists: Iterable[str]) -> dict[str, Any]:
    """Return a schema by its name.

    `lists` are the names that code declares: they replace `"${key}"` in the schema, as in
    `enum: "${error_kinds}"`.
    """
    text = path(name).read_text(encoding="utf-8")
    for key, names in lists.items():
        text = text.replace(f'"${{{key}}}"', json.dumps(list(names)))
    schema: dict[str, Any] = yaml_files.load(text)
    return schema
