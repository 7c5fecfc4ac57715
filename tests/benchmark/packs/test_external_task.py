"""A task.yaml with `kind: external`: what it may say, and what of it decides about results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.benchmark.packs.external_task import ExternalTask, is_external
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.tasks import TASKS
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]
PLAIN: Json = {
    "kind": "external",
    "description": "d",
    "command": ["python", "a.py", "{first}", "{out}"],
    "reader": {"kind": "csv"},
    "samples": 3,
}


def made(folder: Path, **changed: Any) -> ExternalTask:
    task = folder / "mine"
    task.mkdir(exist_ok=True)
    content = {k: v for k, v in {**PLAIN, **changed}.items() if v is not None}
    (task / "task.yaml").write_text(yaml.safe_dump(content))
    found = load_tasks([folder], ["mine"])["mine"]
    assert is_external(found)
    return found


BAD: dict[str, tuple[Json, str]] = {
    "no command": ({"command": None}, "'command' is a required property"),
    "no samples": ({"samples": 0}, "samples: 0 is less than the minimum of 1"),
    "unknown key": ({"comand": ["x"]}, "unknown key comand; did you mean command?"),
    "a shell line": (
        {"command": "python a.py {out}"},
        "command: 'python a.py {out}' is not of type",
    ),
    "unknown placeholder": (
        {"command": ["a", "{frist}", "{out}"]},
        "command: unknown placeholder {frist}; did you mean first?",
    ),
    "placeholder in a variable": (
        {"environment": {"A": "{modell}"}},
        "environment.A: unknown placeholder {modell}; did you mean model?",
    ),
    "no results": ({"command": ["a", "{first}"]}, "command: must write its results below {out}"),
    "unknown reader": ({"reader": {"kind": "cvs"}}, "unknown value 'cvs'; did you mean csv?"),
    "score of csv": ({"reader": {"kind": "csv", "score": "x"}}, "score is for readers of kind ins"),
    "fields of inspect": ({"reader": {"kind": "inspect", "fields": {}}}, "fields is for readers"),
    "filter of json": (
        {"reader": {"kind": "json", "filter": "x"}},
        "filter is for readers of kind lm",
    ),
    "success above all": ({"reader": {"kind": "csv", "success_at": 2}}, "greater than the maximum"),
    "missing file": ({"files": ["gone.csv"]}, "gone.csv: No such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_task_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    changed, words = BAD[name]
    with pytest.raises(TaskError) as caught:
        made(tmp_path, **changed)
    line = str(caught.value)
    assert words in line
    assert str(tmp_path / "mine" / "task.yaml") in line
    assert "\n" not in line


def test_what_decides_about_results_is_in_the_version(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.txt").write_text("1")
    first = made(tmp_path, files=["../data"])
    versions = [first.scoring_version]
    for change in (
        lambda: (tmp_path / "mine" / "a.py").write_text("print(1)"),
        lambda: (tmp_path / "mine" / "a.py").write_text("print(2)"),
        lambda: (data / "one.txt").write_text("2"),
        lambda: (data / "two.txt").write_text("2"),
    ):
        change()
        versions.append(made(tmp_path, files=["../data"]).scoring_version)
    versions.append(made(tmp_path, files=["../data"], samples=4).scoring_version)
    versions.append(made(tmp_path, files=["../data"], reader={"kind": "json"}).scoring_version)
    assert len(set(versions)) == len(versions)


def test_what_does_not_decide_is_not_in_the_version(tmp_path: Path) -> None:
    before = made(tmp_path).scoring_version
    folder = tmp_path / "mine"
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("x")
    (folder / ".cache").write_text("x")
    (folder / "run.log").write_text("x")
    changed = made(tmp_path, description="e", timeout_s=5, requests_per_sample=3)
    assert changed.scoring_version == before


def test_a_moved_folder_has_the_same_version(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert made(tmp_path / "a").scoring_version == made(tmp_path / "b").scoring_version


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    task = made(tmp_path, command=["no-such-program", "{out}"])
    with pytest.raises(TaskError, match="no-such-program: no such program; install it"):
        task.check()
    script = tmp_path / "mine" / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    local = made(tmp_path, command=["./run.sh", "{out}"])
    local.check()
    assert local.program == str(script)


def test_braces_that_are_no_placeholder_stay(tmp_path: Path) -> None:
    task = made(tmp_path, command=["a", '{"x": {samples_json}, "y": {}}', "{out}"])
    assert task.filled(task.command[1], {"samples_json": "[0, 1]"}) == '{"x": [0, 1], "y": {}}'


def test_samples_have_numbers_and_nothing_else(tmp_path: Path) -> None:
    task = made(tmp_path)
    found = [task.instance("none", index) for index in range(3)]
    assert len({one.content_hash for one in found}) == 3
    assert len({one.question_hash for one in found}) == 1
    assert (task.size, task.tools(found[0]), task.images(found[0])) == (3, (), ())
    with pytest.raises(TaskError, match="no sample 3; it has 3"):
        task.instance("none", 3)
    with pytest.raises(TaskError, match="no difficulty 'easy'"):
        task.instance("easy", 0)
    with pytest.raises(TaskError, match="cannot be played"):
        task.start(found[0], "none", 0)


def test_other_tasks_are_not_external() -> None:
    assert not any(map(is_external, TASKS.values()))
