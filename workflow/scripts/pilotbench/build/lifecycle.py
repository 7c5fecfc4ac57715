"""The start and the end of a run, as the handlers of the workflow call them.

Checks before the first job are a comfort here: each job proves the same before it asks, where no
run has done so.
"""

from __future__ import annotations

import atexit
import shutil
import sys
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotbench.build import (
    batches_out,
    end_screen,
    interrupt,
    job_server,
    outputs,
    preflight,
    progress_table,
    run_lock,
    signals,
    waiting,
)
from pilotbench.build import snakemake_internals as internals
from pilotbench.build.one_line_errors import one_line_errors
from pilotbench.build.progress import Watch
from pilotbench.build.progress_table import Look
from pilotbench.build.run_log import RunLog
from pilotbench.build.waiting import Reason
from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import PilotbenchError, of_system
from pilotbench.ground.job_context import RunCommand
from pilotbench.ground.terminal_tables import terminal_width
from pilotbench.matrix.verdict_shards import Asked
from pilotbench.providers import price_list
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import Listed
from pilotbench.providers.wire_formats import WIRE_FORMATS

if TYPE_CHECKING:
    from pilotbench.build.workflow import Workflow

ASKING = {"evaluate", "judge", "compare", "batches"}
DERIVING = {"database", "summary_pages", "figures", "inspect_logs"}
"""Rules whose jobs are forked from one of the servers."""
LOOKS_ONLY = {"estimate", "check"}
"""Targets that make no results."""


class Lifecycle:
    """The run of one `Workflow`, from the first planned job to the result table."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow, self._snakemake = workflow, workflow.snakemake
        self._followers: list[notices.Follower] = []
        self._log: RunLog | None = None
        self._seen: Look | None = None
        waits_for = interrupt.waits_for
        self._interrupt = interrupt.Interrupt(
            lambda: waits_for(workflow.settings, workflow.experiment.models_asked),
            self._write_last,
        )

    def begin(self, *, shared: bool) -> None:
        """Clear the lock of a dead run, and publish the context; `shared`: jobs see this folder."""
        if line := run_lock.enter():
            print(line, file=sys.stderr)
        slots, file = self._workflow.slots_in_force(), notices.of_run(self._workflow.here)
        job_context.begin(slots, file, shared=shared)
        if self._workflow.imported:  # nothing calls `on_start` then
            self._follow_notices()

    def start_job_servers(self) -> None:
        """Start the processes that jobs on this machine are forked from; once."""
        snakemake = self._snakemake
        if job_server.folders() or not internals.runs_jobs_here(snakemake):
            return
        if internals.only_touches(snakemake):
            return
        rules = {job.rule for job in internals.jobs_to_run(snakemake)}
        if rules & ASKING:
            models = self._workflow.experiment.models_asked
            sdks = [(*WIRE_FORMATS[m.api].sdk, *KINDS[m.kind].sdk) for m in models]
            prices = price_list.MODULES if any(isinstance(m.price, Listed) for m in models) else ()
            job_server.start(tuple(dict.fromkeys(chain(job_server.MODULES, prices, *sdks))))
        if rules & DERIVING:
            job_server.start(job_server.DERIVING_MODULES, job_server.DERIVING)
        run_lock.sign(self._temporary_folders())

    def on_start(self, logs: list[str]) -> None:
        """Stop before the first job where prompts, packs, keys or budget are not in order."""
        with one_line_errors():
            run_lock.sign(self._temporary_folders())
            self.start_job_servers()
            signals.end_build_cleanly(job_context.stop_asking)
            if not internals.only_touches(self._snakemake):  # touching asks nothing
                self._check_and_watch(logs)

    def on_success(self) -> None:
        """Print the result where the run was for the summary."""
        self._end_views("finished")
        if self._makes_summary():
            self._print_result()

    def on_error(self) -> None:
        """Bring database and summary up to date with all that is finished.

        End the process with an exit code of its own where this run only waits for batches.
        """
        self._end_views("stopped" if self._interrupt.times else "ended with unfinished jobs")
        self._refresh()
        if self._interrupt.times:
            print(interrupt.STOPPED, file=sys.stderr)
        if line := self._batches_out():
            print(line, file=sys.stderr)
            if self._only_batches():
                sys.exit(batches_out.EXIT_CODE)

    def cost(self) -> str:
        """Return what the jobs of a dry run would cost; empty where none evaluates a shard."""
        from pilotbench.estimation import wording  # no other run needs it

        shards = self._shards_to_run()
        slots = self._workflow.slots_in_force()
        return wording.cost_line(self._workflow.experiment, shards, slots) if shards else ""

    def _check_and_watch(self, logs: list[str]) -> None:
        experiment, shards = self._workflow.experiment, self._shards_to_run()
        for note in preflight.check(experiment, shards):
            # In one piece: Snakemake's log writes to the same stream from a thread.
            sys.stderr.write(f"note: {note}\n")
        self._workflow.begin()
        words = internals.overlays(self._snakemake), internals.config_words(self._snakemake)
        job_context.update(proven=True, command=RunCommand.of(logs, *words))
        notices.begin(Path(job_context.read().notices or ""))
        self._follow_notices()
        self._interrupt.listen()
        if shards:
            watch = Watch(experiment)
            begins = f"{len(shards):,} files to ask for: {job_context.read().command.to_finish()}"
            self._log = RunLog(self._workflow.here, lambda: self._look(watch), begins)
            for view in self._views():
                view.watch(progress_table.live(watch))

    def _shards_to_run(self) -> list[Asked]:
        jobs = internals.jobs_to_run(self._snakemake)
        found = (self._workflow.asked(job.rule, job.wildcards) for job in jobs)
        return [one for one in found if one is not None]

    def _temporary_folders(self) -> list[Path]:
        return [*job_server.folders(), *internals.temporary_folders(self._snakemake)]

    def _views(self) -> list[Any]:
        """Return the log handlers that show a live table."""
        handlers = internals.log_handlers(self._snakemake)
        return [handler for handler in handlers if hasattr(handler, "watch")]

    def _follow_notices(self) -> None:
        """Print the notices of the jobs as they come; the last ones when this process ends."""
        file = Path(job_context.read().notices or "")
        self._followers.append(notices.Follower(file, self._write_notice))
        atexit.register(self._followers[-1].end)

    def _write_notice(self, line: str) -> None:
        """Write a job's notice to the terminal: above the live table where there is one."""
        views = self._views()
        if self._log is not None:
            self._log.write(line)
        for view in views:
            view.say(line)
        if not views:
            sys.stderr.write(f"{line}\n")

    def _write_last(self, line: str) -> None:
        """Write a line about an interrupt, and nothing from the log after it."""
        for view in self._views():
            view.silence()
        sys.stderr.write(f"{line}\n")

    def _makes_summary(self) -> bool:
        return "summary_pages" in internals.planned_rules(self._snakemake)

    def _only_looks(self) -> bool:
        """Return whether the run makes no results."""
        targets = internals.targets(self._snakemake)
        return bool(targets) and targets <= LOOKS_ONLY

    def _end_views(self, how: str) -> None:
        """End the live views and the job server, and print the last notices."""
        job_server.end()
        while self._followers:
            self._followers.pop().end()
        if self._log is not None:
            self._log.end(how)
        for view in self._views():
            view.unwatch()

    def _batches_out(self) -> str:
        """Return a line about the batches that are out, empty if there are none."""
        if self._only_looks():
            return ""
        command = job_context.read().command.to_finish()
        with suppress(PilotbenchError, OSError):  # the refresh has reported it
            out = Watch(self._workflow.experiment).batch_rows()
            return batches_out.line(
                self._workflow.settings.models, self._workflow.here, out, command
            )
        return ""

    def _only_batches(self) -> bool:
        """Return whether nothing has failed but jobs of batch lanes that wait for batches."""
        return internals.failed_rules(self._snakemake) == {"batches"} and batches_out.only_wait(
            self._workflow.here, job_context.read().run
        )

    def _print_result(self) -> None:
        """Print the result table and where the page is."""
        here = self._workflow.here
        table = Path(here, "summary/summary.txt")
        if table.exists():
            text = table.read_text()
            if width := terminal_width(sys.stderr):
                height = shutil.get_terminal_size().lines
                text = end_screen.fitted(text, width, height, str(table))
            lines = waiting.lines(self._still_waiting(), width)
            print(f"\n{text}", *lines, f"summary: {here}/summary/index.html",
                  sep="\n", file=sys.stderr)  # fmt: skip

    def _still_waiting(self) -> list[Reason]:
        """Return what kept the run waiting at its end; the table says itself what is owed."""
        found = self._seen.reasons if self._seen is not None else []
        return [one for one in found if one.kind in waiting.OF_KEYS]

    def _look(self, watch: Watch) -> str:
        self._seen = Look.at(watch)
        return self._seen.line()

    def _refresh(self) -> None:
        self._interrupt.over = True
        if self._only_looks() or self._interrupt.times > 1:
            return
        experiment = self._workflow.experiment
        try:
            outputs.refresh(experiment, drawn=self._workflow.files.drawn)
            if self._interrupt.times:
                return
            self._print_result()
            if reached := outputs.budget_reached(experiment):
                print(reached, file=sys.stderr)
        except PilotbenchError as error:
            print(f"error: {error}", file=sys.stderr)
        except OSError as error:
            print(f"error: {of_system(error)}", file=sys.stderr)
        except KeyboardInterrupt:  # what is not written yet is written by the next run
            return
