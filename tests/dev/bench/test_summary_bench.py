"""What a person waits for can be measured, here on the smallest matrix."""

from __future__ import annotations

import pytest

from dev.bench import summary
from support.optional import BROWSER, lacking

IN_A_BROWSER = [
    "summary: 80 episodes, the index opens",
    "summary: 80 episodes, every figure is drawn",
]


@pytest.mark.slow
def test_status_and_page_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "ROUNDS", 1)
    plan = summary.plan_of(1)
    assert (len(plan.shards), plan.episodes) == (500, 10_000)
    monkeypatch.setattr(summary, "plan_of", lambda models: type(plan)(plan.shards[: 4 * models], 1))
    rows = {row["name"]: row for row in summary.rows(shards=100, models=1)}
    assert list(rows) == [
        "summary: status of 100 shards",
        "summary: 80 episodes, all pages made",
        "summary: 80 episodes, size of the index",
        *([] if lacking(BROWSER) else IN_A_BROWSER),
    ]
    assert all(row["value"] > 0 for row in rows.values())
    assert rows["summary: 80 episodes, size of the index"]["holds"]
