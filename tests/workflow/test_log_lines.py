"""What the log adds to Snakemake's own lines: the cost of a dry run, a broken config file."""

from __future__ import annotations

import pytest

from support.build import Build

SIX = {
    "models": ["gpt-4o-mini"],
    "prompts": ["baseline"],
    "difficulties": ["easy"],
    "tasks": ["simple_task"],
    "instances": 6,
}
COST = "estimated cost"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return Build(tmp_path_factory.mktemp("build"))


def test_a_dry_run_ends_with_what_its_jobs_cost(fresh: Build) -> None:
    build = fresh
    build.configure(SIX)
    run = build.snakemake("-n", "--quiet", "rules")
    told = run.stdout.splitlines()[-1]
    assert told.startswith(f"{COST} (low / likely / high): 6 / ")
    assert " requests; USD 0." in told
    one = build.snakemake(
        "-n", "results/shards/gpt-4o-mini/optimal/simple_task/hard/0.8/00000-00000.jsonl.gz"
    )
    assert one.stdout.splitlines()[-1].startswith(f"{COST} (low / likely / high): 1 / ")
    for words in (["-q"], ["summary", "--config", "partial=true"]):
        assert COST not in build.snakemake("-n", *words).stdout
    build.configure({**SIX, "instances": 4002, "shard_size": 2})
    command = "python -m pilotbench estimate"
    assert f"{COST}: run {command}" in build.snakemake("-n", "--quiet", "rules").stdout


def test_a_dry_run_after_a_run_costs_nothing(build: Build) -> None:
    assert COST not in build.snakemake("-n").stdout
    for shard in build.shards():
        (build.folder / "results/shards" / shard).unlink()
    last = build.snakemake("-n").stdout.splitlines()[-1]
    assert last == f"{COST}: nothing, the journal has every answer"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "own.yaml: no such config file"),
        ("models: [a\n", "own.yaml: not YAML: "),
        ("- a\n", "own.yaml: must be a mapping of keys to values"),
    ],
)
def test_a_config_file_of_the_command_line_is_named_in_one_line(
    fresh: Build, text: str | None, says: str
) -> None:
    file = fresh.folder / "own.yaml"
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_text(text)
    run = fresh.python("-m", "snakemake", "-n", "--configfile", "config/config.yaml", "own.yaml")
    assert run.returncode == 1
    assert f"\nerror: {says}" in run.stdout
    assert "Traceback" not in run.stdout
    assert len(run.stdout.splitlines()) == 2
