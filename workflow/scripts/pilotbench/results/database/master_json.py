"""`master_database.json`, in the format that users of the predecessor know, now consistent.

summary; then models > prompt type > tool success rate > difficulty > task type. The file is
cumulative, as there: it counts every episode of the store that counts, whatever the selection of
the last command was; superseded episodes are in no number. `total` = `full_success` +
`partial_success` + `failure` and `planned` = `total` + `refused` + `not_applicable` + `owed` at
each leaf, and the leaves add up to the summary. `schema` returns the JSON Schema of the file.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.ground import atomic_files, schemas
from pilotbench.results import metrics
from pilotbench.results.database.queries import opened
from pilotbench.results.database.schema import CELL
from pilotbench.results.metrics import METRICS

Json = dict[str, Any]
DIGITS = 6
_WORDS = ", ".join(CELL)
IN_MASTER = tuple(metric for metric in METRICS if metric.master is not None)
_USD = frozenset(metric.in_master for metric in IN_MASTER if metric.unit == "USD")
_LEAVES = f"""
WITH done AS (SELECT {_WORDS}, {metrics.aggregates()} FROM episodes GROUP BY ALL
), planned AS (SELECT DISTINCT {_WORDS} FROM plan
), owing AS (SELECT {_WORDS}, count(*) AS owed FROM owed GROUP BY ALL
), every AS (
  SELECT * REPLACE (coalesce(owed, 0) AS owed)
  FROM done FULL JOIN planned USING ({_WORDS}) LEFT JOIN owing USING ({_WORDS})
)
SELECT model, prompt, tool_success_rate, difficulty, task,
  coalesce(episodes_found, 0) + owed AS planned, owed,
  {", ".join(f"{metric.name} AS {metric.in_master}" for metric in IN_MASTER)},
  {", ".join(f"error_{kind}" for kind in ERROR_KINDS)}
FROM ({metrics.derived("FROM every")})
ORDER BY model, prompt, tool_success_rate, difficulty, task
"""
_KINDS = {"episodes": "count", "share": "rate", "tokens": "tokens"}
_LAST = """
SELECT coalesce(
  (SELECT max(ended) FROM episodes),
  (SELECT epoch(max(ended)::TIMESTAMPTZ) FROM shards WHERE counted > 0))
"""


def write(db: Path, out: Path) -> None:
    """Write the JSON file atomically."""
    text = json.dumps(content(db), indent=2, ensure_ascii=False, allow_nan=False)
    atomic_files.write_text(out, text + "\n")


def schema() -> Json:
    """Return the JSON Schema of the file, with every metric and kind of error."""
    found = schemas.load("master_database")
    leaf = found["$defs"]["leaf"]
    for metric in IN_MASTER:
        kind = _KINDS.get(metric.unit, "mean")
        entry = {"$ref": f"#/$defs/{kind}", "description": metric.says}
        leaf["properties"][metric.in_master] = entry
    leaf["required"] = list(leaf["properties"])
    errors = leaf["properties"]["errors"]
    errors["properties"] = {kind: {"$ref": "#/$defs/count"} for kind in ERROR_KINDS}
    errors["required"] = list(ERROR_KINDS)
    return found


def content(db: Path) -> Json:
    """Return the content of the file."""
    with opened(db) as connection:
        cursor = connection.execute(_LEAVES)
        names = [column[0] for column in cursor.description or []]
        leaves = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        last = connection.execute(_LAST).fetchone()
    summary = _summary(leaves, last[0] if last else None)
    models: Json = {}
    for leaf in leaves:
        path = [leaf.pop(word) for word in names[:5]]
        place = models
        for name, level in zip(path, _LEVELS, strict=True):
            place = place.setdefault(name, {} if level is None else {level: {}})
            place = place if level is None else place[level]
        place.update(_leaf(leaf))
    return {"summary": summary, "models": models}


_LEVELS = ("by_prompt_type", "by_tool_success_rate", "by_difficulty", "by_task_type", None)


def _leaf(row: Json) -> Json:
    errors = {kind: row.pop(f"error_{kind}") for kind in ERROR_KINDS}
    rounded = {name: _rounded(name, value) for name, value in row.items()}
    return rounded | {"total_errors": sum(errors.values()), "errors": errors}


def _rounded(name: str, value: Any) -> Any:
    """Return a number of a leaf; USD to 10 digits as on the page, since a leaf may cost little."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.10g}") if name in _USD else round(value, DIGITS)


def _summary(leaves: list[Json], last: float | None) -> Json:
    total = {
        name: sum(leaf[key] for leaf in leaves)
        for name, key in (
            ("total_tests", "total"),
            ("total_success", "full_success"),
            ("total_partial", "partial_success"),
            ("total_failure", "failure"),
            ("planned", "planned"),
            ("refused", "refused"),
            ("not_applicable", "not_applicable"),
            ("owed", "owed"),
            ("provisional", "provisional"),
        )
    }
    return total | {
        "models_tested": sorted({leaf["model"] for leaf in leaves if _episodes(leaf)}),
        "last_test_time": None
        if last is None
        else datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds"),
    }


def _episodes(leaf: Json) -> int:
    return int(leaf["total"] + leaf["refused"] + leaf["not_applicable"])
