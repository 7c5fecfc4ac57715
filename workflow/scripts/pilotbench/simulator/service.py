"""The behaviour of the simulator: admission, random draws, answers and statistics."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pilotbench.simulator.answers import Cast, SimulatedReply
from pilotbench.simulator.conversation import Conversation, lognormal, read, share, tokens_in
from pilotbench.simulator.keys import LimitedKey, Refusal
from pilotbench.simulator.schedule import ServedRequest, list_schedule
from pilotbench.simulator.setup import LASTING, PASSING, KeySetup, Setup
from pilotbench.simulator.wire import Connection, HttpRequest

Json = dict[str, Any]
NOT_ANSWERED = ("error_500", "reset", "hang", "truncated", "malformed", "slow_drip")


@dataclass
class Exchange:
    """One admitted request, until its slot is free again."""

    key: LimitedKey
    conversation: Conversation
    connection: Connection
    arrived: float
    fault: str | None
    timer: asyncio.TimerHandle | None = None
    done: bool = False


class Simulation:
    """All state of one simulator; used only from its event loop."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._cast = Cast(setup)
        self._loop = asyncio.get_running_loop()
        self._unix = time.time() - self._loop.time()
        self._by_secret = {key.secret or f"sk-{name}": name for name, key in setup.keys.items()}
        self._answered: Counter[str] = Counter()
        self._first_answer: dict[str, float] = {}
        self._tokens: dict[str, int] = {}
        self._attempts: Counter[str] = Counter()
        self._held: list[tuple[Exchange, Callable[[], None]]] | None = None
        self.reset()

    def reset(self) -> None:
        """Reset the statistics and release all answers; running requests are no longer counted."""
        self._hold(False)
        window = self.setup.window_s
        self._keys = {name: LimitedKey(name, key, window) for name, key in self.setup.keys.items()}
        self._served: list[ServedRequest] = []
        self._series: list[Json] = []
        self._paid_again: list[Json] = []
        self._faults: Counter[str] = Counter()
        self._answered.clear()
        self._first_answer.clear()
        self._attempts.clear()
        self._started = self._now()

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer one HTTP request, now or later."""
        path = request.path.rstrip("/")
        if self.setup.echo_headers:
            connection.echo = f" You sent {request.headers} to {request.path}"
        if path.endswith("/chat/completions") and request.method == "POST":
            self._complete(request, connection)
        elif path == "/stats":
            _send_json(connection, 200, self.statistics(request.query))
        elif path == "/reset" and request.method == "POST":
            self.reset()
            _send_json(connection, 200, {})
        elif path in ("/hold", "/release") and request.method == "POST":
            if "count" in request.query:
                self._release_some(int(request.query["count"]))
            else:
                self._hold(path == "/hold")
            _send_json(connection, 200, {})
        elif path.endswith("/models"):
            models = [{"id": name, "object": "model"} for name in self.setup.models]
            _send_json(connection, 200, {"object": "list", "data": models})
        else:
            _send_error(connection, 404, "not_found", f"no such address: {path}")

    def statistics(self, query: dict[str, str]) -> Json:
        """Return the statistics; `slots` adds the list schedule, `series` all times."""
        now = self._now()
        keys = {name: key.as_json(now) for name, key in self._keys.items()}
        found: Json = {
            "now": now,
            "started": self._started,
            "keys": keys,
            "total": _total(list(keys.values())),
            "faults": dict(self._faults),
            "paid_again": self._paid_again,
        }
        if "slots" in query:
            found["schedule"] = list_schedule(self._served, int(query["slots"]))
        if "series" in query:
            found["series"] = self._series
        return found

    def _now(self) -> float:
        return self._unix + self._loop.time()

    def _complete(self, request: HttpRequest, connection: Connection) -> None:
        deployment = _deployment(request)
        if deployment is not None and "api-version" not in request.query:
            _send_error(connection, 404, "not_found", "api-version is missing")
            return
        key = self._key(request)
        if key is None:
            _send_error(connection, 401, "invalid_api_key", "Incorrect API key provided.")
            return
        try:
            conversation = read(request.body, deployment)
        except ValueError as error:
            _send_error(connection, 400, "invalid_request", str(error))
            return
        refusal = key.arrive(self._now(), conversation.tokens)
        if refusal is None:
            self._serve(key, conversation, connection)
        else:
            self._refuse(key, refusal, connection)

    def _key(self, request: HttpRequest) -> LimitedKey | None:
        secret = request.headers.get("api-key")
        if secret is None:
            secret = request.headers.get("authorization", "").removeprefix("Bearer ")
        name = self._by_secret.get(secret)
        if name is None and not self.setup.keys:
            name = "key-" + hashlib.sha256(secret.encode()).hexdigest()[:8]
            self._keys.setdefault(name, LimitedKey(name, KeySetup(), self.setup.window_s))
        return None if name is None else self._keys[name]

    def _refuse(self, key: LimitedKey, refusal: Refusal, connection: Connection) -> None:
        headers = self._headers(key)
        if refusal.wait_s is not None and self.setup.retry_after:
            headers["retry-after"] = f"{refusal.wait_s:.3f}"
            headers["retry-after-ms"] = f"{refusal.wait_s * 1000:.0f}"
        self._note(key, self._now(), refusal.status)
        words = {
            "invalid_api_key": "Incorrect API key provided.",
            "insufficient_quota": "You exceeded your current quota.",
        }.get(refusal.code, "Rate limit reached for requests.")
        _send_error(connection, refusal.status, refusal.code, words, headers)

    def _serve(self, key: LimitedKey, conversation: Conversation, connection: Connection) -> None:
        now = self._now()
        attempt = self._attempts[conversation.body_digest]
        self._attempts[conversation.body_digest] += 1
        fault = self._fault(conversation, attempt)
        answer = self._cast.answer(conversation)
        answer = _cut(answer) if fault == "length" else answer
        duration = 0.0 if _is_quick(fault) else self._duration(conversation, answer, attempt)
        exchange = Exchange(key, conversation, connection, now, fault)
        connection.on_lost = lambda: self._lost(exchange)
        if fault is not None:
            self._faults[fault] += 1
        self._served.append(
            ServedRequest(
                conversation.digest, conversation.previous, duration, fault not in NOT_ANSWERED
            )
        )
        if fault == "hang":
            self._later(exchange, self.setup.hang_s, lambda: self._break(exchange))
        elif duration > 0:
            self._later(exchange, duration, lambda: self._respond(exchange, answer))
        else:
            self._due(exchange, lambda: self._respond(exchange, answer))

    def _fault(self, conversation: Conversation, attempt: int) -> str | None:
        if any(text in conversation.request for text in self.setup.reject_containing):
            return "rejected"
        limit = self.setup.context_tokens
        if limit is not None and conversation.tokens > limit:
            return "context_overflow"
        shares, seed = self.setup.faults, self.setup.seed
        if not shares:
            return None
        lasting = _drawn(shares, LASTING, share(seed, "lasting", conversation.opening))
        draw = share(seed, "passing", conversation.digest, attempt)
        return lasting or _drawn(shares, PASSING, draw)

    def _duration(self, conversation: Conversation, answer: SimulatedReply, attempt: int) -> float:
        setup = self.setup
        model = setup.models.get(conversation.model)
        median, sigma = setup.latency_s, setup.sigma
        if model is not None:
            median = median if model.latency_s is None else model.latency_s
            sigma = sigma if model.sigma is None else model.sigma
        drawn = lognormal(median, sigma, setup.seed, "latency", conversation.digest, attempt)
        read_s = setup.per_input_token_s * conversation.tokens
        return drawn + read_s + setup.per_output_token_s * _tokens_out(answer)

    def _later(self, exchange: Exchange, delay: float, then: Callable[[], None]) -> None:
        exchange.timer = self._loop.call_later(delay, self._due, exchange, then)

    def _due(self, exchange: Exchange, then: Callable[[], None]) -> None:
        """Finish a request; while answers are held, keep it for later."""
        if self._held is None:
            then()
        else:
            self._held.append((exchange, then))

    def _release_some(self, count: int) -> None:
        """Release this number of held answers and continue to hold the others."""
        now, self._held = (self._held or [])[:count], (self._held or [])[count:]
        for exchange, then in now:
            if not exchange.done:
                then()

    def _hold(self, hold: bool) -> None:
        """Hold all answers, or release the held ones and every later one."""
        held, self._held = self._held or [], None
        if hold:
            self._held = held
            return
        for exchange, then in held:
            if not exchange.done:
                then()

    def _respond(self, exchange: Exchange, answer: SimulatedReply) -> None:
        connection, key, fault = exchange.connection, exchange.key, exchange.fault
        headers = self._headers(key)
        error = _ERRORS.get(fault or "")
        if error is not None:
            self._leave(exchange, error[0])
            _send_error(connection, *error, headers)
            return
        if fault == "reset":
            self._break(exchange)
            return
        body = json.dumps(self._completion(exchange, answer)).encode()
        if fault == "slow_drip":
            connection.begin(200, len(body) + 10**6, headers)
            self._drip(exchange, b" ")
        elif fault == "truncated":
            self._leave(exchange, 200)
            connection.begin(200, len(body), headers, body[: len(body) // 2])
            connection.close()
        elif fault == "malformed":
            self._leave(exchange, 200)
            connection.send(200, body[: len(body) // 2], headers)
        else:
            self._paid(exchange, answer)
            self._leave(exchange, 200)
            connection.send(200, body, headers)

    def _completion(self, exchange: Exchange, answer: SimulatedReply) -> Json:
        conversation, fault = exchange.conversation, exchange.fault
        tokens, out = conversation.tokens, _tokens_out(answer)
        cached = self._tokens.get(conversation.previous, 0) // 128 * 128
        filtered = fault == "filtered"
        message = {"role": "assistant", "content": None} if filtered else answer.message
        if exchange.connection.echo:
            message = {**message, "reasoning_content": exchange.connection.echo}
        return {
            "id": f"chatcmpl-{conversation.digest[:24]}",
            "object": "chat.completion",
            "created": int(exchange.arrived),
            "model": "another-model" if fault == "wrong_model" else conversation.model,
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "content_filter" if filtered else answer.finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": tokens,
                "completion_tokens": out,
                "total_tokens": tokens + out,
                "prompt_tokens_details": {"cached_tokens": cached},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }

    def _paid(self, exchange: Exchange, answer: SimulatedReply) -> None:
        body, key = exchange.conversation.body_digest, exchange.key
        key.answered += 1
        key.tokens += exchange.conversation.tokens + _tokens_out(answer)
        self._tokens[exchange.conversation.digest] = exchange.conversation.tokens
        self._answered[body] += 1
        now = self._now()
        first = self._first_answer.setdefault(body, now)
        if self._answered[body] > self.setup.repeats:
            key.paid_again += 1
            self._paid_again.append({"key": key.name, "first_answered": first, "again": now})

    def _drip(self, exchange: Exchange, byte: bytes) -> None:
        if self._now() - exchange.arrived > self.setup.hang_s:
            self._break(exchange)
            return
        exchange.connection.write(byte)
        self._later(exchange, self.setup.drip_s, lambda: self._drip(exchange, byte))

    def _break(self, exchange: Exchange) -> None:
        self._leave(exchange, 0)
        exchange.connection.reset()

    def _lost(self, exchange: Exchange) -> None:
        """Free the slot of a disconnected client: at once, or when its answer would be ready."""
        if exchange.done:
            return
        exchange.key.abandoned += 1
        if self._held is not None:
            self._held = [one for one in self._held if one[0] is not exchange]
        if self.setup.release_on_disconnect or exchange.fault in ("hang", "slow_drip"):
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
        if status != 200 or exchange.fault in NOT_ANSWERED:
            exchange.key.failed += 1
        exchange.key.leave(self._now())
        self._note(exchange.key, exchange.arrived, status)

    def _note(self, key: LimitedKey, arrived: float, status: int) -> None:
        self._series.append(
            {"key": key.name, "arrived": arrived, "ended": self._now(), "status": status}
        )

    def _headers(self, key: LimitedKey) -> dict[str, str]:
        return key.headers(self._now()) if self.setup.rate_headers else {}


_ERRORS: dict[str, tuple[int, str, str]] = {
    "error_500": (500, "server_error", "The server had an error while processing your request."),
    "unauthorized": (401, "invalid_api_key", "Incorrect API key provided."),
    "insufficient_quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "rejected": (400, "invalid_request", "This request is rejected for ever."),
    "content_filter": (400, "content_filter", "The response was filtered by the content policy."),
    "context_overflow": (
        400,
        "context_length_exceeded",
        "This model's maximum context length is exceeded. Please shorten the messages.",
    ),
}


def _is_quick(fault: str | None) -> bool:
    return fault in _ERRORS and fault != "error_500"


def _drawn(shares: dict[str, float], kinds: tuple[str, ...], draw: float) -> str | None:
    upto = 0.0
    for kind in kinds:
        upto += shares.get(kind, 0.0)
        if draw < upto:
            return kind
    return None


def _deployment(request: HttpRequest) -> str | None:
    _, found, rest = request.path.partition("/openai/deployments/")
    return rest.split("/")[0] if found else None


def _cut(answer: SimulatedReply) -> SimulatedReply:
    content = answer.message.get("content") or ""
    return SimulatedReply({"role": "assistant", "content": content[: len(content) // 2]}, "length")


def _tokens_out(answer: SimulatedReply) -> int:
    return tokens_in(json.dumps(answer.message))


def _total(keys: list[Json]) -> Json:
    added = ("requests", "answered", "failed", "abandoned", "429", "unauthorized", "paid_again")
    total: Json = {
        name: sum(key[name] for key in keys)
        for name in (*added, "in_flight", "slot_seconds", "tokens")
    }
    firsts = [key["first_request"] for key in keys if key["first_request"] is not None]
    lasts = [key["last_response"] for key in keys if key["last_response"] is not None]
    total["first_request"] = min(firsts, default=None)
    total["last_response"] = max(lasts, default=None)
    return total


def _send_json(connection: Connection, status: int, value: Json) -> None:
    connection.send(status, json.dumps(value).encode())


def _send_error(
    connection: Connection,
    status: int,
    code: str,
    message: str,
    headers: dict[str, str] | None = None,
) -> None:
    kind = {401: "authentication_error", 429: "requests", 500: "server_error"}.get(status)
    said = message + connection.echo
    error = {"message": said, "type": kind or "invalid_request_error", "code": code}
    if code == "insufficient_quota":
        error["type"] = code
    body = json.dumps({"error": error | {"param": None}}).encode()
    connection.send(status, body, headers)
