"""What the rule of the batch lane asks: which models have one, and which shards wait for it.

A shard waits for a mark that only this run makes. The mark is temporary and kept off Snakemake's
record: a job is made only where a shard has something to ask, and a change of lanes makes no
finished shard again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.build import snakemake_internals as internals
from pilotbench.build.result_files import BATCHES, ResultFiles
from pilotbench.episodes.shard_file import read_header
from pilotbench.ground import job_context
from pilotbench.ground.errors import RecordError
from pilotbench.ground.path_names import from_path, to_path
from pilotbench.matrix.cells import SUFFIX, Shard, shard_of
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.settings import BATCH

Wildcards = Mapping[str, str]
Ranges = Mapping[str, str]
"""Shards: folder of the cell -> names, with spaces between them."""


class BatchLanes:
    """The batch lanes of one command; `shard` returns the shard of a job."""

    def __init__(
        self,
        snakemake: Any,
        experiment: Experiment,
        files: ResultFiles,
        shard: Callable[[Wildcards], Shard],
    ) -> None:
        self._snakemake, self._experiment, self._files = snakemake, experiment, files
        self._shard = shard

    def mark(self, wildcards: Wildcards) -> list[str]:
        """Return the mark that a shard waits for: none unless batches may answer what it asks.

        What an external task asks is known only while its command runs.
        """
        shard = self._shard(wildcards)
        internals.keep_off_record(self._snakemake, BATCHES)
        if is_external(self._experiment.tasks[shard.cell.task]):
            return []
        if shard.cell.model not in self._models or not self._is_unfinished(shard):
            return []
        return [self._files.batches_over.format(model=to_path(shard.cell.model))]

    def model(self, wildcards: Wildcards) -> str:
        """Return the model that a wildcard names."""
        return from_path(wildcards["model"])

    def shards(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the shards of a model that this run evaluates."""
        jobs = internals.jobs_to_run(self._snakemake)
        mine = (job.wildcards for job in jobs if job.wildcards.get("model") == wildcards["model"])
        return packed(sorted(self._shard(one) for one in mine if "shard" in one))

    @cached_property
    def _models(self) -> frozenset[str]:
        """The models with something to batch, or to collect: none where nothing is requested."""
        from pilotbench.asking.batches.lane import (
            batches_out,
        )  # not in a process that plans nothing

        settings, may_ask = self._experiment.settings, job_context.read().may_ask
        if internals.is_remote_job(self._snakemake) or settings.rescore or not may_ask:
            return frozenset()
        out = {(one.provider, one.deployment) for one in batches_out(settings.journal_dir)}
        return frozenset(
            name
            for name, model in settings.catalog.items()
            if model.lane == BATCH or (model.provider, model.deployment) in out
        )

    def _is_unfinished(self, shard: Shard) -> bool:
        """Return whether a shard may have something to ask: no file of the present versions."""
        file = self._experiment.settings.results_dir / "shards" / shard.path
        try:
            then = (read_header(file).get("provenance") or {}).get("versions")
        except RecordError:
            return True
        return bool(then != self._experiment.versions(shard.cell))


def packed(shards: Iterable[Shard]) -> dict[str, str]:
    """Return shards as text: a job of thousands of them gets a few lines."""
    found: dict[str, list[str]] = {}
    for shard in shards:
        found.setdefault(str(shard.cell.folder), []).append(shard.name)
    return {folder: " ".join(names) for folder, names in found.items()}


def unpacked(ranges: Ranges) -> Iterator[Shard]:
    """Yield the shards that `packed` has packed."""
    for folder, names in ranges.items():
        for name in names.split():
            yield shard_of(Path(folder, name + SUFFIX))
