"""List the result files that no table needs, or remove them.

superseded  other files contain all of its episodes, or the present config asks other questions
outside     none of its episodes belong to the selection of the last command
damaged     the file cannot be read

The journal is not touched: whatever is removed can be rebuilt at no cost.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pilotbench.build import run_lock
from pilotbench.commands.options import add_results
from pilotbench.ground.errors import UserError
from pilotbench.ground.terminal_tables import columns, table, terminal_width
from pilotbench.results.database.prune import KINDS, Prunable, command, prunable, remove


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `prune`."""
    add_results(parser)
    parser.add_argument(
        "--remove",
        nargs="+",
        choices=(*KINDS, "all"),
        default=[],
        help="remove the files of these kinds",
    )


def run(args: argparse.Namespace) -> int:
    """List the files, or remove them; refuse while a run is in progress."""
    if line := run_lock.in_progress():
        raise UserError(f"{line}; prune when it has ended")
    kinds = KINDS if "all" in args.remove else args.remove
    files = remove(args.results, kinds) if kinds else prunable(args.results)
    if args.json:
        print(json.dumps([asdict(file) for file in files], indent=1))
    else:
        print(text(files, args.results, removed=bool(kinds)))
    return 0


def text(files: Sequence[Prunable], results: Path, *, removed: bool) -> str:
    """Return one row per file and the total."""
    if not files:
        return _total(files, results, removed)
    head = columns(("kind", "bytes", "episodes", "file"), right=("bytes", "episodes"))
    rows = [(f.kind, f"{f.size:,}", f"{f.episodes}", f.path) for f in files]
    return f"{table(head, rows, terminal_width())}\n{_total(files, results, removed)}"


def _total(files: Sequence[Prunable], results: Path, removed: bool) -> str:
    total = f"{len(files)} files, {sum(f.size for f in files):,} B"
    if removed:
        return f"removed {total}; the journal keeps their answers"
    if not files:
        return "nothing to prune"
    kinds = [kind for kind in KINDS if any(f.kind == kind for f in files)]
    return f"{total}; remove them with: {command(results, *kinds)}"
