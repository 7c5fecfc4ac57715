"""The rows of `make bench only=summary`: what a person waits for.

`status` is asked in a checkout of 2,000 planned shards of 20 episodes: most are finished, the last
hundred have half of their first answers in the journal, as after a crash. The page is that of
100,000 short episodes in 5,000 cells, opened from disk by Debian's Chromium in a window of a desk:
to the end of loading (the first screen is there), and until every figure is drawn.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dev.bench import database, scale
from dev.bench.job import TESTS
from dev.bench.row import Row, at_most, without_bar
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan

ROUNDS = 5
UNFINISHED = 100
_FILL = f"""
from pathlib import Path
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.asking.journal import Journal, journal_folder
from support.journals import asked, wanted
from support.make_shards import write
loaded = load_experiment(config_files.read((Path("overlay.yaml"),)))
shards = loaded.plan.shards
for shard in shards[:-{UNFINISHED}]:
    write(loaded.settings.results_dir, shard, text=0.02)
for shard in shards[-{UNFINISHED}:]:
    model = loaded.settings.catalog[shard.cell.model]
    journal = Journal(loaded.settings.journal_dir, journal_folder(model, shard.cell))
    with journal.open(shard.first, shard.last) as segment:
        for index in list(shard.indices)[::2]:
            segment.write(wanted(index, index), asked("an answer " * 40))
"""


def rows(shards: int = 2000, models: int = 10) -> Iterator[Row]:
    """Yield the rows; a page of `models` models has 500 cells and 10,000 episodes of each."""
    with TemporaryDirectory() as folder:
        seconds = _status(scale.checkout(Path(folder), shards))
        yield at_most(f"summary: status of {shards} shards", seconds, "s", 3)
    with TemporaryDirectory() as folder:
        yield from _page(Path(folder), plan_of(models))


def _status(run: Any) -> float:
    """Return the median wall time of `status` in s, the start of Python included."""
    library = os.pathsep.join((str(run.folder / "workflow/scripts"), str(TESTS)))
    _checked(run.python("-c", _FILL, PYTHONPATH=library))
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        _checked(run.pilotbench("status"))
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _checked(done: Any) -> None:
    if done.returncode:
        raise RuntimeError(done.stdout)


def plan_of(models: int) -> Plan:
    """Return a plan of one shard of 20 instances a cell, 500 cells a model."""
    prompts = [*STANDARD_PROMPTS, *(f"flawed_{name}" for name in scale.FLAWED)]
    words = product(prompts, TASKS, DIFFICULTIES, ("0.8", "0.6"))
    cells = (Cell(f"model-{n}", *rest) for n, rest in product(range(models), list(words)))
    return Plan(tuple(Shard(cell, 0, 19) for cell in cells), 1)


def _page(results: Path, plan: Plan) -> Iterator[Row]:
    from pilotbench.results import database as master
    from pilotbench.results import summary
    from pilotbench.results.analysis.load import load

    with ProcessPoolExecutor(2) as workers:
        list(workers.map(database.write, repeat(results), plan.shards, repeat(0.02), chunksize=20))
    settings, out = database.settings(), results / "summary"
    master.update(results, plan, settings)
    started = time.perf_counter()
    summary.build(load(results / "master.duckdb", settings), out)
    name = f"summary: {plan.episodes:,} episodes"
    yield without_bar(f"{name}, all pages made", time.perf_counter() - started, "s")
    page = out / "index.html"
    yield at_most(f"{name}, size of the index", page.stat().st_size / 1e6, "MB", 5)
    if shutil.which("chromium") and shutil.which("chromedriver"):
        loaded, drawn = opened(page)
        yield at_most(f"{name}, the index opens", loaded, "s", 2)
        yield without_bar(f"{name}, every figure is drawn", drawn, "s")


def opened(page: Path) -> tuple[float, float]:
    """Return the s until a page is loaded and until it is drawn: medians, new browsers each."""
    sys.path.insert(0, str(TESTS))
    from browser.conftest import started

    times = []
    for _ in range(ROUNDS):
        with started() as browser:
            browser.size(1440, 900)
            begin = time.perf_counter()
            browser.driver.get(page.as_uri())
            loaded = time.perf_counter() - begin
            browser.wait("document.body.dataset.ready === 'yes'", 120)
            times.append((loaded, time.perf_counter() - begin))
    return statistics.median(t for t, _ in times), statistics.median(t for _, t in times)
