"""Labels of people find their replies; those that do not are named, and read nothing again."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.packs.label_files import Label
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import queries
from support.database_lab import SIZE, Lab

TASK = "simple_task"
PLACE = "labels.csv: line"


def label(number: int = 2, index: int = 0, model: str = "alpha", **more: Any) -> Label:
    """Return the label of a line: right, of a reply under the prompt baseline."""
    said = {} if "winner" in more else {"right": True}
    given = {"prompt": "baseline", **said, **more}
    return Label(f"{PLACE} {number}", TASK, index, model, **given)


def hash_of(lab: Lab, index: int, prompt: str = "baseline", repeat: int = 0) -> str:
    """Return the hash of a reply of alpha."""
    return str(
        lab.value(
            "SELECT reply_sha256 FROM episodes WHERE model = 'alpha' AND prompt = ? AND index = ? "
            "AND repeat = ?",
            *(prompt, index, repeat),
        )
    )


def finished(lab: Lab) -> list[int]:
    """Return the indices of alpha's completed replies under baseline."""
    rows = lab.rows(
        "SELECT index FROM episodes WHERE model = 'alpha' AND prompt = 'baseline' "
        "AND status IN ('completed', 'refused') ORDER BY index"
    )
    return [row[0] for row in rows]


def used(lab: Lab) -> list[tuple[Any, ...]]:
    return lab.rows(
        'SELECT index, model, prompt, repeat, rater, "right", score, note FROM labels ORDER BY ALL'
    )


def unused(lab: Lab) -> list[tuple[Any, ...]]:
    return lab.rows("SELECT place, message FROM unused_labels ORDER BY ALL")


def test_a_label_is_stored_with_its_reply(lab: Lab) -> None:
    lab.first_update()
    index = finished(lab)[0]
    lab.labels = [
        label(2, index, rater="Ada", note="sure"),
        label(3, index, rater="Bo", right=False, score=0.4),
    ]
    lab.update()
    assert used(lab) == [
        (index, "alpha", "baseline", 0, "Ada", True, None, "sure"),
        (index, "alpha", "baseline", 0, "Bo", False, 0.4, None),
    ]
    assert unused(lab) == []


def test_only_changed_labels_write_the_database_and_no_shard_is_read(lab: Lab) -> None:
    lab.first_update()
    lab.labels = [label(2, finished(lab)[0])]
    report = lab.update()
    assert (report.read, report.written, len(used(lab))) == ([], True, 1)
    assert not lab.update().written
    lab.labels = []
    assert lab.update().written
    assert used(lab) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "omega"}, "no reply of omega to this question"),
        ({"index": 99}, "no reply of alpha to this question"),
        ({"prompt": "cot"}, "no such reply; there are: baseline 0, optimal 0"),
        ({"repeat": 3}, "no such reply; there are: baseline 0, optimal 0"),
        ({"prompt": None}, "several replies fit, so prompt and repeat are needed: baseline 0, "
         "optimal 0"),
        ({"reply": "0" * 16}, "the reply has changed since"),
        (
            {"other": "omega", "winner": "tie"},
            "no reply of omega to this question under baseline 0",
        ),
    ],
    ids=["model", "index", "prompt", "repeat", "several", "changed", "other"],
)  # fmt: skip
def test_a_label_without_its_reply_is_named_and_not_used(
    lab: Lab, given: dict[str, Any], message: str
) -> None:
    lab.first_update()
    (index, *_) = lab.rows(
        "SELECT index FROM episodes WHERE model = 'alpha' AND status = 'completed' "
        "GROUP BY index HAVING count(*) = 2 ORDER BY index"
    )[0]
    lab.labels = [label(**{"index": index, **given})]
    lab.update()
    assert unused(lab) == [(f"{PLACE} 2", message)]
    assert used(lab) == []
    assert f"label not used: {PLACE} 2: {message}" in lab.said


def test_the_hash_of_the_reply_tells_prompts_apart(lab: Lab) -> None:
    lab.first_update()
    index = finished(lab)[0]
    lab.labels = [label(2, index, prompt=None, reply=hash_of(lab, index))]
    lab.update()
    assert [row[:3] for row in used(lab)] == [(index, "alpha", "baseline")]


def test_two_lines_about_one_reply_must_agree(lab: Lab) -> None:
    """Only the database knows that both are about the same reply."""
    lab.first_update()
    index = finished(lab)[0]
    lab.labels = [label(2, index), label(3, index, repeat=0), label(4, index, repeat=0)]
    lab.update()
    assert (len(used(lab)), unused(lab)) == (1, [])
    lab.labels[2] = label(4, index, reply=hash_of(lab, index), right=False)
    lab.update()
    assert unused(lab) == [(f"{PLACE} 4", "contradicts line 2, about the same reply")]


def test_a_pair_names_both_replies(lab: Lab) -> None:
    lab.first_update()
    both = "SELECT index FROM episodes WHERE prompt = 'baseline' AND status = 'completed' "
    index = lab.value(both + "GROUP BY index HAVING count(DISTINCT model) = 2 ORDER BY index")
    lab.labels = [label(2, index, other="beta", winner="second")]
    lab.update()
    assert lab.rows(
        "SELECT e.model, o.model, l.winner, l.right FROM labels l JOIN episodes e USING (episode) "
        "JOIN episodes o ON o.episode = l.other"
    ) == [("alpha", "beta", "second", None)]


def test_labels_come_back_with_the_reply(lab: Lab) -> None:
    """Labels are matched in each update, so that a reply that arrives later has its label."""
    lab.first_update()
    index = finished(lab)[0]
    lab.labels = [label(2, index)]
    [shard] = [
        one for one in lab.plan.shards if (one.cell.model, one.cell.prompt) == ("alpha", "baseline")
    ]
    content = lab.path(shard).read_bytes()
    lab.path(shard).unlink()
    lab.update()
    assert (used(lab), len(unused(lab))) == ([], 1)
    lab.path(shard).write_bytes(content)
    lab.update()
    assert (len(used(lab)), unused(lab)) == (1, [])


def test_frames_of_labels_are_those_of_the_selection(lab: Lab) -> None:
    lab.first_update()
    lab.labels = [label(2, finished(lab)[0])]
    lab.update()
    assert len(queries.labels(lab.database)) == 1
    lab.plan = Plan((Shard(Cell("beta", "baseline", TASK, "easy", "0.8"), 0, SIZE - 1),), 1)
    lab.update()
    assert len(queries.labels(lab.database)) == 0
    assert len(queries.labels(lab.database, current=False)) == 1
