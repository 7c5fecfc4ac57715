"""Kill whole runs at random, and count what was lost, paid twice or scored wrong.

`python -m support.chaos --seeds 20 --questions 400` (from the top folder, with
PYTHONPATH=tests:workflow/scripts). Each seed plays two models over two keys against the simulator.
Its runs are disturbed two to four times: a job, Snakemake, the fork server or everything is killed,
the journal's disk is full, the terminal closes (SIGHUP). Then it runs until it is finished. At the
end each question is scored once and right, every episode equals that of an undisturbed run, and no
answer was paid twice but what a kill met in flight: answered less than 0.2 s before it, or after
it. After a full disk or a SIGHUP nothing at all may be paid twice. Ends with 1 where that does not
hold. A full disk needs root, for a file system of its own; without root that fault is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support import Simulator
from support.runs import Going, Run, with_pid

Json = dict[str, Any]
KILLS = ("job", "snakemake", "job server", "everything")
MILD = ("disk", "sighup")
KEYS = ("sim_key1", "sim_key2")
MODELS = ("echo-a", "echo-b")
SURE_S, IN_FLIGHT_S = 0.2, 2.0
"""A kill may cost what was answered this long before it, and what was in flight after it."""
MOST_RUNS, RUN_S = 12, 300.0
DISK = "24m"
VOLATILE = ("requests", "cost_usd")


@dataclass
class Verdict:
    """The outcome of one seed."""

    seed: int
    faults: list[str] = field(default_factory=list)
    runs: int = 0
    lost: int = 0
    again: int = 0
    met: int = 0
    wrong: int = 0
    unlike: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, paid twice, wrong or unlike an undisturbed run."""
        return not (self.lost or self.again or self.wrong or self.unlike or self.notes)

    def row(self) -> str:
        """Return the line of the table."""
        numbers = (self.runs, self.lost, self.again, self.met, self.wrong, self.unlike)
        cells = " ".join(f"{number:>8}" for number in numbers)
        return f"{self.seed:>5} {cells} {self.seconds:>7.0f}  {', '.join(self.faults)}"


HEAD = " seed     runs     lost  p.twice in fligh    wrong   unlike seconds  faults"


def make(folder: Path, simulator: Simulator, questions: int) -> Run:
    """Return a checkout with two models behind two keys."""
    config = {
        "models": list(MODELS),
        "model_catalog": {name: {"provider": "sim", "deployment": name} for name in MODELS},
        "shard_size": max(1, questions // 8),
    }
    return Run(folder, simulator, config, questions=questions, keys=KEYS)


def contents(run: Run) -> dict[str, list[Json]]:
    """Return each episode's records without what differs between two equal runs."""
    found: dict[str, list[Json]] = {}
    for record in run.records():
        plain = {key: value for key, value in record.items() if key not in VOLATILE}
        plain["identities"] = [request["identity"] for request in record["requests"]]
        found.setdefault(record["episode"], []).append(plain)
    return found


def undisturbed(folder: Path, questions: int) -> dict[str, list[Json]]:
    """Return the contents of a run that nothing disturbs."""
    with Simulator(keys={key: {"slots": 5} for key in KEYS}, latency_s=0.01) as simulator:
        run = make(folder, simulator, questions)
        run.again(*run.targets())
        return contents(run)


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Give the journal a small file system of its own; return whether that worked."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    own = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
    try:
        yield own
    finally:
        if own:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a file system to the last byte; return the file that does."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return path


def parent(pid: int) -> int:
    """Return the parent of a process, or 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def servers(going: Going) -> list[int]:
    """Return the job server of a run."""
    return [pid for pid in _serving(going) if parent(pid) == going.process.pid]


def _serving(going: Going) -> list[int]:
    found = []
    for pid in going.processes():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"job_server.serve" in words:
            found.append(pid)
    return found


def disturb(kind: str, going: Going, run: Run, draw: random.Random) -> float | None:
    """Disturb a run once; return when something was killed, or None if nothing was."""
    own = servers(going)
    children = [pid for pid in _serving(going) if pid not in own]
    now = time.time()
    if kind == "job":
        alive = [*going.jobs(), *children]
        if alive:
            with_pid(draw.choice(alive), signal.SIGKILL)
    elif kind == "snakemake":
        going.process.kill()
    elif kind == "job server":
        for pid in own:
            with_pid(pid, signal.SIGKILL)
    elif kind == "everything":
        going.kill_all()
    elif kind == "sighup":
        for pid in going.processes():
            with_pid(pid, signal.SIGHUP)
    elif kind == "disk":
        fill(run.folder / "journal")
    return now if kind in KILLS else None


def answered(simulator: Simulator) -> int:
    """Return how many requests the simulator has answered."""
    return int(simulator.stats()["total"]["answered"])


def over(going: Going, patient_s: float = RUN_S) -> bool:
    """Wait until no process of a run is left; return whether that happened."""
    end = time.monotonic() + patient_s
    while going.processes() and time.monotonic() < end:
        going.process.poll()
        time.sleep(0.1)
    return not going.processes()


def one_run(
    run: Run, simulator: Simulator, kind: str | None, draw: random.Random, verdict: Verdict
) -> tuple[float | None, int | None]:
    """Run once and disturb it; return when it was killed and with which code it ended."""
    before = answered(simulator)
    left = len(MODELS) * run.questions - before
    aim = before + draw.randint(1, max(2, left // 3))  # so that there is something to disturb
    killed = None
    with run.running(*(run.targets() if kind else [])) as going:
        while kind and going.process.poll() is None and answered(simulator) < aim:
            time.sleep(0.05)
        if kind and going.process.poll() is None:
            verdict.faults.append(kind)
            killed = disturb(kind, going, run, draw)
        if not over(going):
            verdict.notes.append(f"run {verdict.runs} hangs after {kind}: {going.output[-1500:]}")
            going.kill_all()
        (run.folder / "journal" / "filler").unlink(missing_ok=True)
        code = going.process.wait()
    return killed, code


def play(folder: Path, seed: int, questions: int, wanted: dict[str, list[Json]]) -> Verdict:
    """Play one seed to its end and judge it."""
    draw, verdict, kills = random.Random(seed), Verdict(seed), []
    began = time.monotonic()
    settings: Json = {"latency_s": 0.2, "sigma": 0.3, "seed": seed}
    keys = {key: {"slots": 5} for key in KEYS}
    with (
        Simulator(keys=keys, lifetime_s=7200, **settings) as simulator,
        disk(folder / "journal") as own_disk,
    ):
        run = make(folder, simulator, questions)
        every = [*KILLS, *MILD] if own_disk else [*KILLS, "sighup"]
        first = every[seed % len(every)]
        faults: list[str | None] = [first, *draw.choices(every, k=draw.randint(1, 3))]
        kind, code = faults[0], None
        while verdict.runs < MOST_RUNS and (kind or code != 0):
            verdict.runs += 1
            kind = faults.pop(0) if faults else None  # the last run is whole: all targets
            killed, code = one_run(run, simulator, kind, draw, verdict)
            kills += [] if killed is None else [killed]
        if code != 0:
            verdict.notes.append(f"not finished after {verdict.runs} runs: {run.output()[-1500:]}")
        judge(verdict, wanted, contents(run), simulator.stats()["paid_again"], kills)
        verdict.notes += database_differs(run, 2 * questions) if code == 0 else []
    verdict.seconds = time.monotonic() - began
    return verdict


def judge(
    verdict: Verdict,
    wanted: dict[str, list[Json]],
    found: dict[str, list[Json]],
    again: list[Json],
    kills: list[float],
) -> None:
    """Count what was lost, paid twice, scored wrong, or is unlike the undisturbed run."""
    verdict.lost = sum(len(found.get(episode, [])) != 1 for episode in wanted)
    records = [record for many in found.values() for record in many]
    verdict.wrong = sum(record["success"] is not True for record in records)
    verdict.unlike = sum(
        found[episode] != wanted.get(episode) for episode in found if len(found[episode]) == 1
    )
    for one in again:
        first = one["first_answered"]
        met = any(kill - SURE_S <= first <= kill + IN_FLIGHT_S for kill in kills)
        verdict.met += met
        verdict.again += not met


def database_differs(run: Run, episodes: int) -> list[str]:
    """Return how the database differs from each episode once, completed and correct."""
    rows = run.episodes()
    good = Counter((row["status"], row["success"]) for row in rows)
    return [] if good == {("completed", True): episodes} else [f"the database has {dict(good)}"]


def campaign(seeds: range, questions: int) -> list[Verdict]:
    """Play every seed; print its row and what does not hold."""
    verdicts = []
    print(HEAD, flush=True)
    with TemporaryDirectory() as folder:
        wanted = undisturbed(Path(folder) / "undisturbed", questions)
        for seed in seeds:
            verdicts.append(play(Path(folder) / str(seed), seed, questions, wanted))
            print(verdicts[-1].row(), *verdicts[-1].notes, sep="\n      ", flush=True)
    return verdicts


def totals(verdicts: list[Verdict]) -> str:
    """Return the last line: the outcome of all seeds."""
    counts = Counter(fault for verdict in verdicts for fault in verdict.faults)
    lost, again, met, wrong, unlike = (
        sum(getattr(verdict, name) for verdict in verdicts)
        for name in ("lost", "again", "met", "wrong", "unlike")
    )
    met_by = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    return (
        f"{len(verdicts)} seeds, {met_by}: lost {lost}, paid twice {again} (and {met} in flight "
        f"at a kill), wrong {wrong}, unlike {unlike}; "
        f"{sum(verdict.holds for verdict in verdicts)} of {len(verdicts)} seeds hold"
    )


def main() -> int:
    """Play all seeds and print what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--questions", type=int, default=400, help="of each model")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that file systems are unmounted
    verdicts = campaign(range(args.first, args.first + args.seeds), args.questions)
    print(totals(verdicts))
    return not all(verdict.holds for verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
