"""Verdicts are paid once, scored together, and owed where a judge gives none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.bill import bill_of_journal
from pilotbench.build import outputs
from pilotbench.episodes.judging import verdict_file
from pilotbench.episodes.spending import spent
from support.judge_lab import PRICE, SECRETS, JudgeLab, questions, right, wrong

Json = dict[str, Any]
PANEL = ["judge-100-100", "judge-100-100-0"]
Made = Callable[..., JudgeLab]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    for name in SECRETS:
        monkeypatch.setenv(name, f"sk-{name.lower()}-0123456789")
    labs: list[JudgeLab] = []

    def make(scorer: Json, players: Json | None = None, **rest: Any) -> JudgeLab:
        players = {"good": right, "bad": wrong} if players is None else players
        labs.append(
            JudgeLab(tmp_path, {"models": PANEL[:1], **scorer}, players, **rest).__enter__()
        )
        return labs[-1]

    yield make
    for lab in labs:
        lab.__exit__()


def totals(lab: JudgeLab) -> dict[str, tuple[int, int, int]]:
    """Return (planned, completed, owed) of each model; nothing else may be counted."""
    rows = lab.rows_of(
        "SELECT model, planned::INT, completed::INT, owed::INT, refused + not_applicable FROM cells"
    )
    assert all(planned == done + owed and not rest for _, planned, done, owed, rest in rows)
    return {model: (planned, done, owed) for model, planned, done, owed, _ in rows}


def test_replies_are_judged_once_and_rebuilt_for_free(made: Made) -> None:
    lab = made({"repeats": 2})
    assert lab.run() == {"good": 4, "bad": 4, "judge-100-100": 16}
    assert lab.scores("good") == [(True, 1.0)] * 4
    assert lab.scores("bad") == [(False, 0.0)] * 4
    assert totals(lab) == {"good": (4, 4, 0), "bad": (4, 4, 0)}
    files = sorted((lab.folder / "results/verdicts").rglob("*.jsonl.gz"))
    before = [verdict_file.read(path)[1] for path in files]
    assert lab.run() == {}
    assert [verdict_file.read(path)[1] for path in files] == before
    for path in (lab.folder / "results").rglob("*.*"):
        path.unlink()
    assert lab.run() == {}
    assert lab.scores("good") == [(True, 1.0)] * 4


def test_each_change_asks_only_what_it_changes(made: Made) -> None:
    lab = made({})
    lab.run()
    for change, asked in (
        ({"aggregate": "all"}, {}),
        ({"threshold": 0.9}, {}),
        ({"models": PANEL}, {"judge-100-100-0": 8}),
        ({"repeats": 2}, {"judge-100-100": 8, "judge-100-100-0": 8}),
        ({"repeats": 1}, {}),
        ({"models": PANEL[:1]}, {}),
        ({"rubric": "The reply is polite."}, {"judge-100-100": 8}),
        ({"rubric": "The reply names the word."}, {}),
    ):
        lab.scorer |= change
        assert lab.run() == asked, change
        assert totals(lab) == {"good": (4, 4, 0), "bad": (4, 4, 0)}
    lab.config["shard_size"] = 2
    assert lab.run() == {}


def test_equal_replies_of_a_cell_are_judged_once_per_repeat(made: Made) -> None:
    lab = made({"reference": False, "repeats": 2}, {"same": lambda _: "The same."}, repeats=3)
    lab.rows = questions(1)
    assert lab.run() == {"same": 3, "judge-100-100": 2}
    costs = lab.rows_of("SELECT cost_usd > 0 FROM verdicts")
    assert sorted(costs) == [(False,)] * 4 + [(True,)] * 2


@pytest.mark.parametrize("scorer", [{}, {"compare": "all"}], ids=["single", "pair"])
@pytest.mark.parametrize("renamed", ["prompt", "pack"])
def test_a_renamed_prompt_or_pack_pays_no_verdict_again(
    made: Made, scorer: Json, renamed: str
) -> None:
    lab = made(scorer)
    prompts = lab.folder / "prompts"
    prompts.mkdir()
    (prompts / "polite.md").write_text("---\nlabel: Polite\n---\nPlease answer.", encoding="utf-8")
    lab.config |= {"prompt_folders": [str(prompts)], "prompts": ["polite"]}
    assert lab.run()["judge-100-100"] == 8
    before = lab.scores("good"), lab.scores("bad")
    if renamed == "prompt":
        (prompts / "polite.md").rename(prompts / "kind.md")
        lab.config["prompts"] = ["kind"]
    else:
        (lab.folder / "packs/essay").rename(lab.folder / "packs/letters")
        lab.pack = "letters"
    assert lab.run() == {}
    assert (lab.scores("good"), lab.scores("bad")) == before
    assert lab.rows_of("FROM owed") == []
    assert (
        bill_of_journal(lab.experiment.settings, ("model",)).rows[("judge-100-100",)].requests == 8
    )


def test_a_new_reply_alone_is_judged_again(made: Made) -> None:
    lab = made({}, {"good": right})
    lab.run()
    lab.rows = [*questions(4)[:3], {"question": "Q3: which word exactly?", "answer": "word-3"}]
    assert lab.run() == {"good": 1, "judge-100-100": 1}
    assert lab.scores("good") == [(True, 1.0)] * 4


def test_a_dead_judge_leaves_its_episodes_owed_with_the_cause(made: Made) -> None:
    lab = made({})
    lab.dead = True
    lab.run()
    assert totals(lab) == {"good": (4, 0, 4), "bad": (4, 0, 4)}
    assert lab.rows_of("SELECT count(*) FROM episodes") == [(0,)]
    assert lab.rows_of("SELECT DISTINCT kind FROM owed") == [("KeyDead",)]
    assert any("verdicts owed" in line for line in lab.messages)
    lab.dead = False
    assert lab.run() == {"judge-100-100": 8}
    assert totals(lab) == {"good": (4, 4, 0), "bad": (4, 4, 0)}
    assert lab.rows_of("FROM owed") == []


def test_verdicts_that_are_there_count_while_others_are_owed(made: Made) -> None:
    lab = made({})
    lab.special = lambda body: (
        {"error": {"message": "no"}, "choices": []} if "word-0" in str(body) else None
    )
    lab.run()
    assert totals(lab) == {"good": (4, 3, 1), "bad": (4, 3, 1)}
    assert lab.rows_of("SELECT DISTINCT index, kind FROM owed") == [(0, "ServerFailed")]
    assert lab.scores("good") == [(True, 1.0)] * 3


def test_an_unreadable_verdict_is_asked_again_three_times_in_all(made: Made) -> None:
    lab = made({}, {"good": right}, rows=questions(1))
    answers = iter(["I like it.", '{"reason": "x", "verdict": "maybe"}', None])
    lab.special = lambda _: next(answers)
    assert lab.run() == {"good": 1, "judge-100-100": 3}
    assert lab.scores("good") == [(True, 1.0)]
    cost = lab.rows_of("SELECT cost_usd, tokens_input FROM verdicts")
    assert cost == [(pytest.approx(3 * (100 * PRICE["input"] + 10 * PRICE["output"]) / 1e6), 300)]
    lab.scorer["rubric"], lab.special = "Another.", lambda _: "Never."
    assert lab.run() == {"judge-100-100": 3}
    assert totals(lab) == {"good": (1, 0, 1)}
    assert lab.rows_of("SELECT kind FROM owed") == [("NoVerdict",)]
    assert "holds no verdict" in lab.messages[0] or "hold no verdict" in lab.messages[0]
    assert lab.run() == {}


def test_a_refusal_of_the_judge_is_no_verdict(made: Made) -> None:
    lab = made({}, {"good": right}, rows=questions(1))
    lab.special = lambda _: {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": ""},
                "finish_reason": "content_filter",
            }
        ]
    }
    lab.run()
    assert totals(lab) == {"good": (1, 0, 1)}
    assert lab.rows_of("SELECT kind FROM owed") == [("NoVerdict",)]


def test_an_empty_reply_fails_without_a_judge(made: Made) -> None:
    lab = made({}, {"mute": lambda _: " "})
    assert lab.run() == {"mute": 4}
    assert lab.scores("mute") == [(False, 0.0)] * 4
    assert totals(lab) == {"mute": (4, 4, 0)}


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("majority", True), ("all", False), ("any", True), ("mean", False)],
)
def test_a_panel_decides_together(made: Made, aggregate: str, expected: bool) -> None:
    panel = ["judge-100-100", "judge-100-100-0", "judge-0-100"]  # the last accepts nothing
    lab = made({"models": panel, "aggregate": aggregate}, {"good": right})
    lab.run()
    assert lab.scores("good") == [(expected, pytest.approx(2 / 3))] * 4


def test_criteria_and_a_scale_give_a_score(made: Made) -> None:
    lab = made(
        {"scale": [1, 5], "criteria": {"true": "It is true.", "short": "It is short."}},
        {"good": right},
    )
    lab.special = lambda _: '{"reason": "So so.", "true": 5, "short": 2}'
    lab.run()
    assert lab.scores("good") == [(True, 0.625)] * 4
    found = lab.rows_of('SELECT DISTINCT "right", score, criteria, reason FROM verdicts')
    assert found == [(True, 0.625, '{"short": 0.25, "true": 1.0}', "So so.")]


# ---- pairs


def test_both_orders_of_each_pair_are_asked_and_the_better_one_wins(made: Made) -> None:
    lab = made({"compare": "all"}, {"good": right, "bad": wrong, "fine": right})
    equal = 4  # good and fine reply alike: their two orders are one request
    asked = lab.run()
    assert asked == {"good": 4, "bad": 4, "fine": 4, "judge-100-100": 4 * 3 * 2 - equal}
    assert lab.scores("good") == [(True, 0.75)] * 4
    assert lab.scores("fine") == [(True, 0.75)] * 4
    assert lab.scores("bad") == [(False, 0.0)] * 4
    assert totals(lab)["good"] == (4, 4, 0)
    assert lab.run() == {}


def test_a_judge_that_takes_the_first_one_makes_ties(made: Made) -> None:
    lab = made({"compare": "all", "models": ["judge-100-100-100"]})
    lab.run()
    assert lab.scores("good") == lab.scores("bad") == [(False, 0.5)] * 4
    winners = lab.rows_of("SELECT swapped, winner FROM verdicts GROUP BY ALL ORDER BY ALL")
    assert winners == [(False, "first"), (True, "second")]


def test_each_model_is_compared_with_one(made: Made) -> None:
    lab = made({"compare": "bad"}, {"good": right, "bad": wrong, "fine": right})
    assert lab.run()["judge-100-100"] == 4 * 2 * 2
    assert lab.scores("good") == lab.scores("fine") == [(True, 1.0)] * 4
    assert lab.scores("bad") == [(False, 0.0)] * 4


def test_a_missing_reply_loses_without_a_request(made: Made) -> None:
    lab = made({"compare": "all"}, {"good": right, "mute": lambda _: ""})
    assert lab.run() == {"good": 4, "mute": 4}
    assert lab.scores("good") == [(True, 1.0)] * 4
    assert lab.scores("mute") == [(False, 0.0)] * 4


def test_half_of_a_pair_is_owed_until_the_other_is_there(made: Made) -> None:
    lab = made({"compare": "all"})
    lab.special = lambda body: (
        None if "Q1" not in str(body) else {"choices": [], "error": {"message": "no"}}
    )
    lab.run()
    assert totals(lab) == {"good": (4, 3, 1), "bad": (4, 3, 1)}


# ---- money


def test_what_judges_cost_is_spent_and_billed(made: Made) -> None:
    lab = made({"compare": "all"})
    lab.run()
    each = (100 * PRICE["input"] + 10 * PRICE["output"]) / 1e6
    experiment = lab.experiment
    assert sum(spent(experiment, one) for one in experiment.verdicts) == pytest.approx(8 * each)
    bill = bill_of_journal(experiment.settings, ("model",))
    assert bill.rows[("judge-100-100",)].requests == 8
    assert bill.total.usd == pytest.approx(16 * each)


@pytest.mark.parametrize("scorer", [{}, {"compare": "all"}])
def test_verdicts_of_one_request_cost_once_over_all_shards(made: Made, scorer: Json) -> None:
    """Equal questions and replies in shards of one question each: one request for each repeat."""
    lab = made(
        {"reference": False, "repeats": 2, **scorer},
        {"same": lambda _: "The same.", "bad": wrong},
        rows=[{"question": "Q0: which word?", "answer": f"word-{n}"} for n in (0, 1)],
        shard_size=1,
        repeats=2,
    )
    asked = lab.run()["judge-100-100"]
    files = (lab.folder / "results/verdicts").rglob("*.gz")
    costs = sum(verdict_file.read_header(path)["cost_usd"] for path in files)
    bill = bill_of_journal(lab.experiment.settings, ("model",)).rows[("judge-100-100",)]
    assert bill.requests == asked
    assert costs == pytest.approx(2 * bill.usd)  # each file states what its verdicts are from
    sums = "SELECT sum(cost_usd), sum(tokens_input), count(*) > 8 FROM verdicts"
    assert lab.rows_of(sums) == [(pytest.approx(bill.usd), 100 * asked, True)]
    lab.config["instances"] = 1
    lab.run()
    current = f"{sums} WHERE current"
    assert lab.rows_of(current)[0][0] == pytest.approx(bill.usd)  # whichever shard is selected
    assert lab.rows_of(sums)[0][0] == pytest.approx(bill.usd)


def test_a_budget_that_is_spent_stops_a_judge(made: Made) -> None:
    lab = made({}, {"good": right}, budget_usd=0.002)
    lab.outputs = {"good": 10, "judge-100-100": 10}
    lab.run()
    assert lab.rows_of("SELECT DISTINCT kind FROM owed") == [("BudgetSpent",)]


# ---- the database


def test_an_update_without_changes_writes_nothing(made: Made) -> None:
    lab = made({})
    lab.run()
    path = lab.folder / "results/master.duckdb"
    before = path.read_bytes()
    outputs.update_database(lab.experiment)
    assert path.read_bytes() == before


def test_a_verdict_on_an_earlier_reply_never_counts_for_another(made: Made) -> None:
    lab = made({}, {"good": right})
    lab.run()
    lab.rows[1:3] = [
        {"question": "Q1: fail, which word?", "answer": "word-1"},
        {"question": "Q2: now which word?", "answer": "another"},
    ]
    lab.players["good"] = lambda asked: (
        {"error": {"message": "no"}, "choices": []} if "fail" in asked else right(asked)
    )
    lab.run(judges=False)  # the file of the first shard and that of its verdicts are the old ones
    assert totals(lab) == {"good": (4, 2, 2)}
    assert lab.scores("good") == [(True, 1.0), (True, 1.0)]
    lab.players["good"] = right
    lab.run()
    assert lab.scores("good") == [(True, 1.0), (True, 1.0), (False, 0.0), (True, 1.0)]


def test_a_stale_or_damaged_file_of_verdicts_never_counts(made: Made) -> None:
    lab = made({})
    lab.run()
    file = next((lab.folder / "results/verdicts").rglob("*.jsonl.gz"))
    for content in (b"no gzip", file.read_bytes()[:-9]):
        file.write_bytes(content)
        outputs.update_database(lab.experiment)  # the journal has the verdicts
        assert totals(lab) == {"good": (4, 4, 0), "bad": (4, 4, 0)}
    lab.scorer["rubric"] = "Another."
    outputs.update_database(lab.experiment)
    assert totals(lab) == {"good": (4, 0, 4), "bad": (4, 0, 4)}
    assert lab.rows_of("FROM verdicts") == []
