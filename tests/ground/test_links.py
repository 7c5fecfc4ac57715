"""Nothing outside of the results folder is written or removed through a symbolic link below it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pilotbench.build import job, outputs
from pilotbench.ground import links
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment
from pilotbench.results.database import prune
from support.estimation_lab import load, make

Files = dict[str, bytes]
PAGE = "a/b/c/d/e.html"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is somebody else's."""
    folder = tmp_path / "outside"
    for name in (
        PAGE,
        "shards.js",
        "viewer.js",
        "episodes.csv",
        "index.html",
        "00000-00001.jsonl.gz",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A matrix of one shard with its results."""
    folder = tmp_path_factory.mktemp("run")
    loaded = load(folder, models=["oracle"], tasks=["simple_task"], instances=2)
    make(loaded, loaded.plan.shards[0])
    outputs.refresh(loaded)
    return loaded


@pytest.fixture
def experiment(built: Experiment, tmp_path: Path) -> Experiment:
    """The same with a copy of the results."""
    shutil.copytree(built.settings.results_dir, tmp_path / "results")
    return built.at(tmp_path / "results")


def content(folder: Path) -> Files:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def linked(link: Path, target: Path) -> None:
    """Put a link in the place of whatever is there."""
    if link.exists():
        link.rename(link.with_name(f"{link.name}.before"))
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


@pytest.mark.slow
def test_links_are_replaced_and_what_they_lead_to_stays(
    experiment: Experiment, outside: Path
) -> None:
    before, results = content(outside), experiment.settings.results_dir
    places = {
        "summary/transcripts/x": ".",
        "summary/transcripts/oracle": ".",
        "summary/transcripts/shards.js": "shards.js",
        "summary/transcripts/viewer.js": "viewer.js",
        "summary/transcripts/a/b/c/d/e.html": PAGE,
        "summary/index.html": "index.html",
        "exports/episodes.csv": "episodes.csv",
        ".refreshed": "index.html",
        ".master.duckdb.1": ".",
    }
    for link, target in places.items():
        linked(results / link, outside / target)
    outputs.refresh(experiment)
    linked(results / "summary/transcripts", outside)
    outputs.write_summary(experiment)
    assert content(outside) == before
    page = "summary/transcripts/oracle/baseline/simple_task/easy/0.8/00000-00001.js"
    assert (results / page).is_file()
    assert not any((results / link).is_symlink() for link in places)


@pytest.mark.parametrize(
    ("link", "write"),
    [
        ("shards", outputs.update_database),
        ("exports", outputs.write_exports),
        ("summary", outputs.write_summary),
        ("summary/figures", outputs.write_figures),
    ],
)
def test_a_folder_that_leads_out_is_one_line(
    experiment: Experiment, outside: Path, link: str, write: Callable[[Experiment], object]
) -> None:
    before = content(outside)
    linked(experiment.settings.results_dir / link, outside)
    with pytest.raises(UserError, match=f"{link}: this symbolic link leads out of .*; remove it"):
        write(experiment)
    assert content(outside) == before


@pytest.mark.parametrize("link", ["shards", "shards/oracle", "instances"])
def test_no_shard_is_asked_for_or_written_through_a_link(
    experiment: Experiment, outside: Path, link: str
) -> None:
    before = content(outside)
    linked(experiment.settings.results_dir / link, outside)
    with pytest.raises(UserError, match="this symbolic link leads out"):
        make(experiment, experiment.plan.shards[0])
    assert content(outside) == before


def test_prune_removes_nothing_through_a_link(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, shard = experiment.settings.results_dir, experiment.plan.shards[0]
    elsewhere = tmp_path / "elsewhere"
    (results / "shards").rename(elsewhere)
    (results / "shards").symlink_to(elsewhere)
    file = prune.Prunable(shard.path.as_posix(), "outside", 2, 1)
    monkeypatch.setattr(prune, "prunable", lambda _: [file])
    with pytest.raises(UserError, match="this symbolic link leads out"):
        prune.remove(results, ["outside"])
    assert (elsewhere / shard.path).is_file()


def test_links_within_results_and_a_linked_results_folder_are_followed(tmp_path: Path) -> None:
    disk, root = tmp_path / "disk", tmp_path / "results"
    (disk / "a").mkdir(parents=True)
    root.symlink_to(disk)
    (root / "b").symlink_to("a")
    assert links.inside(root, root / "b" / "file") == root / "b" / "file"
    links.check(root, "a", "b", "none/yet")


@pytest.mark.parametrize(("link", "named"), [("logs", "logs"), ("logs/oracle", "logs/oracle")])
def test_no_log_is_written_through_a_link(
    tmp_path: Path, outside: Path, capsys: pytest.CaptureFixture[str], link: str, named: str
) -> None:
    before, results = content(outside), tmp_path / "results"
    linked(results / link, outside)
    with (
        pytest.raises(SystemExit, match=f"{named}: this symbolic link leads out"),
        job.logged(results / "logs/oracle/a/one.log", results),
    ):
        logging.getLogger(__name__).error("a line")
    assert content(outside) == before
