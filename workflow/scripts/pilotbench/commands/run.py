"""Run the benchmark of this folder: Snakemake, with the workflow of this package.

    pilotbench run                                   run what is missing, then database and page
    pilotbench run -n                                list what would run, and what it would cost
    pilotbench run quick                             a small benchmark that needs no key
    pilotbench run --configfile mine.yaml            another selection
    pilotbench run --config models=oracle            the same for single keys
    pilotbench run summary --config partial=true     tables of what exists; nothing is asked

All words are passed on to Snakemake (its own help: pilotbench run -- --help), and its exit code is
returned. The Snakefile and the profile of this folder are used where there are any, those of the
package otherwise. A config file or profile that this folder does not have may be one of the
package, such as config/experiments/standard.yaml.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from pilotbench.build.command_line import command_line

PASSES_ON = True
"""The words after the command are not parsed here, except a first --help or --json."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `run`."""
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="targets and options of Snakemake, passed on"
    )


def run(args: argparse.Namespace) -> int:
    """Become Snakemake; with `--json`, print its command line instead."""
    command = command_line(args.words)
    if args.json:
        print(json.dumps(command))
    else:
        sys.stdout.flush()
        os.execv(command[0], command)
    return 0
