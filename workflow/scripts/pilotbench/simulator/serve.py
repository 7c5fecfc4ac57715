"""Serve until the parent process ends, the time is over, or a signal comes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from pilotbench.simulator import config_lines
from pilotbench.simulator.families import check_families
from pilotbench.simulator.ground.setup import Setup
from pilotbench.simulator.ground.wire import Connection
from pilotbench.simulator.service import Simulation

LONGEST_LIFE_S = 24 * 3600.0


@dataclass(frozen=True)
class Listen:
    """Where to listen (port 0: a free one), and when to stop."""

    host: str = "127.0.0.1"
    port: int = 0
    lifetime_s: float = 3600.0
    until_stdin_closes: bool = False


@dataclass(frozen=True)
class Address:
    """Where the simulator listens, and the variables and config lines that direct a run to it."""

    base_url: str
    environment: dict[str, str]
    config: str = ""


def serve(setup: Setup, listen: Listen, ready: Callable[[Address], None]) -> None:
    """Serve; call `ready` as soon as requests are accepted. Raises UserError for a wrong family."""
    check_families(setup)
    asyncio.run(_serve(setup, listen, ready))


async def _serve(setup: Setup, listen: Listen, ready: Callable[[Address], None]) -> None:
    loop = asyncio.get_running_loop()
    service = Simulation(setup)
    server = await loop.create_server(
        lambda: Connection(service.handle), listen.host, listen.port, backlog=1024
    )
    host, port = server.sockets[0].getsockname()[:2]
    origin = f"http://{host}:{port}"
    variables = {name: value.format(origin=origin) for name, value in setup.environment.items()}
    ready(Address(f"{origin}/v1", variables, config_lines.lines(setup, origin)))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if listen.until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), _stop_when_closed, stop)
    watch = loop.create_task(_watch(stop, os.getppid(), min(listen.lifetime_s, LONGEST_LIFE_S)))
    await stop.wait()
    watch.cancel()
    server.close()


async def _watch(stop: asyncio.Event, parent: int, lifetime_s: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + lifetime_s
    while loop.time() < end and os.getppid() == parent:
        await asyncio.sleep(min(0.5, max(0.01, end - loop.time())))
    stop.set()


def _stop_when_closed(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()
