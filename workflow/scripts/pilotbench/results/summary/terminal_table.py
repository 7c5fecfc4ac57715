"""The short result table for a terminal: aligned plain text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pilotbench.ground.terminal_tables import TextColumn, table
from pilotbench.ground.untrusted_text import visible
from pilotbench.results.analysis.endings import BOUND, by_model, cut_off, cut_words
from pilotbench.results.analysis.formatting import number, rate, shown
from pilotbench.results.analysis.profile import AXES, PASSES
from pilotbench.results.metrics import Metric, shown_in
from pilotbench.results.statistics import ALPHA

NAMES = ("model", "prompt")
TEXTS = (*NAMES, "protocol", "task", "metric")
MOST_ROWS = 40
"""Rows of a further table; the page has them all."""
NARROW = 100
"""Columns of a terminal that may have no room for a whole table."""
KEPT = (*NAMES, "task", "metric", "success [95 %]", "mean [95 %]", "horizon [95 %]", "owed")
LAST = ("instances", "oracle", "protocol")
"""Columns that are never left out on a narrow terminal, and those that are left out first."""
Words = tuple[str, ...]


def terminal(db_path: Path, settings: Any = None, width: int = 110) -> str:
    """Return the table of every model under every prompt, at most `width` columns wide if possible.

    It is read from summary/summary.json if that is newer than the database, otherwise computed.
    """
    said = _written(db_path) or _counted(db_path, settings)
    lines = [_scores(said, width), *_metrics(said, width), *_profile(said, width)]
    lines += [*_flaws(said, width), f"\n{said['verdict']}", *said.get("notes", ())]
    lines += [str(said["facts"].get("spending", ""))]  # an older summary.json has none
    lines += [
        _epoch(said),
        *_cuts(said),
        *_judges(said),
        *_pairs(said),
        _unlike(said),
        _superseded(said),
        _owed(said),
    ]
    return "\n".join(line for line in lines if line)


def _written(db_path: Path) -> dict[str, Any] | None:
    path = db_path.parent / "summary" / "summary.json"
    try:
        if path.stat().st_mtime_ns < db_path.stat().st_mtime_ns:
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _counted(db_path: Path, settings: Any) -> dict[str, Any]:
    from pilotbench.results.analysis import reference
    from pilotbench.results.analysis.load import load
    from pilotbench.results.analysis.model import report
    from pilotbench.results.summary.export_files import as_json

    played = db_path.parent / reference.NAME
    return as_json(report(reference.completed(load(db_path, settings), played)))


def _scores(said: dict[str, Any], width: int) -> str:
    """Return the table of models and prompts; a share that none of them has is left out."""
    rows, labels = _records(said, "model_prompt"), said["prompts"]
    measured = [
        metric
        for metric in shown_in("terminal")
        if metric.unit != "share" or any(row.get(metric.name) is not None for row in rows)
    ]
    titles = ["model", "prompt", "protocol", "finished", "success [95 %]", "oracle"]
    titles += [*(metric.heading for metric in measured), "owed"]
    lines = [_row(row, labels, measured) for row in rows]
    lines += [_bound(row, len(measured)) for row in _records(said, "players")]
    if all(row.get("oracle_ceiling") is None for row in rows):  # packs have none
        at = titles.index("oracle")
        titles = titles[:at] + titles[at + 1 :]
        lines = [(*line[:at], *line[at + 1 :]) for line in lines]
    return table(_columns(titles, width), lines, width)


def _columns(titles: list[str], width: int) -> list[TextColumn]:
    """Return the columns; on a narrow terminal, those that matter less are left out."""
    first = [t for t in titles if t not in (*KEPT, *LAST)]
    order = [*first, *(t for t in LAST if t in titles)] if width < NARROW else []
    spare = {title: place for place, title in enumerate(order, start=1)}
    return [TextColumn(t, t not in TEXTS, t in NAMES, spare.get(t, 0)) for t in titles]


def _metrics(said: dict[str, Any], width: int) -> Iterator[str]:
    """Yield the table of scores and metrics, if there are any."""
    rows, labels = _records(said, "metrics"), said["prompts"]
    if not rows:
        return
    titles = ["model", "prompt", "task", "metric", "instances", "missing", "mean [95 %]", "owed"]
    lines = [_mean(row, labels) for row in rows[:MOST_ROWS]]
    if not any(row["owed"] for row in rows):
        titles, lines = titles[:-1], [line[:-1] for line in lines]
    yield "\n" + table(_columns(titles, width), lines, width)
    if len(rows) > MOST_ROWS:
        yield f"{len(rows) - MOST_ROWS:,} more rows in summary/tables/metrics.csv"


def _profile(said: dict[str, Any], width: int) -> Iterator[str]:
    """Yield the table of horizons and axes, if there are any."""
    rows, labels = _records(said, "profile"), said["prompts"]
    if not rows:
        return
    rates = [*AXES, "injections_followed", f"pass^{PASSES}"]
    shares = [name for name in rates if any(name in row for row in rows)]
    titles = ["model", "prompt", "protocol", "horizon [95 %]"]
    titles += [*(name.replace("_", " ") for name in shares), "USD / success"]
    lines = [_axes_of(row, labels, shares) for row in rows]
    yield "\n" + table(_columns(titles, width), lines, width)


def _axes_of(row: dict[str, Any], labels: dict[str, str], shares: Sequence[str]) -> Words:
    paid = row.get("cost_per_success")
    return (
        str(row["model"]),
        labels.get(row["prompt"], str(row["prompt"])),
        str(row["protocol"]),
        str(row.get("horizon_says") or "–"),
        *(rate(row, name) for name in shares),
        "–" if paid is None else number("cost_per_success", paid),
    )


def _mean(row: dict[str, Any], labels: dict[str, str]) -> Words:
    mean = shown("mean", row, None).text
    return (
        str(row["model"]),
        labels.get(row["prompt"], str(row["prompt"])),
        str(row["task"]),
        visible(str(row["metric"]), 40),
        f"{row['n']:,}",
        f"{row['missing']:,}" if row["missing"] else "",
        mean if row["owed"] or not row["note"] else f"{mean} ({row['note']})",
        f"{row['owed']:,}" if row["owed"] else "",
    )


def _flaws(said: dict[str, Any], width: int) -> Iterator[str]:
    """Yield the table of flaws that were followed, if there are any with their excess."""
    known = [row for row in _records(said, "flaws") if "p_holm" in row]  # an older file has none
    if not known:
        return
    titles = ["model", "prompt", "instances", "followed", "excess over optimal [95 %]", "p (Holm)"]
    lines = [_flaw(row) for row in known[:MOST_ROWS]]
    yield "\n" + table(_columns(titles, width), lines, width)
    if len(known) > MOST_ROWS:
        yield f"{len(known) - MOST_ROWS:,} more rows in summary/tables/flaws.csv"


def _flaw(row: dict[str, Any]) -> Words:
    shares = (shown(name, row, None).text for name in ("followed", "excess_over_optimal", "p_holm"))
    return str(row["model"]), str(row["prompt"]), f"{row['n']:,}", *shares


def _records(said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = said["tables"].get(name, {"columns": [], "rows": []})
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def _bound(row: dict[str, Any], measured: int) -> Words:
    rate = f"{100 * row['success_rate_all']:.1f} %"
    return (
        str(row["player"]),
        "(a bound)",
        "–",
        f"{row['n']:,}",
        rate,
        "",
        *[""] * measured,
        "",
    )


def _row(row: dict[str, Any], labels: dict[str, str], measured: Sequence[Metric]) -> Words:
    unknown = "unknown" if row["completed"] + row["refused"] else "–"
    return (
        str(row["model"]),
        labels.get(row["prompt"], str(row["prompt"])),
        str(row["protocol"]),
        f"{row['planned'] - row['owed']:,}/{row['planned']:,}",
        _rate(row),
        _percent(row.get("oracle_ceiling")),
        *(
            number(metric.name, row[metric.name])
            if row.get(metric.name) is not None
            else ("–" if metric.unit == "share" else unknown)
            for metric in measured
        ),
        f"{row['owed']:,}" if row["owed"] else "",
    )


def _rate(row: dict[str, Any]) -> str:
    if row["owed"] and row.get("lower") is not None:
        return f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f} %"
    if row.get("success_rate_all") is None:
        return "–"
    low, high = row["success_rate_all_low"], row["success_rate_all_high"]
    return f"{100 * row['success_rate_all']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _cuts(said: dict[str, Any]) -> Iterator[str]:
    """Yield one line per model of which episodes were cut."""
    for model, row in by_model(_records(said, "endings")).items():
        if words := cut_words(row):
            bound = f"; {BOUND}" if cut_off(row) else ""
            yield f"{model}: {words}, of {row['episodes']:,} episodes{bound}"


def _judges(said: dict[str, Any]) -> list[str]:
    """Return one line per task with labels, about the verdicts that count."""
    first = {row["task"]: row for row in reversed(_records(said, "judges"))}
    return [
        f"{task}: {row['judge']} and people agree on {_percent(row['same'])} of "
        f"{row['labelled']:,} labelled replies{_alpha(row)}{_unequal(row)}; corrected rates: "
        "summary/tables/corrected.csv"
        for task, row in reversed(first.items())
    ]


def _alpha(row: dict[str, Any]) -> str:
    if row["alpha"] is None:
        return ""
    return f" (alpha {row['alpha']:.2f} [{row['alpha_low']:.2f}, {row['alpha_high']:.2f}])"


def _unequal(row: dict[str, Any]) -> str:
    p = row["p_models_alike"]
    if p is None or p > ALPHA:
        return ""
    return f", with different errors on the models (p = {p:.2g})"


def _pairs(said: dict[str, Any]) -> list[str]:
    """Return one line per task, prompt and judge of pairs: the share of comparisons won."""
    found: dict[tuple[str, ...], list[str]] = {}
    for row in _records(said, "pairwise"):
        place = (row["task"], said["prompts"].get(row["prompt"], row["prompt"]), row["judge"])
        if row["rating"] is not None:
            limits = f"[{100 * row['rating_low']:.1f}, {100 * row['rating_high']:.1f}]"
            found.setdefault(place, []).append(f"{row['model']} {_percent(row['rating'])} {limits}")
    return [
        f"{task}, {prompt}, comparisons won by {judge}: {', '.join(words)}"
        for (task, prompt, judge), words in found.items()
    ]


def _unlike(said: dict[str, Any]) -> str:
    if said["like_for_like"]:
        return ""
    return "The prompts did not run under the same conditions: the page compares like with like."


def _epoch(said: dict[str, Any]) -> str:
    """Return whose instances were played, if there are epochs."""
    epochs = said["facts"].get("versions", {}).get("epoch", [])
    return f"epoch of the instances: {', '.join(epochs)}" if epochs else ""


def _superseded(said: dict[str, Any]) -> str:
    return str(said["facts"].get("superseded", ""))


def _owed(said: dict[str, Any]) -> str:
    """Return what is owed: one line per kind with its remedy, and the command if it helps."""
    facts = said["facts"]
    owed, again = facts["counts"]["owed"], facts.get("asked_again", 0)
    if not owed:
        return ""
    lines = [f"{owed:,} {'episode is' if owed == 1 else 'episodes are'} owed:"]
    lines += [_cause(row) for row in facts["owed"]]
    lines += [f"to finish {again:,} of them: {facts['pays']}"] if again else []
    return "\n".join(lines)


def _cause(row: dict[str, Any]) -> str:
    words = " ".join(visible(row["message"], 160).split())
    message = f": {words}" if words else ""
    helps = f"; {row['helps']}" if "helps" in row else ""  # an older summary.json says none
    return f"  {row['episodes']:,} {visible(row['kind'])}{message}{row.get('rest', '')}{helps}"
