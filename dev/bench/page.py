"""What a bench leaves: benchmarks/latest.json, and docs/benchmarks.md made from it."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.bench import versus
from dev.bench.row import Row, number

Json = dict[str, Any]
LATEST = Path("benchmarks/latest.json")
PAGE = Path("docs/benchmarks.md")
LIBRARIES = ("snakemake", "openai", "duckdb", "pandas")
TITLES = {
    "providers": "Providers, limits, journal",
    "database": "Master database",
    "scale": "Many shards",
    "summary": "Status and page",
    "peers": "Other runners in the same jobs",
}
HEAD = """\
# Benchmarks

This page is written by `make bench` (`make bench only=providers` for one table). Providers are
simulated by a separate process on the loopback interface, so every value measures this tool and
not a remote service.

- *Utilisation with start-up*: requests in flight, integrated over time / (slots x time), from the
  start of the command (shards as targets) to its end.
- *Of the list schedule*: the shortest time that an ideal client needs for the same latencies, in
  its own order on the same slots / the time from the first request to the last response.
- *Bar* is the value that must be reached. A row that misses it says *no* and is measured again
  before it is explained.
"""


def keep(table: str, rows: Iterable[Row], file: Path = LATEST, *, part: bool = False) -> Json:
    """Put the rows of a table in place of its former ones; return the whole content.

    Where only a `part` of the table was measured, former rows stay unless they are among the new.
    """
    latest: Json = json.loads(file.read_text()) if file.exists() else {"rows": []}
    now = datetime.now(UTC).isoformat(timespec="minutes")
    new = [{"table": table, **row, "measured": now} for row in rows]
    named = {_key(row) for row in new}
    others = [
        row for row in latest["rows"] if row["table"] != table or (part and _key(row) not in named)
    ]
    order = list(TITLES)
    kept = sorted([*others, *new], key=lambda row: order.index(row["table"]))
    latest = {
        "machine": machine(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "rows": versus.judged(kept),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(latest, indent=1) + "\n")
    return latest


def _key(row: Row) -> tuple[str, str]:
    return row["name"], row.get("peer", "")


def machine() -> str:
    """Return what was measured on, in words."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[1]
    return (
        f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, load of the last five minutes {load:.1f}"
    )


def write(latest: Json, page: Path = PAGE) -> None:
    """Write the page; a table that `latest` does not know stays as it stands there."""
    versions = ", ".join(f"{name} {version}" for name, version in latest["versions"].items())
    before = page.read_text() if page.exists() else ""
    parts = [HEAD, f"Last written on {latest['machine']}; {versions}.\n"]
    for table, title in TITLES.items():
        rows = [row for row in latest["rows"] if row["table"] == table]
        if rows:
            parts.append(f"## {title}\n\n{_section(table)(rows)}\n")
        elif f"\n## {title}\n" in before:
            parts.append(_part(before, title))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts))


def _part(text: str, title: str) -> str:
    """Return the section of `text` under `title`."""
    body = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return f"## {title}\n{body.rstrip()}\n"


def _section(table: str) -> Callable[[list[Row]], str]:
    """Return what writes a table's section; that of the peers says how each was asked."""
    if table != "peers":
        return table_of
    section: Callable[[list[Row]], str] = importlib.import_module("dev.bench.peers.section").section
    return section


def table_of(rows: list[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| what | value | bar | holds | shard size | measured |", "|---|--:|--:|---|--:|---|"]
    lines += [
        f"| {row['name']} | {number(row['value'])} {row['unit']} | {_bar(row)} "
        f"| {'' if row['bar'] is None else 'yes' if row['holds'] else '**no**'} "
        f"| {row.get('shard_size', '')} | {row['measured'][:10]} |"
        for row in rows
    ]
    return "\n".join(lines)


def line(row: Row) -> str:
    """Return a row for the terminal."""
    verdict = "     " if row["bar"] is None else "holds" if row["holds"] else "FAILS"
    bar = f"({_bar(row)})" if row["bar"] is not None else ""
    return f"{verdict}  {number(row['value']):>9} {row['unit']:<4} {row['name']} {bar}".rstrip()


def _bar(row: Row) -> str:
    if row["bar"] is None:
        return ""
    sense = {"at least": "≥", "at most": "≤"}.get(row.get("sense", ""), "<")
    return f"{sense} {number(row['bar'])}"
