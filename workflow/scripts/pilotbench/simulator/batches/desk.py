"""Where batches and files are kept and run: over time, whatever their clients do meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.simulator.apis.api import Api, Malformed, Problem, problem
from pilotbench.simulator.batches.job import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    EXPIRED,
    FAILED,
    RUNNING,
    VALIDATING,
    Answer,
    Job,
    Line,
    LineAnswer,
)
from pilotbench.simulator.ground.conversation import lognormal
from pilotbench.simulator.ground.setup import Setup

Json = dict[str, Any]
_AT_ONCE = 20
_OF_A_JOB = ("invalid", "expired", "stuck")
_OF_A_LINE = "line_"


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file, or one with results; `about` is what its form keeps of it."""

    name: str
    content: bytes
    created: float
    about: Json = field(default_factory=dict)


class Desk:
    """All batches and files of a simulator; `answer` answers a line, `now` is the Unix time."""

    def __init__(self, setup: Setup, now: Callable[[], float], answer: Answer) -> None:
        self.setup, self.now, self._answer = setup.batches, now, answer
        self._seed, self._models = setup.seed, setup.models
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, StoredFile] = {}
        self.faults: Counter[str] = Counter(self.setup.faults)

    def take(self, fault: str) -> bool:
        """Return whether a fault is to happen now, and count it."""
        if self.faults[fault] < 1:
            return False
        self.faults[fault] -= 1
        return True

    def name(self, prefix: str) -> str:
        """Return a new name."""
        count = len(self.jobs) + len(self.files)
        text = f"{self._seed} {prefix} {count} {self.now()}"
        return prefix + hashlib.sha256(text.encode()).hexdigest()[:24]

    def store(self, prefix: str, content: bytes, about: Json) -> StoredFile:
        """Keep a file."""
        found = StoredFile(self.name(prefix), content, self.now(), about)
        self.files[found.name] = found
        return found

    def file(self, name: str) -> StoredFile:
        """Return a file. Raises Malformed."""
        if name not in self.files:
            raise Malformed(Problem(f"No such File object: {name}", "not_found", 404, param="id"))
        return self.files[name]

    def job(self, form: str, name: str) -> Job:
        """Return a batch of a form. Raises Malformed."""
        found = self.jobs.get(name)
        if found is None or found.form != form:
            raise Malformed(Problem(f"No batch found with id '{name}'.", "not_found", 404))
        return found

    def listed(self, form: str) -> list[Job]:
        """Return the batches of a form that the list shows by now, the newest first."""
        until = self.now() - self.setup.list_lag_s
        found = [job for job in self.jobs.values() if job.form == form and job.created <= until]
        return found[::-1]

    def knows(self, model: str) -> bool:
        """Return whether there is such a model; without models in the set-up, every one."""
        return not self._models or model in self._models

    def refused(self, lines: Sequence[Line]) -> list[int]:
        """Return the places of the requests because of which a batch is not run."""
        text = self.setup.refused_text
        return [n for n, line in enumerate(lines) if text and text.encode() in line.request.body]

    def over_limit(self, form: str, model: str, lines: Sequence[Line]) -> int | None:
        """Return the limit of enqueued requests or tokens that more lines would exceed."""
        waiting = [
            job
            for job in self.jobs.values()
            if job.form == form and job.model == model and job.ended is None
        ]
        requests = len(lines) + sum(len(job.lines) for job in waiting)
        tokens = sum(line.tokens for line in lines) + sum(job.tokens for job in waiting)
        limits = ((self.setup.enqueued_requests, requests), (self.setup.enqueued_tokens, tokens))
        return next((most for most, used in limits if most is not None and used > most), None)

    def submit(
        self,
        form: str,
        prefix: str,
        api: Api,
        secret: str,
        model: str,
        lines: list[Line],
        about: Json,
        errors: Sequence[Json] = (),
        whole: bool = False,
    ) -> Job:
        """Accept a batch and begin to run it; with errors its validation fails.

        Raises Malformed where it is told not to accept it.
        """
        if self.take("submit_failed"):
            raise Malformed(problem("server_error"))
        name = self.name(prefix)
        fault = next((fault for fault in _OF_A_JOB if self.take(fault)), None)
        job = Job(
            name=name,
            form=form,
            api=api,
            secret=secret,
            model=model,
            lines=lines,
            about=about,
            created=self.now(),
            duration_s=lognormal(self.setup.batch_s, self.setup.sigma, self._seed, "batch", name),
            fault=fault,
            errors=list(errors),
            whole=whole,
        )
        self.jobs[name] = job
        self._later(job, self.setup.validate_s)
        return job

    def cancel(self, job: Job) -> None:
        """Begin to cancel a batch that has not ended."""
        job.phase, job.cancelled = CANCELLING, self.now()
        if not job.whole:
            self._run_upto(job, math.ceil(self.setup.cancel_part * len(job.lines)))
        self._later(job, self.setup.cancel_s)

    def end_all(self) -> None:
        """End every batch that runs, as if its time were over; a stuck one runs on."""
        for job in self.jobs.values():
            job.duration_s = 0.0
            while job.ended is None and self._step(job, hurry=True):
                pass

    def statistics(self) -> Json:
        """Return the counts of batches, and every batch in short."""
        jobs = list(self.jobs.values())
        short = [
            {
                "name": job.name,
                "form": job.form,
                "model": job.model,
                "phase": job.phase,
                "lines": len(job.lines),
                "billed": job.billed,
                "created": job.created,
            }
            for job in jobs
        ]
        return {
            "submitted": len(jobs),
            "running": sum(job.ended is None for job in jobs),
            "lines": sum(len(job.lines) for job in jobs),
            "billed": sum(job.billed for job in jobs),
            "jobs": short,
        }

    def _later(self, job: Job, delay_s: float) -> None:
        if job.name in self._timers:
            self._timers[job.name].cancel()
        self._timers[job.name] = self._loop.call_later(delay_s, self._step, job)

    def _step(self, job: Job, hurry: bool = False) -> bool:
        """Do what is due, and return whether something was; the next step has its timer."""
        if job.ended is not None:
            return False
        if job.phase == VALIDATING and not self._validated(job):
            return True
        now, before = self.now(), len(job.answers)
        if job.phase == CANCELLING:
            rest_s = (job.cancelled or now) + self.setup.cancel_s - now
            if rest_s <= 0 or hurry:
                self._end(job, CANCELLED)
            else:
                self._later(job, rest_s)
            return True
        due, most = self._due(job, now), self._most(job)
        self._run_upto(job, min(due, most, before + _AT_ONCE))
        if len(job.answers) < min(due, most):
            self._later(job, 0)
        elif job.fault != "stuck" and due == len(job.lines):
            self._end(job, EXPIRED if job.fault == "expired" else COMPLETED)
        elif self._expires(job) and now >= job.created + self.setup.window_s:
            self._end(job, EXPIRED)
        else:
            self._later(job, self._wait_s(job, now))
        return job.ended is not None or len(job.answers) > before

    def _validated(self, job: Job) -> bool:
        """Begin to run a batch; return False where its validation fails."""
        if job.errors or job.fault == "invalid":
            self._end(job, FAILED)
            return False
        job.phase, job.started = RUNNING, self.now()
        return True

    def _due(self, job: Job, now: float) -> int:
        """Return how many lines are answered by now."""
        count = len(job.lines)
        passed = now - (job.started or now)
        if passed >= job.duration_s:
            return count
        return 0 if job.whole else int(count * passed / job.duration_s)

    def _most(self, job: Job) -> int:
        """Return how many lines are ever answered."""
        if job.whole and job.fault is not None:
            return 0
        part = self.setup.part if job.fault in ("expired", "stuck") else 1.0
        return math.ceil(part * len(job.lines))

    def _expires(self, job: Job) -> bool:
        return job.fault != "stuck" and job.form != "azure"

    def _wait_s(self, job: Job, now: float) -> float:
        """Return the time until the next line or the end of the window."""
        begun = job.started or now
        share = (self._due(job, now) + 1) / len(job.lines)
        times = [begun + job.duration_s * min(1.0, share)]
        if self._expires(job):
            times.append(job.created + self.setup.window_s)
        if job.fault == "stuck":
            times = [max(times[0], now + 1.0)]
        return max(0.001, min(times) - now)

    def _run_upto(self, job: Job, count: int) -> None:
        for line in job.lines[len(job.answers) : count]:
            if line.wrong is not None:
                job.answers.append(LineAnswer(*job.api.error(line.wrong)))
                continue
            codes = (fault for fault in self.faults if fault.startswith(_OF_A_LINE))
            fault = next((fault for fault in codes if self.take(fault)), None)
            code = fault and fault.removeprefix(_OF_A_LINE)
            job.answers.append(self._answer(job.api, job.secret, line.request, code))

    def _end(self, job: Job, phase: str) -> None:
        job.phase, job.ended = phase, self.now()
        timer = self._timers.pop(job.name, None)
        if timer is not None:
            timer.cancel()
