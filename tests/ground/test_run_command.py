"""What started a run is told to its jobs, without anything that is secret."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from pilotbench.ground import run_command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(run_command.VARIABLE, "{}")
    return tmp_path


def test_a_job_is_told_run_overlays_and_words(folder: Path) -> None:
    overlay = folder / "mine.yaml"
    overlay.write_text("instances: 3\n")
    run_command.tell(["/logs/r.log"], [overlay], ["models=a", "instances=2"], {})
    digest = sha256(b"instances: 3\n").hexdigest()
    expected = run_command.Command("r.log", [["mine.yaml", digest]], ["models=a", "instances=2"])
    assert run_command.told() == expected


def test_a_job_knows_its_number_of_this_run_alone(folder: Path) -> None:
    run_command.tell(["r.log"], [], [], {"results/a b.gz": 3, "results/c.gz": 4})
    assert run_command.number_of("results/a b.gz", "r.log") == "3"
    assert run_command.number_of("results/c.gz", "other.log") is None
    assert run_command.number_of("results/d.gz", "r.log") is None


def test_where_nothing_was_told_nothing_is_known(folder: Path) -> None:
    assert run_command.told() == run_command.Command()
    assert run_command.number_of("results/a.gz", None) is None


def test_what_is_owed_is_paid_by_the_same_selection_asking(folder: Path) -> None:
    assert run_command.to_pay() == "snakemake"
    words = ["instances=2", "partial=true", "models=a, b", "rescore=true"]
    run_command.tell([], [folder / "mine.yaml"], words, {})
    assert (
        run_command.to_pay()
        == "snakemake --configfile mine.yaml --config instances=2 'models=a, b'"
    )


def test_a_secret_on_the_command_line_is_masked() -> None:
    run_command.tell([], [], ["proxy=http://me:pass-4711@host", "note=sk-canary-12345678"], {})
    assert run_command.told().config == ["proxy=http://***@host", "note=***"]
