"""The start and the end of a run: what is looked at before any job, and what is shown at the end.

INPUT:  the jobs that are about to run
OUTPUT: one line and a stop where something is missing; after a failure, database and summary of all
        that is finished
"""

import atexit
import sys
from dataclasses import replace
from pathlib import Path

from pilotbench.build import (
    interrupt,
    job_server,
    outputs,
    preflight,
    progress,
    run_lock,
    signals,
)
from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import PilotbenchError, UserError, of_system
from pilotbench.ground.job_context import RunCommand


def views() -> list:
    """Return the views of this run: the log handlers that show a live table and the cost."""
    handlers = workflow.logger_manager.get_log_handlers()
    return [handler for handler in handlers if hasattr(handler, "watch")]


def jobs_to_run() -> list:
    """Return the jobs that evaluate a shard; the end of a dry run calls them finished."""
    every = workflow.dag.needrun_jobs(exclude_finished=False)
    return [job for job in every if job.rule.name == "evaluate"]


def cost() -> str:
    """Say what the jobs of a dry run would cost; nothing where none evaluates a shard."""
    from pilotbench.commands import estimate  # no other run needs it

    shards = [shard(job.wildcards) for job in jobs_to_run()]
    return estimate.line(MATRIX, shards, slots_in_force()) if shards else ""


FOLLOWERS = []


def follow() -> None:
    """Show the notices of the jobs as they come; the last ones when this process ends."""
    file = Path(job_context.read().notices)
    FOLLOWERS.append(notices.Follower(file, write_notice))
    atexit.register(FOLLOWERS[-1].end)


def write_notice(line: str) -> None:
    """Write a job's notice to the terminal: above the live table where there is one."""
    for view in views():
        view.say(line)
    if not views():
        sys.stderr.write(f"{line}\n")


def check_first(logs) -> None:
    """Stop before any job starts where a prompt, pack, key or budget is not as it must be.

    It is a comfort: each job proves the same before it asks, where no run has done so.
    """
    theirs = (workflow.snakemake_tmp_dir, workflow.sourcecache.runtime_cache_path)
    run_lock.sign([*job_server.folders(), *map(Path, theirs)])
    signals.end_build_in_good_order(job_context.stop_asking)
    if workflow.touch:  # nothing is asked: no key is needed
        job_server.end(at_once=True)
        return
    jobs = jobs_to_run()
    shards = [shard(job.wildcards) for job in jobs]
    if not (shards and workflow.local_exec):
        job_server.end(at_once=True)
    try:
        for note in preflight.check(MATRIX, shards):
            # In one piece: Snakemake's log writes to the same stream from a thread.
            sys.stderr.write(f"note: {note}\n")
    except UserError as error:
        sys.exit(f"error: {error}")
    begin()
    command = RunCommand.of(
        logs,
        workflow.overwrite_configfiles,
        workflow.config_settings.config_args or (),
    )
    job_context.update(proven=True, command=command)
    notices.begin(Path(job_context.read().notices))
    follow()
    INTERRUPT.listen()
    if shards:
        for view in views():
            view.watch(progress.Watch(MATRIX).table)


def makes_tables() -> bool:
    """Say whether the summary is among what the run is for."""
    return any(job.rule.name == "summary_pages" for job in workflow.dag.jobs)


def only_looks() -> bool:
    """Say whether the run makes no results: its targets are those of doors.smk."""
    targets = set(workflow.dag_settings.targets)
    return bool(targets) and targets <= {"estimate", "check"}


def end_views() -> None:
    """End the live tables and the server of the jobs, and show the last notices."""
    job_server.end()
    while FOLLOWERS:
        FOLLOWERS.pop().end()
    for view in views():
        view.unwatch()


def show_result() -> None:
    """Print the result table and where the page is."""
    table = Path(HERE, "summary/summary.txt")
    if table.exists():
        print(
            f"\n{table.read_text()}\nsummary: {HERE}/summary/index.html",
            file=sys.stderr,
        )


def refresh() -> None:
    """After a failed job: bring database and summary up to date with all that is finished."""
    INTERRUPT.over = True
    if only_looks() or INTERRUPT.times > 1:
        return
    try:
        outputs.refresh(MATRIX)
        if INTERRUPT.times:
            return
        show_result()
        if reached := outputs.budget_reached(MATRIX):
            print(reached, file=sys.stderr)
    except PilotbenchError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {of_system(error)}", file=sys.stderr)
    except KeyboardInterrupt:  # what is not written yet is written by the next run
        return


def silenced(line: str) -> None:
    """Write a line about an interrupt, and nothing else from now on."""
    for view in views():
        view.silence()
    sys.stderr.write(f"{line}\n")


INTERRUPT = interrupt.Interrupt(lambda: interrupt.waits_for(SETTINGS), silenced)

for view in views():
    view.after_dry_run(cost)


onstart:
    try:
        check_first(log)
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {of_system(error)}")


onsuccess:
    end_views()
    if makes_tables():
        show_result()


onerror:
    end_views()
    refresh()
    if INTERRUPT.times:
        print(interrupt.STOPPED, file=sys.stderr)
