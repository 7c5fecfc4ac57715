"""What was run, whether it is complete, what it cost, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.episodes.owed import causes, remedy
from pilotbench.ground import job_context, shipped
from pilotbench.ground.plurals import counted
from pilotbench.matrix.axes import AXES, Axis
from pilotbench.results.analysis.costs import SHARES, Costs
from pilotbench.results.analysis.endings import cut_warnings
from pilotbench.results.analysis.formatting import usd
from pilotbench.results.analysis.judges import judge_warnings
from pilotbench.results.analysis.load import SummaryData, answering_names, number, unexpected_names
from pilotbench.results.analysis.ranking import total
from pilotbench.results.database import prune

PARSE_WARNING = 0.95


@dataclass(frozen=True)
class Facts:
    """The first screen in numbers; `counts` are of models only, players cost nothing.

    `owed` has one entry per kind with its remedy; the command `pays` requests `asked_again`.
    `batches` are those that are out, one entry per model, each in one sentence too (`says`).
    """

    title: str
    selection: dict[str, Any]
    counts: dict[str, int]
    started: str | None
    ended: str | None
    commits: list[str]
    hosts: list[str]
    versions: dict[str, list[str]]
    episodes: int
    requests: int
    tokens: int
    cost_usd: float
    cost_unknown: int
    pays: str
    asked_again: int = 0
    owed: list[dict[str, Any]] = field(default_factory=list)
    batches: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    superseded: str = ""
    tokens_unknown: int = 0
    requests_unknown: int = 0
    cached_share: float | None = None
    reasoning_share: float | None = None
    batch_share: float | None = None
    unusable: int = 0
    unusable_usd: float | None = None
    budget_usd: float | None = None
    spending: str = ""

    @property
    def coverage(self) -> float | None:
        """Share of the planned episodes that are finished; None without a plan."""
        planned = self.counts["planned"]
        return 1 - self.counts["owed"] / planned if planned else None


def facts(data: SummaryData, episodes: pd.DataFrame, cells: pd.DataFrame, paid: Costs) -> Facts:
    """Return the facts; `cells` is the table of `scores.cell_table`."""
    owed = _owed(data.owed)
    counts = total(data.cells[data.cells["model"].isin(data.model_names)])
    cost = number(episodes["cost_usd"]) if len(episodes) else np.zeros(0)
    experiment = data.selection.get("experiment")
    return Facts(
        title=str(experiment or "Matrix"),
        selection={axis.key: _axis(data, axis) for axis in AXES}
        | {key: data.selection.get(key) for key in ("instances", "repeats")},
        counts=counts,
        started=_moment(data.episodes, "started", np.nanmin),
        ended=_moment(data.episodes, "ended", np.nanmax),
        commits=_commits(data.shards),
        hosts=_words(data.shards, "host"),
        versions={
            key: _words(data.shards, key)
            for key in ("benchmark_version", "scoring_version", "prices")
        }
        | {"epoch": _words(data.episodes, "epoch")},
        episodes=len(episodes),
        requests=int(episodes["requests"].sum()) if len(episodes) else 0,
        tokens=_tokens(episodes),
        cost_usd=paid.known_usd or 0.0,
        cost_unknown=int(np.isnan(cost).sum()),
        pays=job_context.read().command.to_finish(),
        asked_again=sum(row["episodes"] for row in owed if row["again"]),
        owed=owed,
        batches=[_batch(row) for row in data.batches if row["model"] in data.model_names],
        warnings=warnings(data, episodes, cells),
        superseded=superseded(data),
        tokens_unknown=_without_tokens(episodes),
        requests_unknown=int(paid.total.get("unpriced", 0)),
        **{name: _share(paid.total.get(name)) for name in SHARES},
        unusable=paid.unusable,
        unusable_usd=paid.unusable_usd,
        budget_usd=paid.budget_usd,
        spending=paid.sentence,
    )


def _batch(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is out of one model."""
    since, expected = (_utc(row[name]) for name in ("since", "expected"))
    saves = row["saves_usd"]
    says = (
        f"{row['model']}: {counted(row['batches'], 'batch')} with "
        f"{counted(row['requests'], 'request')}, {row['done']:,} of them answered; out since "
        f"{since}, promised by {expected}"
        + ("" if saves is None else f"; about {usd(saves)} cheaper than online")
    )
    return {**row, "since": since, "expected": expected, "says": says}


def _share(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def _axis(data: SummaryData, axis: Axis) -> list[str]:
    named = {
        "models": data.model_names + data.player_names,
        "prompts": data.prompt_names,
    }
    words = named[axis.key] if axis.key in named else pd.unique(data.cells[axis.name])
    return [str(word) for word in words]


def _moment(episodes: pd.DataFrame, column: str, pick: Any) -> str | None:
    times = number(episodes[column]) if len(episodes) else np.zeros(0)
    times = times[~np.isnan(times)]
    if not times.size:
        return None
    return _utc(float(pick(times)))


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _commits(shards: pd.DataFrame) -> list[str]:
    if shards.empty or "commit" not in shards:
        return []
    known = shards[shards["commit"].notna()]
    pairs = zip(known["commit"], known["dirty"], strict=True)
    names = {f"{str(c)[:10]}{' with uncommitted changes' if d is True else ''}" for c, d in pairs}
    return sorted(names)


def _words(shards: pd.DataFrame, column: str) -> list[str]:
    if column not in shards:
        return []
    return sorted({str(word) for word in shards[column].dropna()})


def _tokens(episodes: pd.DataFrame) -> int:
    if episodes.empty:
        return 0
    return int(episodes["tokens_input"].sum() + episodes["tokens_output"].sum())


def _without_tokens(episodes: pd.DataFrame) -> int:
    """Return the number of episodes whose tokens were not reported."""
    return int(np.isnan(number(episodes["tokens_input"])).sum()) if len(episodes) else 0


def _owed(owed: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the causes of owed episodes, most frequent first, each with its remedy."""
    if owed.empty:
        return []
    failures = zip(owed["kind"].astype(str), owed["message"].fillna("").astype(str), strict=True)
    return [
        {
            "kind": one.kind,
            "episodes": one.episodes,
            "message": one.message,
            "rest": one.rest,
            "helps": remedy(one.kind).words,
            "again": remedy(one.kind).again,
        }
        for one in causes(failures)
    ]


def warnings(data: SummaryData, episodes: pd.DataFrame, cells: pd.DataFrame) -> list[str]:
    """Return the warnings about the numbers, one sentence each."""
    return [
        *filter(None, [superseded(data)]),
        *_parse_warnings(data),
        *cut_warnings(data, episodes),
        *_repeat_warnings(data),
        *_several_names(data),
        *_mixed_warnings(data),
        *_bound_warnings(data, cells),
        *_damage_warnings(data),
        *_label_warnings(data),
        *judge_warnings(data),
    ]


def _label_warnings(data: SummaryData) -> list[str]:
    if data.unused_labels.empty:
        return []
    return [
        f"{task}: {len(rows):,} {'label is' if len(rows) == 1 else 'labels are'} not used: "
        f"{rows['place'].iloc[0]}: {rows['message'].iloc[0]}"
        + (f"; and {len(rows) - 1:,} more" if len(rows) > 1 else "")
        for task, rows in data.unused_labels.groupby("task", sort=False)
    ]


def superseded(data: SummaryData) -> str:
    """Return which episodes the present config would request differently; "" without any."""
    found = data.superseded
    if found is None or found.empty:
        return ""
    models = [
        f"{model} ({', '.join(dict.fromkeys(', '.join(rows['differs']).split(', ')))})"
        for model, rows in found.groupby("model", sort=False)
    ]
    count = int(found["episodes"].sum())
    return (
        f"{count:,} {'episode is' if count == 1 else 'episodes are'} superseded by the present "
        f"config and not counted; differences: {'; '.join(models)}. "
        f"To list the files: {prune.command(data.results)}"
    )


def _parse_warnings(data: SummaryData) -> list[str]:
    """Return the models with a low parse rate over all their turns, as the ranking states it."""
    if "parse_rate" in data.meaningless:
        return []
    turns = data.episodes[["model", "prompt"]].assign(
        parsed=number(data.episodes["parsed_turns"]), turns=number(data.episodes["turns"])
    )
    sums = turns[turns["model"].isin(data.model_names)].groupby(["model", "prompt"], sort=False)
    rates = sums["parsed"].sum() / sums["turns"].sum()
    low = rates[rates < PARSE_WARNING].groupby(level="model", sort=False)
    return [
        f"{model}: parse rate below 95 % (lowest: {100 * values.min():.1f} %) under "
        f"{', '.join(map(str, values.index.get_level_values('prompt')))}; such a score measures "
        "the format as much as the skill."
        for model, values in low
    ]


def _repeat_warnings(data: SummaryData) -> list[str]:
    if int(data.selection.get("repeats") or 1) < 2:
        return []
    if "1.0" not in set(data.cells["tool_success_rate"]):
        return []
    cold = [m for m in data.model_names if data.models[m].temperature == 0]
    return [
        f"{model}: repeats at temperature 0 and tool success rate 1.0 differ only by the "
        "provider's noise."
        for model in cold
    ]


def _several_names(data: SummaryData) -> list[str]:
    """Return a warning per model that has answered under several expected names."""
    names = {model: answering_names(data, model) for model in data.model_names}
    return [
        f"{model}: several versions have answered: {', '.join(found)}."
        for model, found in names.items()
        if len(found) > 1 and not unexpected_names(data, model)
    ]


def _mixed_warnings(data: SummaryData) -> list[str]:
    found = []
    for key, words in (("scoring_version", "scoring"), ("benchmark_version", "benchmark")):
        for task, names in _versions(data.shards, "task", key).items():
            found.append(
                f"{task}: results of several {words} versions are mixed: {', '.join(names)}."
            )
    found += [
        f"{model}: costs at several prices, or versions of the price list, are mixed. "
        f"To state them at the present one, at no cost: {shipped.BUILD} rescore --forcerun evaluate"
        for model in _versions(data.shards, "model", "price_sha256")
        if model in data.model_names
    ]
    provisional = int(data.cells["provisional"].sum()) if "provisional" in data.cells else 0
    if provisional:
        are = "episode is" if provisional == 1 else "episodes are"
        found.append(
            f"{provisional:,} {are} provisional: from the journal, in shards with owed episodes."
        )
    return found


def _versions(shards: pd.DataFrame, of: str, column: str) -> dict[str, list[str]]:
    """Return the versions in `column` of each task or model that has more than one."""
    if column not in shards:
        return {}
    known = shards.dropna(subset=[column]).groupby(of, sort=False)[column]
    found = {str(name): sorted({str(word) for word in words}) for name, words in known}
    return {name: words for name, words in found.items() if len(words) > 1}


def _bound_warnings(data: SummaryData, cells: pd.DataFrame) -> list[str]:
    """Return a warning if cells with tools have no bounds."""
    if "oracle_ceiling" not in cells:
        return []
    rated = cells[(cells["tool_success_rate"] != "none") & (cells["n"] > 0)]
    unknown = int((rated["oracle_ceiling"].isna() | rated["random_floor"].isna()).sum())
    return [
        f"{unknown:,} {'cell has' if unknown == 1 else 'cells have'} no oracle ceiling or random "
        "floor: these players could not be played on exactly the same instances."
    ] * bool(unknown)


def _damage_warnings(data: SummaryData) -> list[str]:
    if "damage" not in data.shards:
        return []
    damaged = data.shards[data.shards["damage"].notna()]
    found = [f"Damaged and not counted: {row.path}: {row.damage}" for row in damaged.itertuples()]
    if "unknown" not in data.shards:
        return found
    unknown = data.shards[data.shards["unknown"].notna()]
    return found + [
        f"Values that cannot be stored are unknown: {row.path}: {row.unknown}"
        for row in unknown.itertuples()
    ]
