"""Decide which results belong to the present config, by a fingerprint of each cell.

An episode counts only if the present config would send the same requests and score the answers by
the same rules. `Experiment.fingerprint` is its digest for a cell, which the header of a shard file
keeps. The instances of a pack are compared one by one, by content hash, since a pack may be edited
line by line; those of the benchmark's own tasks follow from `benchmark_version`. Everything else is
*superseded*: it is not counted, and `prune` lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.providers.settings import Model

if TYPE_CHECKING:
    from pilotbench.matrix.experiment import Experiment

Json = dict[str, Any]
INSTANCES = "instances"


def asked_of(model: Model) -> Json:
    """Return what determines the requests of a model, as the provenance of a shard has it."""
    return {
        "provider": model.provider,
        "deployment": model.deployment,
        "protocol": model.protocol,
        "parameters": model.parameters,
        **model.chosen,
    }


@dataclass(frozen=True)
class Present:
    """The conditions that the episodes of a shard meet if they count under the present config.

    `instances` are content hashes by index if the task is a pack, else None. All values are plain
    JSON, so that they can be passed to the processes that read files.
    """

    fingerprint: str
    versions: Json
    asked: Json
    instances: Mapping[str, str] | None = None

    @cached_property
    def token(self) -> str:
        """A digest that changes whenever a file must be compared again."""
        return digest([self.fingerprint, _rules(self.versions)])

    def differences(self, header: Json) -> list[str]:
        """Return what has changed since a file was made; instances are not compared.

        A header without a fingerprint is compared by the versions and hashes that it has.
        """
        then, origin = header.get("fingerprint"), header.get("provenance") or {}
        if then == self.fingerprint:
            return []
        versions = _rules(origin.get("versions") or _older(origin))
        names = [name for name, value in versions.items() if value != self.versions.get(name)]
        if "request" in names:
            names = [*self._asked_otherwise(origin), *(n for n in names if n != "request")]
        return names or ["task"] * (then is not None)

    def fits(self, episode: Json) -> bool:
        """Return whether an episode is of the instance that has its index now."""
        if self.instances is None:
            return True
        return bool(self.instances.get(str(episode["index"])) == episode["instance"])

    def counts(self, header: Json, episode: Json) -> bool:
        """Return whether an episode of a file belongs to the present config."""
        return not self.differences(header) and self.fits(episode)

    def superseded(self, header: Json) -> list[str]:
        """Return what has changed according to the header, including changed instances."""
        found, origin = self.differences(header), header.get("provenance") or {}
        known = origin.get("instances_sha256")
        if found or self.instances is None or known is None:
            return found
        now = [one for one in self.instances.values() for _ in range(int(header["repeats"]))]
        return [] if digest(now) == known else [INSTANCES]

    def _asked_otherwise(self, origin: Json) -> list[str]:
        then = origin.get("parameters") or {}
        names = dict.fromkeys((*self.asked, *Model.USUAL))
        return [name for name in names if then.get(name) != self.asked.get(name)] or ["weights"]


@dataclass(frozen=True)
class Now:
    """The present config, as far as it decides which results count."""

    experiment: Experiment

    def cell(self, cell: Cell) -> Present | None:
        """Return the conditions for a cell; None if the config does not know the cell."""
        try:
            versions, fingerprint = (
                self.experiment.versions(cell),
                self.experiment.fingerprint(cell),
            )
        except (KeyError, UserError):
            return None
        return Present(
            fingerprint, versions, asked_of(self.experiment.settings.catalog[cell.model])
        )

    def shard(self, shard: Shard) -> Present | None:
        """Return the conditions for a shard, including the instances of a pack."""
        found = self.cell(shard.cell)
        if found is None or self.experiment.tasks[shard.cell.task].size is None:
            return found
        return replace(found, instances=self._instances(shard))

    def superseded(self, shard: Shard, header: Json) -> list[str]:
        """Return what has changed since a shard file was made, according to its header."""
        found = self.cell(shard.cell)
        if found is None or _rules(found.versions) == _rules(_versions(header)):
            return []  # the files of a pack are unchanged: no instance is generated
        whole = self.shard(shard)
        return whole.superseded(header) if whole is not None else []

    def _instances(self, shard: Shard) -> dict[str, str]:
        found = ((str(n), self.experiment.content_hash(shard.cell, n)) for n in shard.indices)
        return {index: content for index, content in found if content is not None}


def _rules(versions: Json) -> Json:
    """Return versions without the number of repeats, which does not change an episode."""
    return {name: value for name, value in versions.items() if name != "repeats"}


def _versions(header: Json) -> Json:
    return (header.get("provenance") or {}).get("versions") or {}


def _older(origin: Json) -> Json:
    """Return the versions that follow from a header without them."""
    found: Json = {}
    if origin.get("prompt_sha256"):
        found["prompt"] = origin["prompt_sha256"]
    if origin.get("benchmark_version") and origin.get("scoring_version"):
        found["task"] = f"{origin['benchmark_version']}/{origin['scoring_version']}"
    asked = origin.get("parameters") or {}
    names = ("provider", "deployment", "protocol", "parameters")
    if all(name in asked for name in names):
        found["request"] = digest([asked[name] for name in names])
    return found
