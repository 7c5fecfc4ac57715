"""Every table of the summary, by name in `tables`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.ground.plurals import counted
from pilotbench.results.analysis.common_conditions import balanced, is_balanced
from pilotbench.results.analysis.contrasts import KINDS, every_family, has_own_levels
from pilotbench.results.analysis.costs import PAID, SHARED, Costs
from pilotbench.results.analysis.endings import endings_caption, endings_table
from pilotbench.results.analysis.family_words import BETTER, MEANS, family_words, named_sides
from pilotbench.results.analysis.flaws import flaw_table, followed_family
from pilotbench.results.analysis.group_scores import (
    grouped,
    model_cells,
    plain_cells,
    present_columns,
)
from pilotbench.results.analysis.judge_tables import judge_tables
from pilotbench.results.analysis.judges import judge_table
from pilotbench.results.analysis.load import CELL, CONDITION, SummaryData
from pilotbench.results.analysis.measures import measures, metric_table
from pilotbench.results.analysis.metadata import metadata_means, metadata_table
from pilotbench.results.analysis.metric_contrasts import KINDS as METRIC_KINDS
from pilotbench.results.analysis.metric_contrasts import every_metric_family
from pilotbench.results.analysis.profile import profile
from pilotbench.results.analysis.ranking import Ranking
from pilotbench.results.analysis.repeats import repeat_table
from pilotbench.results.analysis.scores import measured
from pilotbench.results.analysis.usage import KeyUse, key_table, latency_table, served_table

GROUP = ["model", "prompt"]


@dataclass(frozen=True)
class Table:
    """One table: its frame, a title and one sentence about it."""

    name: str
    title: str
    says: str
    frame: pd.DataFrame


def tables(
    data: SummaryData,
    episodes: pd.DataFrame,
    cells: pd.DataFrame,
    ranked: Ranking,
    uses: list[KeyUse],
    paid: Costs,
) -> dict[str, Table]:
    """Return every table that has rows, by name, in the order of the page."""
    followed = followed_family(data, episodes)
    made = [
        *_of_scores(data, episodes, cells, ranked, followed),
        *_of_profile(data, episodes),
        *(Table(*described) for described in judge_tables(data, episodes)),
        *_of_costs(data, paid),
        *_of_details(data, episodes, ranked, uses, followed),
    ]
    return {
        table.name: replace(table, frame=with_protocol(table.frame, data))
        for table in made
        if len(table.frame)
    }


def _of_scores(
    data: SummaryData,
    episodes: pd.DataFrame,
    cells: pd.DataFrame,
    ranked: Ranking,
    followed: pd.DataFrame,
) -> list[Table]:
    found = measures(episodes)
    return [
        Table("ranking", "Ranking", "Models under the headline prompt, best first.", ranked.rows),
        Table(
            "model_prompt",
            "Model and prompt",
            "Every model under every prompt, over all planned episodes, with their cost. "
            "To compare "
            "prompts, use the next table, which contains only conditions that they share.",
            grouped(data, episodes, GROUP),
        ),
        success_table(data, episodes),
        Table(
            "cells",
            "Cells",
            "One row per cell.",
            cells[present_columns(cells, [*CELL, "protocol"])],
        ),
        *_splits(data, episodes),
        Table(
            "metadata",
            "Metadata of questions",
            "Every model under every prompt by the columns of a pack's table that group its "
            "questions (language, topic, …). Unfinished episodes are in no row.",
            metadata_table(episodes),
        ),
        *_of_metrics(data, found),
        *_families(data, episodes, ranked, followed),
    ]


def _of_profile(data: SummaryData, episodes: pd.DataFrame) -> list[Table]:
    """Return the tables of the axes of benchmark version 4."""
    found = profile(data, episodes)
    return [
        Table(
            "profile",
            "Profile",
            "The horizon is the number of items at which a model succeeds half of the time, with a "
            "95 % interval. Each axis has the success on its levels other than the control, the "
            "paired difference to the control and Holm's p. Under owed episodes, worst cases."
            + (f" All at a tool success rate of {found.rate}." if found.rate else ""),
            found.models,
        ),
        Table(
            "profile_levels",
            "Levels of the axes",
            "Every model under every prompt by axis and level.",
            found.levels[present_columns(found.levels, [*GROUP, "task", "difficulty"])],
        ),
        Table(
            "profile_lengths",
            "Success by length",
            "Success against the number of items, and the fitted curve.",
            found.lengths,
        ),
        Table(
            "profile_instances",
            "Success by kind of instance",
            "Register and subject: over all tasks of version 4, with the core as the unit. Wording "
            "and how a task has to end: within the tasks where they vary. Values of a column have "
            "other cores, except wordings and the ends of abstention. Unfinished episodes are in "
            "no row.",
            found.instances,
        ),
        Table(
            "contrasts_axes",
            "Differences: each axis against its control, within model and prompt",
            family_words(found.contrasts, "Negative means that the axis makes tasks harder.")
            if len(found.contrasts)
            else "",
            found.contrasts,
        ),
        Table(
            "contrasts_horizons",
            "Ratios of horizons: each pair of models",
            "Horizon of the arm divided by that of the base on the cores of both, with a 95 % "
            "interval; p by a sign-flip test of the cores' success over all lengths, one Holm "
            "family.",
            found.horizons,
        ),
    ]


def _of_metrics(data: SummaryData, found: pd.DataFrame) -> list[Table]:
    """Return the tables of what the scorers of packs give besides right and wrong."""
    return [
        Table(
            "metrics",
            "Scores and metrics",
            "Means over the instances, averaged over repeats, with 95 % intervals. Refused "
            "questions and those without an answer score 0; they have no further number and are "
            "counted as missing.",
            metric_table(data, found),
        ),
        Table(
            "metadata_metrics",
            "Scores and metrics by metadata",
            "The same by the columns of a pack's table that group its questions. Unfinished "
            "episodes are in no row.",
            metadata_means(found),
        ),
        *(
            Table(
                f"contrasts_metrics_{kind}",
                f"Differences: {METRIC_KINDS[kind]}",
                family_words(frame, "Positive means a larger number for the arm."),
                named_sides(frame, data) if kind == "models" else frame,
            )
            for kind, frame in every_metric_family(data, found).items()
        ),
    ]


def _of_costs(data: SummaryData, paid: Costs) -> list[Table]:
    return [
        Table(
            "cost",
            "Cost by model",
            "What the answers of finished episodes cost. Requests without a price or token counts "
            "are counted, not taken as 0. USD per success has a 95 % interval; unusable answers "
            "were paid for too and are in no other number."
            + (SHARED if PAID in paid.models else ""),
            paid.models,
        ),
        Table(
            "verdicts",
            "Verdicts of judges",
            "The verdicts of each judge on replies that count, the share that it finds right, its "
            "mean score, and what it cost, which is in no other number.",
            judge_table(data),
        ),
        Table("cost_keys", "Cost by model and key", "The same by the key that paid.", paid.keys),
    ]


def _of_details(
    data: SummaryData,
    episodes: pd.DataFrame,
    ranked: Ranking,
    uses: list[KeyUse],
    followed: pd.DataFrame,
) -> list[Table]:
    return [
        Table(
            "flaws",
            "Flawed plans followed",
            "How often the flaw was followed, and how often the same calls occur when the plan "
            "has no flaw; success when it was followed and when not. Excess over optimal: the "
            "difference of the two in points on the instances that both prompts have, with its "
            "95 % interval and Holm's p. Harmful: the share of instances on which following the "
            "flaw literally fails.",
            flaw_table(data, episodes, followed),
        ),
        Table(
            "errors",
            "Kinds of error",
            "Calls with an error of each kind, per 100 episodes.",
            error_table(data, episodes),
        ),
        Table(
            "endings",
            "How episodes ended",
            endings_caption(data),
            endings_table(data, episodes),
        ),
        Table(
            "repeats",
            "Repeats",
            "pass@k: at least one of k repeats succeeds; pass^k: all of them do. Refusals count "
            "as not solved. The last columns split the variance within and between instances.",
            repeat_table(data, episodes),
        ),
        Table(
            "latency",
            "Latency",
            "Seconds from sending a request to its complete answer.",
            latency_table(data),
        ),
        Table("keys", "Keys", "Load of each key while requests were in flight.", key_table(uses)),
        Table("served", "Models that answered", "As reported by providers.", served_table(data)),
        Table(
            "players",
            "Reference players",
            "Bounds on the same instances, draws and turns: not models, not ranked.",
            ranked.players,
        ),
    ]


def with_protocol(frame: pd.DataFrame, data: SummaryData) -> pd.DataFrame:
    """Return the frame with the protocol next to its model: no score is shown without it."""
    if "model" not in frame or "protocol" in frame or (frame["model"] == "").all():
        return frame
    protocols = [data.models[name].protocol for name in frame["model"]]
    place = list(frame.columns).index("model") + 1
    return pd.concat(
        [
            frame.iloc[:, :place],
            pd.Series(protocols, frame.index, name="protocol"),
            frame.iloc[:, place:],
        ],
        axis=1,
    )


def success_table(data: SummaryData, episodes: pd.DataFrame) -> Table:
    """Return models x prompts without a flaw, on the conditions that these prompts share."""
    cells = plain_cells(data)
    conditions = len(cells[CONDITION].drop_duplicates())
    return Table(
        "success",
        "Model and prompt, like for like",
        f"Every model under every prompt on the {_conditions(data, conditions)} "
        "that all these prompts share."
        if is_balanced(cells, "prompt")
        else "These prompts share no condition: the rows have different questions.",
        grouped(data, episodes, GROUP, cells),
    )


def _conditions(data: SummaryData, count: int) -> str:
    if data.has_bounds:
        return f"{counted(count, 'condition')} (task, difficulty, rate)"
    return counted(count, "task")


def _splits(data: SummaryData, episodes: pd.DataFrame) -> list[Table]:
    axes = {
        "task": "Task",
        "difficulty": "Difficulty",
        "tool_success_rate": "Tool success rate",
    }
    chosen = model_cells(data)
    alike = _alike_levels(chosen)
    left = dict.fromkeys(chosen["task"][~chosen["task"].isin(alike["task"])])
    apart = f"; the levels of {', '.join(left)} are in the table of levels" if left else ""
    return [
        Table(
            f"by_{axis}",
            title,
            f"Every model under every prompt by {title.lower()}{_shared(cells, axis)}"
            f"{apart if axis == 'difficulty' else ''}.",
            grouped(data, episodes, [*GROUP, axis], cells),
        )
        for axis, title in axes.items()
        for cells in [balanced(alike if axis == "difficulty" else chosen, axis, ["prompt"])]
        if data.cells[axis].nunique() > 1
    ]


def _alike_levels(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells without tasks whose levels have the names, not the meaning, of others."""
    own = cells["task"].map(has_own_levels).astype(bool)
    named_alike = own & cells["difficulty"].isin(cells["difficulty"][~own])
    return cells[~cells["task"].isin(cells["task"][named_alike])]


def _shared(cells: pd.DataFrame, axis: str) -> str:
    """Return whether the levels of an axis share their conditions under each prompt."""
    if all(is_balanced(group, axis) for _, group in cells.groupby("prompt")):
        return ", on the conditions that its levels share under that prompt"
    return "; the levels share no condition, so the rows have different questions"


def _families(
    data: SummaryData, episodes: pd.DataFrame, ranked: Ranking, followed: pd.DataFrame
) -> list[Table]:
    found = {
        "models": named_sides(ranked.contrasts, data),
        "followed": followed,
        **every_family(data, episodes),
    }
    return [
        Table(
            f"contrasts_{kind}",
            f"Differences: {KINDS[kind]}",
            family_words(found[kind], MEANS.get(kind, BETTER)),
            found[kind].drop(columns=["kind", "discordance"]),
        )
        for kind in KINDS
        if kind in found and len(found[kind])
    ]


def error_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return errors per 100 completed episodes by kind, one row per model and prompt."""
    if episodes.empty or not data.has_turns:
        return pd.DataFrame()
    done = measured(episodes[episodes["done"] > 0], model_cells(data), GROUP)
    done = done[done["completed"] > 0]
    share = done[[f"error_{kind}" for kind in ERROR_KINDS]].div(done["completed"], axis=0) * 100
    return share.set_axis(list(ERROR_KINDS), axis=1).reset_index()
