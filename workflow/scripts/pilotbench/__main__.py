"""Everything that is not a build. `COMMAND --help` explains one command.

Exit codes: 0 success; 1 the command found a problem or failed; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import FileFinder
from pathlib import Path

from pilotbench import commands
from pilotbench.ground import shipped
from pilotbench.ground.errors import PilotbenchError, UserError

OWN = ("-h", "--help", "--json")
"""Options of a command that passes on all other words."""


@dataclass(frozen=True)
class CommandModule:
    """A module of `commands/` that defines `add_arguments` and `run`; it is not imported yet."""

    module: str
    description: str
    passes_on: bool = False
    """Whether the words after its name belong to another program (`PASSES_ON`)."""

    @property
    def name(self) -> str:
        """The word on the command line."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def help(self) -> str:
        """The first paragraph of the description in one line."""
        return " ".join(self.description.partition("\n\n")[0].split()).rstrip(".")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keep the lines of a description; leave more room to the help of each argument."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=18)


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on stderr."""
    words = sys.argv[1:] if words is None else words
    args = _parsed(words)
    try:
        return int(importlib.import_module(args.module).run(args))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except PilotbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def all_commands() -> list[CommandModule]:
    """Return the commands, sorted by name. No command is imported."""
    found = []
    for entry in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
        assert isinstance(entry.module_finder, FileFinder)
        file = Path(entry.module_finder.path, entry.name.rpartition(".")[2] + ".py")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if {"add_arguments", "run"} <= functions:
            assigned = [node.targets for node in tree.body if isinstance(node, ast.Assign)]
            passes_on = "PASSES_ON" in {ast.unparse(one) for several in assigned for one in several}
            found.append(CommandModule(entry.name, ast.get_docstring(tree) or "", passes_on))
    return found


def _parsed(words: list[str]) -> argparse.Namespace:
    """Return the arguments of a command; its `words`, if any, may also follow options."""
    known = {command.name: command for command in all_commands()}
    name = words[0] if words else ""
    parser = _parser(known.values(), name)
    if name in known and known[name].passes_on:
        own = next((n for n, word in enumerate(words) if n and word not in OWN), len(words))
        args = parser.parse_args(words[:own])
        args.words = words[own + (words[own : own + 1] == ["--"]) :]
        return args
    args, rest = parser.parse_known_args(words)
    options = [word for word in rest if word.startswith("-")]
    if options:
        parser.error(f"unknown option: {', '.join(options)}")
    if rest and not hasattr(args, "words"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        args.words += rest
    return args


def _parser(known: Iterable[CommandModule], wanted: str) -> argparse.ArgumentParser:
    """Return the parser; only the command `wanted` is imported and has its arguments."""
    parser = argparse.ArgumentParser(
        prog=shipped.COMMAND, description=__doc__, formatter_class=_Help
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in known:
        own = subparsers.add_parser(
            command.name,
            help=command.help.replace("%", "%%"),
            description=command.description,
            formatter_class=_Help,
        )
        own.set_defaults(module=command.module)
        own.add_argument("--json", action="store_true", help="print JSON for other programs")
        if command.name == wanted:
            importlib.import_module(command.module).add_arguments(own)
    return parser


if __name__ == "__main__":
    sys.exit(main())
