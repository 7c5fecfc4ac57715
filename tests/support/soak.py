"""A long run with faults of every kind: memory flat, no descriptor leak, no hang, nothing lost.

`python -m support.soak --minutes 30` (from the top folder, with PYTHONPATH=tests:workflow/scripts)
runs the build again and again against one simulator until the time is over; each round asks for
`--questions` more. Every process of a run is judged for itself: what it opened and kept in its
first minute is its due, what it opens and keeps later is a leak. It ends with 1, and says why,
where a bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from support import Simulator
from support.runs import Going, Run

FAULTS = {
    "error_500": 0.03,
    "reset": 0.02,
    "hang": 0.005,
    "truncated": 0.02,
    "malformed": 0.02,
    "slow_drip": 0.005,
    "wrong_model": 0.01,
    "content_filter": 0.002,
    "filtered": 0.002,
    "context_overflow": 0.002,
    "length": 0.002,
}
ALLOWED = {"sim_key1": {"slots": 5}, "sim_key2": {"slots": 3}, "sim_key3": {"slots": 5}}
"""What the keys take; config says 5 of each, so that the second one answers 429."""
SHARDS, AT_ONCE = 8, 4
ROUND_S = 3600.0
WARM_S, JUDGED = 60, 40  # samples left out at the start of a process; the fewest to judge by


@dataclass
class Samples:
    """What a process used, about once a second: MiB and open files."""

    mib: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def sample(going: Going, into: dict[int, Samples]) -> None:
    """Note what each process of a run uses now."""
    for pid in going.processes():
        process = Path("/proc", str(pid))
        try:
            pages = int((process / "statm").read_text().split()[1])
            files = len(list((process / "fd").iterdir()))
        except OSError:
            continue
        into[pid].mib.append(pages * 4096 / 2**20)
        into[pid].files.append(files)


def play(run: Run, limit_s: float) -> tuple[list[Samples], int | None]:
    """Run the shards once; return each process's samples and the exit code, None for a hang."""
    samples: dict[int, Samples] = defaultdict(Samples)
    end = time.monotonic() + limit_s
    with run.running(*run.targets(), "--jobs", str(AT_ONCE)) as going:
        while (code := going.process.poll()) is None and time.monotonic() < end:
            sample(going, samples)
            time.sleep(1)
    return list(samples.values()), code


def flat(values: list[float] | list[int], factor: float = 1.25) -> bool:
    """Return whether the median of the last quarter is near that of the second one."""
    quarter = max(1, len(values) // 4)
    return median(values[-quarter:]) <= factor * median(values[quarter : 2 * quarter] or values)


def lost(run: Run, questions: int) -> int:
    """Return how many questions have no record, or a record that the faults do not explain."""
    fair = [
        record["index"]
        for record in run.records()
        if record["success"] is True
        or record["status"] == "refused"
        or record["end_reason"] in ("context_overflow", "length")
    ]
    return questions - len(set(fair))


def soak(folder: Path, minutes: float, questions: int) -> list[str]:
    """Return one line per bound that does not hold."""
    wrong: list[str] = []
    judged = rounds = 0
    end = time.monotonic() + 60 * minutes
    settings = {"keys": ALLOWED, "latency_s": 0.3, "sigma": 0.6, "faults": FAULTS}
    with Simulator(lifetime_s=7200 + 60 * minutes, **settings) as simulator:
        while time.monotonic() < end and not wrong:
            rounds += 1
            place = folder / str(rounds)
            place.mkdir()
            config = {"instances": questions, "shard_size": max(1, questions // SHARDS)}
            provider = {"retry_for_s": 600}
            run = Run(place, simulator, config, provider=provider, questions=questions)
            processes, code = play(run, ROUND_S)
            wrong += unfinished(run, code, questions)
            long_ones = [one for one in processes if len(one.mib) >= WARM_S + JUDGED]
            wrong += [line for one in long_ones for line in leaks(one)]
            judged += len(long_ones)
            mib = max(max(one.mib) for one in processes)
            files = max(max(one.files) for one in processes)
            print(
                f"round {rounds}: {len(processes)} processes, {len(long_ones)} of them long enough "
                f"to judge; at most {mib:.0f} MiB and {files} open files",
                flush=True,
            )
        stats = simulator.stats()
    wrong += [] if judged else ["too short to judge memory and open files"]
    return wrong + not_met(stats)


def unfinished(run: Run, code: int | None, questions: int) -> list[str]:
    """Return what a round has left undone."""
    if code is None:
        return ["hangs"]
    missing = lost(run, questions)
    wrong = [f"exit {code}: {run.output()[-2000:]}"] if code else []
    return wrong + ([f"{missing} of {questions} lost"] if missing else [])


def leaks(one: Samples) -> list[str]:
    """Return the resources that a process kept accumulating after its first minute."""
    mib, files = one.mib[WARM_S:], one.files[WARM_S:]
    wrong = [] if flat(mib) else [f"memory grows: {told(mib)} MiB"]
    return wrong + ([] if flat(files) else [f"open files grow: {told(files)}"])


def not_met(stats: dict[str, Any]) -> list[str]:
    """Print what the simulator has seen; return what it should have done and has not."""
    kinds, total = stats["faults"], stats["total"]
    words = ("requests", "answered", "429", "failed", "abandoned")
    print("faults met: " + ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)))
    print("simulator: " + ", ".join(f"{total[word]} {word}" for word in words))
    wrong = [f"no fault of kind {kind} was met" for kind in FAULTS if not kinds.get(kind)]
    return wrong + ([] if total["429"] else ["no 429 was met"])


def told(values: list[float] | list[int]) -> str:
    """Return ten of the values, in order, for display."""
    return " ".join(f"{value:.0f}" for value in values[:: max(1, len(values) // 10)])


def main() -> int:
    """Run the soak test and print every bound that does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--questions", type=int, default=20_000, help="of each round")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        wrong = soak(Path(folder), args.minutes, args.questions)
    print(
        "\n".join(wrong) or "holds: memory and open files are flat, nothing hangs, nothing is lost"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
