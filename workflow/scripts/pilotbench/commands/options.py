"""The arguments that every verb knows: which config, which form of output."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pilotbench.ground import yaml_files
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config
from pilotbench.matrix.experiment import Experiment, load_experiment


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--configfile` and `--config`, which mean what they mean to a build."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="overlays over config/*.yaml, as in the build",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="single keys over all config files, as in the build",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def experiment_of(args: argparse.Namespace) -> Experiment:
    """Return the matrix that the arguments name. Raises UserError."""
    merged = config.read(args.configfile, overrides(args.config))
    return load_experiment(merged, [*map(Path, config.BASE_FILES), *args.configfile])


def overrides(words: list[str]) -> dict[str, Any]:
    """Return what `--config KEY=VALUE …` says. Raises ConfigError for another form."""
    found = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise ConfigError(f"--config {word}: must be KEY=VALUE")
        found[key] = yaml_files.load(value)
    return found
