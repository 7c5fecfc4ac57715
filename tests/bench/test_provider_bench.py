"""The jobs of the provider table can be run; on a small scale their times mean nothing."""

from __future__ import annotations

import pytest

from pilotbench.bench import providers


@pytest.mark.parametrize(("job", "right"), [("too_wide", "answers of 429"), ("killed", "right")])
def test_a_job_gives_its_rows(job: str, right: str) -> None:
    rows = list(providers.rows(0.04, job))
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names) >= 3
    [row] = [row for row in rows if row["name"].endswith(right)]
    assert row["holds"], row


def test_every_job_is_told_apart_by_its_name() -> None:
    for name in providers.JOBS:
        assert [other for other in providers.JOBS if other.startswith(name)] == [name]
