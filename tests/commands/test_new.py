"""`new` writes a project; tests/test_wheel.py runs one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from pilotbench.__main__ import main
from pilotbench.commands.new import project
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from support.build import ROOT

FILES = (
    ".env.example",
    ".github/workflows/benchmark.yml",
    ".gitignore",
    "Snakefile",
    "config/config.yaml",
    "config/prompts/short.md",
    "config/tasks/example/questions.csv",
    "config/tasks/example/task.yaml",
    "profiles/default/config.yaml",
    "requirements.txt",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "demo"]) == 0
    monkeypatch.chdir("demo")
    return tmp_path / "demo"


def test_a_project_has_every_file_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "a" / "b"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"folder": str(tmp_path / "a" / "b"), "files": list(FILES)}
    written = {path for path in (tmp_path / "a/b").rglob("*") if path.is_file()}
    assert written == {tmp_path / "a/b" / name for name in FILES}


def test_its_config_selects_what_is_there(folder: Path) -> None:
    loaded = load_experiment(config_files.read(), config_files.base_files())
    assert loaded.plan.episodes == 24
    assert {prompt.label for prompt in loaded.prompts.values()} == {"baseline", "short answer"}


def test_no_file_is_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Snakefile").write_text("mine")
    for name in FILES[:2]:
        (folder / name).unlink()
    assert main(["new", str(folder)]) == 2
    assert capsys.readouterr().err == f"error: {folder}/.gitignore exists; choose another folder\n"
    assert (folder / "Snakefile").read_text() == "mine"
    assert not (folder / FILES[0]).exists()


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["new", str(tmp_path / "file")]) == 2
    assert re.fullmatch(r"error: .* cannot be written: .*\n", capsys.readouterr().err)


def test_nothing_is_written_through_a_link_or_where_a_file_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/.gitignore").symlink_to(tmp_path / "elsewhere")
    assert main(["new", str(tmp_path / "linked")]) == 2
    assert "/linked/.gitignore exists; choose" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "filed").mkdir()
    (tmp_path / "filed/config").touch()
    assert main(["new", str(tmp_path / "filed")]) == 2
    assert capsys.readouterr().err.endswith("/filed/config is not a folder\n")
    assert [file.name for file in (tmp_path / "filed").iterdir()] == ["config"]


def test_a_place_that_cannot_be_looked_at_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / ("long" * 100))]) == 2
    assert re.fullmatch(
        r"error: .* cannot be written: File name too long\n", capsys.readouterr().err
    )


def test_the_profile_is_that_of_the_workflow() -> None:
    name = Path("profiles/default/config.yaml")
    assert project()[name] == (ROOT / name).read_text()


def test_every_variable_of_the_providers_is_in_the_example() -> None:
    named = set(re.findall(r"(?:_env|env): (\w+)", (ROOT / "config/providers.yaml").read_text()))
    lines = project()[Path(".env.example")].splitlines()
    assert {line.removesuffix("=") for line in lines if line.endswith("=")} <= named
    assert {"OPENAI_API_KEY=", "AZURE_OPENAI_ENDPOINT=", "IDEALAB_API_KEY_3="} <= set(lines)


def test_the_ci_example_installs_and_runs_the_project() -> None:
    steps = yaml.safe_load(project()[Path(".github/workflows/benchmark.yml")])["jobs"]["check"]
    ran = [step["run"] for step in steps["steps"] if "run" in step]
    assert ran[0] == "pip install --requirement requirements.txt"
    assert all(line.startswith("pilotbench run ") for line in ran[1:])
