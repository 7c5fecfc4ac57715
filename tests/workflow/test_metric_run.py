"""A spreadsheet with a scoring function, from the file to means that pandas finds too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support import Simulator
from support.build import EXPORTS
from support.runs import Run

FUNCTION = """
def score(reply, row):
    words = len(reply.split())
    found = {"score": min(1.0, words / 10), "words": words, "share of é": reply.count("é")}
    return found | ({"half": words / 2} if words % 2 == 0 else {})
"""
QUESTIONS = [
    {
        "question": f"Repeat {n}: <<{' '.join(['mot', 'é'] * n)[: 4 * n]}>>",
        "answer": str(n),
        "language": "fr" if n % 3 else "en",
    }
    for n in range(24)
]
MODELS = ("first", "second")
PROMPTS = {"baseline": "", "shouted": "Begin with <<one two three>>. "}
PLACE = ["model", "prompt", "index"]


def pack(folder: Path) -> None:
    """Write the pack `mots`, of which the simulator repeats what stands between the marks."""
    folder.mkdir(parents=True)
    task = "description: Repeat.\nsource: mots.csv\nscorer: {kind: python}\n"
    (folder / "task.yaml").write_text(task)
    (folder / "score.py").write_text(FUNCTION)
    pd.DataFrame(QUESTIONS).to_csv(folder / "mots.csv", index=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The results of two models under two prompts; the service refuses some questions."""
    folder = tmp_path_factory.mktemp("mots")
    keys: Any = {"sim_key1": {"slots": 5}}
    with Simulator(keys=keys, faults={"content_filter": 0.15}) as simulator:
        config = {
            "models": list(MODELS),
            "model_catalog": {m: {"provider": "sim", "deployment": m} for m in MODELS},
            "prompts": list(PROMPTS),
            "prompt_folders": ["prompts"],
            "tasks": ["mots"],
            "instances": "all",
            "shard_size": 24,
        }
        run = Run(folder, simulator, config, keys=("sim_key1",))
        pack(folder / "packs/mots")
        (folder / "prompts").mkdir()
        for name, text in PROMPTS.items():
            front = f"---\nlabel: {name}\n---\n"
            (folder / f"prompts/{name}.md").write_text(f"{front}{text}{{{{ request }}}}\n")
        done = run.snakemake("summary", EXPORTS)
        assert done.returncode == 0, done.stdout
    return run


def table(run: Run, name: str) -> pd.DataFrame:
    return pd.read_csv(run.folder / f"results/summary/tables/{name}.csv", keep_default_na=True)


def by_hand(run: Run) -> pd.DataFrame:
    """Return one row per episode from the shard files: the function's numbers, missing answers."""
    rows = []
    for record in run.records():
        answered = record["status"] == "completed"
        words = len(record["answer"].split()) if answered else 0
        rows.append(
            {name: record[name] for name in PLACE}
            | {
                "status": record["status"],
                "score": min(1.0, words / 10),
                "words": words if answered else None,
                "half": words / 2 if answered and words % 2 == 0 else None,
                "language": record["metadata"]["language"],
            }
        )
    return pd.DataFrame(rows)


def test_the_means_of_the_summary_are_those_of_pandas(run: Run) -> None:
    hand, found = by_hand(run), table(run, "metrics").set_index(["model", "prompt", "metric"])
    assert (hand["status"] == "refused").sum() >= 4
    for (model, prompt), mine in hand.groupby(["model", "prompt"]):
        for name in ("score", "words", "half"):
            row = found.loc[(model, prompt, name)]
            assert row["mean"] == pytest.approx(mine[name].mean(), nan_ok=True)
            assert row["n"] == mine[name].count()
        assert found.loc[(model, prompt, "words"), "missing"] == mine["words"].isna().sum()
    overall = table(run, "model_prompt").set_index(["model", "prompt"])
    means = hand.groupby(["model", "prompt"])["score"].mean()
    assert overall["score"].to_dict() == pytest.approx(means.to_dict())


def test_the_differences_are_those_of_pandas(run: Run) -> None:
    wide = by_hand(run).set_index([*PLACE])[["score", "words"]].unstack("model")
    models = table(run, "contrasts_metrics_models").set_index("metric")
    for name in ("score", "words"):
        d = (wide[name]["second"] - wide[name]["first"]).xs("baseline", level="prompt").dropna()
        assert models.loc[name, "change"] == pytest.approx(d.mean())
        assert models.loc[name, "n"] == len(d)
    prompts = table(run, "contrasts_metrics_prompts").set_index(["model", "metric"])
    long = by_hand(run).set_index(PLACE)["words"].unstack("prompt")
    d = (long["shouted"] - long["baseline"]).loc["first"].dropna()
    row = prompts.loc[("first", "words")]
    assert [row["change"], row["n"]] == pytest.approx([d.mean(), len(d)])
    assert row["told_apart"]


def test_the_means_by_language_are_those_of_pandas(run: Run) -> None:
    keys = ["model", "prompt", "value", "metric"]
    found = table(run, "metadata_metrics").set_index(keys)
    for (model, prompt, word), mine in by_hand(run).groupby(["model", "prompt", "language"]):
        for name in ("score", "words"):
            row = found.loc[(model, prompt, word, name)]
            assert [row["mean"], row["n"]] == pytest.approx([mine[name].mean(), mine[name].count()])


def test_the_exports_have_every_number(run: Run) -> None:
    hand = by_hand(run).set_index(PLACE)
    long = pd.read_csv(run.folder / "results/exports/metrics.csv").set_index([*PLACE, "metric"])
    words = long["value"].xs("words", level="metric")
    assert words.to_dict() == hand["words"].dropna().to_dict()
    wide = pd.read_parquet(run.folder / "results/exports/episodes.parquet").set_index(PLACE)
    assert wide["score"].to_dict() == pytest.approx(hand["score"].to_dict())
    given = wide["metrics"].dropna().map(json.loads)
    assert {name for values in given for name in values} == {"words", "half", "share of é"}


def test_commands_know_the_numbers(run: Run) -> None:
    hand = by_hand(run)
    words = ["model=first", "prompt=baseline"]
    said = json.loads(
        run.python("-m", "pilotbench", "where-from", "words", *words, "--json").stdout
    )
    mine = hand[(hand["model"] == "first") & (hand["prompt"] == "baseline")]
    assert said["value"] == pytest.approx(mine["words"].mean())
    sides = ["--base-where", "prompt=baseline", "--arm-where", "prompt=shouted"]
    both = run.python("-m", "pilotbench", "compare", "results", "results", *sides, "--json")
    assert {row[1] for row in json.loads(both.stdout)["metrics"]["rows"]} >= {"score", "words"}
    assert "mean [95 %]" in run.text()
    assert 'id="table-metrics"' in (run.folder / "results/summary/index.html").read_text()
