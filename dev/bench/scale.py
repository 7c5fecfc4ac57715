"""The rows of `make bench only=scale`: what the build itself costs with many shards.

The matrix: one to ten models on a provider of six keys, ten prompts, five tasks, five difficulties,
four rates. Nothing is asked. The checkout that is run lies with the tests.
"""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dev.bench.job import TESTS
from dev.bench.row import Row, at_least, at_most, without_bar
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.results.database.export import TABLES

Json = dict[str, Any]
KEYS = [f"sim_key{number}" for number in range(1, 7)]
RATES = [0.9, 0.8, 0.7, 0.6]
FLAWED = ("sequence_disorder", "tool_misuse", "parameter_error", "missing_step",
          "redundant_operations", "logical_inconsistency", "semantic_drift")  # fmt: skip
SIZES = (100, 1000, 10_000)
LARGEST = 50_000
BARRED = 10_000
STARTED = 200
ALL_READY = str(10**6)
PLANS = ((), ("--rerun-triggers", "mtime"), ("--batch", "all=1/5"))
STARTS = (
    (),  # profile settings
    ("--scheduler-subsample", "1000"),
    ("--scheduler-subsample", ALL_READY),
    ("--scheduler", "ilp"),
    ("--persistence-backend", "db"),
)
BARS = {"-n -q": 15.0, "-n": 25.0}
NO_OP_BAR = 15.0


DERIVED = ("master.duckdb", "master_database.json", "exports/episodes.parquet",
           *(f"exports/{name}.csv" for name in ("episodes", *TABLES)),
           *(f"summary/{name}" for name in ("index.html", "summary.md", "summary.txt",
                                            "summary.json")))  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Wall and CPU s of one command, most memory of any child so far, load before, what it said."""

    seconds: float
    cpu_s: float
    mib: float
    load: float
    said: str


def rows(job: str = "sizes") -> Iterator[Row]:
    """Yield the rows of a job: `sizes`, `largest` (a quarter of an hour) or `choices`."""
    jobs = {"sizes": by_size, "largest": lambda: by_size((LARGEST,)), "choices": choices}
    if job not in jobs:
        raise SystemExit(f"bench: --job {job}: must be one of {', '.join(jobs)}")
    yield from jobs[job]()


def choices() -> Iterator[Row]:
    """Yield what other settings than the profile's cost: plans and starts of BARRED shards."""
    with TemporaryDirectory() as folder:
        run = checkout(Path(folder), BARRED)
        for words in PLANS:
            cost = command(run, "all", "-n", "-q", *words)
            name = f"scale: -n -q of {BARRED}, {' '.join(words) or 'profile settings'}"
            yield without_bar(name, cost.seconds, "s", cpu_s=round(cost.cpu_s, 1), load=cost.load)
        for words in STARTS:
            rate = start_rate(run, STARTED, *words)
            said = " ".join(words).replace(ALL_READY, "(all)") or "profile settings"
            yield without_bar(f"scale: starts of {STARTED} in {BARRED}, {said}", rate, "/s")
            for left in ("results", ".snakemake"):  # a job may still be ending
                shutil.rmtree(run.folder / left, ignore_errors=True)


def by_size(sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Yield the rows for `sizes` shards; those of BARRED shards have bars."""
    for size in sizes:
        with TemporaryDirectory() as folder:
            run = checkout(Path(folder), size)
            for word, bar in BARS.items():
                yield from _judged(
                    f"{word} of {size}", command(run, "all", *word.split()), size, bar
                )
            if size == BARRED:
                rate = start_rate(run)
                yield at_least(f"scale: starts of {STARTED} in {size}", rate, "/s", 30)
            finish(run)
            done = command(run, "all")
            if "Nothing to be done" not in done.said:
                raise RuntimeError(done.said[-2000:])
            yield from _judged(f"nothing to do of {size}", done, size, NO_OP_BAR)


def _judged(name: str, cost: Cost, size: int, bar: float) -> Iterator[Row]:
    name = f"scale: {name} shards"
    more = {"cpu_s": round(cost.cpu_s, 1), "mib": round(cost.mib), "load": cost.load}
    if size != BARRED:
        yield without_bar(name, cost.seconds, "s", **more)
        return
    yield at_most(name, cost.seconds, "s", bar, **more)
    yield at_most(f"{name}, memory", cost.mib, "MiB", 1024)


def checkout(folder: Path, shards: int) -> Any:
    """Return a checkout of 100, or of a multiple of 1,000 up to 10,000, planned shards; beyond
    that, of a multiple of 10,000.
    """
    names = [f"model-{number}" for number in range(min(10, max(1, shards // 1000)))]
    prompts = [*STANDARD_PROMPTS, *(f"flawed_{name}" for name in FLAWED)]
    return _support().Build(folder, {
        "models": names,
        "benchmark": 3,  # each of its cells is a shard: version 4 plans equal levels once
        "prompts": prompts if shards >= 1000 else prompts[:1],
        "tasks": "all",
        "difficulties": "all",
        "tool_success_rates": RATES,
        "instances": 20 * max(1, shards // 10_000),
        "shard_size": 20,
        "model_catalog": {name: {"provider": "sim", "deployment": name} for name in names},
        "providers": {"sim": {
            "kind": "openai",
            "base_url": "http://127.0.0.1:9/v1",
            "keys": {key: {"env": f"{key.upper()}_SECRET", "slots": 50} for key in KEYS},
        }},
    })  # fmt: skip


def command(run: Any, *words: str) -> Cost:
    """Run the build once in a checkout and say what it cost."""
    load = round(os.getloadavg()[0], 1)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = run.snakemake(*words)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu_s, after.ru_maxrss / 1024, load, done.stdout)


def start_rate(run: Any, count: int = STARTED, *words: str) -> float:
    """Return how many trivial jobs a second start, of all that are ready; none asks anything."""
    rule = run.folder / "workflow/rules/evaluate.smk"
    script = 'script:\n        "../scripts/evaluate.py"'
    rule.write_text(rule.read_text().replace(script, 'shell:\n        "touch {output.shard}"'))
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "all", *words, "--configfile", "overlay.yaml"],
        cwd=run.folder,
        env=run.environment(**{f"{key.upper()}_SECRET": "none" for key in KEYS}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while len(times := _made(run.folder)) <= count and process.poll() is None:
            time.sleep(1)
    finally:
        process.kill()
        process.wait()
    return count / (times[count] - times[0])


def finish(run: Any) -> None:
    """Make every file of the plan, empty, as if the build had just made it."""
    results = run.folder / "results"
    plan = load_experiment(config_files.read([run.folder / "overlay.yaml"])).plan
    files = [results / "shards" / path for path in plan.by_path]
    files += [results / name for name in DERIVED]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (results / "summary/tables").mkdir(exist_ok=True)
    touched = run.snakemake("all", "--touch", "--rerun-incomplete")
    if touched.returncode:
        raise RuntimeError(touched.stdout[-2000:])


def _made(folder: Path) -> list[float]:
    files = (folder / "results/shards").rglob("*.jsonl.gz")
    return sorted(file.stat().st_mtime for file in files)


def _support() -> Any:
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    return importlib.import_module("support.build")
