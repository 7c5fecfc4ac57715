"""`python -m dev.bench`: measure the speed tables, print and keep them."""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from dev.bench import page
from dev.bench.row import Row

TABLES = ("providers", "database", "scale", "summary")
ON_DEMAND = ("peers",)  # it installs other people's software: only when it is asked for
PARTS = {"providers": ("job",), "scale": ("job",), "peers": ("job", "peer")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; return 1 where a bar is missed."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    part = {name: value for name in ("job", "peer") if (value := getattr(chosen, name))}
    for name in part:
        if name not in PARTS.get(chosen.only, ()):
            parser.error(f"--{name} goes with --only {' or '.join(_with(name))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that runs are ended on the way out
    holds = True
    for table in [chosen.only] if chosen.only else TABLES:
        rows = []
        for row in _rows(table)(**part):
            rows.append(row)
            if not chosen.json:
                print(page.line(row), flush=True)
        latest = page.keep(table, rows, part=bool(part))
        page.write(latest)
        holds = holds and all(row["holds"] for row in latest["rows"] if row["table"] == table)
    if chosen.json:
        print(json.dumps(latest, indent=1))
    elif not holds:
        print("a bar is missed")
    return 0 if holds else 1


def _with(part: str) -> list[str]:
    return [table for table, parts in PARTS.items() if part in parts]


def _rows(table: str) -> Callable[..., Iterable[Row]]:
    rows: Callable[..., Iterable[Row]] = importlib.import_module(f"dev.bench.{table}").rows
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("dev.bench", description=__doc__)
    parser.add_argument("--only", choices=(*TABLES, *ON_DEMAND), help="one table alone")
    parser.add_argument(
        "--job",
        help="of this table, jobs alone whose name begins so (scale: sizes, largest or choices)",
    )
    parser.add_argument("--peer", help="of the peers' table, one column alone")
    parser.add_argument("--json", action="store_true", help="print benchmarks/latest.json")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
