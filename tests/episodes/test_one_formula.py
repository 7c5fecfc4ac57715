"""A request costs the same wherever its cost is told: by its tier, its length and its caches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.budget import budget_of
from pilotbench.asking.journal import other_folders
from pilotbench.build.progress import Watch
from pilotbench.episodes.evaluate import replay
from pilotbench.episodes.shard_file import read_shard, write_shard
from pilotbench.episodes.spending import spent
from pilotbench.matrix.experiment import Experiment
from support.http_service import Reply
from support.scripted import QUESTIONS, play, question_of, said, service, shard_of

Json = dict[str, Any]
FIRST, SECOND = QUESTIONS
RIGHT = {FIRST: "42", SECOND: "8"}
LONG = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}
FLAT = {"input": 1.0, "output": 10.0, "cached": 0.5}
PRICE = {**FLAT, "above": {500: {"input": 2.0}}, "tiers": {"flex": 0.5, "priority": 2.0}}
SHORT_USD, LONG_USD = (100 * 1 + 10 * 10) / 1e6, (1000 * 2 + 10 * 10) / 1e6


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")
    other_folders._folders.cache_clear()


def matrix(folder: Path, address: str, price: Any, **more: Any) -> Experiment:
    entry = {"provider": "scripted", "deployment": "m", "protocol": "native", "price": price}
    entry["parameters"] = {"max_tokens": 100}
    catalog = {"m": {**entry, **more}}
    return shard_of(
        folder, address, tools=False, model_catalog=catalog, retry_for_s=60, budget_usd=1
    )


def shown(experiment: Experiment) -> tuple[float, float, int]:
    """Return what a shard cost to the budget and to `status`, and its episodes of unknown cost."""
    (shard,) = experiment.plan.shards
    [row] = Watch(experiment).model_rows()
    return spent(experiment, shard), row.usd, row.usd_unknown


@pytest.mark.parametrize(
    ("tiers", "usd", "unknown"),
    [
        (("default", None), SHORT_USD + LONG_USD, 0),
        (("flex", "flex"), (SHORT_USD + LONG_USD) / 2, 0),
        (("priority", "default"), 2 * SHORT_USD + LONG_USD, 0),
        (("flex", "scale"), SHORT_USD / 2, 1),
    ],
)
def test_budget_status_header_and_records_agree(
    tiers: tuple[str | None, str | None], usd: float, unknown: int, tmp_path: Path
) -> None:
    by_question = dict(zip(QUESTIONS, tiers, strict=True))

    def reply(body: Json, number: int) -> Json:
        question = question_of(body)
        usage = {"usage": LONG} if question == SECOND else {}
        return {**said(RIGHT[question], **usage), "service_tier": by_question[question]}

    with service(reply) as scripted:
        experiment = matrix(tmp_path, scripted.address, PRICE)
        (shard,) = experiment.plan.shards
        play(experiment)
        path = experiment.settings.results_dir / "shards" / shard.path
        header, records = read_shard(path)
        assert header["price"]["origin"] == "config"
        assert header["cost_usd"] == (None if unknown else pytest.approx(usd))
        known = [one["cost_usd"] for one in records if one["cost_usd"] is not None]
        assert (sum(known), len(records) - len(known)) == (pytest.approx(usd), unknown)
        budget = budget_of(experiment.settings)
        assert budget.balance.spent == pytest.approx(usd)
        assert (budget.balance.lost > 0) == bool(unknown)  # its reservation is kept
        budget.close()
        dear = matrix(tmp_path, scripted.address, {**PRICE, "input": 3.0, "above": {}})
        again = spent(dear, shard)
        if not unknown:
            assert shown(experiment) == (pytest.approx(usd), pytest.approx(usd), 0)
        path.unlink()
        assert shown(experiment) == (pytest.approx(usd), pytest.approx(usd), unknown)
        assert spent(dear, shard) == pytest.approx(again) != pytest.approx(usd)
        assert [one["cost_usd"] for one in replay(experiment, shard).episodes] == [
            one["cost_usd"] for one in records
        ]


def test_unusable_answers_are_charged_by_their_tier(tmp_path: Path) -> None:
    def reply(body: Json, number: int) -> Reply | Json:
        if question_of(body) == SECOND:
            return said("8")
        broken = {"choices": [], "usage": LONG, "service_tier": "scale" if number else "flex"}
        return Reply(broken) if number < 2 else said("42")

    with service(reply) as scripted:
        experiment = matrix(tmp_path, scripted.address, PRICE)
        play(experiment)
        usd = 2 * SHORT_USD + LONG_USD / 2
        assert shown(experiment) == (pytest.approx(usd), pytest.approx(usd), 1)
        (shard,) = experiment.plan.shards
        path = experiment.settings.results_dir / "shards" / shard.path
        unusable = read_shard(path)[0]["unusable"]
        assert (unusable["answers"], unusable["unknown"], len(unusable["each"])) == (2, [], 2)
        path.unlink()
        assert shown(experiment) == (pytest.approx(usd), pytest.approx(usd), 1)
        budget = budget_of(experiment.settings)
        assert budget.balance.spent == pytest.approx(usd)
        budget.close()


def test_files_of_earlier_releases_cost_what_their_sums_say(tmp_path: Path) -> None:
    with service(lambda body, number: said(RIGHT[question_of(body)])) as scripted:
        experiment = matrix(tmp_path, scripted.address, FLAT)
        play(experiment)
        (shard,) = experiment.plan.shards
        path = experiment.settings.results_dir / "shards" / shard.path
        header, records = read_shard(path)
        del header["price"]
        header["unusable"] = {"answers": 1, "tokens": header["tokens"], "unknown": [[0, 0]]}
        write_shard(path, header, records)
        assert shown(experiment) == (pytest.approx(4 * SHORT_USD), pytest.approx(4 * SHORT_USD), 1)
        long = matrix(tmp_path, scripted.address, {**FLAT, "above": {150: {"input": 9.0}}})
        assert spent(long, shard) == pytest.approx(2 * SHORT_USD + (200 * 9 + 20 * 10) / 1e6)


def test_a_price_of_the_list_is_that_of_the_day_and_its_version_is_in_the_file(
    tmp_path: Path,
) -> None:
    with service(lambda body, number: said(RIGHT[question_of(body)])) as scripted:
        experiment = matrix(tmp_path, scripted.address, None, priced_as="openai/gpt-5")
        play(experiment)
        (shard,) = experiment.plan.shards
        path = experiment.settings.results_dir / "shards" / shard.path
        header, _ = read_shard(path)
        usd = 2 * (100 * 1.25 + 10 * 10) / 1e6
        assert header["cost_usd"] == pytest.approx(usd)
        assert header["price"]["origin"] == "genai-prices 0.2.3"
        assert header["price"]["newest"] >= "2026-11-09"
        assert shown(experiment) == (pytest.approx(usd), pytest.approx(usd), 0)
        unknown = matrix(tmp_path, scripted.address, "unknown")
        assert spent(unknown, shard) == 0.0
