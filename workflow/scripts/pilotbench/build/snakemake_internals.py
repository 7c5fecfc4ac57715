"""The names of Snakemake that its documentation does not promise, each behind one function.

No other module and no rule file touches them. After an upgrade of Snakemake,
`tests/build/test_snakemake_internals.py` reports which of them have changed.

`workflow` is the object of that name in a rule file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

FOLDER = Path(".snakemake")
"""Snakemake's own folder, below the working folder."""
TEMPORARY_PREFIX = "snakemake"
"""How the name of the temporary folder of a Snakemake process begins."""
CACHE_FOLDER = "snakemake-runtime-cache"
"""The folder that holds one cache of source files per process, each named `tmp…`."""


@dataclass(frozen=True)
class Storage:
    """Where files are kept instead of on this machine; `copies` is the folder of local copies."""

    provider: str
    bucket: str
    copies: Path
    keeps_copies: bool


@dataclass(frozen=True)
class Job:
    """A job that is planned: its rule, and the wildcards by name."""

    rule: str
    wildcards: Mapping[str, str]


# ---- the process


def is_main_process(workflow: Any) -> bool:
    """Return whether this is the command that the user started, not one of its jobs."""
    return bool(workflow.is_main_process)


def is_remote_job(workflow: Any) -> bool:
    """Return whether this process runs one job for a command on another machine."""
    return bool(workflow.remote_exec)


def is_imported(workflow: Any) -> bool:
    """Return whether the rules being read belong to a workflow that `module` imports."""
    return workflow.modifier.namespace is not None


def executes(workflow: Any) -> bool:
    """Return whether this command runs (or touches) jobs; known from when jobs are planned."""
    return workflow.executor_plugin is not None and not workflow.dryrun


def only_touches(workflow: Any) -> bool:
    """Return whether the command was given `--touch`."""
    return bool(workflow.touch)


def runs_jobs_here(workflow: Any) -> bool:
    """Return whether jobs run on this machine, not through a cluster's executor."""
    return bool(workflow.local_exec)


def temporary_folders(workflow: Any) -> list[Path]:
    """Return the folders that this process removes when it ends, unless it is killed."""
    return [Path(workflow.snakemake_tmp_dir), Path(workflow.sourcecache.runtime_cache_path)]


# ---- what the command line says


def config_files(workflow: Any) -> list[Path]:
    """Return the config files that have been read, those of the command line included."""
    return [Path(file) for file in workflow.configfiles]


def read_config_file(workflow: Any, file: Path) -> None:
    """Merge a config file into the config, as the directive `configfile:` does."""
    workflow.configfile(str(file))


def overlays(workflow: Any) -> list[Path]:
    """Return the files given after `--configfile`."""
    return [Path(file) for file in workflow.overwrite_configfiles]


def config_words(workflow: Any) -> list[str]:
    """Return the words given after `--config`."""
    return [str(word) for word in workflow.config_settings.config_args or ()]


def targets(workflow: Any) -> set[str]:
    """Return the targets named on the command line."""
    return {str(target) for target in workflow.dag_settings.targets}


def limits(workflow: Any) -> dict[str, int]:
    """Return the limit of each resource: those of `--resources` and those set since."""
    return {name: resource.value for name, resource in workflow.global_resources.items()}


def set_limit(workflow: Any, name: str, value: int) -> None:
    """Set the limit of one resource, as `--resources name=value` does."""
    workflow.register_resource(name, value)


def job_resources(workflow: Any) -> Iterator[str]:
    """Yield the names given after `--default-resources` and `--set-resources`."""
    settings = workflow.resource_settings
    yield from settings.default_resources or ()
    for of_rule in settings.overwrite_resources.values():
        yield from of_rule


# ---- storage


def storage(workflow: Any) -> Storage | None:
    """Return the default storage; None where files are kept on this machine."""
    settings = workflow.storage_settings
    if settings.default_storage_provider is None:
        return None
    return Storage(
        settings.default_storage_provider,
        settings.default_storage_prefix.partition("://")[2],
        Path(settings.local_storage_prefix),
        settings.keep_storage_local,
    )


def shares_folder(workflow: Any) -> bool:
    """Return whether every job sees the working folder of the run."""
    from snakemake.settings.types import SharedFSUsage

    return SharedFSUsage.INPUT_OUTPUT in workflow.storage_settings.shared_fs_usage


# ---- the jobs


def jobs_to_run(workflow: Any) -> list[Job]:
    """Return the jobs that run, or that a dry run lists; at its end it counts them as finished."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [Job(job.rule.name, dict(job.wildcards.items())) for job in jobs]


def failed_rules(workflow: Any) -> set[str]:
    """Return the rules of the jobs that have failed so far."""
    return {job.rule.name for job in workflow.scheduler.failed}


def keep_off_record(workflow: Any, folder: str) -> None:
    """Leave inputs in a folder of this name out of what is recorded of a job, and compared later.

    A job is not run again where only such an input has come or gone.
    """
    persistence = workflow.persistence
    whole = persistence._input
    if getattr(whole, "leaves_out", None) == folder:
        return

    def inputs(job: Any) -> list[str]:
        return [path for path in whole(job) if Path(path).parent.name != folder]

    inputs.leaves_out = folder  # type: ignore[attr-defined]
    persistence._input = inputs


def planned_rules(workflow: Any) -> set[str]:
    """Return the rules that have a job, including those with nothing to do."""
    return {job.rule.name for job in workflow.dag.jobs}


# ---- the log


def log_handlers(workflow: Any) -> list[Any]:
    """Return the handlers of logger plugins; Snakemake's own handler is not among them."""
    return list(workflow.logger_manager.get_log_handlers())


def default_log_filter(settings: Any) -> logging.Filter:
    """Return the filter of Snakemake's own log handler; `settings` are those of a plugin."""
    from snakemake.logging import DefaultFilter

    log_filter: logging.Filter = DefaultFilter(
        settings.quiet,
        settings.debug_dag,
        settings.verbose,
        settings.dryrun,
        settings.printshellcmds,
    )
    return log_filter


def default_log_handler(settings: Any, stream: TextIO) -> logging.Handler:
    """Return Snakemake's own log handler, without its filter."""
    from snakemake.logging import ColorizingTextHandler, DefaultFormatter

    formatter = DefaultFormatter(settings.quiet, settings.show_failed_logs)
    handler: logging.Handler = ColorizingTextHandler(settings.nocolor, stream, formatter)
    return handler


def event_of(record: logging.LogRecord) -> Any:
    """Return the kind of a log record: a `LogEvent` of the plugin interface, or None."""
    from snakemake.logging import get_event

    return get_event(record)


def is_config_file_error(message: str) -> bool:
    """Return whether Snakemake reports that it cannot read a config file."""
    return "load_configfile" in message or "Config file" in message


def is_lock_error(message: str) -> bool:
    """Return whether Snakemake reports that the folder is locked.

    `--report` takes no lock: it reports an output that the run in progress has yet to write.
    """
    texts = ("Directory cannot be locked", "marked for report but does not exist")
    return any(text in message for text in texts)


def is_missing_metadata(message: str) -> bool:
    """Return whether Snakemake reports an output about which nothing is recorded."""
    return message.startswith("Missing metadata for file")


def is_exit_of(message: str, script: str, code: int) -> bool:
    """Return whether Snakemake reports that a script has ended with an exit code."""
    return f".{script}' returned non-zero exit status {code}." in message


def rule_of(record: logging.LogRecord) -> str | None:
    """Return the rule whose job has failed, according to a record."""
    return getattr(record, "rule_name", None)


def is_last_error(message: str) -> bool:
    """Return whether Snakemake reports that it ends since jobs have failed."""
    return message.startswith("Exiting because a job execution failed")


def is_header(record: logging.LogRecord) -> bool:
    """Return whether a record describes the machine, the command line or all resources."""
    return event_of(record) in ("workflow_started", "resources_info") or str(record.msg).startswith(
        (
            "Using workflow specific profile",
            "Config file ",
            "Assuming unrestricted shared filesystem",
            "Building DAG of jobs",
            "Using shell: ",
            "Conda environments: ignored",
        )
    )


def planned_counts(record: logging.LogRecord) -> dict[str, int] | None:
    """Return rule -> number of jobs, from the record that lists them; None for another record."""
    found = getattr(record, "stats", None)
    if not isinstance(found, Mapping):
        return None
    return {str(rule): int(count) for rule, count in found.items() if rule != "total"}


def ends_dry_run(message: str) -> bool:
    """Return whether this is the last message of a dry run."""
    return message.startswith("This was a dry-run")


# ---- files in Snakemake's folder


def lock_files(folder: Path = FOLDER) -> list[Path]:
    """Return the files that lock the working folder."""
    return sorted((folder / "locks").glob("*.lock"))


def script_copies(folder: Path = FOLDER) -> list[Path]:
    """Return the copies of scripts that Snakemake makes for its jobs, removed after each job."""
    return list((folder / "scripts").glob("tmp*.py"))
