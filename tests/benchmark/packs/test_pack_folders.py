"""Packs are folders in `task_folders`, found by name beside the tasks of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.ground.errors import TaskError


def write(folder: Path, settings: str = "", lines: str = "", name: str = "quiz") -> None:
    """Write a pack."""
    pack = folder / name
    pack.mkdir(parents=True, exist_ok=True)
    plain = "description: d\nscorer: {kind: exact}\n"
    (pack / "task.yaml").write_text(settings or plain, encoding="utf-8")
    line = '{"question": "q", "answer": "a"}\n'
    (pack / "instances.jsonl").write_text(lines or line, encoding="utf-8")


def test_tasks_and_packs_are_found_by_name_in_the_order_asked(tmp_path: Path) -> None:
    write(tmp_path, name="quiz")
    assert list(load_tasks([tmp_path], ["quiz", "basic_task"])) == ["quiz", "basic_task"]
    assert list(load_tasks([tmp_path])) == [*TASKS, "quiz"]


def test_a_pack_that_is_not_asked_for_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "not: [valid", "{", name="broken")
    (tmp_path / "_draft").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a file").touch()
    assert list(load_tasks([tmp_path, tmp_path / "absent"], ["simple_task"])) == ["simple_task"]


def test_a_name_that_is_taken_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert "quiz" in load_tasks([tmp_path / "a", tmp_path / "a"], ["quiz"])
    with pytest.raises(TaskError, match=r"the name quiz is taken by .*a/quiz"):
        load_tasks([tmp_path / "a", tmp_path / "b"], ["quiz"])
    write(tmp_path / "c", name="basic_task")
    with pytest.raises(TaskError, match="basic_task is a task of the benchmark"):
        load_tasks([tmp_path / "c"], ["simple_task"])


@pytest.mark.parametrize("name", ["a b", "all", "none", "ä", "a,b"])
def test_a_name_that_is_no_word_is_an_error(name: str, tmp_path: Path) -> None:
    write(tmp_path, name=name)
    with pytest.raises(TaskError, match="a pack's name has letters"):
        load_tasks([tmp_path], [])


def test_an_unknown_task_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"unknown task 'simpel_task'; did you mean simple_task\?"):
        load_tasks([tmp_path], ["simpel_task"])
