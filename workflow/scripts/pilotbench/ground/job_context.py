"""What a run tells its jobs by the environment: they do not see its command line."""

from __future__ import annotations

import atexit
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.errors import Stopping

VARIABLE = "PILOTBENCH_ORDERS"
FOLDER = Path(".snakemake")
ASKING = "pilotbench.asking."
"""How the name of the file begins that is there as long as the jobs of one run may ask."""


@dataclass(frozen=True)
class Orders:
    """The slots in force of each key alias, whether anything may be asked, the run's process.

    `notices` is the file that collects what the person at the terminal has to know. `began` is the
    moment of the run's start, in the form of a Clock. `proven`: the run has proven prompts, packs
    and budget before its first job (see `preflight`). `asking` is a file that is there as long as
    the jobs of the run may ask (see `job.Halt`). `texts` has the hashes of what the run has read.
    """

    slots: Mapping[str, int] = field(default_factory=dict)
    may_ask: bool = True
    run: int | None = None
    notices: str | None = None
    began: Mapping[str, Any] | None = None
    proven: bool = False
    asking: str | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def since(self, clock: Clock = CLOCK) -> float:
        """Return when the run began, in seconds of the clock; now where there is no run."""
        shift = None if self.began is None else clock.shift(self.began)
        if self.began is None or shift is None:
            return clock.now()
        return min(clock.now(), float(self.began["now"]) + shift)

    def parent(self) -> int:
        """Return this process's parent, which must stay it as long as the run lives.

        Raises Stopping where the run ended while this process was starting: it has a new parent.
        """
        parent = os.getppid()
        if self.run is not None and not alive(self.run):
            raise Stopping("the run that started this shard is gone")
        return parent


def alive(pid: int) -> bool:
    """Say whether a process lives: one that ended and is not yet waited for (Z) does not."""
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def tell(orders: Orders) -> None:
    """Put the orders into the environment that jobs inherit."""
    os.environ[VARIABLE] = json.dumps(asdict(orders))


def told() -> Orders:
    """Return what the run has told this job: no slots, and to ask, where it told nothing."""
    return Orders(**json.loads(os.environ.get(VARIABLE, "{}")))


def begin(slots: Mapping[str, int], notices: Path, *, shared: bool) -> None:
    """Tell the jobs of this run what they share, before the first of them is planned.

    It may turn out that another run holds the folder's lock: nothing here touches what is its own.
    `shared`: every job sees the folder of the run, wherever it runs.
    """
    tell(
        replace(
            told(),
            slots=slots,
            run=os.getpid(),
            notices=str(notices),
            began=CLOCK.moment(),
            asking=mark() if shared else None,
        )
    )


def mark() -> str | None:
    """Make the file that is there as long as the jobs of this run may ask; return its path.

    It ends with this process. None where it cannot be made: each job then stops for itself.
    """
    with suppress(OSError):
        FOLDER.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=ASKING, dir=FOLDER.resolve())
        os.close(descriptor)
        Path(name).chmod(0o644)  # a job of a cluster may be another user's
        atexit.register(_unmark, Path(name), os.getpid())
        return name
    return None


def _unmark(file: Path, owner: int) -> None:
    if os.getpid() == owner:  # no child that was forked
        file.unlink(missing_ok=True)


def stop_asking() -> None:
    """Let no job of this run send another request: what is in flight is still answered."""
    asking = told().asking
    if asking is not None:
        with suppress(OSError):
            Path(asking).unlink()
