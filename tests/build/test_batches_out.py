"""What is said of batches that are out: rows of the tables, and the line at the end of a run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pilotbench.asking.journal.batch_book import Book
from pilotbench.build import batches_out, progress_table
from pilotbench.build.batches_out import OUT, OVER, BatchProgress, LaneState, StateFile
from pilotbench.providers.settings import Model
from support.estimation_lab import load

DAY_S = 86_400.0
HOUR_S = 3600.0


def row(model: str = "m", *, done: int = 0, hours: float = 1.0, **more: float) -> BatchProgress:
    """Return a row of two batches with 100 requests, submitted some hours ago."""
    since = time.time() - hours * HOUR_S
    return BatchProgress(model, None, 2, 100, done, 0, since, since + DAY_S, **more)


def said(*rows: BatchProgress, models: tuple[str, ...] = ("m",), here: Path = Path("none")) -> str:
    return batches_out.line(models, here, rows, "snakemake")


def test_the_line_says_what_is_out_and_when_to_run_again() -> None:
    now, half = time.time(), row(done=50)
    moment = batches_out.moment
    assert said(half) == (
        f"2 batches are out, run again after {moment(now + HOUR_S, now)} (100 requests to m, 50 "
        f"answered so far; submitted {moment(half.since, now)}, promised by "
        f"{moment(half.expected, now)}): snakemake"
    )
    both = said(half, row("n", saves_usd=0.1234), models=("m", "n"))
    assert "4 batches are out, run again after " in both
    assert "200 requests to m, n, 50 answered so far" in both
    assert "; they save about 0.12 USD): snakemake" in both
    overdue = said(row(hours=30))
    assert f"run again after {moment(now, now)} (" in overdue
    late = row(done=1, hours=20)
    assert f"after {moment(late.expected, now)} " in said(late)


def test_the_line_leaves_out_batches_that_the_run_does_not_collect() -> None:
    assert "4 batches" not in said(row(), row("n"))
    assert said(row("n")) == ""


@pytest.mark.parametrize(
    ("models", "provider", "shown"),
    [
        (["first", "second"], "gate", "second"),
        (["first"], "gate", "first"),
        (["other"], "gate", "second"),
        (["first", "second"], "renamed", "renamed/echo"),
    ],
    ids=["who submitted it", "who is selected", "none is selected", "none has it"],
)
def test_a_batch_is_shown_for_the_model_that_collects_it(
    tmp_path: Path, models: list[str], provider: str, shown: str
) -> None:
    entry = {"provider": "gate", "deployment": "echo", "lane": "batch"}
    catalog = {"first": entry, "second": entry, "other": {**entry, "deployment": "other"}}
    experiment = load(tmp_path, models=models, model_catalog=catalog)
    book = Book(tmp_path / "journal", Model("second", provider, "echo"))
    book.folder.mkdir(parents=True)
    head = {"tag": "ab", "provider": provider, "model": "second", "deployment": "echo"}
    book.write({**head, "key": "k", "key_folder": "f", "count": 3}, []).note("sending")
    (found,) = batches_out.rows(experiment)
    assert (found.model, found.requests) == (shown, 3)
    notes = batches_out.uncollected(experiment)
    assert len(notes) == (provider == "renamed")
    assert all(note.startswith("1 batch out at renamed/echo") for note in notes)


def test_without_batches_there_is_a_line_only_if_requests_wait_for_room(tmp_path: Path) -> None:
    assert said(here=tmp_path) == ""
    StateFile(tmp_path, "m", 1).update(later=3, ended=OUT)
    assert said(here=tmp_path).startswith("3 requests of m wait until there is room")
    assert said(models=("other",), here=tmp_path) == ""


def test_the_state_of_a_lane_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert batches_out.states(tmp_path) == {}
    StateFile(tmp_path, "a/b", 7).update(wave=2)
    (tmp_path / batches_out.FOLDER / "broken.json").write_text("{")
    assert batches_out.states(tmp_path) == {"a/b": LaneState(7, wave=2)}


@pytest.mark.parametrize(
    ("ended", "waits"),
    [
        ((OUT,), True),
        ((OUT, OVER), True),
        ((OUT, "failed"), False),
        ((OUT, ""), False),
        ((), False),
    ],
)
def test_a_run_only_waits_if_no_lane_has_failed(
    tmp_path: Path, ended: tuple[str, ...], waits: bool
) -> None:
    StateFile(tmp_path, "of another run", 2).update(ended="failed")
    for number, how in enumerate(ended):
        StateFile(tmp_path, f"m{number}", 1).update(ended=how)
    assert batches_out.only_wait(tmp_path, 1) is waits


def test_a_state_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    StateFile(tmp_path, "m", 1).update(ended=OUT)
    assert batches_out.EXIT_CODE == os.EX_TEMPFAIL


def test_the_table_of_batches_fits_a_narrow_terminal() -> None:
    rows = [row("gpt-4o-mini", done=30, saves_usd=0.14), row("another-model", saves_usd=1234.5)]
    text = progress_table.tables([], [], rows, 80)
    *_, first, second = text.splitlines()
    assert first.split()[:6] == ["gpt-4o-mini", "–", "2", "30/100", "0", second.split()[5]]
    assert (first.split()[-1], second.split()[-1]) == ("~0.14", "~1,234")
    assert max(map(len, text.splitlines())) <= 80
