"""The behaviour of the simulator: which request is admitted, refused or answered, and how."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from pilotbench.simulator.apis import APIS, api_of, model_list
from pilotbench.simulator.apis.api import (
    BATCH,
    Api,
    Incoming,
    Malformed,
    Outcome,
    Problem,
    problem,
)
from pilotbench.simulator.batches.desk import Desk
from pilotbench.simulator.batches.front import Front
from pilotbench.simulator.batches.job import LineAnswer
from pilotbench.simulator.delivery import Delivery, Exchange
from pilotbench.simulator.faults import (
    ERRORS,
    NOT_ANSWERED,
    drawn_fault,
    is_quick,
    lasting_fault,
)
from pilotbench.simulator.ground.answers import SimulatedReply
from pilotbench.simulator.ground.conversation import lognormal
from pilotbench.simulator.ground.schedule import ServedRequest
from pilotbench.simulator.ground.setup import Setup
from pilotbench.simulator.ground.wire import Connection, HttpRequest
from pilotbench.simulator.ledger import Ledger, tokens_out
from pilotbench.simulator.replies import Replies

Json = dict[str, Any]


class Simulation:
    """All state of one simulator; used only from its event loop."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._replies = Replies(setup)
        loop = asyncio.get_running_loop()
        unix = time.time() - loop.time()
        self._ledger = Ledger(setup, lambda: unix + loop.time())
        self._delivery = Delivery(setup, self._ledger)
        desk = Desk(setup, self._ledger.now, self._answer_line)
        self._batches = Front(desk, self._admit)

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer one HTTP request, now or later."""
        path = request.path.rstrip("/")
        if self.setup.echo_headers:
            connection.echo = f" You sent {request.headers} to {request.path}"
        api = api_of(path) if request.method == "POST" else None
        if api is not None:
            self._ask(api, request, connection)
        elif self._batches.handle(request, connection):
            return
        elif path.endswith("/models"):
            _send_json(connection, 200, model_list(path, self.setup.models))
        elif not self._command(path, request, connection):
            given = problem("not_found", f"no such address: {path}")
            self._delivery.send_error(APIS["chat"], connection, given)

    def _command(self, path: str, request: HttpRequest, connection: Connection) -> bool:
        """Obey an address that no service has; return whether it is one."""
        found = self._batches.command(path, request)
        if found is not None:
            _send_json(connection, 400 if "error" in found else 200, found)
            return True
        found = {}
        if path == "/stats":
            found = self._ledger.statistics(request.query) | {"batches": self._batches.statistics()}
        elif path == "/invoice":
            found = self._ledger.invoice.as_json()
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
        refused = self._refusal(exchange.api, incoming)
        if refused is not None:
            self._delivery.refuse(exchange, refused)
            return
        attempt = self._ledger.attempt(conversation)
        fault = drawn_fault(self.setup, conversation, attempt, incoming.stream)
        if fault is not None:
            self._ledger.faults[fault] += 1
        exchange.fault = fault
        exchange.shows_reasoning = self._replies.family(incoming).shows_reasoning
        echo = exchange.connection.echo
        reply = self._replies.reply(exchange.api, incoming, fault, echo)
        duration = 0.0 if is_quick(fault) else self._duration(incoming, reply, attempt)
        answered = fault not in NOT_ANSWERED
        self._ledger.served.append(
            ServedRequest(conversation.digest, conversation.previous, duration, answered)
        )
        self._delivery.start(exchange, reply, duration)

    def _refusal(self, api: Api, incoming: Incoming) -> Problem | None:
        """Return why a request is refused, and count its rule."""
        found = self._replies.refusal(api, incoming)
        if found is None:
            return None
        self._ledger.refusals[found[0]] += 1
        return found[1]

    def _answer_line(
        self, api: Api, secret: str, request: HttpRequest, code: str | None
    ) -> LineAnswer:
        """Answer a line of a batch as the same request is answered online, and count it once."""
        try:
            incoming = api.read(request)
        except Malformed as error:
            return LineAnswer(*api.error(error.problem))
        refused = problem(code) if code else self._refusal(api, incoming)
        if refused is None:
            fault = lasting_fault(self.setup, incoming.conversation)
            refused = problem(ERRORS[fault]) if fault and fault in ERRORS else None
        if refused is not None:
            return LineAnswer(*api.error(refused))
        key, conversation = self._ledger.key(secret), incoming.conversation
        assert key is not None, "a batch is only accepted from a known key"
        reply = self._replies.reply(api, incoming, fault)
        outcome = Outcome(
            incoming=incoming,
            reply=reply,
            usage=self._ledger.usage(api, incoming, reply),
            created=int(self._ledger.now()),
            model=conversation.model,
            shows_reasoning=self._replies.family(incoming).shows_reasoning,
            tier=BATCH,
        )
        self._ledger.paid(key, outcome)
        return LineAnswer(200, api.answer(outcome), outcome.usage)

    def _admit(self, secret: str) -> Problem | None:
        """Return why a key may not use the batch endpoints, None where it may."""
        key = self._ledger.key(secret)
        if key is None or key.setup.unauthorized:
            return problem("invalid_api_key")
        most = key.setup.quota_requests
        spent = most is not None and key.answered >= most
        return problem("insufficient_quota") if spent else None

    def _duration(self, incoming: Incoming, reply: SimulatedReply, attempt: int) -> float:
        setup, conversation = self.setup, incoming.conversation
        model = self._replies.model(incoming)
        median = setup.latency_s if model.latency_s is None else model.latency_s
        sigma = setup.sigma if model.sigma is None else model.sigma
        drawn = lognormal(median, sigma, setup.seed, "latency", conversation.digest, attempt)
        read_s = setup.per_input_token_s * conversation.tokens
        return drawn + read_s + setup.per_output_token_s * tokens_out(reply)


def _send_json(connection: Connection, status: int, value: Json) -> None:
    connection.send(status, json.dumps(value).encode())
