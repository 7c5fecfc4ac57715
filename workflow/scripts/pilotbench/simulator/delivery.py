"""How responses leave the simulator: when, held back or not, whole, in pieces, or broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pilotbench.simulator.apis.api import Api, Incoming, Outcome, Problem, problem
from pilotbench.simulator.faults import ERRORS, NOT_ANSWERED
from pilotbench.simulator.ground.answers import SimulatedReply
from pilotbench.simulator.ground.conversation import Conversation
from pilotbench.simulator.ground.keys import LimitedKey
from pilotbench.simulator.ground.setup import Setup
from pilotbench.simulator.ground.wire import Connection
from pilotbench.simulator.ledger import Ledger

_MOST_PAUSES = 8
_HALF_EVENT = b'data: {"id": "ha\n\n'


@dataclass
class Exchange:
    """One admitted request, until its slot is free again."""

    api: Api
    key: LimitedKey
    incoming: Incoming
    connection: Connection
    arrived: float
    fault: str | None = None
    shows_reasoning: bool = True
    timer: asyncio.TimerHandle | None = None
    beat: asyncio.TimerHandle | None = None
    done: bool = False

    @property
    def conversation(self) -> Conversation:
        """What was asked."""
        return self.incoming.conversation


class Delivery:
    """Sends responses; used only from the event loop."""

    def __init__(self, setup: Setup, ledger: Ledger) -> None:
        self._setup, self._ledger = setup, ledger
        self._loop = asyncio.get_running_loop()
        self._held: list[tuple[Exchange, Callable[[], None]]] | None = None

    def start(self, exchange: Exchange, reply: SimulatedReply, duration_s: float) -> None:
        """Answer a request after `duration_s`, as its fault wants."""
        exchange.connection.on_lost = lambda: self._lost(exchange)
        setup, streams = self._setup, exchange.incoming.stream
        if streams and setup.keep_alive_s is not None and exchange.fault not in ERRORS:
            self._begin_stream(exchange)
            self._beat(exchange, setup.keep_alive_s)
        if exchange.fault == "hang":
            self._later(exchange, setup.hang_s, lambda: self._break(exchange))
            return
        rest = duration_s * (1 - setup.first_token_share) if streams else 0.0
        respond = partial(self._respond, exchange, reply, rest)
        if duration_s > 0:
            self._later(exchange, duration_s - rest, respond)
        else:
            self._due(exchange, respond)

    def refuse(self, exchange: Exchange, found: Problem) -> None:
        """Answer a request with an error, at once."""
        self._leave(exchange, found.status)
        self.send_error(exchange.api, exchange.connection, found, exchange.key)

    def send_error(
        self, api: Api, connection: Connection, found: Problem, key: LimitedKey | None = None
    ) -> None:
        """Send an error; with a key, its rate limits."""
        status, body = api.error(found)
        if connection.echo:
            inner = body.get("error", body)
            inner["message"] = f"{inner.get('message', '')}{connection.echo}"
        headers = {} if key is None else self.headers(api, key, found.wait_s)
        connection.send(status, json.dumps(body).encode(), headers)

    def headers(self, api: Api, key: LimitedKey, wait_s: float | None = None) -> dict[str, str]:
        """Return the headers of a response to a key."""
        now = self._ledger.now()
        limits = key.limits(now) if self._setup.rate_headers else []
        return api.headers(limits, wait_s, now)

    def hold(self, hold: bool) -> None:
        """Hold all answers, or release the held ones and every later one."""
        held, self._held = self._held or [], None
        if hold:
            self._held = held
            return
        _run(held)

    def release_some(self, count: int) -> None:
        """Release this number of held answers and continue to hold the others."""
        now, self._held = (self._held or [])[:count], (self._held or [])[count:]
        _run(now)

    def _later(self, exchange: Exchange, delay_s: float, then: Callable[[], None]) -> None:
        exchange.timer = self._loop.call_later(delay_s, self._due, exchange, then)

    def _due(self, exchange: Exchange, then: Callable[[], None]) -> None:
        """Finish a request; while answers are held, keep it for later."""
        if self._held is None:
            then()
        else:
            self._held.append((exchange, then))

    def _respond(self, exchange: Exchange, reply: SimulatedReply, rest_s: float) -> None:
        fault, api, connection = exchange.fault, exchange.api, exchange.connection
        code = ERRORS.get(fault or "")
        if code is not None:
            found = problem(code)
            self._leave(exchange, found.status)
            self.send_error(api, connection, found, exchange.key)
        elif fault == "reset":
            self._break(exchange)
        elif exchange.incoming.stream:
            self._stream(exchange, reply, rest_s)
        else:
            self._send(exchange, reply)

    def _send(self, exchange: Exchange, reply: SimulatedReply) -> None:
        """Send a whole response, or what its fault leaves of it."""
        connection, fault = exchange.connection, exchange.fault
        headers = self.headers(exchange.api, exchange.key)
        outcome = self._outcome(exchange, reply)
        body = json.dumps(exchange.api.answer(outcome)).encode()
        if fault == "slow_drip":
            connection.begin(200, len(body) + 10**6, headers)
            self._drip(exchange, partial(connection.write, b" "))
        elif fault == "truncated":
            self._leave(exchange, 200)
            connection.begin(200, len(body), headers, body[: len(body) // 2])
            connection.close()
        elif fault == "malformed":
            self._leave(exchange, 200)
            connection.send(200, body[: len(body) // 2], headers)
        else:
            self._paid(exchange, outcome)
            self._leave(exchange, 200)
            connection.send(200, body, headers)

    def _stream(self, exchange: Exchange, reply: SimulatedReply, rest_s: float) -> None:
        """Send the events of a response over `rest_s`, or what its fault leaves of them."""
        api, connection, fault = exchange.api, exchange.connection, exchange.fault
        outcome = self._outcome(exchange, reply)
        events = api.events(outcome)
        if not connection.is_streaming:
            self._begin_stream(exchange)
        self._stop_beating(exchange)
        if fault == "slow_drip":
            self._drip(exchange, partial(connection.piece, api.alive))
            return
        if fault == "unusable" or fault not in NOT_ANSWERED:
            self._pieces(exchange, events, rest_s, partial(self._end_stream, exchange, outcome))
            return
        last = {"malformed": _HALF_EVENT, "stream_error": api.broken(problem("overloaded"))}
        half = [*events[: max(1, len(events) // 2)], last.get(fault, b"")]
        self._pieces(exchange, half, rest_s, partial(self._cut_stream, exchange))

    def _pieces(
        self, exchange: Exchange, events: list[bytes], rest_s: float, then: Callable[[], None]
    ) -> None:
        """Send events in a few groups over `rest_s`, then call `then`."""
        pauses = min(_MOST_PAUSES, len(events) - 1) if rest_s > 0 else 0
        if not pauses:
            exchange.connection.piece(b"".join(events))
            then()
            return
        size = -(-len(events) // (pauses + 1))
        exchange.connection.piece(b"".join(events[:size]))
        pause_s = rest_s / pauses
        send_rest = partial(self._pieces, exchange, events[size:], rest_s - pause_s, then)
        exchange.timer = self._loop.call_later(pause_s, send_rest)

    def _end_stream(self, exchange: Exchange, outcome: Outcome) -> None:
        self._paid(exchange, outcome)
        self._leave(exchange, 200)
        exchange.connection.end_pieces()

    def _cut_stream(self, exchange: Exchange) -> None:
        """End a stream before its last events; a truncated one is not even ended."""
        self._leave(exchange, 200)
        if exchange.fault == "truncated":
            exchange.connection.close()
        else:
            exchange.connection.end_pieces()

    def _begin_stream(self, exchange: Exchange) -> None:
        exchange.connection.begin_pieces(200, self.headers(exchange.api, exchange.key))

    def _beat(self, exchange: Exchange, every_s: float) -> None:
        """Keep a stream alive until its first event."""
        exchange.connection.piece(exchange.api.alive)
        exchange.beat = self._loop.call_later(every_s, self._beat, exchange, every_s)

    def _stop_beating(self, exchange: Exchange) -> None:
        if exchange.beat is not None:
            exchange.beat.cancel()

    def _outcome(self, exchange: Exchange, reply: SimulatedReply) -> Outcome:
        conversation = exchange.conversation
        model = "another-model" if exchange.fault == "wrong_model" else conversation.model
        return Outcome(
            incoming=exchange.incoming,
            reply=reply,
            usage=self._ledger.usage(exchange.api, exchange.incoming, reply),
            created=int(exchange.arrived),
            model=model,
            shows_reasoning=exchange.shows_reasoning,
            tier=exchange.incoming.tier,
        )

    def _paid(self, exchange: Exchange, outcome: Outcome) -> None:
        """Charge an answer; one that cannot be used does not count as answered."""
        if exchange.fault == "unusable":
            self._ledger.charge(exchange.key, outcome)
        else:
            self._ledger.paid(exchange.key, outcome)

    def _drip(self, exchange: Exchange, drop: Callable[[], None]) -> None:
        """Send something that says nothing every `drip_s`, and break at last."""
        if self._ledger.now() - exchange.arrived > self._setup.hang_s:
            self._break(exchange)
            return
        drop()
        self._later(exchange, self._setup.drip_s, lambda: self._drip(exchange, drop))

    def _break(self, exchange: Exchange) -> None:
        self._leave(exchange, 0)
        exchange.connection.reset()

    def _lost(self, exchange: Exchange) -> None:
        """Free the slot of a disconnected client: at once, or when its answer would be ready."""
        if exchange.done:
            return
        exchange.key.abandoned += 1
        self._stop_beating(exchange)
        if self._held is not None:
            self._held = [one for one in self._held if one[0] is not exchange]
        if self._setup.release_on_disconnect or exchange.fault in ("hang", "slow_drip"):
            if exchange.timer is not None:
                exchange.timer.cancel()
            self._leave(exchange, 0)
            return
        leave = partial(self._leave, exchange, 0)
        if exchange.timer is None:
            self._due(exchange, leave)
        else:
            when = exchange.timer.when()
            exchange.timer.cancel()
            exchange.timer = self._loop.call_at(when, self._due, exchange, leave)

    def _leave(self, exchange: Exchange, status: int) -> None:
        exchange.done = True
        exchange.connection.on_lost = None
        self._stop_beating(exchange)
        if status != 200 or exchange.fault in NOT_ANSWERED:
            exchange.key.failed += 1
        exchange.key.leave(self._ledger.now())
        self._ledger.note(exchange.key, exchange.arrived, status)


def _run(held: list[tuple[Exchange, Callable[[], None]]]) -> None:
    for exchange, then in held:
        if not exchange.done:
            then()
