"""How episodes ended: the counts are the known ones, and only cut-off scores are warned of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.results.analysis.endings import by_model, cut_off, cut_words, endings_table
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.scores import prepared
from pilotbench.results.summary import terminal_table, write_all
from support import simulated_models as sim

EPISODES = 100  # of each model and prompt: five tasks of twenty instances


def selection(**ends: int) -> SummaryData:
    """Return two models; of the first, so many episodes under baseline ended in another way."""
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt in ("baseline", "cot")]
    data = sim.data(sim.records(cells))
    frame = data.episodes.assign(end_reason="finish")
    mine = iter(frame.index[(frame["model"] == "strong") & (frame["prompt"] == "baseline")])
    for reason, count in ends.items():
        frame.loc[[next(mine) for _ in range(count)], "end_reason"] = reason
    return replace(data, episodes=frame)


def rows_of(data: SummaryData) -> dict[tuple[str, str], Any]:
    table = endings_table(data, prepared(data))
    return {(row["model"], row["prompt"]): row for row in table.to_dict("records")}


def test_every_completed_episode_ended_in_one_way() -> None:
    found = rows_of(selection(length=3, context_overflow=2, max_turns=7, no_call=5))
    assert found["strong", "baseline"] == {
        "model": "strong",
        "prompt": "baseline",
        "episodes": EPISODES,
        "ended_by_model": EPISODES - 12,
        "cut_max_tokens": 3,
        "cut_context": 2,
        "cut_turns": 7,
        "cut_share": pytest.approx(0.05),
    }
    assert found["strong", "cot"]["ended_by_model"] == EPISODES


def test_a_refused_episode_did_not_end() -> None:
    data = selection(length=1)
    frame = data.episodes.astype({"success": object, "end_reason": object})
    places = (frame["model"] == "weak") & (frame["index"] < 2) & (frame["prompt"] == "cot")
    frame.loc[places, ["status", "end_reason"]] = ["refused", None]
    assert rows_of(replace(data, episodes=frame))["weak", "cot"]["episodes"] == EPISODES - 10


def test_the_rows_of_a_model_are_added_up() -> None:
    table = endings_table(*both(selection(length=3, max_turns=1)))
    sums = by_model(table.to_dict("records"))["strong"]
    assert (sums["episodes"], sums["cut_max_tokens"], sums["cut_turns"]) == (200, 3, 1)
    assert cut_words(sums) == "3 cut at max_tokens, 1 out of turns"
    assert cut_words(by_model(table.to_dict("records"))["weak"]) == ""


def both(data: SummaryData) -> tuple[SummaryData, Any]:
    return data, prepared(data)


@pytest.mark.parametrize(
    ("ends", "warned"),
    [
        ({}, False),
        ({"length": 4}, False),  # 2 % of the 200 episodes of the model
        ({"length": 5}, True),
        ({"context_overflow": 5}, True),
        ({"length": 3, "context_overflow": 2}, True),
        ({"max_turns": 100}, False),  # turns are part of the task
        ({"no_call": 100}, False),
    ],
)
def test_a_model_that_was_cut_off_more_often_than_two_per_cent_is_named(
    ends: dict[str, int], warned: bool
) -> None:
    data = selection(**ends)
    sums = by_model(endings_table(*both(data)).to_dict("records"))
    assert [cut_off(row) for row in sums.values()] == [warned, False]
    found = [words for words in report(data).facts.warnings if "lower bound" in words]
    assert len(found) == warned


def test_the_warning_says_how_many_how_and_what_gives_more_room() -> None:
    found = report(selection(length=6, context_overflow=2, max_turns=1)).facts.warnings
    assert (
        "strong: 8 of 200 episodes (4.0 %) were cut off, 6 at max_tokens and 2 by context: its "
        "score is a lower bound of its skill. What gives them more room: a larger max_tokens in "
        "its parameters or a deployment with a larger context window." in found
    )


@pytest.mark.slow
def test_page_csv_and_terminal_show_what_was_cut(tmp_path: Any) -> None:
    write_all.write(selection(length=6, max_turns=2), tmp_path / "summary")
    (tmp_path / "master.duckdb").touch()
    (tmp_path / "summary" / "summary.json").touch()
    lines = terminal_table.terminal(tmp_path / "master.duckdb").splitlines()
    said = "strong: 6 cut at max_tokens, 2 out of turns, of 200 episodes"
    assert f"{said}; its score is a lower bound of its skill" in lines
    assert not any(line.startswith("weak: ") for line in lines)
    head, *rows = (tmp_path / "summary/tables/endings.csv").read_text().splitlines()
    wanted = "model,protocol,prompt,episodes,ended_by_model,cut_max_tokens,cut_context,cut_turns,"
    assert head == f"{wanted}cut_share"
    assert rows[0] == "strong,native,baseline,100,92,6,0,2,0.06"
    page = (tmp_path / "summary/index.html").read_text(encoding="utf-8")
    assert '<small class="line other">6 cut at max_tokens, 2 out of turns</small>' in page
    assert "(3.0 %) were cut off, 6 at max_tokens: its score is a lower bound" in page
    cells = (tmp_path / "summary/tables/cells.csv").read_text().splitlines()[0]
    assert "cut_max_tokens,cut_context,cut_turns,cut_share" in cells
