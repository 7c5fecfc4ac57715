"""The speed-up ladder: one request at a time, one key, a key for each prompt, all keys for all.

The matrix is that of the system before us: one model, three prompts of unequal length, five tasks.
Speed is the provider's seconds that a run gets through in a second: in-flight integral / time from
the command to its end. A request takes 1 s (median) as in the other rows, and with the longer
prompts up to twice that. The serial run is measured on one shard and from its first request on,
without any start-up, which favours it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from dev.bench.job import BenchJob, Measured, command, draws, prepared
from dev.bench.row import Row, at_least, utilised, without_bar

PROMPTS = {"short": 0, "middle": 4000, "long": 8000}
"""Tokens that stand before the task: at 0.125 ms each a request takes 0, 0.5 or 1 s longer."""
_FILLER = "Work with care, step by step. "
TASKS = ("simple_task", "basic_task", "data_pipeline", "api_integration", "multi_stage_pipeline")
JOB = BenchJob(
    slots=5,
    keys=3,
    shard_size=20,
    simulator={
        "latency_s": 1.0,
        "sigma": 0.6,
        "per_input_token_s": 1.25e-4,
        "tasks": list(TASKS),
        "difficulties": ["easy"],
        "instances": 20,
        "prepare": True,
    },
    config={
        "tasks": list(TASKS),
        "prompts": list(PROMPTS),
        "prompt_folders": ["bench_prompts", "config/prompts"],
        "model_catalog": {"echo": {"provider": "sim", "deployment": "oracle"}},
    },
)


def rows(scale: float = 1.0) -> Iterator[Row]:
    """Yield the ladder's rows; the last step is the job with three keys of 5."""
    count = max(2, round(20 * scale))
    alone = {"prompts": ["middle"], "tasks": ["data_pipeline"]}
    serial = run_with(
        with_instances(replace(JOB, slots=1, keys=1), max(2, round(15 * scale)), **alone)
    )
    speed = serial.stats["total"]["slot_seconds"] / serial.window_s
    yield without_bar("ladder: serial", speed, "s/s", shard_size=20)
    steps = {
        "one key of 5": with_instances(replace(JOB, keys=1), max(2, round(count / 3))),
        "a key of 5 for each prompt": with_instances(JOB, count, routing="by_prompt"),
    }
    for name, job in steps.items():
        yield without_bar(f"ladder: {name}", _speed(run_with(job)) / speed, "x", shard_size=20)
    job = with_instances(JOB, count)
    found = [run_with(one) for one in draws(job)]
    whole = median(map(_speed, found)) / speed
    yield at_least("ladder: three keys of 5 for all", whole, "x", 14, shard_size=20)
    yield from utilised(f"three keys of 5, multi-turn, 3 x 5 x {count}", found, job, 0.93, 0.97)


def run_with(job: BenchJob) -> Measured:
    """Run a job with the prompts of unequal length."""
    with prepared(job) as run:
        write_prompts(run.folder)
        found = command(run, job, *run.targets())
        if found.returncode:
            raise SystemExit(f"bench: the run failed\n{run.output()}")
        return found


def write_prompts(folder: Path) -> None:
    """Write the prompts: that of `baseline`, with more or less before it."""
    baseline = (folder / "config/prompts/baseline.md").read_text()
    (folder / "bench_prompts").mkdir()
    for name, tokens in PROMPTS.items():
        filler = _FILLER * (4 * tokens // len(_FILLER))
        (folder / "bench_prompts" / f"{name}.md").write_text(f"{baseline}\n{filler}\n")


def with_instances(job: BenchJob, instances: int, **config: Any) -> BenchJob:
    """Return `job` with so many instances of each task, `config` over its matrix."""
    return replace(job, config={**job.config, "instances": instances, **config})


def _speed(found: Measured) -> float:
    return float(found.stats["total"]["slot_seconds"]) / found.seconds
