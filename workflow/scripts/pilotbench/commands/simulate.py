"""Simulate the providers of the config on this machine, without a key or cost.

It prints the address, the variables to export and the config lines to write, and serves until it is
stopped. Without --setup it simulates the Azure resource and the gateway of config/providers.yaml,
and services with the other APIs, as strict as those of GPT-5, Claude, Gemini 3 and others
(docs/simulator.md); models play the benchmark with a known skill.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pilotbench import simulator
from pilotbench.benchmark.catalogue import TASKS
from pilotbench.ground.errors import UserError
from pilotbench.matrix import config, config_files

SETUP = Path(str(simulator.__file__)).with_name("simulate.yaml")
NOTHING = Path("none")
_NAMES = {"latency": "latency_s", "sigma": "sigma", "seed": "seed", "instances": "instances"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `simulate`."""
    parser.add_argument(
        "--setup",
        type=Path,
        default=SETUP,
        metavar="FILE",
        help="YAML or JSON file with the settings of simulator/ground/setup.py; `none`: every "
        "secret is accepted without limits",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default: a free one)"
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="NAME[:SLOTS[:RPM[:TPM]]]",
        help="a key and its limits; its secret is sk-NAME; an empty limit means no limit",
    )
    parser.add_argument("--latency", type=float, metavar="S", help="median latency in seconds")
    parser.add_argument("--sigma", type=float, help="sigma of the lognormal latency; 0: constant")
    parser.add_argument("--seed", type=int, help="seed of all random draws")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=SHARE",
        help="share of requests with a fault, such as error_500=0.05 or reset=0.02; "
        "simulator/ground/setup.py lists all faults",
    )
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help="tasks that the models can play: `all` of the benchmark, and question packs by name",
    )
    parser.add_argument(
        "--seed-epoch",
        metavar="VARIABLE",
        help="environment variable with the seed epoch, as in `seed_epoch: {env: VARIABLE}`",
    )
    parser.add_argument(
        "--instances",
        type=int,
        metavar="N",
        help="instances per task and difficulty (default: 200)",
    )
    parser.add_argument(
        "--lifetime",
        type=float,
        default=3600,
        metavar="S",
        help="stop after S seconds (default: 3600)",
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="also stop when stdin is closed"
    )


def run(args: argparse.Namespace) -> int:
    """Print the address and serve."""
    from pilotbench.simulator.ground.setup import load
    from pilotbench.simulator.serve import Address, Listen, serve

    def announce(address: Address) -> None:
        print(json.dumps(asdict(address)) if args.json else text(address), flush=True)

    def text(address: Address) -> str:
        exports = [f"export {name}={value}" for name, value in address.environment.items()]
        return "\n".join([address.base_url, *exports, *families(address.config)])

    setup = load(None if args.setup == NOTHING else args.setup, overrides(args))
    serve(setup, Listen(args.host, args.port, args.lifetime, args.until_stdin_closes), announce)
    return 0


def families(config: str) -> list[str]:
    """Return how to play the simulated families, nothing where there are none."""
    if not config:
        return []
    head = "# To play these models, write the lines below to a file and add --configfile FILE:"
    return ["", head, *config.splitlines()]


def overrides(args: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the arguments replace. Raises UserError for a malformed one."""
    found: dict[str, Any] = {
        name: value for flag, name in _NAMES.items() if (value := getattr(args, flag)) is not None
    }
    if args.tasks:
        found["tasks"] = args.tasks.split(",")
        if not {"all", *TASKS}.issuperset(found["tasks"]):
            found["task_folders"] = config.settings(config_files.read()).task_folders
    if args.seed_epoch:
        found["seed_epoch"] = {"env": args.seed_epoch}
    if args.key:
        found["keys"] = dict(_key(words) for words in args.key)
    if args.fault:
        found["faults"] = dict(_fault(words) for words in args.fault)
    return found


def _key(words: str) -> tuple[str, dict[str, int]]:
    name, *limits = words.split(":")
    kinds = zip(("slots", "rpm", "tpm"), limits, strict=False)
    try:
        return name, {kind: int(limit) for kind, limit in kinds if limit}
    except ValueError:
        raise UserError(f"--key {words}: must be NAME[:SLOTS[:RPM[:TPM]]]") from None


def _fault(words: str) -> tuple[str, float]:
    name, _, share = words.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise UserError(f"--fault {words}: must be NAME=SHARE") from None
