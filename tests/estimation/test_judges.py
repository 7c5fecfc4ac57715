"""What judges will cost is known before there are replies, and exactly after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.estimation.totals import EstimateRow, estimate
from pilotbench.estimation.wording import cost_line
from support.judge_lab import SECRETS, JudgeLab, right, wrong


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeLab]:
    for name in SECRETS:
        monkeypatch.setenv(name, f"sk-{name.lower()}-0123456789")
    scorer = {"models": ["judge-100-100"], "repeats": 2}
    with JudgeLab(tmp_path, scorer, {"good": right, "bad": wrong}) as made:
        yield made


def judge_row(lab: JudgeLab) -> EstimateRow:
    (row,) = (row for row in estimate(lab.experiment).rows if row.judge)
    return row


@pytest.mark.parametrize("compare", [None, "all"])
def test_requests_are_counted_before_there_are_replies(lab: JudgeLab, compare: str | None) -> None:
    if compare is not None:
        lab.scorer["compare"] = compare
    row = judge_row(lab)
    assert (row.model, row.title) == ("judge-100-100", "judge-100-100 (judge)")
    assert row.load.requests.low == row.load.requests.middle == 16
    assert row.usd is not None
    assert 0 < row.usd.low <= row.usd.middle <= row.usd.high
    sent = lab.run(database=False)["judge-100-100"]
    assert sent == row.load.requests.middle


def test_what_is_left_is_what_the_journal_lacks(lab: JudgeLab) -> None:
    lab.special = lambda body: "never" if "word-0" in str(body) else None
    lab.run()
    assert judge_row(lab).load.requests.high == 0  # paid three times, not asked again
    lab.scorer["repeats"] = 3
    assert judge_row(lab).load.requests.middle == 8
    lab.special = None
    assert lab.run(database=False)["judge-100-100"] == 8


def test_input_is_estimated_around_what_is_sent(lab: JudgeLab) -> None:
    lab.scorer["repeats"] = 1
    load = judge_row(lab).load
    lab.run(database=False)
    bodies = [b for b in lab.service.requests if b["model"] == "judge-100-100"]
    tokens = sum(len(str(body["messages"])) for body in bodies) / 4.3
    assert load.input.low < tokens < load.input.high


def test_the_line_of_a_dry_run_includes_judges(lab: JudgeLab) -> None:
    experiment = lab.experiment
    alone = cost_line(experiment, experiment.plan.shards, {})
    both = cost_line(experiment, experiment.asked, {})
    assert "8 requests" in alone
    assert "24" in both
    lab.run()
    done = cost_line(lab.experiment, lab.experiment.asked, {})
    assert done == "estimated cost: nothing, the journal has every answer"
