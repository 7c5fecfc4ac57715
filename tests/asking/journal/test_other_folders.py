"""Answers are found under another name: a prompt file or the folder of a pack was renamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.journal import Journal, other_folders
from pilotbench.asking.journal.answers import Answers
from pilotbench.asking.journal.identity import RequestIdentity, identity
from pilotbench.ground.errors import Refused
from support.journals import asked, segments, wanted, write

MODEL = Path("idealab/m-0123")
WORLD = ("baseline", "simple_task", "easy", "0.8")
PACK = ("baseline", "quiz", "none", "none")
NAMES = frozenset({"base", "baseline", "other", "simple_task", "trivia"})


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    other_folders._folders.cache_clear()
    yield
    other_folders._folders.cache_clear()


def journal(root: Path, words: tuple[str, ...], model: Path = MODEL) -> Journal:
    return Journal(root, Path(model, *words), words[2] == "none", NAMES)


def fill(root: Path, words: tuple[str, ...], *numbers: object, first: int = 0) -> Journal:
    made = journal(root, words)
    with made.open(first, first + 19) as segment:
        for number in numbers:
            write(segment, number)
    return made


def found(answers: Answers, *numbers: object) -> list[object]:
    return [number for number in numbers if answers.answer(wanted(number)) is not None]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WORLD, ("base", *WORLD[1:])),
        (PACK, ("base", *PACK[1:])),
        (PACK, ("baseline", "trivia", "none", "none")),
        (PACK, ("base", "trivia", "none", "none")),
    ],
)
def test_a_renamed_prompt_or_pack_finds_its_answers(
    tmp_path: Path, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    fill(tmp_path, old, 1, 2)
    with journal(tmp_path, new).open(0, 19) as segment:
        assert found(segment.answers, 1, 2, 3) == [1, 2]
        write(segment, 3)
    assert found(journal(tmp_path, new).read(0, 19), 3, 2, 1) == [3, 2, 1]


@pytest.mark.parametrize(
    ("other", "model"),
    [
        (("base", "simple_task", "medium", "0.8"), MODEL),
        (("base", "simple_task", "easy", "1.0"), MODEL),
        (("base", "data_pipeline", "easy", "0.8"), MODEL),
        (WORLD, Path("idealab/n-4567")),
        (WORLD, Path("azure/m-0123")),
    ],
)
def test_folders_of_another_difficulty_rate_task_or_model_are_not_searched(
    tmp_path: Path, other: tuple[str, ...], model: Path
) -> None:
    with journal(tmp_path, other, model).open(0, 19) as segment:
        write(segment, 1)
    assert found(journal(tmp_path, WORLD).read(0, 19), 1) == []


def test_a_refusal_or_rejection_is_found_too(tmp_path: Path) -> None:
    with journal(tmp_path, WORLD).open(0, 19) as segment:
        segment.write_failure(wanted(1), Refused("no"))
    with pytest.raises(Refused):
        journal(tmp_path, ("base", *WORLD[1:])).read(0, 19).answer(wanted(1))


def test_only_the_segments_of_the_indices_are_read(tmp_path: Path) -> None:
    fill(tmp_path, WORLD, 1)
    fill(tmp_path, WORLD, 2, first=20)
    answers = journal(tmp_path, ("base", *WORLD[1:])).read(0, 19)
    assert found(answers, 1, 2) == [1]


def test_a_folder_of_another_prompt_is_searched_a_few_times_and_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, ("other", *WORLD[1:]), *range(100, 120))
    searched: list[Path] = []
    has = other_folders._has
    monkeypatch.setattr(
        other_folders, "_has", lambda path, needle: searched.append(path) or has(path, needle)
    )
    answers = journal(tmp_path, WORLD).read(0, 19)
    assert not answers.silent
    assert found(answers, *range(20)) == []
    assert len(searched) == other_folders.PATIENCE
    assert len(answers) == 0
    again = journal(tmp_path, WORLD).read(0, 19)
    assert again.silent
    assert found(again, *range(20)) == []
    assert len(searched) == other_folders.PATIENCE


def test_new_questions_before_the_old_ones_do_not_hide_the_answers_of_a_renamed_pack(
    tmp_path: Path,
) -> None:
    fill(tmp_path, PACK, *range(10))
    answers = journal(tmp_path, ("baseline", "trivia", "none", "none")).read(0, 19)
    assert found(answers, *range(50, 50 + 2 * other_folders.PATIENCE)) == []
    assert found(answers, *range(10)) == list(range(10))


def test_a_question_that_was_edited_does_not_hide_the_others_of_a_renamed_pack(
    tmp_path: Path,
) -> None:
    fill(tmp_path, PACK, "old", 1, 2)
    answers = journal(tmp_path, ("baseline", "trivia", "none", "none")).read(0, 19)
    assert found(answers, "edited", 1, 2) == [1, 2]


def test_answers_of_earlier_releases_are_found_when_the_accepted_answer_changes(
    tmp_path: Path,
) -> None:
    old = {name: value for name, value in wanted(1).components.items() if name != "question"}
    old = {**old, "instance": "hash of question and accepted answer"}
    written = RequestIdentity(old, identity(old), identity(old), 0)
    for words in (PACK, WORLD):
        with journal(tmp_path, words).open(0, 19) as segment:
            segment.write(written, asked())
            segment.write_failure(wanted(7), Refused("no"))
    assert journal(tmp_path, PACK).read(0, 19).answer(wanted(1)) == asked()
    renamed = journal(tmp_path, ("base", "trivia", "none", "none")).read(0, 19)
    assert renamed.answer(wanted(1)) == asked()
    # Of a world only the identity counts: draws make the same request another episode's.
    assert journal(tmp_path, WORLD).read(0, 19).answer(wanted(1)) is None


def test_nothing_is_written_to_the_folder_where_answers_were_found(tmp_path: Path) -> None:
    old = fill(tmp_path, WORLD, 1)
    new = journal(tmp_path, ("base", *WORLD[1:]))
    with new.open(0, 19) as segment:
        assert found(segment.answers, 1) == [1]
    assert len(segments(old)) == 1
    assert not segments(new)
