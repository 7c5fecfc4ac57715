"""The question packs of `make quick`: what counts as right, and that their questions are sound."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks.task import Transcript, Turn
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "config/experiments/quick.yaml"
TASKS = ("review_mood", "short_lookup", "opposites")


def succeeds(pack: QuestionPack, index: int, reply: str) -> bool:
    """Return the verdict on a reply to one question."""
    instance = pack.instance("none", index)
    turns = [Turn(0, reply, None, None)]
    transcript = Transcript(instance.content_hash, "none", 0, turns, "no_call", reply)
    return pack.score(instance, transcript).success


def index_of(pack: QuestionPack, words: str) -> int:
    """Return the index of the only question with these words."""
    [found] = [n for n in range(pack.size or 0) if words in pack.instance("none", n).request]
    return found


@pytest.fixture(scope="module")
def packs() -> dict[str, QuestionPack]:
    return {name: QuestionPack(ROOT / "config/tasks" / name) for name in TASKS}


@pytest.mark.parametrize("name", TASKS)
def test_a_pack_has_thirty_questions_and_five_examples(
    packs: dict[str, QuestionPack], name: str
) -> None:
    pack = packs[name]
    asked = [pack.instance("none", index).request for index in range(pack.size or 0)]
    assert len(asked) == len(set(asked)) == 30
    shown = [example.request for example in pack.examples]
    assert len(shown) == 5
    assert not set(shown) & set(asked)


CASES = [
    ("review_mood", "The zip broke", {
        "negative": True, "Negative": True, "This review is negative": True,
        "It is negative, not positive": True, "positive": False, "This is not negative": False,
        "It is both positive and negative": False, "The zip broke on the first day": False}),
    ("short_lookup", "What colour is the kite", {
        "red": True, "The kite is red": True, "RED.": True, "blue": False,
        "Omar bought a red kite and a blue ball": False, "The kite is bored": False}),
    ("short_lookup", "How many hours does the ferry", {
        "3": True, "three hours": True, "It takes 3 hours": True, "7": False, "13": False}),
    ("short_lookup", "On which day is the museum closed", {"Mondays": True, "on Thursday": False}),
    ("opposites", '"accept"', {
        "refuse": True, 'The opposite of "accept" is "reject': True, "Decline": True,
        "accept": False, "except": False}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "verdicts"), CASES)
def test_right_answers_count_in_any_wording_and_wrong_ones_in_none(
    packs: dict[str, QuestionPack], name: str, words: str, verdicts: dict[str, bool]
) -> None:
    pack = packs[name]
    index = index_of(pack, words)
    assert {reply: succeeds(pack, index, reply) for reply in verdicts} == verdicts


@pytest.mark.parametrize("name", TASKS)
def test_an_answer_is_right_for_its_own_question(packs: dict[str, QuestionPack], name: str) -> None:
    [table] = (ROOT / "config/tasks" / name).glob("*.csv")
    with table.open() as file:
        asked = [row for row in csv.DictReader(file) if not row["split"]]
    answers = [row.get("forms") or row["answer"] for row in asked]
    for index, row in enumerate(asked):
        for form in answers[index].split("|"):
            assert succeeds(packs[name], index, f"I would say {form}"), row
        wrong = row.get("others") or next(one for one in answers if one != answers[index])
        assert not succeeds(packs[name], index, wrong.split("|")[0]), row


@pytest.mark.parametrize("models", [[], ["smollm2-135m", "qwen2.5-coder-0.5b", "oracle"]])
def test_quick_asks_each_question_under_three_prompts(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    merged = config_files.read([FILE], {"models": models} if models else {})
    experiment = load_experiment(merged, [*map(Path, config_files.BASE_FILES), FILE])
    asked = [
        cell for cell in experiment.plan.cells if cell.model == (models or ["smollm2-135m"])[0]
    ]
    assert len(asked) == 9
    assert experiment.plan.episodes == 270 * (len(models) or 2)
    brief = [
        experiment.settings.catalog[name].parameters
        for name in ("smollm2-135m", "qwen2.5-coder-0.5b")
    ]
    assert brief[0] == brief[1]
