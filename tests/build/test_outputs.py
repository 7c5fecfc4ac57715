"""What is derived at no cost, and what a refresh outside of the rules leaves for the next run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pilotbench.build import outputs
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment
from support.database_lab import Lab, filled
from support.estimation_lab import load

DATABASE = Path("results/master.duckdb")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = filled(tmp_path / "results")
    made.update()
    return made


def experiment(lab: Lab) -> Experiment:
    return Experiment(replace(lab.settings, results_dir=lab.results), {}, {})


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            duckdb.IOException("IO Error: disk is full\nmore"),
            UserError,
            f"{DATABASE}: cannot be written or read: IO Error: disk is full",
        ),
        (UserError("one line"), UserError, "one line"),
        (OSError(28, "No space left on device"), OSError, str(DATABASE)),
        (OSError(28, "No space left on device", "draft"), OSError, "draft"),
    ],
    ids=["DuckDB", "ours", "of the system", "of a file"],
)
def test_an_error_of_the_database_names_a_file(
    error: Exception, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught, outputs.database_errors(DATABASE):
        raise error
    assert message in str(caught.value)
    assert "more" not in str(caught.value)


def test_the_exports_are_written_from_the_database(lab: Lab) -> None:
    outputs.write_exports(experiment(lab))
    master = json.loads((lab.results / "master_database.json").read_text())
    assert master["summary"]["total_tests"] == 12
    assert (lab.results / "exports/episodes.parquet").exists()


def test_exports_are_not_written_through_a_link_out_of_the_results(
    lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (lab.results / "exports").symlink_to(tmp_path / "outside")
    with pytest.raises(UserError, match="this symbolic link leads out of"):
        outputs.write_exports(experiment(lab))
    assert not list((tmp_path / "outside").iterdir())


def test_a_database_that_is_not_there_is_one_line(lab: Lab) -> None:
    lab.database.unlink()
    with pytest.raises(UserError, match=r"master\.duckdb: no database yet"):
        outputs.write_exports(experiment(lab))


def test_what_was_refreshed_is_made_again_by_the_next_run(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert outputs.refreshed(results) is None
    times = []
    for _ in range(2):
        results.mkdir(exist_ok=True)
        (results / outputs.MADE).touch()
        outputs.invalidate(results)
        assert not (results / outputs.MADE).exists()
        times.append(outputs.refreshed(results))
    assert None not in times
    assert times[0] != times[1]  # a parameter of the rules: it differs from the recorded one


@pytest.mark.parametrize("drawn", [True, False])
def test_a_refresh_draws_the_figures_that_were_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drawn: bool
) -> None:
    catalog = {"m": {"provider": "players", "deployment": "oracle"}}
    loaded = load(tmp_path, models=["m"], tasks=["simple_task"], instances=2, model_catalog=catalog)
    made: list[Experiment] = []
    monkeypatch.setattr(outputs, "write_figures", made.append)
    outputs.refresh(loaded, drawn=drawn)
    assert made == [loaded] * drawn
    assert (loaded.settings.results_dir / outputs.FIGURES).is_dir() is drawn


def test_no_results_folder_is_needed_to_invalidate(tmp_path: Path) -> None:
    outputs.invalidate(tmp_path / "none/results")
    assert outputs.refreshed(tmp_path / "none/results")


def test_without_a_limit_no_budget_has_ended_a_run(lab: Lab) -> None:
    assert outputs.budget_reached(experiment(lab)) is None
    limited = experiment(lab)
    limited = replace(limited, settings=replace(limited.settings, budget_usd=1.0))
    assert outputs.budget_reached(limited) is None  # nothing waits for it
