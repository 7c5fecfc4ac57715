"""A spreadsheet in three languages, from the file to the tables, with every request counted."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

from pilotbench.results.database import queries
from support import Simulator
from support.build import EXPORTS
from support.runs import Run

SAYS = {
    "zh": "第{}题：<<{}>>里写的是什么？",
    "fr": "Question nº {} : qu'est-ce qui est écrit dans <<{}>>, exactement ?",
    "en": "Question {}: what is written in <<{}>>, exactly?",
}
SHARD = "results/shards/echo/baseline/quiz/none/none/00000-00020.jsonl.gz"


def table() -> list[dict[str, str]]:
    """Return 21 questions; the simulator answers what stands between the marks."""
    return [
        {
            "编号": f"{language}-{n}",
            "问题": text.format(n, 10 * n),
            "答案": str(10 * n),
            "language": language,
            "topic": "even" if n % 2 == 0 else "odd",
        }
        for language, text in SAYS.items()
        for n in range(1, 8)
    ]


def write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_only_a_changed_question_of_a_spreadsheet_is_asked_again(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 5}}) as simulator:
        run = Run(tmp_path, simulator, keys=("sim_key1",), config={"tasks": ["quiz"]})
        run.change(instances="all", shard_size=21)
        rows = table()
        write(tmp_path / "quiz.csv", rows)
        made = run.python("-m", "pilotbench", "add-pack", "quiz.csv", "--into", "packs")
        assert made.returncode == 0, made.stderr
        source = tmp_path / "packs/quiz/quiz.csv"

        def requests_after(*targets: str) -> int:
            before = simulator.stats()["total"]["answered"]
            run.again(*(targets or (SHARD,)))
            return int(simulator.stats()["total"]["answered"] - before)

        assert requests_after(EXPORTS) == 21
        assert requests_after(EXPORTS) == 0
        by_name = {row["question_id"]: row for row in run.episodes()}
        assert list(by_name) == [row["编号"] for row in rows]
        assert {row["success"] for row in by_name.values()} == {True}
        assert json.loads(by_name["fr-3"]["metadata"]) == {"language": "fr", "topic": "odd"}
        exported = (tmp_path / "results/exports/episodes.csv").read_text(encoding="utf-8")
        names = {row["question_id"] for row in csv.DictReader(io.StringIO(exported))}
        assert names == set(by_name)
        assert requests_after("results/exports/inspect") == 0
        [log] = (tmp_path / "results/exports/inspect").rglob("*.eval")
        with zipfile.ZipFile(log) as archive:
            samples = [n for n in archive.namelist() if n.startswith("samples/")]
        assert samples == [f"samples/{name}_epoch_1.json" for name in by_name]

        labels = source.with_name("labels.csv")
        labels.write_text("question,model,label\nzh-1,echo,right\nfr-3,echo,no\nen-1,gone,1\n")
        written = (tmp_path / SHARD).stat().st_mtime_ns
        assert requests_after(EXPORTS) == 0
        assert (tmp_path / SHARD).stat().st_mtime_ns == written
        database = tmp_path / "results/master.duckdb"
        found = queries.labels(database)
        assert list(zip(found["index"], found["right"], strict=True)) == [(0, True), (9, False)]
        [[place, message, *_]] = queries.unused_labels(database)[["place", "message"]].to_numpy()
        assert place.endswith("packs/quiz/labels.csv: line 4")
        assert message == "no reply of gone to this question"
        labels.write_text("question,model,label\nzh-99,echo,right\n")
        refused = run.snakemake("summary")
        assert refused.returncode != 0
        assert "labels.csv: line 2: unknown question 'zh-99'; it has 21" in refused.stdout
        labels.unlink()

        rows[3]["topic"] = "corrected"
        write(source, rows)
        assert requests_after() == 0
        assert run.records()[3]["metadata"]["topic"] == "corrected"

        rows[4]["答案"] = "51"
        write(source, rows)
        assert requests_after() == 0
        assert [record["success"] for record in run.records()] == [n != 4 for n in range(21)]

        rows[4]["问题"] = SAYS["zh"].format(5, 51)
        write(source, rows)
        assert requests_after() == 1
        assert all(record["success"] for record in run.records())

        cell = "echo/baseline/quiz/none/none"
        words = ("show", cell, "zh-5", "--configfile", "overlay.yaml")
        shown = run.python("-m", "pilotbench", *words).stdout
        assert f"# {cell}, index 4, question zh-5" in shown
        assert "topic: odd" in shown
        assert "success: True" in shown
