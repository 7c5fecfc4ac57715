"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--configfile` and `--config`, with the meaning that they have in a build."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="files that override config/*.yaml, as in a build",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="single keys that override all config files, as in a build",
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add `--results`."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="the results folder (default: results)",
    )


def experiment_of(args: argparse.Namespace) -> Experiment:
    """Return the experiment that the arguments select. Raises UserError."""
    merged = config_files.read(args.configfile, overrides(args.config))
    return load_experiment(merged, [*config_files.base_files(), *args.configfile])


def overrides(words: list[str]) -> dict[str, Any]:
    """Return the values of `--config KEY=VALUE …`. Raises ConfigError for another form."""
    found = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise ConfigError(f"--config {word}: must be KEY=VALUE")
        found[key] = yaml_files.load(value)
    return found
