"""The twelve questions of docs/analysis.md: SQL and pandas give the same answer."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pandas
import pytest
from pandas.testing import assert_frame_equal

from pilotbench.episodes.shard_file import write_shard
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import store
from support.database_lab import SIZE, Lab, half
from support.make_shards import Json, make_episodes, make_header

GUIDE = (Path(__file__).parents[3] / "docs/analysis.md").read_text(encoding="utf-8")
SETUP, *QUESTIONS = re.split(r"^## ", GUIDE, flags=re.M)


def block(text: str, language: str) -> str:
    """Return the only block of a language in a section."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of a small matrix, one shard of it unfinished."""
    folder = tmp_path_factory.mktemp("analysis")
    words = product(
        ("alpha", "beta"),
        ("baseline", "optimal"),
        ("simple_task", "basic_task"),
        ("easy", "medium"),
        ("0.8", "1.0"),
    )
    plan = Plan(tuple(Shard(Cell(*cell), 0, SIZE - 1) for cell in words), 2)
    lab = Lab(folder / "results", plan)
    lab.write(*plan.shards[1:])
    for place, shard in enumerate(plan.shards[1:3]):
        lab.path(shard).unlink()
        episodes = [scored(e, place + n) for n, e in enumerate(make_episodes(shard, 2, text=0.05))]
        write_shard(lab.path(shard), make_header(shard, episodes, 2), episodes)
    lab.update(half)
    return folder


def scored(episode: Json, number: int) -> Json:
    """Return an episode with the verdict of a scorer that gives further numbers."""
    verdict = {"wanted": 1, "read": None, "rule": "function score", "why": "so", "in_form": None}
    numbers = {"words": float(number**2)} | ({"tone": 0.5} if number % 2 else {})
    return episode | {"verdict": {**verdict, "right": False, "score": 0.25, "metrics": numbers}}


def test_there_are_twelve() -> None:
    assert [question.split(".")[0] for question in QUESTIONS] == [str(n) for n in range(1, 13)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda text: text.splitlines()[0])
def test_sql_and_pandas_agree(folder: Path, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with store.reader(Path("results/master.duckdb")) as connection:
        sql = connection.execute(block(question, "sql")).df()
    names: dict[str, pandas.DataFrame] = {}
    exec(block(SETUP, "python") + block(question, "python"), names)
    names["db"].close()
    assert len(sql) > 0
    assert_frame_equal(plain(sql), plain(names["answer"]), check_dtype=False)


def plain(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Return a frame with numbers as floats and a fresh index."""
    frame = frame.reset_index(drop=True)
    numbers = frame.select_dtypes("number").columns
    return frame.astype(dict.fromkeys(numbers, float))
