"""CPU time of one request in each wire format, beside that of `chat`, at latency 0.

A request is built, sent through the client to the simulator, read, and its message understood, in
one thread. The formats take turns, so that what else the machine does touches all of them; the
quickest of the rounds counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, cast

from dev.bench.job import BenchJob, served
from dev.bench.row import Row, at_most, without_bar
from pilotbench.benchmark.tasks import TASKS
from pilotbench.providers.kinds import KINDS, connect
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS

ROUNDS, REQUESTS = 12, 50
MODEL, KEY, TASK = "plain", "sim_key1", "simple_task"
BAR = 1.5


def rows(scale: float) -> Iterator[Row]:
    """Yield the CPU time of a request, answered at once and as a stream."""
    models = {MODEL: {"family": "plain", "plays": "oracle"}}
    job = BenchJob(slots=1, simulator={"models": models, "tasks": [TASK], "instances": 1})
    for stream in (False, True):
        with served(job) as simulator, ExitStack() as opened:
            asks = {
                api: opened.enter_context(_asking(simulator, api, stream)) for api in WIRE_FORMATS
            }
            milliseconds = _quickest(asks, max(1, round(REQUESTS * scale)))
        name = "CPU of a request" + (", streamed" if stream else "")
        yield without_bar(f"{name}: chat", milliseconds["chat"], "ms")
        for api in (api for api in asks if api != "chat"):
            times = milliseconds[api] / milliseconds["chat"]
            yield at_most(f"{name}: {api} / chat", times, "", BAR)


def _quickest(asks: dict[str, Callable[[], None]], requests: int) -> dict[str, float]:
    """Return the CPU time of a request in ms, by format: the least of the rounds."""
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        for api, ask in asks.items():
            began = time.process_time()
            for _ in range(requests):
                ask()
            taken = 1000 * (time.process_time() - began) / requests
            least[api] = min(taken, least.get(api, taken))
    return least


@contextmanager
def _asking(simulator: Any, api: str, stream: bool) -> Iterator[Callable[[], None]]:
    """Yield what asks the first question of a task in a wire format."""
    wire, task = WIRE_FORMATS[api], TASKS[TASK]
    own = {one.api: name for name, one in KINDS.items() if one.api != "chat"}
    kind = own.get(api, "openai")
    url = simulator.base_url if kind == "openai" else simulator.address
    instance = task.instance("easy", 0)
    messages = [Message("system", "Call one tool."), Message("user", instance.request)]
    model = Model(MODEL, "sim", MODEL, kind=kind, api=api, stream=stream)
    provider = ProviderSettings("sim", kind, {KEY: Key(KEY, "sim", 1)}, url)
    access = {KEY: Access(url, simulator.secret(KEY))}

    def ask() -> None:
        body, _ = wire.bodies(MODEL, messages, Offer(task.tools(instance)), {"max_tokens": 500})
        request = Request(body, instance, "1.0", 0, 0)
        wire.read(client.complete(request, KEY, 60).message)

    with closing(cast(ServiceClient, connect(provider, model, access))) as client:
        yield ask
