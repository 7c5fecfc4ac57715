"""The hours of a run: what slots, configured and learned rate limits allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.opened_limiter import key_folder
from pilotbench.asking.keys.secrets import access, environment
from pilotbench.estimation.totals import estimate
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Tokens
from pilotbench.providers.rate_headers import StatedLimit
from support.estimation_lab import load


def learn(experiment: Experiment, deployment: str, *stated: StatedLimit) -> None:
    """Let the key of the experiment learn what a service states of a model."""
    provider = experiment.settings.providers["gate"]
    opened = access(provider, provider.keys["gate_key"], environment())
    folder = key_folder(experiment.settings.limits_dir, opened, "gate_key")
    limiter = Limiter(folder, 4, model=deployment)
    with limiter.slot() as slot:
        slot.settle(Tokens(input=10), stated)
    limiter.close()


@pytest.mark.parametrize(
    ("name", "period_s", "counts"),
    [
        ("requests", 60.0, True),
        ("requests a minute", 60.0, True),
        ("tokens", 60.0, True),
        ("input tokens", 60.0, True),
        ("output tokens", 60.0, True),
        ("requests", 86400.0, False),
        ("requests", None, False),
    ],
)
def test_learned_limits_per_minute_lengthen_the_hours(
    tmp_path: Path, name: str, period_s: float | None, counts: bool
) -> None:
    experiment = load(tmp_path, models=["sim-oracle"])
    before = estimate(experiment).hours
    learn(experiment, "oracle", StatedLimit(name, 2, 2, None, period_s))
    after = estimate(experiment).hours
    assert (after.middle > 10 * before.middle) is counts
    assert counts or after == before


def test_what_all_keys_of_a_lane_allow_is_added_and_another_model_is_not_held_up(
    tmp_path: Path,
) -> None:
    experiment = load(tmp_path, models=["sim-oracle", "sim-random"])
    learn(experiment, "oracle", StatedLimit("requests", 2, 2, None, 60.0))
    rows: dict[str, Any] = {row.model: row for row in estimate(experiment).rows}
    assert rows["sim-oracle"].hours.middle > 10 * rows["sim-random"].hours.middle


def test_a_learned_rate_is_that_of_the_requests(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["sim-oracle"])
    learn(experiment, "oracle", StatedLimit("requests", 2, 2, None, 60.0))
    made = estimate(experiment)
    load_of = made.rows[0].load
    assert made.hours.middle == pytest.approx(load_of.requests.middle / 2 / 60, rel=0.05)
