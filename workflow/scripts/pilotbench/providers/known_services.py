"""Well-known services: the entries that the config needs for each, from services.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files

Json = dict[str, Any]
FILE = Path(__file__).with_name("services.yaml")


@dataclass(frozen=True)
class KnownService:
    """A service: its entry of `providers`, and entries of `model_catalog` by a name.

    `special` is what users must know about it; `simulated` names the families of the simulator that
    are as strict; `tested` says what else was tested.
    """

    name: str
    title: str
    provider: Json
    models: Mapping[str, Json]
    special: str
    simulated: Sequence[str] = ()
    tested: str = ""

    @property
    def key(self) -> tuple[str, Json]:
        """The alias of its key, and the entry of the key."""
        ((alias, key),) = self.provider["keys"].items()
        return alias, key

    @property
    def env(self) -> str | None:
        """The variable that holds the secret, None for a service that needs none."""
        return self.key[1].get("env")

    @property
    def first_model(self) -> Json:
        """The entry of a small model."""
        return next(iter(self.models.values()))

    def config(self) -> Json:
        """Return `providers` and `model_catalog` with the entries of this service."""
        models = {
            f"{self.name}-{name}": {"provider": self.name, **entry}
            for name, entry in self.models.items()
        }
        return {"providers": {self.name: self.provider}, "model_catalog": models}


def known_services() -> tuple[KnownService, ...]:
    """Return all of them, in the order of the file."""
    entries = yaml_files.load(FILE.read_text(encoding="utf-8"))
    return tuple(KnownService(name, **entry) for name, entry in entries.items())
