"""Pairwise verdicts: ratings of models by Bradley and Terry's model, and what to think of a judge.

A pair that is shown in both orders counts once: for the model that wins in both, otherwise as a
tie. All judges and repeats of a pair together have the weight of one comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.labelled import PEOPLE, TOGETHER
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.statistics.agreement import Agreement, agreement
from pilotbench.results.statistics.preferences import ratings

Json = dict[str, Any]
UNIT = ["task", "prompt", "index", "episode_repeat", "first", "second"]
SHARE = {"first": 1.0, "tie": 0.5, "second": 0.0}


def comparisons(data: SummaryData) -> pd.DataFrame:
    """Return one row per pair of replies and voice; `share` is how much the first one has won.

    A voice is a repeat of a judge, or a person. The models of a pair are in alphabetical order.
    """
    parts = [*_of_judges(data), *_of_people(data)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _of_judges(data: SummaryData) -> Iterator[pd.DataFrame]:
    frame = data.verdicts
    pairs = frame[frame["kind"] == "pair"] if len(frame) else frame
    if pairs.empty:
        return
    shown = _oriented(pairs, data).assign(voice=pairs["judge"].astype(str))
    both = shown.groupby([*UNIT, "voice", "repeat"], sort=False)["share"].agg(
        ["min", "max", "size"]
    )
    agree = both["min"] == both["max"]
    share = both["min"].where(agree, 0.5)
    found = both.assign(share=share, consistent=agree.where(both["size"] > 1)).reset_index()
    yield found.assign(person=False)


def _of_people(data: SummaryData) -> Iterator[pd.DataFrame]:
    frame = data.labels
    pairs = frame[frame["winner"].notna()] if len(frame) else frame
    if pairs.empty:
        return
    named = pairs.rename(columns={"repeat": "episode_repeat"})
    shown = _oriented(named, data).assign(voice=pairs["rater"].astype(str), person=True, repeat=0)
    yield shown[[*UNIT, "voice", "repeat", "share", "person"]]


def _oriented(pairs: pd.DataFrame, data: SummaryData) -> pd.DataFrame:
    """Return pairs with the models as `first` and `second`, and the share of the first."""
    model = data.episodes.set_index("episode")["model"].astype(str)
    mine, other = pairs["model"].astype(str), pairs["other"].map(model)
    known = other.notna()
    share = pairs["winner"].astype(str).map(SHARE)
    ahead = mine <= other.fillna("")
    return pairs.assign(
        first=mine.where(ahead, other), second=other.where(ahead, mine),
        share=share.where(ahead, 1 - share),
    )[known]  # fmt: skip


def ratings_table(data: SummaryData) -> pd.DataFrame:
    """Return one row per task, prompt, judge and model, best first."""
    rows: list[Json] = []
    found = comparisons(data)
    for (task, prompt), mine in found.groupby(["task", "prompt"], sort=False) if len(found) else ():
        for judge, voices in _voices(mine):
            rows += _ratings(str(task), str(prompt), judge, voices)
    return pd.DataFrame(rows)


def _voices(mine: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all judges together, each of several, and the people."""
    judges, people = mine[~mine["person"]], mine[mine["person"]]
    names = list(dict.fromkeys(judges["voice"]))
    if names:
        yield names[0] if len(names) == 1 else TOGETHER, judges
    for name in names if len(names) > 1 else ():
        yield name, judges[judges["voice"] == name]
    if len(people):
        yield PEOPLE, people


def _ratings(task: str, prompt: str, judge: str, voices: pd.DataFrame) -> Iterator[Json]:
    each = voices.groupby(UNIT, sort=False)["share"].mean().reset_index()
    names = sorted({*each["first"], *each["second"]})
    places = {name: place for place, name in enumerate(names)}
    questions = {index: place for place, index in enumerate(dict.fromkeys(each["index"]))}
    wins = np.zeros((len(questions), len(names), len(names)))
    rows = zip(each["index"], each["first"], each["second"], each["share"], strict=True)
    for index, first, second, share in rows:
        question, i, j = questions[index], places[first], places[second]
        wins[question, i, j] += share
        wins[question, j, i] += 1 - share
    found = ratings(wins)
    order = sorted(names, key=lambda name: -(found.ratings[places[name]].value or 0))
    for name in order:
        rating = found.ratings[places[name]]
        won = _shares(each, name)
        yield {
            "task": task,
            "prompt": prompt,
            "judge": judge,
            "model": name,
            "rating": rating.value,
            "rating_low": rating.low,
            "rating_high": rating.high,
            "comparisons": won.size,
            "won": int((won > 0.5).sum()),
            "tied": int((won == 0.5).sum()),
            "lost": int((won < 0.5).sum()),
            "note": "" if found.connected else "no comparisons connect all models",
        }


def _shares(each: pd.DataFrame, name: str) -> Any:
    mine, theirs = each[each["first"] == name]["share"], each[each["second"] == name]["share"]
    return np.concatenate([mine.to_numpy(float), 1 - theirs.to_numpy(float)])


def pair_judges_table(data: SummaryData) -> pd.DataFrame:
    """Return one row per task and judge of pairs: is it consistent, and does it agree with people?

    `prefers_first_shown` is the share of its decided verdicts for the reply that it was shown
    first: 50 % without a bias for the position.
    """
    found = comparisons(data)
    judges = found[~found["person"]] if len(found) else found
    rows: list[Json] = []
    for (task, judge), mine in judges.groupby(["task", "voice"], sort=False) if len(judges) else ():
        people = found[found["person"] & (found["task"] == task)]
        shared = _with_people(mine, people)
        both = mine["consistent"].dropna()
        rows.append(
            {
                "task": task,
                "judge": judge,
                "comparisons": len(mine),
                "consistent": float(both.astype(float).mean()) if len(both) else None,
                "prefers_first_shown": _first_shown(data, str(task), str(judge)),
                "tied": int((mine["share"] == 0.5).sum()),
                "labelled": shared.units,
                "same": shared.same,
                "alpha": shared.alpha,
                "alpha_low": shared.low,
                "alpha_high": shared.high,
            }
        )
    return pd.DataFrame(rows)


def _first_shown(data: SummaryData, task: str, judge: str) -> float | None:
    frame = data.verdicts
    mine = frame[(frame["task"] == task) & (frame["judge"] == judge) & (frame["kind"] == "pair")]
    decided = mine[mine["winner"] != "tie"]
    if decided.empty:
        return None
    shown_first = (decided["winner"] == "first") != decided["swapped"].astype(bool)
    return float(shown_first.mean())


def _with_people(mine: pd.DataFrame, people: pd.DataFrame) -> Agreement:
    """Return the agreement of a judge and people: who of a pair is ahead, by their means."""
    sides = [side.groupby(UNIT)["share"].mean().sub(0.5) for side in (mine, people)]
    both = pd.concat([np.sign(side) for side in sides], axis=1, join="inner")
    return agreement(both.to_numpy(float), both.index.get_level_values("index"))
