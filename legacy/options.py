"""The options of the predecessor's scripts."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping

from legacy.command import split

KEYS = {
    "models": ("-m", "--model", "--models"),
    "prompts": ("-p", "--prompt-types", "--prompts"),
    "tasks": ("-t", "--task-types", "--tasks"),
    "instances": ("-n", "--num-instances", "--instances"),
    "difficulties": ("-d", "--difficulty", "--difficulties"),
    "tool_success_rates": ("--tool-success-rate",),
}
"""Config key -> the flags that set it."""
VARIABLES = {
    "instances": "NUM_INSTANCES",
    "difficulties": "DIFFICULTY",
    "tasks": "TASK_TYPES",
    "prompts": "PROMPT_TYPES",
}
"""Config key -> the environment variable that sets it if no flag does."""
GONE = {
    "--adaptive": "each key adapts to what its provider accepts",
    "--no-adaptive": "a key adapts to 429s only; its slots, rpm and tpm are fixed",
    "--prompt-parallel": "everything without a result runs in parallel",
    "--sequential-prompts": "the order does not matter: all models get the same instances",
    "--provider-parallel": "each key has its own slots, so all providers work at once",
    "--save-logs": "every shard has a log in results/logs, one line per episode",
    "--no-save-logs": "every shard has a log in results/logs, one line per episode",
    "--checkpoint-interval": "every answer is on disk before it is used",
    "--batch-commit": "every answer is on disk before it is used",
}
"""Flags that no longer have an effect, and why."""
WITH_VALUE = ("--checkpoint-interval",)
ENVIRONMENT = f"Flags take precedence over {', '.join(VARIABLES.values())}."


def parser_of(
    script: str, translate: object, keys: Mapping[str, Iterable[str]]
) -> argparse.ArgumentParser:
    """Return a parser with the flags of the config keys."""
    parser = argparse.ArgumentParser(
        prog=script,
        description=translate.__doc__,
        epilog=f"{ENVIRONMENT} Words after -- are passed to snakemake: -- --dry-run",
        allow_abbrev=False,
    )
    for key, flags in keys.items():
        parser.add_argument(
            *flags, dest=key, help=f"config key {key}; several values are comma-separated"
        )
    return parser


def help_of(script: str, translate: object, words: list[str]) -> None:
    """Print the help of a script and exit, if requested."""
    if asks_for_help(words):
        parser = parser_of(script, translate, {})
        parser.usage = f"{script} [WORD ...]"
        parser.epilog = "For the help of snakemake: python -m snakemake --help"
        parser.print_help()
        sys.exit(0)


def asks_for_help(words: list[str]) -> bool:
    """Return whether the help of a script is requested."""
    return bool({"-h", "--help"} & set(split(words)[0]))


def chosen(args: argparse.Namespace) -> dict[str, str]:
    """Return the config keys that flags set."""
    return {key: value for key in KEYS if (value := getattr(args, key)) is not None}


def from_variables() -> dict[str, str]:
    """Return the config keys that environment variables set."""
    return {key: os.environ[name] for key, name in VARIABLES.items() if os.environ.get(name)}


def name_of(flag: str) -> str:
    """Return the attribute under which argparse stores a flag."""
    return flag.lstrip("-").replace("-", "_")


def positive_int(text: str) -> int:
    """Return a whole number of 1 or more."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def positive_float(text: str) -> float:
    """Return a number above 0."""
    if not 0 < (value := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value
