"""Collect what the modules of a package declare: to add a thing is to add a module."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def declared(package: str, path: Iterable[str], attribute: str) -> dict[str, Any]:
    """Return the value of `attribute` for each module that has it, by module name.

    `package` and `path` are the `__name__` and `__path__` of the package. Modules whose names begin
    with an underscore are skipped.
    """
    names = sorted(found.name for found in iter_modules(path) if found.name[0] != "_")
    modules = {name: import_module(f"{package}.{name}") for name in names}
    return {
        name: getattr(module, attribute)
        for name, module in modules.items()
        if hasattr(module, attribute)
    }
