"""Warnings about the numbers appear when they apply, and only then."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from pilotbench.results.analysis import where_from
from pilotbench.results.analysis.load import CELL
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import terminal_table, write_all
from support import simulated_models as sim


@pytest.fixture(scope="module")
def data():
    cells = [c for c in sim.standard_cells(("strong", "middle")) if c.prompt == "baseline"]
    return sim.data(sim.records(cells, 4))


def warnings(data):
    return report(data).facts.warnings


def versions(data, task, model, version):
    shards = data.shards.copy()
    shards.loc[(shards["task"] == task) & (shards["model"] == model), "scoring_version"] = version
    return replace(data, shards=shards)


def test_the_parse_rate_that_is_warned_of_is_that_of_the_ranking(data):
    episodes = data.episodes.assign(turns=1.0, parsed_turns=1.0)
    few = (episodes["model"] == "strong") & (episodes["task"] == "simple_task")
    episodes.loc[few, ["turns", "parsed_turns"]] = [30.0, 12.0]
    said = report(replace(data, episodes=episodes))
    turns = episodes[episodes["model"] == "strong"][["parsed_turns", "turns"]].sum()
    rate = f"{100 * turns['parsed_turns'] / turns['turns']:.1f} %"
    [line] = [words for words in said.facts.warnings if "parse rate" in words]
    assert line.startswith(f"strong: parse rate below 95 % (lowest: {rate}) under baseline;")


def test_two_packs_with_different_scorers_are_not_mixed(data):
    for model in ("strong", "middle"):
        data = versions(data, "simple_task", model, "1-pack")
    assert not any("versions" in words for words in warnings(data))


def test_one_task_scored_by_two_versions_is(data):
    found = warnings(versions(data, "simple_task", "strong", "0"))
    assert "simple_task: results of several scoring versions are mixed: 0, 1." in found


def test_the_facts_say_where_the_costs_are_from(data):
    assert report(data).facts.versions["prices"] == []
    listed = replace(data, shards=data.shards.assign(prices="genai-prices 0.2.3 (2026-11-09)"))
    assert report(listed).facts.versions["prices"] == ["genai-prices 0.2.3 (2026-11-09)"]


@pytest.mark.parametrize(
    ("hashes", "said"),
    [
        (("a", "a"), []),
        (("a", None), []),  # provisional, or of an earlier release
        (("a", "b"), ["strong: costs at several prices, or versions of the price list, are mixed. "
                      "To state them at the present one, at no cost: snakemake rescore "
                      "--forcerun evaluate"]),
    ],
)  # fmt: skip
def test_costs_of_a_model_at_two_prices_are_named(data, hashes, said):
    frame = data.shards.assign(price_sha256="of another model")
    mine = frame.index[frame["model"] == "strong"]
    frame.loc[mine[0], "price_sha256"], frame.loc[mine[1:], "price_sha256"] = hashes
    found = warnings(replace(data, shards=frame))
    assert [words for words in found if "prices" in words] == said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("strong", "strong"), False),
        (("strong-2024-08-06", "strong-2024-11-20"), True),
        (("strong", "qwen-turbo"), False),  # a wrong name is in the headline's notes
    ],
)
def test_two_dated_versions_of_one_model_are_named(data, names, said):
    frame = data.episodes.copy()
    mine = frame.index[frame["model"] == "strong"]
    frame.loc[mine, "model_reported"] = [names[place % 2] for place in range(len(mine))]
    told = report(replace(data, episodes=frame))
    assert any("several versions have answered" in words for words in told.facts.warnings) == said
    assert any("qwen-turbo" in words for words in told.notes) == ("qwen-turbo" in names)


def test_a_missing_bound_is_a_warning(data):
    """These simulated instances are not in the benchmark: no player can play them."""
    assert any("cells have no oracle ceiling" in words for words in warnings(data))


def owing(data, *causes):
    """Return the data with one owed episode per cause (kind, message)."""
    places = [{**data.cells.iloc[0][CELL], "index": i, "repeat": 0} for i in range(len(causes))]
    rows = [place | {"kind": k, "message": m} for place, (k, m) in zip(places, causes, strict=True)]
    owed = [len(causes), *[0] * (len(data.cells) - 1)]
    return replace(data, owed=pd.DataFrame(rows), cells=data.cells.assign(owed=owed))


def written(data, folder):
    """Return the terminal's table, the Markdown and the page of a summary."""
    write_all.write(data, folder / "summary")
    (folder / "master.duckdb").touch()
    (folder / "summary" / "summary.json").touch()
    pages = [(folder / "summary" / name).read_text() for name in ("summary.md", "index.html")]
    return [terminal_table.terminal(folder / "master.duckdb"), *pages]


CAUSES = {  # what helps with each kind that running again does not finish
    ("Rejected", "HTTP 404: no model a"): "change what its message names",
    ("UnusableAnswer", "the body is not JSON"): "ask_unusable=true",
    ("Untrusted", "self-signed certificate"): "ca_bundle",
    ("QuotaSpent", "no credit"): "has credit is needed",
    ("BudgetSpent", "1 of 1 USD"): "raise budget_usd",
    ("Quarantined", "RecursionError: too deep"): "not requested again",
    ("Unscorable", "the pattern takes longer than 5 s"): "change the pattern or scorer",
    ("damaged", "cut off"): "remove it",
}
WRONG, HOT = ("Rejected", "HTTP 404: no model a"), ("Rejected", "HTTP 400: temperature")
SLOW = ("TimedOut", "no answer in 120 s")
OUT = {
    "model": "strong",
    "batches": 2,
    "requests": 1000,
    "done": 30,
    "failed": 0,
    "since": 0.0,
    "expected": 86_400.0,
    "saves_usd": 0.5,
}


def test_batches_that_are_out_are_told_in_a_sentence(data):
    (row,) = report(replace(data, batches=[OUT])).facts.batches
    assert row["says"] == (
        "strong: 2 batches with 1,000 requests, 30 of them answered; "
        "out since 1970-01-01 00:00 UTC, "
        "promised by 1970-01-02 00:00 UTC; about $0.50 cheaper than online"
    )
    (unknown,) = report(replace(data, batches=[{**OUT, "saves_usd": None}])).facts.batches
    assert unknown["says"].endswith("promised by 1970-01-02 00:00 UTC")


@pytest.mark.slow
def test_owed_episodes_are_counted_by_cause_with_a_remedy_for_each_kind(data, tmp_path):
    causes = [*CAUSES, WRONG, WRONG, HOT, HOT, SLOW]
    out = replace(owing(data, *causes), batches=[OUT, {**OUT, "model": "not selected"}])
    terminal, *pages = written(out, tmp_path)
    for page in pages:
        assert page.replace("\\", "").count("2 batches with 1,000 requests, 30 of") == 1
    for text in (terminal, *pages):
        plain = text.replace("\\", "")
        assert "(3 times, and 1 other message); the service rejects" in plain
        for (kind, message), helps in CAUSES.items():
            said = plain[plain.index(message) :]
            assert helps in said[: said.index("\n")], kind
        assert "inish 1 of them" in plain


def test_no_command_is_shown_if_running_again_finishes_nothing(data):
    found = report(owing(data, WRONG, *CAUSES)).facts
    assert found.asked_again == 0
    assert [row["again"] for row in found.owed] == [False] * len(found.owed)


def test_where_from_shows_the_command_only_if_it_can_finish_something():
    assert where_from.finishes([{"kind": "TimedOut"}, {"kind": "Rejected"}])
    assert not where_from.finishes([{"kind": "Rejected"}, {"kind": "UnusableAnswer"}])
