"""What judges said is in transcripts, tables, warnings and progress, from both sides of a pair."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.build import outputs
from pilotbench.build.judge_progress import judge_rows
from pilotbench.results.analysis.judges import judge_warnings
from pilotbench.results.analysis.load import ModelFacts, load
from support.judge_lab import SECRETS, JudgeLab, right, wrong
from support.pack_lab import handed_over

Json = dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgeLab]:
    with pytest.MonkeyPatch.context() as patch:
        for name in SECRETS:
            patch.setenv(name, f"sk-{name.lower()}-0123456789")
        folder = tmp_path_factory.mktemp("judged")
        scorer = {"models": ["judge-100-100"], "compare": "all"}
        with JudgeLab(folder, scorer, {"good": right, "judge-100-100-0": wrong}) as made:
            made.run()
            outputs.write_exports(made.experiment)
            outputs.write_summary(made.experiment)
            yield made


def embedded(lab: JudgeLab, model: str) -> Json:
    """Return what the page of a model's first shard says of its judges."""
    folder = lab.folder / "results/summary/transcripts" / model
    judged = handed_over(sorted(folder.rglob("*.js"))[0])[2]
    said: Json = json.loads(gzip.decompress(base64.b64decode(judged)))
    return said


def test_both_sides_of_a_pair_see_the_verdict(lab: JudgeLab) -> None:
    for model, other, verdict in (
        ("good", "judge-100-100-0", "better"),
        ("judge-100-100-0", "good", "worse"),
    ):
        said = embedded(lab, model)
        assert len(said["scores"]) == len(said["verdicts"]) == 3
        for rows in said["verdicts"].values():
            assert [row["shown"] for row in rows] == ["first", "second"]
            assert {(row["judge"], row["other"]) for row in rows} == {("judge-100-100", other)}
            assert {(row["verdict"], row["reason"]) for row in rows} == {
                (verdict, "By the rubric.")
            }
    whys = {score["why"] for score in embedded(lab, "good")["scores"].values()}
    assert whys == {"1 comparisons: 1 won, 0 tied"}


def test_tables_and_costs_name_the_judges(lab: JudgeLab) -> None:
    summary = json.loads((lab.folder / "results/summary/summary.json").read_text())
    lines = (lab.folder / "results/summary/tables/verdicts.csv").read_text().splitlines()
    assert lines[0].startswith("judge,task,verdicts")
    assert lines[1].startswith("judge-100-100,essay,8,")
    assert "more for judges" in json.dumps(summary, ensure_ascii=False)


def test_a_judge_of_its_own_family_is_named(lab: JudgeLab) -> None:
    data = load(lab.folder / "results/master.duckdb", lab.experiment.settings)
    assert judge_warnings(data) == []
    related = {"good": ModelFacts("p", "gpt-4o", "native")}
    judges = {"judge-100-100": ModelFacts("p", "gpt-5.4", "native")}
    (line,) = judge_warnings(replace(data, models={**data.models, **related}, judges=judges))
    assert "the judge judge-100-100 judges its own family" in line
    assert line.endswith("good (OpenAI).")


def test_progress_counts_verdicts(lab: JudgeLab) -> None:
    (row,) = judge_rows(lab.experiment)
    assert (row.judge, row.done, row.planned, row.owed) == ("judge-100-100", 8, 8, 0)
    assert (row.files_done, row.files) == (2, 2)
    assert row.usd > 0


def test_progress_before_a_run_and_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"sk-{name.lower()}-0123456789")
    with JudgeLab(tmp_path, {"models": ["judge-100-100"]}, {"good": right}) as lab:
        assert (judge_rows(lab.experiment)[0].planned, judge_rows(lab.experiment)[0].done) == (4, 0)
        lab.special = lambda body: "no JSON" if "word-0" in str(body) else None
        lab.run(database=False)
        (row,) = judge_rows(lab.experiment)
        assert (row.done, row.files_done) == (1, 1)
        assert row.begun == 5  # two verdicts, and three answers without one
