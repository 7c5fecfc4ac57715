"""Report the progress of a run: finished, owed, in flight, spent, and why it waits.

It works at any time: during a run, from another terminal, or after a crash.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict

from pilotbench.build import live_page
from pilotbench.build.progress import Watch
from pilotbench.build.progress_table import Look, of
from pilotbench.commands.options import add_config, experiment_of
from pilotbench.ground.terminal_tables import terminal_width

NOTICES = 12
"""How many of the latest notices are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    add_config(parser)
    parser.add_argument(
        "--watch",
        nargs="?",
        const=2.0,
        type=float,
        metavar="SECONDS",
        help="refresh every SECONDS (default: 2) until interrupted",
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="also write results/summary/live.html, a page that refreshes itself with --watch",
    )


def run(args: argparse.Namespace) -> int:
    """Print the progress of each model and key."""
    watch = Watch(experiment_of(args))
    if args.page:
        page = live_page.write(watch, args.watch or 0.0)
        if not args.json:
            print(f"page: {page}")
    if args.json:
        print(json.dumps(_as_json(watch), indent=1))
    elif args.watch is None:
        print(text(watch))
    else:
        _refresh(watch, args.watch, page=args.page)
    return 0


def text(watch: Watch) -> str:
    """Return the tables and the latest notices."""
    found = [str(notice) for notice in watch.notices()[-NOTICES:]]
    lines = [of(watch, terminal_width())]
    return "\n".join([*lines, *(["", "notices of the last run", *found] if found else [])])


def _as_json(watch: Watch) -> dict[str, object]:
    look = Look.at(watch)
    rates = ("rate", "answer_rate", "left_s", "share")
    return {
        "overview": asdict(look.overview),
        "waiting": [asdict(one) for one in look.reasons],
        "models": [
            {**asdict(row), **{name: getattr(row, name) for name in rates}} for row in look.models
        ],
        "judges": [asdict(row) for row in look.judges],
        "keys": [{**asdict(row), "state": str(row.state)} for row in look.keys],
        "batches": [asdict(row) for row in look.batches],
        "notices": [asdict(notice) for notice in watch.notices()],
    }


def _refresh(watch: Watch, pause_s: float, *, page: bool) -> None:
    from rich.live import Live
    from rich.text import Text

    try:
        with Live(Text(text(watch)), auto_refresh=False) as live:
            while True:
                time.sleep(max(pause_s, 0.2))
                if page:
                    live_page.write(watch, pause_s)
                live.update(Text(text(watch)), refresh=True)
    except KeyboardInterrupt:
        return
