"""The wheel is complete: installed alone, its commands work in a folder without the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from support.build import PLAYERS, ROOT

MADE_FROM = ("pyproject.toml", "README.md", "LICENSE")
BASE = ("config/config.yaml", "config/models.yaml", "config/providers.yaml")


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment: our wheel, and beside it the packages that it requires.

    A .pth file lends it the packages of this environment; its own .pth files, so an editable
    installation of the checkout too, are not read through it.
    """
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("workflow/scripts", "config/prompts"):
        shutil.copytree(
            ROOT / name,
            folder / "source" / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.egg-info"),
        )
    for name in MADE_FROM:
        shutil.copy(ROOT / name, folder / "source")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    offline = ("--quiet", "--no-deps", "--no-index")
    made = run(*pip, "wheel", *offline, "--no-build-isolation", "./source", cwd=folder)
    assert made.returncode == 0, made.stdout
    [wheel] = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=folder)
    python = folder / "fresh/bin/python"
    done = run(*pip, "--python", python, "install", *offline, wheel, cwd=folder)
    assert done.returncode == 0, done.stdout
    [packages] = (folder / "fresh/lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a config and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "config").mkdir()
    for name in BASE:
        shutil.copy(ROOT / name, folder / name)
    own = {**PLAYERS, "limits_dir": "limits"}
    (folder / "mine.yaml").write_text(yaml.safe_dump(own))
    return folder


def test_the_library_is_that_of_the_wheel(python: Path, elsewhere: Path) -> None:
    where = run(python, "-c", "import pilotbench; print(pilotbench.__file__)", cwd=elsewhere)
    assert Path(where.stdout.strip()).is_relative_to(python.parents[1])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["status"], "oracle"),
        (["status", "--json"], '"model": "oracle"'),
        (["estimate"], "oracle"),
        (["check"], "2 of 2"),
        (["show", "oracle/baseline/simple_task/easy/0.8", "1"], "simple_task"),
        (["show", "oracle/optimal/simple_task/easy/0.8", "1"], "simple_task"),
    ],
    ids=str,
)
def test_a_command_works_where_there_is_a_config_alone(
    python: Path, elsewhere: Path, words: list[str], says: str
) -> None:
    done = run(python, "-m", "pilotbench", *words, "--configfile", "mine.yaml", cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    assert says in done.stdout


def test_requests_can_be_put_into_words(python: Path, elsewhere: Path) -> None:
    program = "from pilotbench.benchmark.scenarios.wording.register import load, names"
    counted = "print(len(names()), sum(len(load(name).public) > 30 for name in names()))"
    done = run(python, "-c", f"{program}; {counted}", cwd=elsewhere)
    assert done.stdout.split() == ["5", "5"], done.stdout


@pytest.mark.parametrize("command", ["status", "estimate", "check"])
def test_a_command_names_the_config_that_is_missing(
    python: Path, tmp_path: Path, command: str
) -> None:
    done = run(python, "-m", "pilotbench", command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "error: config/config.yaml: no such config file\n")
