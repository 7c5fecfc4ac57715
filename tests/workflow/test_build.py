"""Real runs of a tiny matrix of reference players."""

from __future__ import annotations

import shutil

import pytest

from pilotbench.episodes.shard_file import read_shard
from pilotbench.results.database import export
from support.build import EXPORTS, PLAYERS, Build, planned

SHARDS = 8  # 2 players x 2 prompts x 4 instances by twos


def test_every_documented_file_exists(finished: Build) -> None:
    results = finished.folder / "results"
    assert len(finished.shards()) == SHARDS
    assert finished.master()["summary"]["total_tests"] == 16
    for name in (
        "master.duckdb",
        "summary/index.html",
        "summary/summary.md",
        "summary/summary.txt",
    ):
        assert (results / name).stat().st_size > 0, name
    assert (results / "exports/episodes.parquet").exists()
    assert all((results / f"exports/{name}.csv").exists() for name in export.TABLES)
    assert list((results / "logs").rglob("00000-00001.log"))


def test_the_build_knows_each_table_that_the_library_writes(finished: Build) -> None:
    listed = finished.snakemake("--summary").stdout.splitlines()
    rules = {row[0]: row[2] for row in (line.split("\t") for line in listed) if len(row) > 2}
    for name in export.TABLES:
        assert rules[f"results/exports/{name}.csv"] == "database"


def test_deleted_files_are_written_again(build: Build) -> None:
    (build.folder / "results/exports/cells.csv").unlink()
    (build.folder / "results/summary/summary.txt").unlink()
    jobs = build.planned()
    assert (jobs["database"], jobs["summary_pages"]) == (1, 1)
    assert build.snakemake().returncode == 0
    assert (build.folder / "results/exports/cells.csv").exists()
    assert build.planned() == {}


def test_figures_are_files_on_request_and_kept_up_to_date_from_then_on(build: Build) -> None:
    figures = build.folder / "results/summary/figures"
    assert not figures.exists()
    assert build.planned("figures") == {"figures": 1}
    figures.mkdir()
    build.configure({**PLAYERS, "instances": 6})
    assert build.planned()["figures"] == 1


def test_the_oracle_succeeds_and_random_does_not(finished: Build) -> None:
    models = finished.master()["models"]
    assert set(models) == {"oracle", "random"}
    records = [
        episode
        for path in sorted((finished.folder / "results/shards").rglob("*.gz"))
        for episode in read_shard(path)[1]
    ]
    success = {name: [r["success"] for r in records if r["model"] == name] for name in models}
    assert success["oracle"] == [True] * 8
    assert success["random"].count(True) <= 2


def test_a_second_run_reports_that_there_is_nothing_to_do(build: Build) -> None:
    before = build.shards()
    run = build.snakemake()
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout
    assert build.shards() == before


def test_editing_a_prompt_rebuilds_its_shards_the_database_and_the_summary(build: Build) -> None:
    template = build.folder / "config/prompts/baseline.md"
    template.write_text(template.read_text() + "\nBe brief.\n")
    listed = build.snakemake("-n").stdout
    assert planned(listed) == {
        "evaluate": SHARDS // 2,
        "database": 1,
        "summary_pages": 1,
        "all": 1,
    }
    assert "config/prompts/baseline.md" in listed
    assert "shards/oracle/optimal" not in listed.split("rule database")[0]


def test_more_instances_add_shards_and_the_database_reads_only_those(build: Build) -> None:
    before = build.shards()
    build.configure({**PLAYERS, "instances": 6})
    run = build.snakemake(EXPORTS)
    assert run.returncode == 0, run.stdout
    assert planned(run.stdout)["evaluate"] == 4
    after = build.shards()
    assert {path: after[path] for path in before} == before
    assert build.master()["summary"]["total_tests"] == 24
    log = (build.folder / "results/logs/database.log").read_text()
    assert "00004-00005" in log
    assert "00000-00001" not in log


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {
                "providers": {"players": {"keys": {"players_local": {"slots": 2}}}},
                "routing": "by_prompt",
                "model_catalog": {"oracle": {"price": {"input": 1, "output": 1}}},
            },
            ["--resources", "players_local=1"],
        ),
        (
            {
                "providers": {
                    "players": {"keys": {"players_local": None, "another_key": {"slots": 9}}}
                }
            },
            [],
        ),
    ],
    ids=["slots, limit, routing and price", "another key"],
)
def test_keys_slots_routing_and_price_rerun_nothing(
    build: Build, change: dict, words: list[str]
) -> None:
    build.configure({**PLAYERS, **change})
    assert "Nothing to be done" in build.snakemake("-n", *words).stdout


def test_deleted_results_are_rebuilt_at_no_cost(build: Build) -> None:
    shutil.rmtree(build.folder / "results")
    assert build.snakemake(EXPORTS).returncode == 0
    assert build.master()["summary"]["total_tests"] == 16
    headers = [read_shard(path)[0] for path in (build.folder / "results/shards").rglob("*.gz")]
    assert [header["asked"] for header in headers] == [0] * SHARDS
    assert all(header["replayed"] > 0 for header in headers)


def test_another_shard_size_asks_nothing(build: Build) -> None:
    build.configure({**PLAYERS, "shard_size": 4})
    assert build.snakemake(EXPORTS).returncode == 0
    files = (build.folder / "results/shards").rglob("00000-00003.jsonl.gz")
    assert [read_shard(path)[0]["asked"] for path in files] == [0] * 4
    assert build.master()["summary"]["total_tests"] == 16


def test_rescore_asks_nothing_and_reports_what_is_owed(build: Build) -> None:
    build.configure({**PLAYERS, "instances": 6})
    run = build.snakemake("rescore")
    assert run.returncode != 0
    assert "2 of 2 episodes owed" in run.stdout
    assert len(build.shards()) == SHARDS
    assert build.master()["summary"]["total_tests"] == 16


def test_a_partial_summary_shows_what_exists_and_asks_nothing(build: Build) -> None:
    build.configure({**PLAYERS, "instances": 6})
    before = build.shards()
    run = build.snakemake("summary", "--config", "partial=true")
    assert run.returncode == 0, run.stdout
    assert "evaluate" not in run.stdout
    assert build.shards() == before
    table = (build.folder / "results/summary/summary.txt").read_text()
    assert table.endswith("to finish 8 of them: snakemake --configfile overlay.yaml")


def test_quick_under_another_selection_stops_and_prints_the_command(build: Build) -> None:
    run = build.snakemake("quick")
    assert run.returncode != 0
    assert "selection: snakemake quick --configfile config/experiments/quick.yaml" in run.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "instnces=3"], "error: --config: unknown key instnces; did you mean inst"),
        (["--config", "models=gpt-4o-mni"], "unknown model 'gpt-4o-mni'; did you mean gpt-4o-mini"),
        (["--config", "tasks=simpel_task"], "'simpel_task'"),
        (["--config", "prompts=basline"], "'basline'"),
        (["--resources", "idealab_key1=0", "--"], "--resources idealab_key1=0: must be 1 or more"),
        (["--config", "models=gpt-4o-mini"], "AZURE_OPENAI_ENDPOINT"),
    ],
)
def test_a_mistake_is_one_line_before_any_job_starts(
    build: Build, words: list[str], message: str
) -> None:
    run = build.snakemake(*words)
    assert run.returncode != 0
    [line] = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert message in line
    assert "Traceback" not in run.stdout
    assert "rule evaluate" not in run.stdout


def test_a_config_file_that_is_not_yaml_is_named_in_one_line(build: Build) -> None:
    (build.folder / "config/models.yaml").write_text("model_catalog: [")
    run = build.snakemake("-n")
    assert run.returncode != 0
    [line] = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: config/models.yaml: not YAML: ")
    assert "Traceback" not in run.stdout


def test_a_dry_run_needs_no_key(build: Build) -> None:
    assert build.snakemake("-n", "--config", "models=qwen2.5-3b-instruct").returncode == 0


def test_touching_files_asks_nothing_and_needs_no_key(build: Build) -> None:
    run = build.snakemake("--touch", "--config", "models=oracle,qwen2.5-3b-instruct")
    assert run.returncode == 0, run.stdout
    assert "no secret" not in run.stdout


def test_status_counts_without_the_database(build: Build) -> None:
    (build.folder / "results/master.duckdb").unlink()
    build.configure({**PLAYERS, "instances": 6})
    run = build.pilotbench("status")
    assert run.returncode == 0
    assert "16/24" in run.stdout.replace(" ", "")
