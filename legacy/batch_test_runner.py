"""The predecessor's runner: each script of the top folder as a function for scripts of one's own.

    from batch_test_runner import leaves, run_batch_test

    database = run_batch_test("qwen2.5-3b-instruct", prompt_types="all", num_instances=20)
    for row in leaves(database, model="qwen2.5-3b-instruct"):
        print(row["prompt_type"], row["full_success"], row["total"])

Each function runs one snakemake command and returns `master_database.json`, which counts all
commands so far. Values are those of the flags: comma-separated names, or a list of names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
DATABASE = ROOT / "pilot_bench_cumulative_results/master_database.json"
_LEVELS = {
    "prompt_type": "by_prompt_type",
    "tool_success_rate": "by_tool_success_rate",
    "difficulty": "by_difficulty",
    "task_type": "by_task_type",
}


class BatchTestFailed(RuntimeError):
    """The command has ended with an `exit_code` other than 0; what is finished is kept."""

    def __init__(self, script: str, exit_code: int) -> None:
        super().__init__(
            f"{script}: exit code {exit_code}; what is finished is kept: see its output, and run "
            "it again to continue"
        )
        self.exit_code = exit_code


def quick_test(*words: str) -> Json:
    """Run a small real benchmark that needs no key; `words` go to snakemake, here and below."""
    return _run("quick_test.sh", {}, words)


def test_all(*words: str) -> Json:
    """Run all models whose keys are set, all prompts and tasks."""
    return _run("test_all.sh", {}, words)


test_all.__test__ = False  # type: ignore[attr-defined]


def run_batch_test(model: str | Iterable[str], *words: str, **options: Any) -> Json:
    """Run models; `options` as for `run_parallel_test`."""
    return _run("run_batch_test.sh", {"model": model, **options}, words)


def run_parallel_test(models: str | Iterable[str] = (), *words: str, **options: Any) -> Json:
    """Run several models, by default all whose keys are set.

    `options`: prompt_types, task_types, num_instances, difficulty, tool_success_rate. What is not
    given is taken from the config.
    """
    named = {"models": models} if models else {}
    return _run("run_parallel_test.sh", {**named, **options}, words)


def smart_batch_runner(model: str | Iterable[str], *words: str, **options: Any) -> Json:
    """Run models; further options: max_workers, qps, silent."""
    return _run("smart_batch_runner.py", {"model": model, **options}, words)


def load_database() -> Json:
    """Return `master_database.json`."""
    found: Json = json.loads(DATABASE.read_text(encoding="utf-8"))
    return found


def leaves(database: Json, **where: Any) -> Iterator[Json]:
    """Yield one row per model, prompt type, tool success rate, difficulty and task type.

    `where` selects by these, such as `model="gpt-5-nano"`.
    """
    for model, below in database["models"].items():
        for row in _below(below, list(_LEVELS.items())):
            row = {"model": model, **row}
            if all(str(row[name]) == str(value) for name, value in where.items()):
                yield row


def _below(place: Json, levels: list[tuple[str, str]]) -> Iterator[Json]:
    if not levels:
        yield place
        return
    (name, level), *rest = levels
    for value, below in place[level].items():
        yield from ({name: value, **row} for row in _below(below, rest))


def _run(script: str, options: Json, words: Iterable[str]) -> Json:
    flags = [word for name, value in options.items() for word in _flag(name, value)]
    command = [
        sys.executable,
        str(ROOT / "legacy"),
        script,
        *flags,
        *(("--", *words) if words else ()),
    ]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise BatchTestFailed(script, done.returncode)
    return load_database()


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    several = isinstance(value, Iterable) and not isinstance(value, str)
    return [flag, ",".join(map(str, value)) if several else str(value)]
