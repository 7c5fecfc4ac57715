"""Compare two sets of episodes: differences, and the episodes whose outcome has changed.

Episodes are paired by model, prompt, task, difficulty, rate, index and repeat, except for the words
by which the two sides are chosen. An instance whose content differs between the two is left out and
counted; tasks of other epochs or benchmark versions are compared unpaired (`compare_unpaired`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from pilotbench.ground import atomic_files
from pilotbench.ground.errors import UserError
from pilotbench.ground.untrusted_text import csv_safe, visible
from pilotbench.results.analysis.contrasts import family
from pilotbench.results.analysis.load import CELL, has_outcome, plain
from pilotbench.results.analysis.measures import measures
from pilotbench.results.analysis.metric_contrasts import metric_family
from pilotbench.results.analysis.scores import graded, solved
from pilotbench.results.summary.compare_flaws import FOLLOWED, OWED, followed_sides
from pilotbench.results.summary.compare_unpaired import TITLE, WORDS, differences, unlike
from pilotbench.results.summary.transcripts import link

KEY = [*CELL, "index", "repeat"]
WHERE = (*CELL, "commit")
FRAMES = ("contrasts", "metrics", "flips", "followed", "unpaired")
ROWS = 500


@dataclass(frozen=True)
class Comparison:
    """What differs between two sides on the episodes that both have.

    `followed` is how far each side has followed the flaws of plans, over all its episodes.
    """

    base: str
    arm: str
    pairs: int
    only_base: int
    only_arm: int
    other_instance: int
    owed: int
    contrasts: pd.DataFrame = field(repr=False)
    metrics: pd.DataFrame = field(repr=False)
    flips: pd.DataFrame = field(repr=False)
    followed: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    unpaired: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    unpaired_says: str = ""

    @property
    def better(self) -> int:
        """Episodes that the arm solves and the base does not."""
        return int((self.flips["arm_outcome"] == "success").sum()) if len(self.flips) else 0

    @property
    def worse(self) -> int:
        """Episodes that the base solves and the arm does not."""
        return len(self.flips) - self.better

    @property
    def verdict(self) -> str:
        """One sentence that claims no more than the numbers show."""
        owed = f"; {self.owed:,} pairs have an owed episode" if self.owed else ""
        if self.unpaired_says and not self.pairs:
            return self.unpaired_verdict
        if not self.pairs:
            return f"The two have no finished episode in common{owed}."
        apart, tested = int(self.contrasts["told_apart"].sum()), self.contrasts["p"].notna().sum()
        return (
            f"{len(self.flips):,} of {self.pairs:,} episodes changed: {self.better:,} are now "
            f"solved, {self.worse:,} no longer are; the difference is significant in {apart} of "
            f"{tested} {'comparison' if tested == 1 else 'comparisons'}{owed}."
            + f" {self.unpaired_verdict}"
            * bool(self.unpaired_says)
        )

    @property
    def unpaired_verdict(self) -> str:
        """One sentence about what has no instances in common, and why."""
        if not len(self.unpaired):
            return f"{self.unpaired_says}, and nothing of it is on both sides."
        apart, tested = int(self.unpaired["told_apart"].sum()), self.unpaired["p"].notna().sum()
        return (
            f"{self.unpaired_says}; the difference is significant in {apart} of {tested} "
            f"{'comparison' if tested == 1 else 'comparisons'}."
        )


def compare(
    base: pd.DataFrame, arm: pd.DataFrame, names: tuple[str, str], chosen_by: set[str]
) -> Comparison:
    """Compare two frames of episodes; words of `chosen_by` differ by choice and do not pair."""
    apart = unlike(base, arm)
    paired, others = apart.split(base, arm)
    sides = [_scored(frame, chosen_by) for frame in paired]
    joined = sides[0].merge(sides[1], on=KEY, how="outer", suffixes=("_base", "_arm"))
    planned = joined[joined["outcome_base"].notna() & joined["outcome_arm"].notna()]
    owed = planned[["outcome_base", "outcome_arm"]].eq(OWED)
    both = planned[~owed.any(axis=1)]
    same = both[both["instance_base"] == both["instance_arm"]]
    return Comparison(
        base=names[0],
        arm=names[1],
        pairs=len(same),
        only_base=int(joined["outcome_arm"].isna().sum()),
        only_arm=int(joined["outcome_base"].isna().sum()),
        other_instance=len(both) - len(same),
        owed=int(owed.any(axis=1).sum()),
        contrasts=_contrasts(pd.concat([same, planned[owed.any(axis=1)]])),
        metrics=_metrics(same, planned, owed),
        flips=_flips(same),
        followed=followed_sides(base, arm),
        unpaired=differences(
            _scored(others[0], chosen_by), _scored(others[1], chosen_by), apart.by
        ),
        unpaired_says=apart.says,
    )


def _scored(frame: pd.DataFrame, chosen_by: set[str]) -> pd.DataFrame:
    frame = frame[has_outcome(frame) | (frame["status"] == OWED)]
    done, owed = frame["status"] == "completed", frame["status"] == OWED
    win = np.where(owed, np.nan, solved(frame))
    level = frame["level"].astype(object).where(done, frame["status"])
    given = frame.reindex(columns=["status", "read_by", "score", "metrics"])  # none in old ones
    kept = graded(frame[[*KEY, "instance", "shard"]].join(given).assign(win=win)).assign(
        outcome=level.replace({"full_success": "success", "partial_success": "partial"}),
        at_index=frame["index"],
        at_repeat=frame["repeat"],
        question=_names(frame),
    )
    return kept.assign(**dict.fromkeys(chosen_by & set(CELL), ""))


def _names(frame: pd.DataFrame) -> pd.Series:
    """Return the ids of questions of packs, "" for other instances."""
    names = frame.get("question_id", pd.Series(None, frame.index, dtype=object)).astype(object)
    return names.where(names.notna(), "")


def _contrasts(pairs: pd.DataFrame) -> pd.DataFrame:
    long = pd.concat(
        pairs[KEY].assign(side=side, win=pairs[f"win_{side}"]) for side in ("base", "arm")
    )
    return family("compare", long, "side", [("base", "arm")], ["model", "prompt"])


def _metrics(same: pd.DataFrame, planned: pd.DataFrame, owed: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of scores and further numbers, which a scorer of both sides gives."""
    parts, open_ = [], []
    for side in ("base", "arm"):
        names = {f"{name}_{side}": name for name in ("status", "read_by", "score", "metrics")}
        parts.append(measures(same[[*KEY, *names]].rename(columns=names)).assign(side=side))
        open_.append(planned.loc[owed[f"outcome_{side}"], KEY].assign(side=side))
    within = ["task", "metric", "model", "prompt"]
    found = pd.concat(parts, ignore_index=True)
    return metric_family(found, "side", [("base", "arm")], within, pd.concat(open_))


def _flips(pairs: pd.DataFrame) -> pd.DataFrame:
    flipped = pairs[pairs["win_base"] != pairs["win_arm"]]
    return (
        flipped[[*KEY, "question_arm", "outcome_base", "outcome_arm", "shard_base", "shard_arm"]]
        .rename(columns={"outcome_base": "base_outcome", "outcome_arm": "arm_outcome"})
        .rename(columns={"question_arm": "question"})
        .reset_index(drop=True)
    )


def episodes(results: Path, where: Mapping[str, str]) -> pd.DataFrame:
    """Return the current episodes of a results folder that fit `where`, owed ones too.

    Raises UserError, one line, for a folder without a database or a word that nothing fits.
    """
    from pilotbench.results.database import queries

    db_path = database(results)
    owed = plain(queries.owed(db_path)).drop(columns=["kind", "message"])
    frame = pd.concat([plain(queries.episodes(db_path)), owed.assign(status=OWED)])
    if "commit" in where:
        shards = plain(queries.shards(db_path)).set_index("path")["commit"]
        frame = frame.assign(commit=frame["shard"].map(shards).fillna(""))
    for key, word in where.items():
        fits = frame[key].astype(str)
        kept = frame[fits.str.startswith(word) if key == "commit" else fits == word]
        if kept.empty:
            known = ", ".join(sorted({str(w)[:12] for w in frame[key]})[:12])
            raise UserError(f"{db_path}: no episode with {key}={word}; there is: {known}")
        frame = kept
    return frame


def database(results: Path) -> Path:
    """Return the database of a results folder, or the database itself."""
    return results if results.suffix == ".duckdb" else results / "master.duckdb"


def as_json(found: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON types."""
    from pilotbench.results.summary.export_files import json_rows

    frames = {name: getattr(found, name) for name in FRAMES}
    plain_facts = {k: v for k, v in asdict(found).items() if k not in frames}
    return {
        "verdict": found.verdict,
        **plain_facts,
        **{
            name: {"columns": list(frame.columns), "rows": json_rows(frame)}
            for name, frame in frames.items()
        },
    }


def write(found: Comparison, out: Path, results: tuple[Path, Path]) -> None:
    """Write the page, and beside it {stem}_differences.csv, _metrics, _flips and _followed."""
    from pilotbench.results.summary.page_templates import asset, environment

    out.parent.mkdir(parents=True, exist_ok=True)
    flips = _linked(found.flips, out, results)
    files = {}
    written = {"differences": found.contrasts, "metrics": found.metrics, "flips": flips}
    for name, frame in (written | {name: getattr(found, name) for name in FRAMES[3:]}).items():
        if name in ("metrics", *FRAMES[3:]) and frame.empty:
            continue
        file = out.with_name(f"{out.stem}_{name}.csv")
        frame.map(csv_safe).to_csv(file, index=False, lineterminator="\n")
        files[name] = quote(file.name)
    html = (
        environment()
        .get_template("compare.html.j2")
        .render(
            found=found,
            figure=figure(found.contrasts),
            files=files,
            tables=_tables(found, flips),
            css=asset("page.css"),
            sort=asset("sort.js"),
        )
    )
    atomic_files.write_text(out, html)


def _linked(flips: pd.DataFrame, out: Path, results: tuple[Path, Path]) -> pd.DataFrame:
    """Return the flips with links to both transcripts, where these pages exist."""
    linked = flips.drop(columns=["shard_base", "shard_arm"])
    for side, folder in zip(("base", "arm"), results, strict=True):
        places = zip(flips[f"shard_{side}"], flips["index"], flips["repeat"], strict=True)
        linked[f"{side}_transcript"] = [
            _href(out, folder / "summary", str(shard), int(i), int(r)) for shard, i, r in places
        ]
    return linked


def _href(out: Path, summary: Path, shard: str, index: int, repeat: int) -> str:
    from pilotbench.results.summary.transcripts import FOLDER, data_path

    if not (summary / FOLDER / data_path(shard)).is_file():
        return ""
    return quote(os.path.relpath(summary, out.parent)) + "/" + link(shard, index, repeat)


def figure(contrasts: pd.DataFrame) -> dict[str, str]:
    """Return the picture of the differences by theme and width, and its words as `alt`."""
    from pilotbench.results.summary.figures.base import alt_words, plain_rows
    from pilotbench.results.summary.figures.prompts import forest
    from pilotbench.results.summary.render_figures import pictures

    rows = plain_rows(contrasts)
    if not rows:
        return {}
    for row in rows:  # the words that the sides are chosen by are empty
        row["model"] = visible(row["model"] or "all models", 60)
        row["prompt"] = visible(row["prompt"], 60)
    models, prompts = ([*dict.fromkeys(row[w] for row in rows)] for w in ("model", "prompt"))
    words = alt_words("Difference in success, arm minus base", rows, "prompt", "difference")
    return {**pictures(forest(rows, "model", models, "prompt", prompts)), "alt": words}


def _tables(found: Comparison, flips: pd.DataFrame) -> list[tuple[str, str, Any]]:
    from pilotbench.results.analysis.family_words import family_words

    shown = found.contrasts.drop(columns=["kind", "base", "arm", "discordance"])
    words = family_words(found.contrasts) if len(shown) else "Nothing to compare."
    numbers = found.metrics.drop(columns=["base", "arm"])
    larger = "Positive means a larger number for the arm."
    more = [("Scores and metrics", family_words(found.metrics, larger), _grid(numbers))]
    return [
        ("Differences", words, _grid(shown)),
        *(more if len(numbers) else []),
        *([(*FOLLOWED, _grid(found.followed))] if len(found.followed) else []),
        *([(TITLE, WORDS, _grid(found.unpaired))] if len(found.unpaired) else []),
        ("Flipped", "Solved on one side and not on the other.", _grid(flips)),
    ]


def _grid(frame: pd.DataFrame) -> Any:
    from pilotbench.results.analysis.formatting import (
        BESIDE,
        HIDDEN,
        ShownCell,
        ShownRow,
        ShownTable,
        title,
    )
    from pilotbench.results.analysis.formatting import shown as cell

    names = [
        name
        for name in frame.columns
        if name not in HIDDEN
        and not name.endswith(BESIDE)
        and (frame[name].astype(str) != "").any()
    ]
    rows = [
        ShownRow(
            [
                ShownCell("open" if row[n] else "–", row[n])
                if n.endswith("_transcript")
                else cell(n, row, None)
                for n in names
            ],
            {},
        )
        for row in frame.head(ROWS).to_dict("records")
    ]
    return ShownTable([title(n) for n in names], rows, max(0, len(frame) - ROWS))
