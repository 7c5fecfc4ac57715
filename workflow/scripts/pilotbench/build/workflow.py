"""What the rules ask: the experiment, its files, and the functions of wildcards.

One `Workflow` is made from the merged config while Snakemake reads the rules. Making it starts no
process and changes no file: that happens in `begin`, when the first job of a run is planned. A
workflow that imports this one by `module` has none of its handlers, so that nothing which must hold
may depend on them.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.packs import label_files
from pilotbench.build import outputs, resources, texts
from pilotbench.build import snakemake_internals as internals
from pilotbench.build.batch_lanes import BatchLanes
from pilotbench.build.one_line_errors import one_line_errors
from pilotbench.build.result_files import SHARD, ResultFiles
from pilotbench.ground import job_context, links, shipped
from pilotbench.ground.errors import ConfigError
from pilotbench.ground.job_context import JobContext
from pilotbench.ground.path_names import from_path, to_path
from pilotbench.matrix.axes import DIFFICULTY, TOOL_SUCCESS_RATE
from pilotbench.matrix.cells import SUFFIX, Cell, Shard, shard_of
from pilotbench.matrix.config import Settings
from pilotbench.matrix.config_files import reread
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.matrix.verdict_shards import Asked, VerdictShard
from pilotbench.results.summary import CAPTIONS

if TYPE_CHECKING:
    from pilotbench.build.lifecycle import Lifecycle

Wildcards = Mapping[str, str]


class Workflow:
    """The experiment of one command, with its results where they are on this machine.

    `settings` are those of the config; `here` is the results folder on this machine, with object
    storage the one of the local copies.
    """

    def __init__(self, snakemake: Any, experiment: Experiment) -> None:
        self.snakemake = snakemake
        self.imported = internals.is_imported(snakemake)
        self.is_main = internals.is_main_process(snakemake)
        self.settings: Settings = experiment.settings
        self.here = _local_results(snakemake, self.settings)
        self.experiment = experiment.at(self.here)
        planned = () if self.settings.partial else experiment.plan.by_path
        run = f"{os.getpid()}-{time.time_ns()}"  # a job on a cluster has another: it needs no mark
        self._verdicts = {str(one.path): one for one in experiment.verdicts}
        judged = () if self.settings.partial else self._verdicts
        drawn = Path(self.here, outputs.FIGURES).is_dir()
        self.files = ResultFiles(str(self.settings.results_dir), planned, run, judged, drawn)
        self.targets = self.files.all()
        self.batches = BatchLanes(snakemake, self.experiment, self.files, self.shard)
        # Each evaluated resource of 10,000 shards costs seconds: keys without a job have none.
        self._providers = {model.provider for model in self.settings.models.values()}
        judges = dict.fromkeys(one.judge for one in experiment.verdicts)
        self._judge_providers = {self.settings.catalog[judge].provider for judge in judges}
        self._homes: dict[Asked, str] = {}
        self._prepared: set[Cell] = set()
        self._begun = self._serves_jobs = False

    @classmethod
    def load(cls, snakemake: Any, config: dict[str, Any], files: Iterable[Path]) -> Workflow:
        """Return the workflow of a merged config; end with one line where it cannot be used."""
        _collect_garbage_less_often()
        if internals.is_main_process(snakemake):
            job_context.publish(JobContext())  # that of another run is void
        with one_line_errors():
            files = list(files)
            if not internals.is_imported(snakemake):
                files += internals.overlays(snakemake)
            reread(config, files)
            loaded = cls(snakemake, load_experiment(config, files))
            loaded.set_limits()
            if loaded.is_main:
                links.check(loaded.here, "logs")
            return loaded

    def set_limits(self) -> None:
        """Limit the requests in flight on each key: `--resources key=n` replaces config's slots.

        A job on a cluster does not see the command line: the run passes it the slots in force.
        """
        given = internals.limits(self.snakemake)
        aliases = self.settings.keys
        named = internals.job_resources(self.snakemake)
        resources.check(given, named, aliases, alone=not self.imported)
        remote = internals.is_remote_job(self.snakemake)
        in_force = job_context.read().slots if remote else {}
        for alias, key in aliases.items():
            if alias not in given:
                internals.set_limit(self.snakemake, alias, in_force.get(alias, key.slots))
            elif given[alias] < 1:
                raise ConfigError(f"--resources {alias}=0: must be 1 or more")

    # ---- what the rules are made of

    def wildcard_patterns(self) -> dict[str, str]:
        """Return the pattern of each wildcard."""
        models = "|".join(re.escape(to_path(name)) for name in self.settings.catalog)
        return {
            **dict.fromkeys(("model", "judge", "other"), models),
            "prompt": r"[^/]+",
            "task": r"[^/]+",
            "difficulty": DIFFICULTY.pattern,
            "tool_success_rate": TOOL_SUCCESS_RATE.pattern,
            "shard": r"\d+-\d+",
        }

    @property
    def fetched_weights(self) -> dict[str, str]:
        """The SHA-256 of the weights that are downloaded, by file name."""
        weights = (model.weights for model in self.settings.catalog.values())
        return {one.on_disk.name: str(one.sha256) for one in weights if one and one.is_fetched}

    def can_update(self, name: str) -> bool:
        """Return whether Snakemake can update a result in place.

        It cannot update a file of a bucket of which there is no copy: that one is rebuilt.
        """
        return self.here == self.settings.results_dir or Path(self.here, name).exists()

    @property
    def database_params(self) -> dict[str, Any]:
        """What the database depends on, other than the shards."""
        return {
            "selection": self.experiment.selection,
            "look_again": time.time() if self.settings.partial else None,
            "refreshed": outputs.refreshed(self.here),
            "labels": label_files.digest_of(self.experiment.labels),
        }

    def job_slots(self) -> dict[str, Any]:
        """Return the slots of each key that a job takes, as resources of the rule."""
        return {
            alias: self._slots_on(alias, self.shard) if key.provider in self._providers else 0
            for alias, key in self.settings.keys.items()
        }

    def judge_slots(self) -> dict[str, Any]:
        """Return the slots of each key that a job of a judge takes, as resources of the rule."""
        return {
            alias: self._slots_on(alias, self.verdict_shard)
            if key.provider in self._judge_providers
            else 0
            for alias, key in self.settings.keys.items()
        }

    def slots_in_force(self) -> dict[str, int]:
        """Return the slots of each key: config's, or those of the command line."""
        given = internals.limits(self.snakemake)
        return {alias: given[alias] for alias in self.settings.keys}

    @property
    def runs_on_cluster(self) -> bool:
        """Whether this process runs one job for a run on another machine."""
        return internals.is_remote_job(self.snakemake)

    # ---- functions of wildcards

    def shard(self, wildcards: Wildcards) -> Shard:
        """Return the shard of a job. It is called often, so that most are looked up."""
        path = SHARD.format(**wildcards) + SUFFIX
        return self.experiment.plan.by_path.get(path) or shard_of(Path(path))

    def verdict_shard(self, wildcards: Wildcards) -> VerdictShard:
        """Return what a job of a judge judges."""
        return VerdictShard(
            from_path(wildcards["judge"]),
            self.shard(wildcards),
            from_path(wildcards.get("other", "")),
        )

    def asked(self, rule: str, wildcards: Wildcards) -> Asked | None:
        """Return what a job of a rule asks about, None if the rule asks nothing."""
        if rule == "evaluate":
            return self.shard(wildcards)
        return self.verdict_shard(wildcards) if rule in ("judge", "compare") else None

    def judged_files(self, wildcards: Wildcards) -> list[str]:
        """Return the shard files with the replies that a job of a judge judges."""
        self.begin()
        results = self.settings.results_dir
        return [f"{results}/shards/{one.path}" for one in self.verdict_shard(wildcards).shards]

    def verdict_versions(self, wildcards: Wildcards) -> Mapping[str, Any]:
        """Return what the verdicts of a job depend on, other than its files."""
        return self.experiment.verdict_versions(self.verdict_shard(wildcards))

    def planned_verdicts(self, _: Wildcards) -> list[str]:
        """Return the files of verdicts that the database is made from."""
        return self.files.verdicts

    def prompt_file(self, wildcards: Wildcards) -> str:
        """Return the template that a job renders. The keys of its model must be counted."""
        self.begin()
        cell = self.shard(wildcards).cell
        with one_line_errors():
            if self.settings.catalog[cell.model].provider not in self._providers:
                advice = f"--config models={cell.model}"
                raise ConfigError(f"models: {cell.model} is not selected: {advice}")
            self._prepare(cell)
        return str(self.experiment.prompts[cell.prompt].source)

    def weights_file(self, wildcards: Wildcards) -> list[str]:
        """Return the weights that a job loads: none unless its model is embedded."""
        return self._weights_of(self.shard(wildcards).asked)

    def judge_weights(self, wildcards: Wildcards) -> list[str]:
        """Return the weights that a job of a judge loads."""
        return self._weights_of(self.verdict_shard(wildcards).asked)

    def _weights_of(self, name: str) -> list[str]:
        model = self.settings.catalog[name]
        if model.weights and model.weights.path and not model.weights.on_disk.is_file():
            where = f"model_catalog.{model.name}.weights.path"
            sys.exit(f"error: {where}: there is no file {model.weights.path}")
        return [str(model.weights.on_disk)] if model.weights else []

    def versions(self, wildcards: Wildcards) -> Mapping[str, Any]:
        """Return what the answers of a shard depend on, other than its files."""
        return self.experiment.versions(self.shard(wildcards).cell)

    def refreshed(self, _: Wildcards) -> list[str]:
        """Return the mark of a refresh outside of the rules, if there was one here.

        It is newer than the database of that refresh. Without it, Snakemake would take that
        database for up to date although shards are missing.
        """
        is_here = self.here == self.settings.results_dir
        return [self.files.refreshed] if is_here and outputs.refreshed(self.here) else []

    def planned_shards(self, _: Wildcards) -> list[str]:
        """Return the shard files that the database is made from."""
        self.begin()
        return self.files.shards

    def no_files(self, _: Wildcards) -> list[str]:
        """Return no files: a rule without input files begins the run with this."""
        self.begin()
        return []

    def all_targets(self, _: Wildcards) -> list[str]:
        """Return all results. A function costs nothing where its rule is not a target."""
        return self.targets

    def targets_without_asking(self, _: Wildcards) -> list[str]:
        """Return all results, and forbid the jobs to request anything."""
        self.begin()
        job_context.update(may_ask=False)
        return self.targets

    def quick_targets(self, _: Wildcards) -> list[str]:
        """Return all results of the quick selection; stop where another one is configured."""
        if not self.settings.quick:
            command = f"{shipped.BUILD} quick --configfile config/experiments/quick.yaml"
            sys.exit(f"error: quick needs its own selection: {command}   (or: make quick)")
        return self.targets

    def caption(self, kind: str, name: str) -> dict[str, Any]:
        """Return what the summary says of one of its figures or tables, for Snakemake's report."""
        summary = json.loads(Path(self.here, "summary/summary.json").read_text())
        return dict(summary[kind][name])

    @property
    def figure_captions(self) -> str | None:
        """The file of the figures' captions; None for results of a release that wrote none."""
        file = Path(self.here, "summary", CAPTIONS).absolute()
        return str(file) if file.exists() or not file.parent.exists() else None

    # ---- the run

    def begin(self) -> None:
        """Check where the journal is, and publish the context of the jobs; once per process.

        It runs when the first job is planned: Snakemake has not locked the folder yet, so that the
        lock of a run that was killed can still be cleared.
        """
        if self._begun:
            return
        self._begun = True
        shared = internals.shares_folder(self.snakemake)
        if not (shared or self.settings.journal_dir.is_absolute()):
            needs = "an absolute path, on a volume that all jobs mount"
            sys.exit(f"error: journal_dir: must be {needs}: the jobs share no folder")
        if self.is_main and internals.executes(self.snakemake):
            self.lifecycle.begin(shared=shared)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """The start and the end of a run. Commands that run nothing do not load it."""
        from pilotbench.build.lifecycle import Lifecycle

        return Lifecycle(self)

    def report_cost_of_dry_run(self) -> None:
        """Let the log of a dry run end with what its jobs would cost."""
        for handler in internals.log_handlers(self.snakemake):
            if hasattr(handler, "after_dry_run"):
                handler.after_dry_run(lambda: self.lifecycle.cost())

    def _slots_on(
        self, alias: str, asked: Callable[[Wildcards], Asked]
    ) -> Callable[[Wildcards], int]:
        """Return what returns how many slots of a key a job takes."""
        return lambda wildcards: self._slots_of(alias, asked(wildcards))

    def _slots_of(self, alias: str, asked: Asked) -> int:
        """Return 1 where a job's requests are counted on `alias`.

        Snakemake asks this of jobs that are about to run, and of no others.
        """
        if not self._serves_jobs:
            self._serves_jobs = True
            if self.is_main and internals.executes(self.snakemake):
                self.lifecycle.start_job_servers()
        return int(self._home(asked) == alias)

    def _home(self, shard: Asked) -> str:
        """Return the alias of the key that counts a shard's requests; computed once."""
        if shard not in self._homes:
            self._homes[shard] = home_key(self.settings, shard)
        return self._homes[shard]

    def _prepare(self, cell: Cell) -> None:
        """Publish what this run has read for a cell, so that all of its jobs ask the same."""
        if not self.is_main or cell in self._prepared:
            return
        self._prepared.add(cell)
        if internals.executes(self.snakemake):
            links.check(self.here, f"logs/{cell.folder}", f"shards/{cell.folder}")
        known = job_context.read().texts
        found = texts.read(self.experiment, [cell], known)
        if found != known:  # most cells have only words that others have too
            job_context.update(texts=found)


def _local_results(snakemake: Any, settings: Settings) -> Path:
    """Return where results are on this machine: with object storage, the copies that are kept."""
    storage = internals.storage(snakemake)
    if storage is None:
        return settings.results_dir
    if settings.results_dir.is_absolute():
        raise ConfigError("results_dir: must be relative with object storage")
    if internals.is_main_process(snakemake) and not storage.keeps_copies:
        needs = "what is finished is read from the copies on this machine"
        raise ConfigError(f"--keep-storage-local-copies is missing: {needs}")
    return Path(storage.copies, storage.provider, storage.bucket, settings.results_dir)


def _collect_garbage_less_often() -> None:
    """Search for garbage less often: the jobs of a large matrix all stay.

    That search takes a tenth of a dry run of 10,000 shards (14.6 s against 13.2 s, 8 MiB more).
    """
    gc.set_threshold(200_000, 20, 100)
