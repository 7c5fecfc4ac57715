"""What the rules share: the checked matrix, the keys' limits and the functions of wildcards.

INPUT:  the merged config
OUTPUT: MATRIX (settings, tasks, prompts, plan), the paths, one Snakemake resource for each key
"""

import json
import re
import sys
from functools import cache
from pathlib import Path

from pilotbench import matrix, runlock, slots
from pilotbench.config import BASE_FILES, DIFFICULTIES
from pilotbench.errors import UserError
from pilotbench.names import to_path
from pilotbench.plan import NONE
from pilotbench.records import SUFFIX, Shard, shard_of
from pilotbench.routing import home_key, shard_tokens

if workflow.is_main_process and (told := runlock.enter()):
    print(told, file=sys.stderr)

try:
    MATRIX = matrix.load(config, [*BASE_FILES, *workflow.overwrite_configfiles])
    PLAN = MATRIX.plan
except UserError as error:
    sys.exit(f"error: {error}")

SETTINGS = MATRIX.settings
RESULTS = str(SETTINGS.results_dir)
SHARD = "{model}/{prompt}/{task}/{difficulty}/{tool_success_rate}/{shard}"
SHARDS = (
    [] if SETTINGS.partial else [f"{RESULTS}/shards/{path}" for path in PLAN.by_path]
)
DATABASE = f"{RESULTS}/master.duckdb"
SUMMARY = f"{RESULTS}/summary/index.html"
EXPORTS = [f"{RESULTS}/master_database.json", f"{RESULTS}/exports/episodes.parquet"]
TARGETS = [*SHARDS, DATABASE, *EXPORTS, SUMMARY]


wildcard_constraints:
    model="|".join(re.escape(to_path(name)) for name in SETTINGS.catalog),
    prompt=r"[^/]+",
    task=r"[^/]+",
    difficulty="|".join((*DIFFICULTIES, NONE)),
    tool_success_rate=rf"[01]\.\d+|{NONE}",
    shard=r"\d+-\d+",


# A job of a cluster does not see the command line: the run tells it the slots in force.
TOLD = slots.told() if workflow.remote_exec else {}

for alias, key in SETTINGS.keys.items():
    # `--resources key=n` replaces that one key's slots; the others keep what config says.
    if alias not in workflow.global_resources:
        workflow.register_resource(alias, TOLD.get(alias, key.slots))
    elif workflow.global_resources[alias].value < 1:
        sys.exit(f"error: --resources {alias}=0: must be 1 or more")

if not workflow.remote_exec:
    slots.tell(
        {alias: workflow.global_resources[alias].value for alias in SETTINGS.keys}
    )


def shard(wildcards) -> Shard:
    """Return the shard of a job: asked many times for each job, so most often looked up."""
    path = SHARD.format(**wildcards) + SUFFIX
    return PLAN.by_path.get(path) or shard_of(Path(path))


@cache
def home(shard) -> str:
    """Return the alias of the key that a shard's tokens are on; asked once for each key."""
    return home_key(SETTINGS, shard)


def prompt_file(wildcards) -> str:
    """Return the template that a job renders."""
    return str(MATRIX.prompts[shard(wildcards).cell.prompt].source)


def weights_file(wildcards) -> list[str]:
    """Return the weights that a job loads: none unless its model is embedded."""
    model = SETTINGS.catalog[shard(wildcards).cell.model]
    if model.weights and model.weights.path and not model.weights.file.is_file():
        where = f"model_catalog.{model.name}.weights.path"
        sys.exit(f"error: {where}: there is no file {model.weights.path}")
    return [str(model.weights.file)] if model.weights else []


def tokens(alias: str):
    """Return the function that says how many slots of a key a job takes."""
    kind = SETTINGS.providers[SETTINGS.keys[alias].provider].kind
    count = shard_tokens(kind, workflow.global_resources[alias].value)
    return lambda wildcards: count * int(home(shard(wildcards)) == alias)


def asking(wildcards) -> str:
    """Say "no" where nothing may be asked, as a resource: resources re-run nothing."""
    return (
        "no"
        if "rescore" in workflow.dag_settings.targets or SETTINGS.rescore
        else "yes"
    )


def slots_in_force(wildcards) -> str:
    """Return the slots in force of each key of a job's provider, as text."""
    keys = SETTINGS.provider_of(shard(wildcards).cell.model).keys
    return slots.as_text(
        {alias: workflow.global_resources[alias].value for alias in keys}
    )


def targets(wildcards) -> list[str]:
    """Return all targets; a function costs nothing where its rule is not asked for."""
    return TARGETS


def in_report(kind: str, name: str) -> dict:
    """Return what the summary says of one of its figures or tables, for Snakemake's report."""
    return json.loads(Path(RESULTS, "summary/summary.json").read_text())[kind][name]


def quick_selection(wildcards) -> list[str]:
    """Return all targets under the quick selection, and stop under another one."""
    if not SETTINGS.quick:
        command = "snakemake quick --configfile config/experiments/quick.yaml"
        sys.exit(
            f"error: quick is a selection of its own, run: {command}   (or: make quick)"
        )
    return TARGETS
