"""The paths of the results."""

from __future__ import annotations

from pilotbench.build.result_files import ResultFiles

FILES = ResultFiles("out", ("oracle/baseline/simple_task/easy/0.8/00000-00001.jsonl.gz",))


def test_every_path_is_below_the_results_folder() -> None:
    assert all(path.startswith("out/") for path in FILES.all())


def test_no_path_is_listed_twice() -> None:
    assert len(set(FILES.all())) == len(FILES.all())


def test_the_pattern_of_a_shard_matches_the_planned_files() -> None:
    wildcards = {
        "model": "oracle",
        "prompt": "baseline",
        "task": "simple_task",
        "difficulty": "easy",
        "tool_success_rate": "0.8",
        "shard": "00000-00001",
    }
    assert [FILES.shard.format(**wildcards)] == FILES.shards


def test_logs_are_in_their_own_folder() -> None:
    assert FILES.log("database") == "out/logs/database.log"
