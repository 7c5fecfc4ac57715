"""Run the command of an external task for one shard and repeat, and read what it wrote."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import JournalOnly, KeyAllowance, Source
from pilotbench.asking.keys.secrets import withheld
from pilotbench.asking.label_asker import Job
from pilotbench.benchmark.packs.external_task import ExternalTask
from pilotbench.episodes.external import readers
from pilotbench.episodes.external.process import Process, Started
from pilotbench.episodes.external.sample import Sample
from pilotbench.episodes.external.shard_gateway import Heard, Others, Serving, serving
from pilotbench.ground import links, notices
from pilotbench.ground.errors import CommandFailed, ConfigError, Stopping, of_system
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment

Json = dict[str, Any]
FOLDER = "external"
"""Below the results folder: what the commands wrote, by cell, shard and repeat."""
TOKEN = "OPENAI_API_KEY"
PROGRESS_S, SILENT_S = 30.0, 120.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ran:
    """What came of a run: the samples in its results, and what it asked.

    `failure` is why there are no results: what the command or its results lack. `others` is what
    it asked each further model of the task.
    """

    heard: Heard
    samples: dict[int, Sample] = field(default_factory=dict)
    failure: str | None = None
    others: Mapping[str, Heard] = field(default_factory=dict)


def run(
    experiment: Experiment, shard: Shard, repeat: int, ask: Source, allowance: KeyAllowance | None
) -> Ran:
    """Run the command once. Raises Stopping if the job has to end."""
    task = experiment.tasks[shard.cell.task]
    assert isinstance(task, ExternalTask)
    model = experiment.settings.catalog[shard.cell.model]
    instance = task.instance(shard.cell.difficulty, shard.first)
    out = _emptied(experiment, shard, repeat)
    others = _others(experiment, task, shard, ask, allowance)
    with serving(model, instance, repeat, ask, others) as served:
        values = placeholders(task, shard, repeat, served.base_url, out, ask.in_flight)
        try:
            _run(experiment, task, shard, values, served, allowance)
            _check_asked(served)
            found = readers.read(out, task.reading, shard.indices)
        except CommandFailed as error:
            return Ran(served.heard, failure=_why(served, error), others=served.others)
        return Ran(served.heard, found, others=served.others)


def _why(served: Serving, error: CommandFailed) -> str:
    """Return why there are no results, with what the gateway did not pass on."""
    refused = [one for one in served.refused if one not in str(error)]
    return "; ".join([*(f"the gateway did not pass on: {one}" for one in refused[:1]), str(error)])


def _others(
    experiment: Experiment,
    task: ExternalTask,
    shard: Shard,
    ask: Source,
    allowance: KeyAllowance | None,
) -> Others:
    """Return the further models of a task. Raises ConfigError where they cannot be limited."""
    indices = (shard.first, shard.last)
    if allowance is None or isinstance(ask, JournalOnly):
        job = Job(indices, may_ask=False)
    elif task.models and not allowance.borrow:
        raise ConfigError(
            f"task {task.name}: models: a job on another machine holds slots of its own model "
            f"only, so {', '.join(task.models)} could not be limited; run this task on the machine "
            "of the run"
        )
    else:
        job = Job(indices, True, True, allowance.halt, allowance.slots, allowance.parent)
    return Others(experiment.settings, task.models, task.name, job)


def _check_asked(served: Serving) -> None:
    """Raise CommandFailed where the results may not be those of the model's answers."""
    if refused := served.refused:
        raise CommandFailed(f"the gateway did not pass on a request of the command: {refused[0]}")
    if not len(served.heard):
        raise CommandFailed(
            "the command asked nothing through the gateway: does it use {base_url} and the token, "
            "or answers that it has stored itself?"
        )


def out_folder(experiment: Experiment, shard: Shard, repeat: int) -> Path:
    """Return the folder for what the command of a shard writes."""
    place = Path(FOLDER, shard.cell.folder, shard.name, f"repeat-{repeat}")
    return experiment.settings.results_dir / place


def placeholders(
    task: ExternalTask, shard: Shard, repeat: int, base_url: str, out: Path, slots: int
) -> dict[str, str]:
    """Return the value of each placeholder."""
    words = list(map(str, shard.indices))
    return {
        "model": shard.cell.model,
        "base_url": base_url,
        "token_env": TOKEN,
        "first": str(shard.first),
        "last": str(shard.last),
        "first_1": str(shard.first + 1),
        "last_1": str(shard.last + 1),
        "end": str(shard.last + 1),
        "count": str(len(words)),
        "samples": ",".join(words),
        "samples_json": f"[{', '.join(words)}]",
        "out": str(out.resolve()),
        "folder": str(task.folder.resolve()),
        "repeat": str(repeat),
        "seed": str(repeat),
        "slots": str(max(1, slots)),
    }


def environment(
    experiment: Experiment, task: ExternalTask, values: dict[str, str], token: str
) -> dict[str, str]:
    """Return the environment of the command: this one without secrets, and what it needs to ask."""
    hidden = withheld(experiment.settings)
    found = {n: v for n, v in os.environ.items() if n not in hidden and not n.startswith(_OWN)}
    direct = ",".join(filter(None, (found.get("NO_PROXY"), "127.0.0.1,localhost")))
    return {
        **found,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "OPENAI_BASE_URL": values["base_url"],
        TOKEN: token,
        **{name: task.filled(text, values) for name, text in task.environment.items()},
    }


_OWN = "PILOTBENCH_"


def _emptied(experiment: Experiment, shard: Shard, repeat: int) -> Path:
    """Return the folder for the results, without those of an earlier run."""
    out, results = out_folder(experiment, shard, repeat), experiment.settings.results_dir
    links.check(results, str(out.relative_to(results)))
    try:
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)
    except OSError as error:
        raise CommandFailed(of_system(error)) from None
    return out


def _run(
    experiment: Experiment,
    task: ExternalTask,
    shard: Shard,
    values: dict[str, str],
    served: Serving,
    allowance: KeyAllowance | None,
) -> None:
    program = task.program
    if program is None:
        task.check()
    command = [str(program), *(task.filled(word, values) for word in task.command[1:])]
    variables: Mapping[str, str] = environment(experiment, task, values, served.token)
    log.info("runs %s", " ".join(command))
    what = Started(command, task.folder, variables, task.timeout_s)
    with Process(what, lambda line: log.info("| %s", line)) as process:
        process.watch(_Watch(shard, served.each, process, allowance))
    log.info("the command has ended; %s", _asked(served.each))


class _Watch:
    """What is looked at while a command runs: whether it may go on, and what it does."""

    def __init__(
        self, shard: Shard, each: list[Heard], process: Process, allowance: KeyAllowance | None
    ) -> None:
        self._shard, self._each, self._process = shard, each, process
        self._allowance = allowance
        self._signs, self._since, self._told, self._logged = 0, 0.0, SILENT_S, 0.0

    def __call__(self, seconds: float) -> None:
        """Report progress and silence. Raises Stopping if the command must end."""
        self._check()
        signs = sum(map(len, self._each)) + self._process.said
        if signs != self._signs:
            self._signs, self._since, self._told = signs, seconds, SILENT_S
        if seconds - self._logged >= PROGRESS_S:
            self._logged = seconds
            log.info("running for %d s; %s", seconds, _asked(self._each))
        if seconds - self._since >= self._told:
            words = (
                f"{self._shard.path}: the command writes and asks nothing for {self._told:.0f} s"
            )
            notices.say(words, words)
            log.warning("%s", words)
            self._told *= 2

    def _check(self) -> None:
        allowance = self._allowance
        if allowance is None:
            return
        if allowance.stop.is_set():
            raise Stopping("stopped while the command ran")
        if allowance.parent is not None and os.getppid() != allowance.parent:
            raise Stopping("the run that started this job has ended")


def _asked(each: list[Heard]) -> str:
    lost = sum(len(heard.failed) for heard in each)
    failed = f", {lost} failed" if lost else ""
    answered, replayed = sum(len(h.answered) for h in each), sum(h.replayed for h in each)
    return f"{answered} requests answered ({replayed} by the journal){failed}"
