"""A long run with faults of every kind: memory flat, no descriptor leak, no hang, nothing lost.

`python -m support.soak --minutes 30` (from the top folder, with PYTHONPATH=tests:workflow/scripts)
runs the build again and again against one simulator until the time is over; each round asks for
`--questions` more. It ends with 1, and says why, where a bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from support import Simulator
from support.runs import KEYS, Going, Run

FAULTS = {
    "error_500": 0.03,
    "reset": 0.02,
    "hang": 0.005,
    "truncated": 0.02,
    "malformed": 0.02,
    "slow_drip": 0.005,
    "wrong_model": 0.01,
}
ROUND_S = 3600.0
WARM_S, JUDGED = 60, 40  # samples left out at the start of a round; the fewest to judge by
Sample = tuple[float, int]


def sample(going: Going) -> Sample:
    """Return (MiB, open files) of the largest process of a run."""
    found = [(0.0, 0)]
    for pid in going.processes():
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            found.append((pages * 4096 / 2**20, len(list(Path(f"/proc/{pid}/fd").iterdir()))))
        except OSError:
            continue
    return max(found)[0], max(files for _, files in found)


def play(run: Run, limit_s: float) -> tuple[list[Sample], int | None]:
    """Run the shards once; return samples a second apart and the exit code, None for a hang."""
    samples, end = [], time.monotonic() + limit_s
    with run.running(*run.targets()) as going:
        while (code := going.process.poll()) is None and time.monotonic() < end:
            samples.append(sample(going))
            time.sleep(1)
    return samples, code


def flat(values: list[float], factor: float = 1.25) -> bool:
    """Say whether the median of the last quarter is near that of the second one."""
    quarter = max(1, len(values) // 4)
    return median(values[-quarter:]) <= factor * median(values[quarter : 2 * quarter] or values)


def lost(run: Run, questions: int) -> int:
    """Return how many questions have no record that is a success."""
    return questions - sum(record["success"] is True for record in run.records())


def soak(folder: Path, minutes: float, questions: int) -> list[str]:
    """Return what does not hold, one line each."""
    wrong: list[str] = []
    samples: list[Sample] = []
    end, rounds = time.monotonic() + 60 * minutes, 0
    keys = {key: {"slots": 5} for key in KEYS}
    settings = {"keys": keys, "latency_s": 0.3, "sigma": 0.6, "faults": FAULTS}
    with Simulator(lifetime_s=7200 + 60 * minutes, **settings) as simulator:
        while time.monotonic() < end and not wrong:
            rounds += 1
            place = folder / str(rounds)
            place.mkdir()
            config = {"instances": questions, "shard_size": max(1, questions // 4)}
            provider = {"retry_for_s": 600}
            run = Run(place, simulator, config, provider=provider, questions=questions)
            found, code = play(run, ROUND_S)
            samples += found[WARM_S:]
            missing = lost(run, questions)
            wrong += [f"round {rounds}: hangs"] if code is None else []
            wrong += [f"round {rounds}: exit {code}"] if code else []
            wrong += [f"round {rounds}: {missing} of {questions} lost"] if missing else []
            print(f"round {rounds}: {len(found)} s, {max(found)[0]:.0f} MiB", flush=True)
        kinds = simulator.stats()["faults"]
    wrong += [f"no fault of kind {kind} was met" for kind in FAULTS if not kinds.get(kind)]
    if len(samples) < JUDGED:
        return [*wrong, f"too short to judge memory and open files: {len(samples)} samples"]
    wrong += [] if flat([mib for mib, _ in samples]) else ["memory grows"]
    wrong += [] if flat([float(files) for _, files in samples]) else ["open files grow"]
    return wrong


def main() -> int:
    """Soak and say what does not hold."""
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
