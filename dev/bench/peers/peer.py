"""What a runner is, ours or another: where it comes from, how it is asked, what it has found."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

from dev.bench.job import BenchJob, served, support

PACK = "packs/echo/instances.jsonl"


@dataclass(frozen=True)
class Ask:
    """A job as a peer is asked to do it: question and answer pairs, endpoint, requests at once."""

    pairs: Sequence[tuple[str, str]]
    base_url: str
    secret: str
    slots: int


@dataclass(frozen=True)
class Tally:
    """Answers that were scored; what was asked and is in neither is lost."""

    right: int = 0
    wrong: int = 0


@dataclass(frozen=True)
class Peer:
    """Another runner, as data.

    `package` is pinned, as its registry writes it; `also` is installed beside it. `words` is the
    command (its first word a program of the environment), run in a folder that holds `files`;
    `again` is the command for a job that is finished, `resume` for one that was killed, both by
    default the same.
    `result` is a glob for what the command leaves, `tally` reads it, given the folder and the
    environment's programs.
    """

    name: str
    registry: Literal["pypi", "npm"]
    package: str
    files: Callable[[Ask], dict[str, str]]
    words: Callable[[Ask], list[str]]
    result: str
    tally: Callable[[Path, Path], Tally]
    again: Callable[[Ask], list[str]] | None = None
    resume: Callable[[Ask], list[str]] | None = None
    environment: Callable[[Ask], dict[str, str]] = lambda _: {}
    also: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All that is installed."""
        return (self.package, *self.also)

    @property
    def folder(self) -> str:
        """The name of its environment's folder: another version is another environment."""
        return self.package.replace("[", "-").replace("]", "").replace("/", "-")

    @property
    def commands(self) -> tuple[Callable[[Ask], list[str]], ...]:
        """The commands for a new job, a finished one, a killed one."""
        return self.words, self.again or self.words, self.resume or self.words

    @property
    def programs(self) -> str:
        """The folder of its programs, below the environment's."""
        return "node_modules/.bin" if self.registry == "npm" else "bin"


@dataclass(frozen=True)
class Sitting:
    """A job laid out for one runner: `run` starts commands and has the simulator."""

    run: Any
    words: Sequence[str]
    again: Sequence[str]
    resume: Sequence[str]
    result: str
    tally: Callable[[], Tally]


class Player(Protocol):
    """A runner that jobs can be laid out for."""

    @property
    def name(self) -> str:
        """Its column."""

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """The jobs that say nothing about it."""

    def sit(self, job: BenchJob, marks: Mapping[int, str]) -> AbstractContextManager[Sitting]:
        """Lay out a job in a folder that goes away; `marks` adds words to some questions."""


@dataclass(frozen=True)
class Installed:
    """A peer with its environment."""

    peer: Peer
    home: Path
    leaves_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its column."""
        return self.peer.name

    @contextmanager
    def sit(self, job: BenchJob, marks: Mapping[int, str]) -> Iterator[Sitting]:
        """Lay out a job: the pack, the peer's files, a simulator."""
        peer, bin_ = self.peer, self.home / self.peer.programs
        with TemporaryDirectory() as name, served(job) as simulator:
            folder = Path(name)
            support("runs").write_pack(folder / "packs", job.questions, marks)
            secret = simulator.secret(job.aliases[0])
            ask = Ask(pairs(folder / PACK), simulator.base_url, secret, job.slots)
            for path, text in peer.files(ask).items():
                (folder / path).write_text(text)
            env = environment(peer.environment(ask), self.home, bin_)
            run = PeerRun(folder, simulator, env)
            words, again, resume = (command(ask) for command in peer.commands)
            yield Sitting(run, words, again, resume, peer.result, lambda: peer.tally(folder, bin_))


class PeerRun:
    """Starts a peer's commands in a folder, as support.runs.Run does ours."""

    def __init__(self, folder: Path, simulator: Any, env: dict[str, str]) -> None:
        self.folder, self.simulator, self.env = folder, simulator, env

    @contextmanager
    def running(self, *words: str) -> Iterator[Any]:
        """Run a command; whatever of it is left at the end is killed."""
        with (self.folder / "output.txt").open("a") as log:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            going = support("runs").Going(process, self.folder)
            try:
                yield going
            finally:
                going.kill_all()

    def output(self) -> str:
        """Return what its commands have printed."""
        return (self.folder / "output.txt").read_text()


def environment(own: Mapping[str, str], home: Path, programs: Path) -> dict[str, str]:
    """Return a peer's variables: its programs first, its home, no key of the person who runs."""
    kept = {k: v for k, v in os.environ.items() if "API_KEY" not in k and "ENDPOINT" not in k}
    kept.pop("PYTHONPATH", None)
    path = os.pathsep.join((str(programs), kept.get("PATH", os.defpath)))
    return {**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1", **own}


def pairs(pack: Path) -> list[tuple[str, str]]:
    """Return the questions of a pack with their answers."""
    lines = map(json.loads, pack.read_text().splitlines())
    return [(line["question"], line["answer"]) for line in lines]


def lines(values: Sequence[Any]) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values)
