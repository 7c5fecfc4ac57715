"""What the rules share: the checked matrix, the keys' limits and the functions of wildcards.

INPUT:  the merged config
OUTPUT: MATRIX (settings, tasks, prompts, plan), the paths, one Snakemake resource for each key
"""

import gc
import json
import os
import re
import sys
from functools import cache
from itertools import chain
from pathlib import Path

from pilotbench.build import outputs, resources, run_lock, texts
from pilotbench.ground import job_context, links, notices
from pilotbench.ground.errors import UserError
from pilotbench.ground.job_context import JobContext
from pilotbench.ground.path_names import to_path
from pilotbench.matrix.axes import DIFFICULTY, NAMES, TOOL_SUCCESS_RATE
from pilotbench.matrix.experiment import load_experiment
from pilotbench.matrix.cells import SUFFIX, Shard, shard_of
from pilotbench.matrix.config_files import reread
from pilotbench.matrix.key_routing import home_key
from snakemake.settings.types import SharedFSUsage

# The jobs of a large matrix all stay: to look through them again and again for garbage takes a
# tenth of a dry run of 10,000 shards (14.6 s against 13.2 s, 8 MiB more).
gc.set_threshold(200_000, 20, 100)

if workflow.is_main_process and (told := run_lock.enter()):
    print(told, file=sys.stderr)

if workflow.is_main_process:  # nothing that another run has told counts
    job_context.publish(JobContext())

try:
    FILES += [Path(file) for file in workflow.overwrite_configfiles if not IMPORTED]
    reread(config, FILES)
    MATRIX = load_experiment(config, FILES)
    PLAN = MATRIX.plan
    resources.check(
        workflow.global_resources,
        chain(
            workflow.resource_settings.default_resources or (),
            *workflow.resource_settings.overwrite_resources.values(),
        ),
        MATRIX.settings.keys,
        alone=not IMPORTED,
    )
except UserError as error:
    sys.exit(f"error: {error}")

SETTINGS = MATRIX.settings
RESULTS = str(SETTINGS.results_dir)
SHARD = "/".join(f"{{{name}}}" for name in (*NAMES, "shard"))
SHARDS = (
    [] if SETTINGS.partial else [f"{RESULTS}/shards/{path}" for path in PLAN.by_path]
)
DATABASE = f"{RESULTS}/master.duckdb"
MADE = f"{RESULTS}/{outputs.MADE}"
SUMMARY = f"{RESULTS}/summary/index.html"
BESIDE = ("summary.md", "summary.txt", "summary.json", "figures", "tables")
EXPORTED = ("episodes", "cells", "leaderboard", "errors", "shards", "owed")
EXPORTS = [
    f"{RESULTS}/master_database.json",
    f"{RESULTS}/exports/episodes.parquet",
    *(f"{RESULTS}/exports/{table}.csv" for table in EXPORTED),
]
PAGES = [SUMMARY, *(f"{RESULTS}/summary/{name}" for name in BESIDE)]
TARGETS = [*SHARDS, DATABASE, MADE, *EXPORTS, *PAGES]


def here() -> Path:
    """Return where results lie on this machine: with object storage, the copies that are kept."""
    where = workflow.storage_settings
    if where.default_storage_provider is None:
        return SETTINGS.results_dir
    if SETTINGS.results_dir.is_absolute():
        sys.exit("error: results_dir: must be relative with object storage")
    if workflow.is_main_process and not where.keep_storage_local:
        needs = "what is finished is read from the copies on this machine"
        sys.exit(f"error: --keep-storage-local-copies is missing: {needs}")
    bucket = where.default_storage_prefix.partition("://")[2]
    provider = where.default_storage_provider
    return Path(where.local_storage_prefix, provider, bucket, RESULTS)


HERE = here()
MATRIX = MATRIX.at(HERE)

if workflow.is_main_process:
    try:
        links.check(HERE, "logs")
    except UserError as error:
        sys.exit(f"error: {error}")


wildcard_constraints:
    model="|".join(re.escape(to_path(name)) for name in SETTINGS.catalog),
    prompt=r"[^/]+",
    task=r"[^/]+",
    difficulty=DIFFICULTY.pattern,
    tool_success_rate=TOOL_SUCCESS_RATE.pattern,
    shard=r"\d+-\d+",


# A job of a cluster does not see the command line: the run tells it the slots in force.
TOLD = job_context.read().slots if workflow.remote_exec else {}

for alias, key in SETTINGS.keys.items():
    # `--resources key=n` replaces that one key's slots; the others keep what config says.
    if alias not in workflow.global_resources:
        workflow.register_resource(alias, TOLD.get(alias, key.slots))
    elif workflow.global_resources[alias].value < 1:
        sys.exit(f"error: --resources {alias}=0: must be 1 or more")

# Each evaluated resource of 10,000 shards costs seconds: keys that no planned model uses are none.
USED = {SETTINGS.catalog[model].provider for model in SETTINGS.models}


def shard(wildcards) -> Shard:
    """Return the shard of a job: asked many times for each job, so most often looked up."""
    path = SHARD.format(**wildcards) + SUFFIX
    return PLAN.by_path.get(path) or shard_of(Path(path))


@cache
def home(shard) -> str:
    """Return the alias of the key that a shard's tokens are on; asked once for each key."""
    return home_key(SETTINGS, shard)


@cache
def begin() -> None:
    """Check where the journal lies, and tell the jobs what they do not see of this run.

    Called when the first job is planned, and not by a handler: a workflow that imports this one by
    `module` has none of its handlers. The folder's lock is not taken yet.
    """
    shared = SharedFSUsage.INPUT_OUTPUT in workflow.storage_settings.shared_fs_usage
    if not (shared or SETTINGS.journal_dir.is_absolute()):
        needs = "an absolute path, on a volume that all jobs mount"
        sys.exit(f"error: journal_dir: must be {needs}: the jobs share no folder")
    executes = workflow.executor_plugin is not None and not workflow.dryrun
    if workflow.is_main_process and executes:
        job_context.begin(slots_in_force(), notices.of_run(HERE), shared=shared)
        if IMPORTED:
            follow()


@cache
def prepare(cell) -> None:
    """Tell the jobs what this run has read for a cell, which all of them must ask.

    Where a link of its folders leads out of the results, nothing is made there.
    """
    if workflow.is_main_process:
        links.check(HERE, f"logs/{cell.folder}", f"shards/{cell.folder}")
        known = job_context.read().texts
        job_context.update(texts=texts.read(MATRIX, [cell], known))


def prompt_file(wildcards) -> str:
    """Return the template that a job renders. Its model's keys must be counted: see `tokens`."""
    begin()
    cell = shard(wildcards).cell
    if SETTINGS.catalog[cell.model].provider not in USED:
        sys.exit(
            f"error: models: {cell.model} is not selected: --config models={cell.model}"
        )
    try:
        prepare(cell)
    except UserError as error:
        sys.exit(f"error: {error}")
    return str(MATRIX.prompts[cell.prompt].source)


def weights_file(wildcards) -> list[str]:
    """Return the weights that a job loads: none unless its model is embedded."""
    model = SETTINGS.catalog[shard(wildcards).cell.model]
    if model.weights and model.weights.path and not model.weights.file.is_file():
        where = f"model_catalog.{model.name}.weights.path"
        sys.exit(f"error: {where}: there is no file {model.weights.path}")
    return [str(model.weights.file)] if model.weights else []


def tokens(alias: str):
    """Return how many slots of a key a job takes: a function, or 0 for a key of no planned model."""
    if SETTINGS.keys[alias].provider not in USED:
        return 0
    return lambda wildcards: int(home(shard(wildcards)) == alias)


def slots_in_force() -> dict[str, int]:
    """Return the slots of each key: config's, or those of the command line."""
    return {alias: workflow.global_resources[alias].value for alias in SETTINGS.keys}


def targets(wildcards) -> list[str]:
    """Return all targets; a function costs nothing where its rule is not asked for."""
    return TARGETS


def without_asking(wildcards) -> list[str]:
    """Return all targets, and tell the jobs that nothing may be asked."""
    job_context.update(may_ask=False)
    return TARGETS


def in_report(kind: str, name: str) -> dict:
    """Return what the summary says of one of its figures or tables, for Snakemake's report."""
    return json.loads(Path(HERE, "summary/summary.json").read_text())[kind][name]


def quick_selection(wildcards) -> list[str]:
    """Return all targets under the quick selection, and stop under another one."""
    if not SETTINGS.quick:
        command = "snakemake quick --configfile config/experiments/quick.yaml"
        sys.exit(
            f"error: quick is a selection of its own, run: {command}   (or: make quick)"
        )
    return TARGETS
