"""The jobs of the provider table can be run; on a small scale their times mean nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dev.bench import ladder, providers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "right"), [("too_wide", "429 responses, the most"), ("killed", "right")]
)
def test_a_job_gives_its_rows(job: str, right: str) -> None:
    rows = list(providers.rows(0.04, job))
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names) >= 3
    [row] = [row for row in rows if row["name"].endswith(right)]
    assert row["holds"], row


def test_every_job_is_told_apart_by_its_name() -> None:
    for name in providers.JOBS:
        assert [other for other in providers.JOBS if other.startswith(name)] == [name]


@pytest.mark.slow
def test_a_step_of_the_ladder_runs_whatever_its_length() -> None:
    job = replace(ladder.JOB, simulator={**ladder.JOB.simulator, "latency_s": 0.0})
    found = ladder.run_with(ladder.with_instances(job, 1, tasks=["simple_task"]))
    assert found.stats["total"]["answered"] >= len(ladder.PROMPTS)
    assert found.stats["total"]["slot_seconds"] > 0.1 * len(ladder.PROMPTS)
