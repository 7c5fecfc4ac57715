"""Estimates of external tasks: by task.yaml, then by what their commands have asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.episodes.evaluate import ShardOwed
from pilotbench.estimation.needs import UP_TO_DATE, needs
from pilotbench.estimation.totals import estimate
from support.external_lab import ExternalLab
from support.scripted import PRICE


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExternalLab]:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    made = ExternalLab(tmp_path)
    with made.service:
        yield made


def test_before_the_first_run_task_yaml_says_what_a_sample_takes(lab: ExternalLab) -> None:
    lab.task |= {
        "requests_per_sample": 3,
        "input_tokens_per_sample": 1000,
        "output_tokens_per_sample": 100,
    }
    (row,) = estimate(lab.experiment()).rows
    assert (row.episodes, row.load.requests.middle) == (4, 12)
    assert (row.load.input.middle, row.load.output.middle) == (4000, 400)
    assert row.usd is not None
    assert row.usd.middle == pytest.approx((4000 * PRICE["input"] + 400 * PRICE["output"]) / 1e6)


def test_a_batch_lane_makes_no_external_task_cheaper(lab: ExternalLab) -> None:
    entry = lab.config()["model_catalog"]["m"]
    online = estimate(lab.experiment()).rows[0].usd
    batch = estimate(lab.experiment(model_catalog={"m": {**entry, "lane": "batch"}})).rows[0].usd
    assert batch == online


def test_what_a_failed_run_has_asked_is_not_estimated_again(lab: ExternalLab) -> None:
    lab.mode = "loses one"
    with pytest.raises(ShardOwed):
        lab.evaluate()
    (need,) = needs(lab.experiment())
    assert (need.fresh, need.requests) == (0, 4)
    assert "nothing to pay" in need.reason
    lab.task["requests_per_sample"] = 2
    (need,) = needs(lab.experiment())
    assert need.fresh == 2
    assert "answered in part" in need.reason


def test_a_finished_shard_needs_nothing(lab: ExternalLab) -> None:
    lab.evaluate()
    (need,) = needs(lab.experiment())
    assert (need.reason, need.asks) == (UP_TO_DATE, 0)
