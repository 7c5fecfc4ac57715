"""How often a flaw was followed, and how often the same calls occur when the plan has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pilotbench.benchmark.flaws.flawed_plan import FOLLOWED, SIGNATURES
from pilotbench.results.analysis.contrasts import adjusted, comparisons, outcomes
from pilotbench.results.analysis.load import CONDITION, REFERENCE, SummaryData
from pilotbench.results.analysis.scores import prepared

Json = dict[str, Any]
KEYS = [*CONDITION, "index"]
EXCESS = {
    "excess_over_optimal": "difference",
    **{f"excess_over_optimal_{end}": end for end in ("low", "high", "lower", "upper")},
    "p_holm": "p_holm",
}
"""The columns of the table of flaws that are from the family of `followed_family`."""

SAYS = {
    "followed": "Share of the episodes under a flawed plan that followed its flaw.",
    "same_under_optimal": "Share that makes the same calls under `optimal`, on these instances.",
    "excess_over_optimal": "How much more often the flaw was followed than the same calls occur "
    "under `optimal`, on the instances that both have.",
    "p_holm": "p of that excess, with Holm's correction over all flaws and models.",
}
"""What the numbers of the table of flaws mean, for those who ask for one."""


def followed_family(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the family of `excess_over_optimal` of a selection, in the order of its models."""
    flaws = {prompt: flaw for prompt in data.prompt_names if (flaw := data.prompts[prompt].flaw)}
    found = excess_over_optimal(flaws, lambda flaw: outcomes(data, hits(episodes, flaw)))
    places = {name: place for place, name in enumerate(data.model_names)}
    return found.sort_values("model", key=lambda names: names.map(places), kind="stable")


def excess_over_optimal(
    flaws: Mapping[str, str], hits_of: Callable[[str], pd.DataFrame]
) -> pd.DataFrame:
    """Return how much more often each flaw is followed than its calls occur under `optimal`.

    `flaws` are those of the prompts, and `hits_of` returns the `outcomes` of one, whose `win` says
    whether it was followed. The pairs are the instances that both prompts have, on which the
    signature is defined. All flaws and models are one Holm family.
    """
    rows: list[Json] = []
    for prompt, flaw in flaws.items():
        both = hits_of(flaw)
        both = both[both["prompt"].isin([REFERENCE, prompt])]
        rows += comparisons("followed", both, "prompt", [(REFERENCE, prompt)], ["model"])
    return adjusted(rows)


def hits(episodes: pd.DataFrame, flaw: str) -> pd.DataFrame:
    """Return the episodes on which a flaw has a signature; `win` is 1 where it was followed."""
    column = f"flaw_{flaw}"
    if column not in episodes:
        return episodes.iloc[:0].assign(win=0.0)
    known = episodes[episodes[column].notna()]
    return known.assign(win=(known[column] == FOLLOWED).astype(float))


def flaw_table(
    data: SummaryData, episodes: pd.DataFrame, family: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row per model and flawed prompt: followed, its excess over optimal, 2 x 2.

    `family` is that of `followed_family`. Where episodes are owed, bounds replace the shares that
    depend on them.
    """
    found = followed_family(data, episodes) if family is None else family
    excesses = {(row["model"], row["arm"]): row for row in found.to_dict("records")}
    rows = []
    for prompt in data.prompt_names:
        flaw = data.prompts[prompt].flaw
        column = f"flaw_{flaw}"
        if flaw is None or column not in episodes:
            continue
        for model in data.model_names:
            mine = episodes[(episodes["model"] == model) & episodes[column].notna()]
            mine = mine.assign(sign=mine[column], hit=(mine[column] == FOLLOWED).astype(float))
            if (mine["prompt"] == prompt).any():
                excess = excesses.get((model, prompt), {})
                row = _row(data, mine, model, prompt, excess)
                rows.append({"model": model, "prompt": prompt, **row})
    return pd.DataFrame(rows)


def flaw_row(data: SummaryData, words: Mapping[str, str]) -> Json:
    """Return the row of `flaw_table` over the cells that `words` select, {} if they are no row."""
    if not {"model", "prompt"} <= set(words):
        return {}
    frames = {name: getattr(data, name) for name in ("cells", "episodes", "owed")}
    for word in set(words) - {"model", "prompt"}:
        frames = {n: frame[frame[word].astype(str) == words[word]] for n, frame in frames.items()}
    part = replace(data, **frames)
    rows = flaw_table(part, prepared(part)).to_dict("records")
    place = (words["model"], words["prompt"])
    return next(({**row} for row in rows if (row["model"], row["prompt"]) == place), {})


def _row(data: SummaryData, mine: pd.DataFrame, model: str, prompt: str, excess: Json) -> Json:
    flawed = mine[mine["prompt"] == prompt]
    yes, no = flawed[flawed["hit"] > 0], flawed[flawed["hit"] == 0]
    owed = data.owed.reindex(columns=["model", "prompt"])
    count = int(((owed["model"] == model) & (owed["prompt"] == prompt)).sum())
    return {
        "n": len(flawed[KEYS].drop_duplicates()),
        "owed": count,
        "harmful": _share(flawed["harmful"]) if "harmful" in flawed else None,
        **{k: v for sign in SIGNATURES for k, v in _signed(flawed["sign"], sign, count).items()},
        "same_under_optimal": _same(mine, flawed, REFERENCE),
        "same_under_baseline": _same(mine, None, "baseline"),
        **{name: excess.get(column) for name, column in EXCESS.items()},
        "followed_success": int(yes["win"].sum()),
        "followed_failure": int(len(yes) - yes["win"].sum()),
        "not_followed_success": int(no["win"].sum()),
        "not_followed_failure": int(len(no) - no["win"].sum()),
    }


def _signed(signs: pd.Series, sign: str, owed: int) -> Json:
    """Return the share of episodes with a sign, or its bounds if some are owed."""
    hits, total = int((signs == sign).sum()), len(signs) + owed
    if not owed:
        return {sign: hits / total}
    return {sign: None, f"{sign}_lower": hits / total, f"{sign}_upper": (hits + owed) / total}


def _same(mine: pd.DataFrame, flawed: pd.DataFrame | None, prompt: str) -> float | None:
    """Return the share that followed under a prompt without the flaw, on `flawed`'s instances."""
    means = mine[mine["prompt"] == prompt].groupby(KEYS)["hit"].mean()
    if flawed is not None:
        means = means[means.index.isin(pd.MultiIndex.from_frame(flawed[KEYS]))]
    return float(means.mean()) if len(means) else None


def _share(said: pd.Series) -> float | None:
    """Return the share of true values among the known ones, None without any."""
    known = said.dropna()
    return float(known.astype(float).mean()) if len(known) else None
