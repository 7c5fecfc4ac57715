"""A question may have a scorer of its own: by kind, with options, in every kind of file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]
TASK = "description: d\nscorer: {kind: exact}\n"
CODE = "def score(reply, row):\n    return row['shape'] in reply\n"


def write(folder: Path, lines: list[Json], task: str = TASK, code: str = CODE) -> QuestionPack:
    folder.mkdir(exist_ok=True)
    (folder / "task.yaml").write_text(task)
    (folder / "score.py").write_text(code)
    (folder / "instances.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return QuestionPack(folder)


def line(number: int = 0, **rest: Any) -> Json:
    return {"question": f"Question {number}?", "answer": "12", **rest}


def score(pack: QuestionPack, reply: str, index: int = 0) -> Score:
    instance = pack.instance("none", index)
    turns = [Turn(0, reply, None, None)]
    return pack.score(
        instance, Transcript(instance.content_hash, "none", 0, turns, "finish", reply)
    )


JUDGED: list[tuple[Any, Any, str, bool]] = [
    (None, "12", "It is 12.", False),
    ("exact", "12", "It is 12.", False),
    ("contained_text", "12", "It is 12.", True),
    ({"kind": "number"}, 12, "13", False),
    ({"kind": "number", "tolerance": 1}, 12, "13.", True),
    ({"kind": "one_of", "form": "required"}, ["12", "twelve"], "Twelve", True),
    ("json_equality", {"a": 1}, '{"a": 1.0}', True),
    ({"kind": "python", "threshold": 1}, None, "a square", False),
    ({"kind": "python", "threshold": 1}, None, "a circle", True),
]


@pytest.mark.parametrize(("own", "answer", "reply", "success"), JUDGED)
def test_a_reply_is_compared_by_the_scorer_of_its_line(
    tmp_path: Path, own: Any, answer: Any, reply: str, success: bool
) -> None:
    given: Json = {} if own is None else {"scorer": own}
    row = {"shape": "circle"} if "python" in str(own) else {}
    pack = write(tmp_path / "p", [{**line(0), "answer": answer, **given, **row}, line(1)])
    pack.check()
    found = score(pack, reply)
    assert found.success is success
    assert found.verdict is not None
    assert score(pack, "12", 1).success is True


def test_a_question_without_a_scorer_has_the_hashes_that_it_had(tmp_path: Path) -> None:
    plain, own = (
        write(tmp_path / name, [{**line(), **given}]).instance("none", 0)
        for name, given in (("p", {}), ("q", {"scorer": "exact"}))
    )
    assert "scorer" not in plain.extra
    assert own.extra["scorer"]["kind"] == "exact"
    assert plain.question_hash == own.question_hash


def test_a_changed_scorer_is_scored_again_and_not_asked_again(tmp_path: Path) -> None:
    before = write(tmp_path / "p", [line(0, scorer="exact"), line(1)])
    was = [before.instance("none", n) for n in (0, 1)]
    after = write(tmp_path / "p", [line(0, scorer="contained_text"), line(1)])
    now = [after.instance("none", n) for n in (0, 1)]
    assert before.scoring_version != after.scoring_version
    assert was[0].content_hash != now[0].content_hash
    assert was[1].content_hash == now[1].content_hash
    assert [one.question_hash for one in was] == [one.question_hash for one in now]


def test_the_code_of_a_line_is_in_the_versions(tmp_path: Path) -> None:
    lines = [line(0, scorer="python"), line(1)]
    before = write(tmp_path / "p", lines)
    after = write(tmp_path / "p", lines, code=CODE + "# changed\n")
    assert before.scoring_version != after.scoring_version
    assert before.rules_version != after.rules_version


def test_cells_of_a_table_have_the_scorer_of_their_row(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    named = "source: q.csv\nfields: {scorer: how}\n"
    (folder / "task.yaml").write_text(TASK + named)
    (folder / "q.csv").write_text(
        "question,answer,how\n"
        "One?,a|b,one_of\n"
        'Two?,"1,5","{""kind"": ""number"", ""tolerance"": 1}"\n'
        "Three?,a|b,\n"
    )
    pack = QuestionPack(folder)
    answers = [pack.instance("none", n).extra["answer"] for n in range(3)]
    assert answers == [["a", "b"], 1.5, "a|b"]
    assert [score(pack, reply, n).success for n, reply in enumerate(("b", "2", "b"))] == [
        True,
        True,
        False,
    ]
    (folder / "task.yaml").write_text(TASK + "source: q.csv\n")
    assert QuestionPack(folder).instance("none", 0).extra["metadata"] == {"how": "one_of"}


BAD: dict[str, tuple[Json, str]] = {
    "an unknown kind": (line(scorer="exakt"), "scorer: unknown scorer 'exakt'; did you mean exact"),
    "no kind": (line(scorer={"form": "free"}), "scorer is not the kind of a scorer, or a mapping"),
    "a number": (line(scorer=3), "scorer is not the kind of a scorer, or a mapping"),
    "an unknown option": (
        line(scorer={"kind": "exact", "ignorecase": True}),
        "scorer: unknown key ignorecase; did you mean ignore_case?",
    ),
    "a wrong option": (
        line(scorer={"kind": "number", "tolerance": "much"}),
        "scorer: tolerance: 'much' is not of type 'number'",
    ),
    "an answer that does not fit": (
        line(scorer="number"),
        "answer of scorer number: '12' is not of type 'number'",
    ),
    "other keys without code": (line(shape="circle"), "unknown key 'shape'"),
    "no answer without code": ({"question": "q", "scorer": "exact"}, "answer is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_scorer_is_one_line_with_file_and_number(case: str, tmp_path: Path) -> None:
    bad, why = BAD[case]
    pack = write(tmp_path / "p", [line(1), bad])
    with pytest.raises(TaskError) as caught:
        pack.check()
    assert str(caught.value).startswith(f"{tmp_path / 'p' / 'instances.jsonl'}: line 2: {why}")
    assert "\n" not in str(caught.value)


def test_code_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"there is no file .*other\.py"):
        write(tmp_path / "p", [line(scorer={"kind": "python", "file": "other.py"})])


def test_an_ignored_key_is_not_a_scorer(tmp_path: Path) -> None:
    pack = write(tmp_path / "p", [line(scorer="nobody")], task=f"{TASK}ignore: [scorer]\n")
    pack.check()
    assert "scorer" not in pack.instance("none", 0).extra
