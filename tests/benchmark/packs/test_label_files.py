"""Labels of people: what a line may say, and one line for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.benchmark.packs.label_files import Label
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.ground.errors import TaskError

QUESTIONS = "id,question,answer\na1,1+1?,2\na2,1+2?,3\n7,1+3?,4\n"
PYTHON = "scorer: {kind: python, threshold: 0.7}"


def pack(folder: Path, labels: str | bytes | None, *more: str, scorer: str = "") -> QuestionPack:
    """Return a pack of three questions with a file of labels."""
    (folder / "quiz").mkdir(exist_ok=True)
    settings = ["description: d", scorer or "scorer: {kind: number}", "source: q.csv", *more]
    (folder / "quiz" / "task.yaml").write_text("\n".join(settings) + "\n")
    (folder / "quiz" / "score.py").write_text("def score(reply, row): return 0.5\n")
    (folder / "quiz" / "q.csv").write_text(QUESTIONS)
    if labels is not None:
        content = labels if isinstance(labels, bytes) else labels.encode()
        (folder / "quiz" / "labels.csv").write_bytes(content)
    return QuestionPack(folder / "quiz")


def labels(folder: Path, text: str | bytes, scorer: str = "") -> list[Label]:
    return list(pack(folder, text, scorer=scorer).labels)


@pytest.mark.parametrize(
    ("word", "right"),
    [
        *((word, True) for word in ("right", "Right", "yes", "TRUE", "1", "correct", "对")),
        *((word, False) for word in ("wrong", "no", "False", "0", "incorrect", "错误")),
    ],
)
def test_words_say_right_or_wrong(tmp_path, word, right):
    [label] = labels(tmp_path, f"question,model,label\na1,m,{word}\n")
    assert (label.index, label.model, label.right, label.score) == (0, "m", right, None)
    assert (label.rater, label.prompt, label.repeat, label.reply) == ("person", None, None, None)


def test_every_column_is_read(tmp_path):
    text = (
        "Question,Model,prompt,repeat,rater,label,note,reply_sha256,reply\n"
        f"a2,m,cot,2,Ada,wrong,off by one,{'AB' * 32},the text\n"
    )
    [label] = labels(tmp_path, text)
    assert label.place.endswith("labels.csv: line 2")
    assert (label.task, label.index, label.prompt, label.repeat) == ("quiz", 1, "cot", 2)
    assert (label.rater, label.note, label.reply) == ("Ada", "off by one", "ab" * 8)


@pytest.mark.parametrize(
    ("question", "index"), [("a2", 1), ("7", 2), ("0", 0), ("1", 1)], ids=["id", "id 7", "0", "1"]
)
def test_a_question_is_named_by_id_otherwise_by_index(tmp_path, question, index):
    [label] = labels(tmp_path, f"question,model,label\n{question},m,1\n")
    assert label.index == index


def test_a_column_label_in_the_exported_episodes_is_a_file_of_labels(tmp_path):
    """Of other tasks, and of episodes that nobody has labelled, nothing is taken."""
    text = (
        "episode,model,prompt,task,index,repeat,question_id,level,repeats,label\n"
        "e1,m,baseline,quiz,0,0,a1,failure,1,right\n"
        "e2,m,baseline,quiz,1,0,,failure,1,wrong\n"
        "e3,m,baseline,quiz,2,0,7,failure,1,\n"
        "e4,m,baseline,other,99,0,zz,failure,1,right\n"
    )
    assert [(one.index, one.right) for one in labels(tmp_path, text)] == [(0, True), (1, False)]


def test_pairs_have_a_winner(tmp_path):
    text = "question,model,other,label\na1,m,n,first\na1,m,o,Tie\na2,n,o,second\n"
    found = [(one.model, one.other, one.winner, one.right) for one in labels(tmp_path, text)]
    assert found == [
        ("m", "n", "first", None),
        ("m", "o", "tie", None),
        ("n", "o", "second", None),
    ]


@pytest.mark.parametrize(
    ("scorer", "word", "right", "score"),
    [
        (PYTHON, "0.8", True, 0.8),
        (PYTHON, "0.5", False, 0.5),
        (PYTHON, "1", True, None),
        ("scorer: {kind: number}", "0.5", False, 0.5),
    ],
)
def test_a_number_is_a_score(tmp_path, scorer, word, right, score):
    [label] = labels(tmp_path, f"question,model,label\na1,m,{word}\n", scorer)
    assert (label.right, label.score) == (right, score)


def test_the_same_label_twice_counts_once_and_two_people_may_disagree(tmp_path):
    text = "question,model,rater,label\na1,m,Ada,1\na1,m,Ada,yes\na1,m,Bo,0\n"
    assert [(one.rater, one.right) for one in labels(tmp_path, text)] == [
        ("Ada", True),
        ("Bo", False),
    ]


ERRORS = {
    "question,model,label\nzz,m,1\n": "line 2: unknown question 'zz'; allowed: a1, a2, 7",
    "question,model,label\na11,m,1\n": "unknown question 'a11'; did you mean a1?",
    "question,model,label\n,m,1\n": "line 2: question is empty",
    "question,model,label\n\na1,,1\n": "line 3: model is empty",
    "question,model,label\na1,m,maybe\n": "line 2: label: 'maybe' is no label; allowed: right, "
    "wrong (also yes, no, true, false, 1, 0), or a score from 0 to 1",
    "question,model,label\na1,m,2\n": "line 2: label: '2' is no label",
    "question,model,label\na1,m,nan\n": "line 2: label: 'nan' is no label",
    "question,model,label\na1,m,first\n": "for a pair, name the other model in the column other",
    "question,model,other,label\na1,m,n,right\n": "'right' says nothing about a pair; allowed: "
    "first, second, tie",
    "question,model,other,label\na1,m,m,tie\n": "line 2: other: m is the model itself",
    "question,model,repeat,label\na1,m,x,1\n": "line 2: repeat: 'x' is not a whole number from 0",
    "question,model,label\na1,m,1\na1,m,0\n": "line 3: person has labelled this reply otherwise "
    "in line 2",
    "question,model\na1,m\n": "no column label",
    "question,modle,label\na1,m,1\n": "no column model; did you mean modle?",
    "reply,model,label\na1,m,1\n": "no column question; needed: question, model, label",
    "question,model,promt,label\na1,m,p,1\n": "unknown column 'promt'; did you mean prompt?",
    "question,model,label\na1,m,\xff\n".encode("latin-1"): "line 2: byte 0xff is not UTF-8",
}


@pytest.mark.parametrize(("text", "message"), ERRORS.items(), ids=range(len(ERRORS)))
def test_what_is_wrong_is_one_line_with_file_and_line(tmp_path, text, message):
    with pytest.raises(TaskError) as error:
        pack(tmp_path, text).check()
    assert str(tmp_path / "quiz" / "labels.csv") in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_key_labels_names_another_file(tmp_path):
    (tmp_path / "quiz").mkdir()
    (tmp_path / "quiz" / "people.tsv").write_text("question\tmodel\tlabel\na1\tm\t1\n")
    assert len(pack(tmp_path, None, "labels: people.tsv").labels) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.csv", "labels: "), ("../out.csv", "labels: ../out.csv is outside of the pack")],
)
def test_a_named_file_must_be_there(tmp_path, name, message):
    (tmp_path / "out.csv").write_text("question,model,label\n")
    with pytest.raises(TaskError, match=message):
        pack(tmp_path, None, f"labels: {name}")


def test_labels_are_in_no_version(tmp_path):
    """A change of them scores nothing again, and asks nothing again."""
    plain = pack(tmp_path, None)
    for found in (
        pack(tmp_path, "question,model,label\n"),
        pack(tmp_path, "question,model,label\na1,m,1\n", "labels: labels.csv"),
    ):
        assert found.scoring_version == plain.scoring_version
        assert found.rules_version == plain.rules_version


def test_a_pack_without_the_file_has_no_labels(tmp_path):
    assert pack(tmp_path, None).labels == ()
    assert pack(tmp_path, "question,model,label\n").labels == ()
