"""The predecessor's scripts: translate their options into one snakemake command and run it.

There is no second scheduler here: the process becomes the command that it prints. If no environment
is active, it is created first. All words after `--` are passed to snakemake unchanged.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import Any, NoReturn

from legacy.command import Command, split, without_dashes
from legacy.environment import ROOT, enter_environment
from legacy.options import (
    GONE,
    KEYS,
    WITH_VALUE,
    asks_for_help,
    chosen,
    from_variables,
    help_of,
    name_of,
    parser_of,
    positive_float,
    positive_int,
)
from legacy.selection import limit, names_models, note, of_config, with_keys


def quick_test(words: list[str]) -> Command:
    """Run a small real benchmark that needs no key. All words are passed to snakemake."""
    help_of("quick_test.sh", quick_test, words)
    overlay = "config/experiments/quick.yaml"
    return Command(["quick"], from_variables(), overlays=[overlay], words=without_dashes(words))


def test_all(words: list[str]) -> Command:
    """Run all models whose keys are set, all prompts and tasks. Words are passed to snakemake."""
    help_of("test_all.sh", test_all, words)
    rest = without_dashes(words)
    models = {} if names_models(rest) else {"models": with_keys()}
    everything = {**models, "prompts": "all", "tasks": "all"}
    return Command(config=everything | from_variables(), words=rest)


def run_batch_test(words: list[str]) -> Command:
    """Run selected models. The config gives everything that no flag or variable sets."""
    own, rest = split(words)
    parser = parser_of("run_batch_test.sh", run_batch_test, KEYS)
    parser.add_argument("--all-models", action="store_true", help="all models whose keys are set")
    args = parser.parse_args(own)
    config = from_variables() | chosen(args)
    if args.all_models and "models" in config:
        parser.error("--all-models and --model cannot be combined")
    if "models" not in config:
        config = ({"models": with_keys()} if args.all_models else of_config(rest)) | config
    return Command(config=config, words=rest)


def run_parallel_test(words: list[str]) -> Command:
    """Run several models at once, across all providers: all whose keys are set, or those named."""
    own, rest = split(words)
    parser = parser_of("run_parallel_test.sh", run_parallel_test, KEYS)
    parser.add_argument(
        "names", nargs="*", metavar="MODEL", help="models (default: all whose keys are set)"
    )
    args = parser.parse_args(own)
    config = from_variables() | chosen(args)
    if args.names:
        config = {"models": ",".join(args.names)} | config
    elif "models" not in config and not names_models(rest):
        config = {"models": with_keys()} | config
    return Command(config=config, words=rest)


def smart_batch_runner(words: list[str]) -> Command:
    """Translate the flags of the predecessor's batch runner into one snakemake command."""
    own, rest = split(words)
    parser = parser_of("smart_batch_runner.py", smart_batch_runner, KEYS)
    parser.add_argument(
        "--max-workers", type=positive_int, metavar="N", help="requests in flight on each key"
    )
    parser.add_argument(
        "--qps", type=positive_float, metavar="N", help="requests per second on each key"
    )
    parser.add_argument("--silent", "--quiet", action="store_true", help="print only the result")
    for flag, why in GONE.items():
        kind: dict[str, Any] = {"metavar": "N"} if flag in WITH_VALUE else {"action": "store_true"}
        parser.add_argument(flag, default=None, help=f"no effect: {why}", **kind)
    args = parser.parse_args(own)
    for flag, why in GONE.items():
        if getattr(args, name_of(flag)) is not None:
            note(f"{flag} has no effect and is ignored: {why}")
    own_models = {} if args.models else of_config(rest)
    command = Command(config=own_models | chosen(args), words=rest)
    limit(command, args.max_workers, args.qps)
    if args.silent:
        command.words += ["--quiet", "all"]
    return command


SHOWN = "smart_batch_runner"
"""An option without effect: `ps aux | grep smart_batch_runner` finds the run of every script."""
SCRIPTS = {
    "quick_test.sh": quick_test,
    "test_all.sh": test_all,
    "run_batch_test.sh": run_batch_test,
    "run_parallel_test.sh": run_parallel_test,
    "smart_batch_runner.py": smart_batch_runner,
}


def main(script: str, words: list[str]) -> NoReturn:
    """Become the snakemake command of a script. A user's mistake is one line and exit code 2."""
    os.chdir(ROOT)
    if not asks_for_help(words):  # help needs no environment
        enter_environment(script, words)
    sys.path.insert(0, str(ROOT / "workflow/scripts"))
    from pilotbench.ground.errors import UserError

    try:
        line = SCRIPTS[script](words).line()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"+ {shlex.join(['snakemake', *line])}", file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, "-X", f"{SHOWN}={script}", "-m", "snakemake", *line])
