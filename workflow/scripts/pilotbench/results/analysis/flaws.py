"""How often a flaw was followed, and how often the same calls occur when the plan has none."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pilotbench.benchmark.flaws.flawed_plan import FOLLOWED, SIGNATURES
from pilotbench.results.analysis.contrasts import compared, outcomes, sides
from pilotbench.results.analysis.load import CONDITION, REFERENCE, SummaryData

Json = dict[str, Any]
KEYS = [*CONDITION, "index"]


def flaw_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model and flawed prompt: followed, its excess over optimal, 2 x 2.

    The excess is over the instances that both sides have, on which the signature is defined. Where
    episodes are owed, bounds replace the shares that depend on them.
    """
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
                rows.append({"model": model, "prompt": prompt, **_row(data, mine, model, prompt)})
    return pd.DataFrame(rows)


def _row(data: SummaryData, mine: pd.DataFrame, model: str, prompt: str) -> Json:
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
        **_excess(data, mine, model, prompt),
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


def _excess(data: SummaryData, mine: pd.DataFrame, model: str, prompt: str) -> Json:
    """Return followed under the flaw minus followed without it, or its bounds."""
    pair = [REFERENCE, prompt]
    both = outcomes(data, mine.assign(win=mine["hit"]))
    both = both[(both["model"] == model) & both["prompt"].isin(pair)]
    for _, group in sides(both, "prompt", []):
        if set(pair) <= set(group.least):
            found = compared(*group.pair(*pair))
            return {
                "excess_over_optimal": found.difference,
                "excess_over_optimal_lower": found.lower,
                "excess_over_optimal_upper": found.upper,
            }
    return {"excess_over_optimal": None}


def _share(said: pd.Series) -> float | None:
    """Return the share of true values among the known ones, None without any."""
    known = said.dropna()
    return float(known.astype(float).mean()) if len(known) else None
