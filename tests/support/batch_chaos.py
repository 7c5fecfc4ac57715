"""Kill whole runs of the batch lane at random while its services fail, and count what is paid.

`python -m support.batch_chaos --seeds 10` (from the top folder, with
PYTHONPATH=tests:workflow/scripts). Each seed asks three services in batches. Its simulator has a
few faults, drawn at random: submissions that are accepted without an answer, or refused; results
that are cut off or missing; lines that fail, batches that expire. Its runs are killed two to four
times: everything, Snakemake, or the job server. Then it runs until it is finished. At the end every
episode equals that of an undisturbed online run, and each request was billed once. Only a request
that was asked online at the end may be billed twice, if a kill met it in flight. Ends with 1 where
that does not hold.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support import Simulator
from support.batch_runs import run_of, simulator_of
from support.chaos import HEAD, MOST_RUNS, RUN_S, Verdict, contents, disturb, judge, over, totals
from support.runs import Going, Run

Json = dict[str, Any]
LANES = dict.fromkeys(("openai", "anthropic", "gemini"), "batch")
KILLS = ("everything", "snakemake", "job server")
FAULTS = (
    "submit_late",
    "submit_reset",
    "submit_500",
    "submit_failed",
    "results_500",
    "results_404",
    "results_cut",
    "results_short",
    "look_500",
    "expired",
    "line_server_error",
    "line_rate_limit_exceeded",
)
LONGEST_LIFE_S = 4.0
"""A run lives at most so long after its first submission or look, and is then killed."""


def undisturbed(folder: Path) -> dict[str, list[Json]]:
    """Return the contents of an online run that nothing disturbs."""
    with simulator_of() as simulator:
        run = run_of(folder, simulator, dict.fromkeys(LANES, "online"))
        run.again("-j3", *run.targets())
        return contents(run)


def play(folder: Path, seed: int, wanted: dict[str, list[Json]]) -> Verdict:
    """Play one seed to its end and judge it."""
    draw, verdict, kills = random.Random(seed), Verdict(seed), []
    began, code = time.monotonic(), None
    with simulator_of(batch_s=1.0, sigma=0.5) as simulator:
        run = run_of(folder, simulator, LANES)
        faults = draw.sample(FAULTS, k=draw.randint(2, 5))
        simulator.batch_faults(**{fault: draw.randint(1, 2) for fault in faults})
        left = draw.choices(KILLS, k=draw.randint(2, 4))
        while verdict.runs < MOST_RUNS and (left or code != 0):
            verdict.runs += 1
            kind = left.pop() if left else None
            with run.running("-j4", *run.targets()) as going:
                if kind and _is_alive(going, simulator, draw):
                    verdict.faults.append(kind)
                    killed = disturb(kind, going, run, draw)
                    kills += [] if killed is None else [killed]
                if not over(going, RUN_S):
                    verdict.notes.append(f"run {verdict.runs} hangs: {going.output[-1500:]}")
                code = going.process.poll()
            simulator.release_batches()
        verdict.faults += faults
        if code != 0:
            verdict.notes.append(f"not finished after {verdict.runs} runs: {run.output()[-1500:]}")
        stats = simulator.stats()
        judge(verdict, wanted, contents(run), stats["paid_again"], kills)
        verdict.notes += _miscounted(run, stats)
    verdict.seconds = time.monotonic() - began
    return verdict


def _is_alive(going: Going, simulator: Simulator, draw: random.Random) -> bool:
    """Let a run go on until something is out, and a while longer; return whether it still runs."""
    end = time.monotonic() + RUN_S
    while going.process.poll() is None and time.monotonic() < end:
        batches = simulator.stats()["batches"]
        if batches["running"] or batches["held"] or "collected" in going.output:
            break
        time.sleep(0.02)
    time.sleep(draw.uniform(0.0, LONGEST_LIFE_S))
    return going.process.poll() is None


def _miscounted(run: Run, stats: Json) -> list[str]:
    """Return how what was billed differs from the requests of all episodes."""
    requests = sum(len(record["requests"]) for record in run.records())
    billed = sum(stats["tiers"].values()) - stats["total"]["paid_again"]
    print(f"      {requests} requests, billed: {stats['tiers']}", end="; ")
    print(f"{stats['batches']['submitted']} batches of {stats['batches']['lines']} lines")
    return [] if billed == requests else [f"{requests} requests, but {billed} were billed"]


def main() -> int:
    """Play all seeds and print what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    args = parser.parse_args()
    verdicts = []
    print(HEAD, flush=True)
    with TemporaryDirectory() as folder:
        wanted = undisturbed(Path(folder) / "undisturbed")
        for seed in range(args.first, args.first + args.seeds):
            verdicts.append(play(Path(folder) / str(seed), seed, wanted))
            print(verdicts[-1].row(), *verdicts[-1].notes, sep="\n      ", flush=True)
    print(totals(verdicts))
    return not all(verdict.holds for verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
