"""What a run passes to its jobs in the environment: they do not see its command line."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from pilotbench.ground import shipped
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.errors import Stopping
from pilotbench.ground.scrubber import Scrubber

VARIABLE = "PILOTBENCH_JOB_CONTEXT"
FOLDER = Path(".snakemake")
MAY_ASK_PREFIX = "pilotbench.asking."
"""How the name of the file begins that exists as long as the jobs of one run may ask."""
_NOT_ASKING = ("partial", "rescore")
"""Config keys of a run that asks nothing."""


@dataclass(frozen=True)
class RunCommand:
    """The command that started a run; every shard file keeps it.

    `run` is the name of the build's log of the run. `configfiles` are the overlays in order, each a
    pair of its path from the working folder and the SHA-256 of its content. `config` are the words
    after `--config`, without secrets.
    """

    run: str | None = None
    configfiles: list[list[str]] = field(default_factory=list)
    config: list[str] | None = None

    @classmethod
    def of(
        cls, logs: Sequence[str], configfiles: Iterable[Path], config: Iterable[str]
    ) -> RunCommand:
        """Return the command of a run from its log files, overlays and words after `--config`."""
        scrubber = Scrubber()
        return cls(
            run=Path(logs[0]).name if logs else None,
            configfiles=[[os.path.relpath(file), file_digest(file) or ""] for file in configfiles],
            config=[scrubber.scrub(str(word)) for word in config],
        )

    def to_finish(self) -> str:
        """Return the command that requests what this run leaves owed, of the same selection."""
        return self.line(*shipped.BUILD.split())

    def line(self, *command: str) -> str:
        """Return a command line with the config of this run, except that it may ask."""
        files = [path for path, _ in self.configfiles]
        words = [word for word in self.config or [] if word.partition("=")[0] not in _NOT_ASKING]
        line = [*command]
        line += ["--configfile", *files] if files else []
        line += ["--config", *words] if words else []
        return shlex.join(line)


@dataclass(frozen=True)
class JobContext:
    """What all jobs of a run share.

    `slots` are the slots in force by key alias; `may_ask` is False where nothing may be requested.
    `run` is the process id of the run, and `began` its start, in the form of a Clock. `notices` is
    the file that collects what the user at the terminal has to know. `proven`: the run has checked
    prompts, packs and budget before its first job (see `preflight`). `asking` is a file that exists
    as long as the jobs of the run may ask (see `job.Halt`). `texts` has the hashes of what the run
    has read (see `texts`).
    """

    slots: Mapping[str, int] = field(default_factory=dict)
    may_ask: bool = True
    run: int | None = None
    notices: str | None = None
    began: Mapping[str, Any] | None = None
    proven: bool = False
    asking: str | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    command: RunCommand = field(default_factory=RunCommand)

    def since(self, clock: Clock = CLOCK) -> float:
        """Return when the run began, in seconds of the clock; now where there is no run."""
        shift = None if self.began is None else clock.shift(self.began)
        if self.began is None or shift is None:
            return clock.now()
        return min(clock.now(), float(self.began["now"]) + shift)

    def parent(self) -> int:
        """Return the parent of this process, which stays the same as long as the run lives.

        Raises Stopping where the run ended while this process was starting.
        """
        parent = os.getppid()
        if self.run is not None and not alive(self.run):
            raise Stopping("the run that started this shard is gone")
        return parent


def publish(context: JobContext) -> None:
    """Put the context into the environment, which jobs inherit."""
    os.environ[VARIABLE] = json.dumps(asdict(context))


def read() -> JobContext:
    """Return the context recorded for this job; outside a run the default one."""
    recorded = json.loads(os.environ.get(VARIABLE, "{}"))
    command = RunCommand(**recorded.pop("command", {}))
    return JobContext(**recorded, command=command)


def update(**changes: Any) -> None:
    """Publish the context with some fields changed."""
    publish(replace(read(), **changes))


def begin(slots: Mapping[str, int], notices: Path, *, shared: bool) -> None:
    """Publish the context of this run, before the first of its jobs is planned.

    Another run may still turn out to hold the folder's lock: nothing of that run is touched here.
    `shared`: every job sees the folder of the run, on whatever machine it runs.
    """
    update(
        slots=slots,
        run=os.getpid(),
        notices=str(notices),
        began=CLOCK.moment(),
        asking=_create_mark() if shared else None,
    )


def stop_asking() -> None:
    """Stop the jobs of this run from sending further requests; those in flight are answered."""
    asking = read().asking
    if asking is not None:
        with suppress(OSError):
            Path(asking).unlink()


def alive(pid: int) -> bool:
    """Return whether a process is alive: one that has ended but is not waited for (Z) is not."""
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file's content, None where there is no file."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _create_mark() -> str | None:
    """Create the file that exists as long as the jobs of this run may ask; return its path.

    It is removed when this process ends. None where it cannot be created: then a job that stops
    asking does not stop the others.
    """
    with suppress(OSError):
        FOLDER.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=MAY_ASK_PREFIX, dir=FOLDER.resolve())
        os.close(descriptor)
        Path(name).chmod(0o644)  # a job on a cluster may belong to another user
        atexit.register(_remove_mark, Path(name), os.getpid())
        return name
    return None


def _remove_mark(file: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child
        file.unlink(missing_ok=True)
