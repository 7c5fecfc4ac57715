"""A change of the scoring version: stored transcripts are scored again, nothing is asked."""

from __future__ import annotations

import re

import duckdb

from pilotbench.episodes.shard_file import read_shard
from support.build import Build

SHARDS = 8  # 2 players x 2 prompts x 4 instances by twos


def change_scoring(build: Build, version: str, weight: float) -> None:
    """Raise the version, and let a failure weigh more, so that the change can be seen."""
    rules = build.folder / "workflow/scripts/pilotbench/benchmark/tasks/scoring.py"
    text, versions = re.subn(r'(SCORING_VERSION = )"\w+"', rf'\1"{version}"', rules.read_text())
    text, weights = re.subn(r'("failure": )[\d.]+', rf"\g<1>{weight}", text)
    assert (versions, weights) == (1, 1)
    rules.write_text(text)


def requests(build: Build) -> dict[str, bytes]:
    """Return the journal's files: one more request would be one more line."""
    root = build.folder / "journal"
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*.jsonl"))}


def assert_scored(build: Build, version: str, weight: float) -> None:
    """Shards, database and summary are of this version, and nothing was asked."""
    results = build.folder / "results"
    for path in (results / "shards").rglob("*.gz"):
        header, episodes = read_shard(path)
        assert (header["asked"], header["provenance"]["scoring_version"]) == (0, version)
        weights = {e["weighted_score"] for e in episodes if e["level"] == "failure"}
        assert weights <= {weight}
    with duckdb.connect(str(results / "master.duckdb"), read_only=True) as database:
        query = "SELECT DISTINCT weighted_score FROM episodes WHERE level = 'failure'"
        assert database.execute(query).fetchall() == [(weight,)]
    assert version in (results / "summary/index.html").read_text()


def test_a_new_scoring_version_scores_again_without_one_request(build: Build) -> None:
    paid = requests(build)
    assert paid

    for target, version, weight in (([], "scoring2", 0.5), (["rescore"], "scoring3", 1.0)):
        change_scoring(build, version, weight)
        run = build.snakemake(*target)
        assert run.returncode == 0, run.stdout
        assert len(re.findall(r"^ *(?:local)?rule evaluate:", run.stdout, re.MULTILINE)) == SHARDS
        assert requests(build) == paid
        assert_scored(build, version, weight)
