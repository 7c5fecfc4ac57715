"""Whole runs of the build against the simulator: a pack of questions, a provider, processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from pilotbench.episodes.shard_file import read_shard
from pilotbench.ground.job_context import alive
from pilotbench.matrix.config import auto_shard_size
from support import Simulator
from support.build import Build

Json = dict[str, Any]
KEYS = ("sim_key1", "sim_key2", "sim_key3")
PATIENT_S = 600.0
"""No test depends on how fast a machine is: a wait ends so late only where nothing happens."""


class Run(Build):
    """A checkout whose one model, `echo`, lives in a simulator behind three keys of five slots.

    The pack `echo` has `questions`; the simulator answers each rightly, so that every episode that
    is scored must be a success. `config` is laid over the matrix, `provider` over the provider.
    """

    def __init__(
        self,
        folder: Path,
        simulator: Simulator,
        config: Json | None = None,
        *,
        provider: Json | None = None,
        questions: int = 30,
        keys: tuple[str, ...] = KEYS,
        slots: int = 5,
        limits: Path | None = None,
    ) -> None:
        self.simulator, self.questions = simulator, questions
        self.secrets = {f"{alias.upper()}_SECRET": simulator.secret(alias) for alias in keys}
        self.experiment: Json = {
            "models": ["echo"],
            "prompts": ["baseline"],
            "tasks": ["echo"],
            "instances": questions,
            "shard_size": 10,
            "task_folders": ["packs"],
            "model_catalog": {"echo": {"provider": "sim", "deployment": "echo"}},
            "providers": {
                "sim": {
                    "kind": "openai",
                    "base_url": simulator.base_url,
                    "connect_timeout_s": 60,
                    "read_timeout_s": 60,
                    "attempt_deadline_s": 120,
                    "retry_for_s": 300,
                    "keys": {a: {"env": f"{a.upper()}_SECRET", "slots": slots} for a in keys},
                    **(provider or {}),
                }
            },
            **({"limits_dir": str(limits)} if limits else {}),
            **(config or {}),
        }
        if (provider or {}).get("kind") == "azure":
            del self.experiment["providers"]["sim"]["base_url"]
        super().__init__(folder, {})
        self.change()
        write_pack(folder / "packs", questions)

    def change(self, **config: Any) -> None:
        """Override the matrix with `config` from now on."""
        self.experiment = {**self.experiment, **config}
        self.configure(self.experiment)

    def environment(self, **env: str | None) -> dict[str, str]:
        """Return the variables of a run, including the secrets of the keys."""
        return super().environment(**{**self.secrets, **env})

    def targets(self) -> list[str]:
        """Return the shard files; a run of these makes no database and no summary."""
        size, count = self.experiment["shard_size"], self.experiment["instances"]
        size = auto_shard_size(count) if size == "auto" else size
        ranges = [(n, min(n + size, count) - 1) for n in range(0, count, size)]
        cells = product(
            self.experiment["models"], self.experiment["prompts"], self.experiment["tasks"]
        )
        return [
            f"results/shards/{'/'.join(cell)}/{'none/none' if cell[2] == 'echo' else 'easy/0.8'}"
            f"/{first:05d}-{last:05d}.jsonl.gz"
            for cell in cells
            for first, last in ranges
        ]

    def write_pack(self, marks: Mapping[int, str]) -> None:
        """Write the pack `echo` with `marks` in some of its questions."""
        write_pack(self.folder / "packs", self.questions, marks)

    def output(self) -> str:
        """Return what the last background run has printed."""
        return (self.folder / "output.txt").read_text()

    def again(self, *words: str) -> str:
        """Run the same command again after a kill; return what it prints. It must succeed."""
        done = self.snakemake(*words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def records(self) -> list[Json]:
        """Return every scored episode."""
        files = sorted((self.folder / "results/shards").rglob("*.jsonl.gz"))
        return [record for file in files for record in read_shard(file)[1]]

    def lost(self) -> int:
        """Return how many answers kills have lost; check that no other was paid for twice.

        To be called when the run is finished. A simulator may read and answer the last requests of
        a killed process when the next run has begun already, so nothing is counted in between.
        """
        total, kept = self.simulator.stats()["total"], [one["identity"] for one in self.journal()]
        assert len(set(kept)) == len(kept)  # the journal's answers were not asked for again
        lost = int(total["answered"]) - len(kept)
        assert total["paid_again"] <= lost
        return lost

    def journal(self) -> list[Json]:
        """Return every complete line of the journal."""
        return journal_lines(self.folder)

    def episodes(self) -> list[Json]:
        """Return the rows of the database: index, status, success, kind of what is owed."""
        import duckdb

        with duckdb.connect(str(self.folder / "results/master.duckdb"), read_only=True) as db:
            rows = db.execute("select * from episodes order by index").fetchall()
            names = [column[0] for column in db.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def text(self) -> str:
        """Return the summary for the terminal."""
        return (self.folder / "results/summary/summary.txt").read_text()

    @contextmanager
    def running(self, *words: str, **env: str | None) -> Iterator[Going]:
        """Run the build in the background; what is left of it at the end is killed."""
        log = (self.folder / "output.txt").open("w+")
        command = [sys.executable, "-m", "snakemake", *words, "--configfile", "overlay.yaml"]
        self.refuse_in_fast_tests(command)
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(**env),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        going = Going(process, self.folder)
        try:
            yield going
        finally:
            going.kill_all()
            log.close()


class Going:
    """A run of the build in the background, in a session of its own."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self.folder = process, folder

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return (self.folder / "output.txt").read_text()

    def processes(self) -> list[int]:
        """Return the ids of its live processes."""
        return [pid for pid, _ in self._session() if alive(pid)]

    def jobs(self) -> list[int]:
        """Return the process ids of the live shard jobs."""
        return [pid for pid, words in self._session() if "evaluate.py" in words]

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the build alone, and wait for its end."""
        self.process.send_signal(how)
        self.process.wait(PATIENT_S)

    def kill_all(self) -> None:
        """Kill the build and all its processes before one notices that another ended."""
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for pid, _ in self._session():
                with_pid(pid, how)
        self.process.wait(PATIENT_S)

    def _session(self) -> list[tuple[int, str]]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _session_of(entry) == self.process.pid:
                words = _read(entry / "cmdline").replace("\0", " ")
                found.append((int(entry.name), words))
        return found


def with_pid(pid: int, how: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def wait_until(true: Callable[[], Any], patient_s: float = PATIENT_S) -> None:
    """Wait until `true` returns a true value; fail if it takes too long."""
    end = time.monotonic() + patient_s
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def journal_lines(folder: Path) -> list[Json]:
    """Return every complete line of the journal in a checkout."""
    files = sorted((folder / "journal").rglob("*.jsonl"))
    lines = (line for file in files for line in file.read_bytes().splitlines(keepends=True))
    return [json.loads(line) for line in lines if line.endswith(b"\n") and line.strip()]


def wait_until_kept(folder: Path, count: int, patient_s: float = PATIENT_S) -> None:
    """Wait until the journal in a checkout holds so many answers: no kill can lose them.

    A test that kills waits for this, not for the count of a service: what a service has counted
    may be on its way, and is rightly paid again.
    """
    wait_until(lambda: sum("asked" in one for one in journal_lines(folder)) >= count, patient_s)


def write_pack(folder: Path, questions: int, marks: Mapping[int, str] | None = None) -> None:
    """Write the pack `echo`: question n asks for `answer-n`; `marks` adds words."""
    pack = folder / "echo"
    pack.mkdir(parents=True, exist_ok=True)
    (pack / "task.yaml").write_text("description: Say a word.\nscorer:\n  kind: exact\n")
    lines = (
        {
            "question": f"Question {n}{(marks or {}).get(n, '')}: what stands in <<answer-{n}>>?",
            "answer": f"answer-{n}",
        }
        for n in range(questions)
    )
    (pack / "instances.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _session_of(entry: Path) -> int:
    rest = _read(entry / "stat").rpartition(")")[2].split()
    return int(rest[3]) if len(rest) > 3 else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
