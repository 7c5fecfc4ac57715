"""Run the simulator until its parent goes away, its time is over, or a signal comes."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pilotbench.simulator.service import Service
from pilotbench.simulator.setup import SetupError, load
from pilotbench.simulator.wire import Connection

LONGEST_LIFE_S = 24 * 3600.0


def main() -> int:
    """Read the flags, print the address, serve."""
    arguments = _parser().parse_args()
    try:
        setup = load(arguments.config, _overrides(arguments))
    except (SetupError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(setup, arguments))
    return 0


async def _serve(setup: Any, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    service = Service(setup)
    server = await loop.create_server(
        lambda: Connection(service.handle), arguments.host, arguments.port, backlog=1024
    )
    host, port = server.sockets[0].getsockname()[:2]
    origin = f"http://{host}:{port}"
    print(f"{origin}/v1")
    for name, value in setup.environment.items():
        print(f"export {name}={value.format(origin=origin)}")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if arguments.until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), _stop_when_closed, stop)
    watch = loop.create_task(_watch(stop, os.getppid(), min(arguments.lifetime, LONGEST_LIFE_S)))
    await stop.wait()
    watch.cancel()
    server.close()


async def _watch(stop: asyncio.Event, parent: int, lifetime: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + lifetime
    while loop.time() < end and os.getppid() == parent:
        await asyncio.sleep(min(0.5, max(0.01, end - loop.time())))
    stop.set()


def _stop_when_closed(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pilotbench.simulator",
        description="Simulate a provider of chat completions.",
    )
    parser.add_argument(
        "--config", type=Path, help="YAML or JSON file with any setting of setup.py"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one (default)")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="NAME[:SLOTS[:RPM[:TPM]]]",
        help="a key and its limits; its secret is sk-NAME; an empty limit is none",
    )
    parser.add_argument("--latency", type=float, metavar="S", help="median latency")
    parser.add_argument("--sigma", type=float, help="of the lognormal latency; 0 is fixed")
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=SHARE",
        help="such as error_500=0.05, reset=0.02; setup.py names them all",
    )
    parser.add_argument(
        "--tasks", metavar="NAMES", help="whose instances the players play, such as all"
    )
    parser.add_argument(
        "--instances", type=int, metavar="N", help="of each task and difficulty (200)"
    )
    parser.add_argument(
        "--lifetime", type=float, default=3600, metavar="S", help="ends after so long (3600)"
    )
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flag, name in (
        ("latency", "latency_s"),
        ("sigma", "sigma"),
        ("seed", "seed"),
        ("instances", "instances"),
    ):
        if getattr(arguments, flag) is not None:
            found[name] = getattr(arguments, flag)
    if arguments.tasks:
        found["tasks"] = arguments.tasks.split(",")
    if arguments.key:
        found["keys"] = dict(_key(words) for words in arguments.key)
    if arguments.fault:
        pairs = (words.partition("=") for words in arguments.fault)
        found["faults"] = {name: float(share) for name, _, share in pairs}
    return found


def _key(words: str) -> tuple[str, dict[str, int]]:
    name, *limits = words.split(":")
    kinds = zip(("slots", "rpm", "tpm"), limits, strict=False)
    return name, {kind: int(limit) for kind, limit in kinds if limit}


if __name__ == "__main__":
    raise SystemExit(main())
