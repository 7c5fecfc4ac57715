"""Clear the lock of a run that was killed, or end the pauses of keys."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from pilotbench.asking.keys import key_status
from pilotbench.build import run_lock
from pilotbench.commands.options import add_config, experiment_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `unlock`."""
    parser.add_argument(
        "--force", action="store_true", help="also clear a lock whose owner is unknown"
    )
    parser.add_argument(
        "--pauses",
        action="store_true",
        help="clear no lock; end the pauses that providers asked for, on every key of the config",
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Explain the lock, and clear it when its owner is dead; with `--pauses` lift the pauses."""
    if args.pauses:
        lifted = key_status.lift_pauses(experiment_of(args).settings)
        print(json.dumps(lifted) if args.json else "\n".join(key_status.lifted_lines(lifted)))
        return 0
    found = run_lock.unlock(force=args.force)
    print(json.dumps(asdict(found)) if args.json else found.says)
    return 0 if found.state in ("none", "stale") else 1
