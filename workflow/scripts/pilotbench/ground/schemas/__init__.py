"""The JSON Schemas of config, records and question packs, one YAML file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files

FOLDER = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Return the file of a schema: `config`, `models`, `episode`, …"""
    return FOLDER / f"{name}.schema.yaml"


def load(name: str) -> dict[str, Any]:
    """Return a schema by its name."""
    schema: dict[str, Any] = yaml_files.load(path(name).read_text(encoding="utf-8"))
    return schema
