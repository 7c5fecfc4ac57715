"""The summary of a real database agrees with the records."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from pilotbench.__main__ import main
from pilotbench.ground.errors import UserError
from pilotbench.matrix import config, config_files
from pilotbench.matrix.plan import Plan
from pilotbench.results import database, summary
from pilotbench.results.analysis.load import in_order, load
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import compare
from support import simulated_models as sim

PROMPTS = ("optimal", "baseline")
MODELS = ("weak", "strong", "oracle", "random")


@pytest.fixture(scope="module")
def shards():
    """A small matrix whose models and prompts are not in the order of the alphabet."""
    cells = [
        c
        for c in sim.standard_cells(MODELS)
        if c.prompt in PROMPTS and c.difficulty == "easy" and c.tool_success_rate == "0.8"
    ]
    return sim.records(cells, instances=4)


@pytest.fixture(scope="module")
def built(shards, tmp_path_factory):
    """(results, settings) with the database of the shards."""
    results = tmp_path_factory.mktemp("run") / "results"
    sim.write(results, shards)
    catalog = {
        name: {"provider": "openai", "deployment": name, "protocol": sim.PROTOCOL[name]}
        for name in sim.SKILL
    }
    settings = config.settings(
        config_files.read(
            (),
            {"models": list(MODELS), "prompts": list(PROMPTS), "model_catalog": catalog},
        )
    )
    settings = replace(settings, results_dir=results)
    plan = Plan(tuple(shard for shard, _ in shards), 1)
    database.update(results, plan, settings, log=lambda line: None)
    return results, settings


def test_the_database_and_the_records_give_the_same_report(built, shards):
    results, settings = built
    found = report(load(results / "master.duckdb", settings))
    wanted = report(sim.data(shards))
    columns = ["model", "success_rate_all", "success_rate_all_low", "oracle_ceiling", "progress"]
    for row, other in zip(
        *(t.ranking.rows[columns].to_numpy() for t in (found, wanted)), strict=True
    ):
        assert list(row) == pytest.approx(list(other))
    assert found.facts.requests == wanted.facts.requests
    assert found.facts.tokens == wanted.facts.tokens
    assert found.ranking.players.to_dict("records") == wanted.ranking.players.to_dict("records")


def test_words_are_in_the_order_of_the_config(built):
    results, settings = built
    data = load(results / "master.duckdb", settings)
    assert data.model_names == ["weak", "strong"]
    assert data.player_names == ["oracle", "random"]
    assert data.prompt_names == ["optimal", "baseline"]
    assert data.prompts["optimal"].plan_given
    assert list(dict.fromkeys(in_order(data.cells, data.selection)["model"])) == list(MODELS)


@pytest.mark.slow
def test_build_writes_everything_and_its_links_work(built, shards):
    results, settings = built
    out = results / "summary"
    summary.build(load(results / "master.duckdb", settings), out)
    assert len(list((out / "transcripts").glob("*/**/*.js"))) == len(shards)
    for name in ("index.html", "summary.md", "summary.json", "tables/cells.csv"):
        assert (out / name).stat().st_size > 500
    lines = summary.terminal(results / "master.duckdb").splitlines()
    assert lines[1].split()[:2] == ["weak", "optimal"]


def test_compare_reads_two_sides_of_one_database(built):
    results, _ = built
    sides = [compare.episodes(results, {"prompt": p, "model": "strong"}) for p in PROMPTS]
    found = compare.compare(sides[0], sides[1], PROMPTS, {"prompt"})
    assert found.pairs == 20
    commit = compare.episodes(results, {"commit": "0123"})
    assert len(commit) == 160


def test_a_filter_that_matches_nothing_names_the_known_values(built):
    results, _ = built
    with pytest.raises(UserError, match=r"no episode with model=strng; there is: .*strong"):
        compare.episodes(results, {"model": "strng"})


def compared(*words):
    return main(["compare", *map(str, words)])


@pytest.mark.parametrize("arm", [(), ("--arm-where", "commit=9a8b")])
def test_two_commits_of_one_folder_are_an_error_that_suggests_a_copy(built, tmp_path, arm, capsys):
    results, _ = built
    link = tmp_path / "link"
    link.symlink_to(results)
    assert compared(results, link, "--base-where", "commit=0123", *arm) == 2
    error = capsys.readouterr().err
    assert "copy the results folder before the later run" in error
    assert error.count("\n") == 1


def test_two_folders_are_compared_at_their_commits(built, tmp_path, capsys):
    results, _ = built
    before = shutil.copytree(results, tmp_path / "before")
    commit = "commit=0123"
    assert compared(before, results, "--base-where", commit, "--out", tmp_path / "c.html") == 0
    assert "0 of " in capsys.readouterr().out


def test_two_prompts_of_one_folder_may_be_of_two_commits(built, tmp_path, capsys):
    results, _ = built
    sides = (
        "--base-where",
        "commit=0123,prompt=baseline",
        "--arm-where",
        "commit=01,prompt=optimal",
    )
    assert compared(results, results, *sides, "--out", tmp_path / "c.html") == 0
    assert "episodes changed" in capsys.readouterr().out
