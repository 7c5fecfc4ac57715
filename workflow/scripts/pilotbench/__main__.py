"""`python -m pilotbench VERB`: everything that is not a build."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from pilotbench.ground.errors import PilotbenchError, UserError

VERBS = {
    "status": ("commands.status", "how far a run is: done, owed, in flight, spent"),
    "estimate": ("commands.estimate", "what a run will cost, before it, and why each shard runs"),
    "check": ("commands.check", "whether each key answers, as the model asked for, with calls"),
    "show": ("commands.show", "one instance: rendered prompt, the problem, the transcript"),
    "compare": ("results.summary.compare", "two result folders, prompts or models, paired"),
    "where-from": ("results.summary.where_from", "where a number of the summary comes from"),
    "prune": ("results.database.prune", "remove result files that no plan needs any more"),
    "init": ("commands.init", "write a config of your own for the keys in the environment"),
    "unlock": ("build.run_lock", "clear the stale lock of a killed run; end the pauses of keys"),
}


def main(words: list[str] | None = None) -> int:
    """Run one verb and return its exit code; a user's mistake is one line and 2."""
    words = sys.argv[1:] if words is None else words
    args = _parser(words[0] if words else "").parse_args(words)
    try:
        return int(importlib.import_module(f"pilotbench.{VERBS[args.verb][0]}").run(args))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except PilotbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(wanted: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pilotbench", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (module, told) in VERBS.items():
        verb = verbs.add_parser(name, help=told, description=f"{name}: {told}.")
        if name == wanted:  # only the verb that is asked for is imported
            importlib.import_module(f"pilotbench.{module}").add_arguments(verb)
    return parser


if __name__ == "__main__":
    sys.exit(main())
