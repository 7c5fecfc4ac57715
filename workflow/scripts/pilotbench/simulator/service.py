"""The behaviour of the simulator: which request is admitted, refused or answered, and how."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

from pilotbench.simulator.apis import APIS, api_of, model_list
from pilotbench.simulator.apis.api import Api, Incoming, Malformed, problem
from pilotbench.simulator.delivery import Delivery, Exchange
from pilotbench.simulator.families import Family, family_of
from pilotbench.simulator.faults import NOT_ANSWERED, cut, drawn_fault, filtered, is_quick
from pilotbench.simulator.ground.answers import Cast, SimulatedReply, multiplied
from pilotbench.simulator.ground.conversation import lognormal
from pilotbench.simulator.ground.schedule import ServedRequest
from pilotbench.simulator.ground.setup import ModelSetup, Setup
from pilotbench.simulator.ground.thinking import reasoning
from pilotbench.simulator.ground.wire import Connection, HttpRequest
from pilotbench.simulator.ledger import Ledger, tokens_out

Json = dict[str, Any]
_UNNAMED = ModelSetup()


class Simulation:
    """All state of one simulator; used only from its event loop."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._cast = Cast(setup)
        loop = asyncio.get_running_loop()
        unix = time.time() - loop.time()
        self._ledger = Ledger(setup, lambda: unix + loop.time())
        self._delivery = Delivery(setup, self._ledger)

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer one HTTP request, now or later."""
        path = request.path.rstrip("/")
        if self.setup.echo_headers:
            connection.echo = f" You sent {request.headers} to {request.path}"
        api = api_of(path) if request.method == "POST" else None
        if api is not None:
            self._ask(api, request, connection)
        elif path.endswith("/models"):
            _send_json(connection, 200, model_list(path, self.setup.models))
        elif not self._command(path, request, connection):
            given = problem("not_found", f"no such address: {path}")
            self._delivery.send_error(APIS["chat"], connection, given)

    def _command(self, path: str, request: HttpRequest, connection: Connection) -> bool:
        """Obey an address that no service has; return whether it is one."""
        found: Json = {}
        if path == "/stats":
            found = self._ledger.statistics(request.query)
        elif path == "/reset" and request.method == "POST":
            self._delivery.hold(False)
            self._ledger.reset()
        elif path in ("/hold", "/release") and request.method == "POST":
            if "count" in request.query:
                self._delivery.release_some(int(request.query["count"]))
            else:
                self._delivery.hold(path == "/hold")
        else:
            return False
        _send_json(connection, 200, found)
        return True

    def _ask(self, api: Api, request: HttpRequest, connection: Connection) -> None:
        key = self._ledger.key(api.secret(request))
        if key is None:
            self._delivery.send_error(api, connection, problem("invalid_api_key"))
            return
        try:
            incoming = api.read(request)
        except Malformed as error:
            self._delivery.send_error(api, connection, error.problem)
            return
        now = self._ledger.now()
        refusal = key.arrive(now, incoming.conversation.tokens)
        if refusal is None:
            self._serve(Exchange(api, key, incoming, connection, now))
            return
        wait_s = refusal.wait_s if self.setup.retry_after else None
        self._ledger.note(key, now, refusal.status)
        given = problem(refusal.code, wait_s=wait_s)
        self._delivery.send_error(api, connection, given, key)

    def _serve(self, exchange: Exchange) -> None:
        incoming, conversation = exchange.incoming, exchange.conversation
        model = self.setup.models.get(conversation.model, _UNNAMED)
        family = family_of(model.family)
        refused = family.refusal(exchange.api.name, incoming, model.lenient)
        if refused is not None:
            rule, found = refused
            self._ledger.refusals[rule] += 1
            self._delivery.refuse(exchange, found)
            return
        attempt = self._ledger.attempt(conversation)
        fault = drawn_fault(self.setup, conversation, attempt, incoming.stream)
        if fault is not None:
            self._ledger.faults[fault] += 1
        exchange.fault, exchange.shows_reasoning = fault, family.shows_reasoning
        reply = self._reply(exchange, family, model)
        duration = 0.0 if is_quick(fault) else self._duration(incoming, model, reply, attempt)
        answered = fault not in NOT_ANSWERED
        self._ledger.served.append(
            ServedRequest(conversation.digest, conversation.previous, duration, answered)
        )
        self._delivery.start(exchange, reply, duration)

    def _reply(self, exchange: Exchange, family: Family, model: ModelSetup) -> SimulatedReply:
        """Return the answer of the model, with the family's identifiers and reasoning."""
        conversation, fault = exchange.conversation, exchange.fault
        reply = multiplied(conversation, self._cast.answer(conversation), model.calls)
        reply = replace(reply, message=family.named(exchange.api.name, conversation, reply.message))
        if family.thinks(exchange.incoming.sent):
            reply = replace(reply, reasoning=reasoning(conversation, reply.message))
        if fault == "length":
            reply = cut(reply)
        if fault == "filtered":
            reply = filtered(reply)
        if exchange.connection.echo:
            reply = replace(reply, reasoning=reply.reasoning + exchange.connection.echo)
        return reply

    def _duration(
        self, incoming: Incoming, model: ModelSetup, reply: SimulatedReply, attempt: int
    ) -> float:
        setup, conversation = self.setup, incoming.conversation
        median = setup.latency_s if model.latency_s is None else model.latency_s
        sigma = setup.sigma if model.sigma is None else model.sigma
        drawn = lognormal(median, sigma, setup.seed, "latency", conversation.digest, attempt)
        read_s = setup.per_input_token_s * conversation.tokens
        return drawn + read_s + setup.per_output_token_s * tokens_out(reply)


def _send_json(connection: Connection, status: int, value: Json) -> None:
    connection.send(status, json.dumps(value).encode())
