"""The files that come with the library are found in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.benchmark.packs import pack_folders
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.ground import shipped
from pilotbench.matrix import config, config_files
from support.build import ROOT


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_checkout_they_are_its_own_folders() -> None:
    assert shipped.IN_CHECKOUT
    assert shipped.ROOT == ROOT


def test_a_file_of_the_working_folder_comes_before_the_shipped_one(elsewhere: Path) -> None:
    name = Path("config/experiments/quick.yaml")
    assert shipped.located(name) == ROOT / name
    assert shipped.located(Path("config/none.yaml")) == Path("config/none.yaml")
    name.parent.mkdir(parents=True)
    name.touch()
    assert shipped.located(name) == name


def test_prompts_and_packs_of_the_working_folder_come_before_the_shipped_ones(
    elsewhere: Path,
) -> None:
    settings = config.settings(config_files.read())
    assert settings.prompt_folders == (Path("config/prompts"), ROOT / "config/prompts")
    assert settings.task_folders == (Path("config/tasks"), ROOT / "config/tasks")
    own = Path("config/prompts/baseline.md")
    own.parent.mkdir(parents=True)
    own.write_text("---\nlabel: mine\n---\n{{ request }}\n")
    found = prompt_files.load(settings.prompt_folders, ["baseline", "cot"])
    assert [prompt.label for prompt in found.values()] == ["mine", "step by step"]
    pack = Path("config/tasks/everyday_arithmetic")
    pack.mkdir(parents=True)
    (pack / "task.yaml").write_text("description: own\nscorer: {kind: exact}\n")
    (pack / "instances.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    tasks = pack_folders.load_tasks(settings.task_folders)
    assert {"everyday_arithmetic", "record_extraction"} <= set(tasks)
    own_pack = tasks["everyday_arithmetic"]
    assert isinstance(own_pack, QuestionPack)
    assert own_pack.size == 1


@pytest.mark.parametrize("key", ["prompt_folders", "task_folders"])
def test_folders_that_are_chosen_are_the_only_ones(elsewhere: Path, key: str) -> None:
    chosen = config.settings(config_files.read((), {key: ["mine"]}))
    assert getattr(chosen, key) == (Path("mine"),)


def test_in_the_checkout_no_folder_is_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    settings = config.settings(config_files.read())
    assert settings.prompt_folders == (Path("config/prompts"),)
    assert settings.task_folders == (Path("config/tasks"),)
