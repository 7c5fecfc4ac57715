"""What a simulator counts: keys, times, faults, refusals, and what was paid for again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from pilotbench.simulator.apis.api import Api, Incoming, Outcome, Usage
from pilotbench.simulator.ground.answers import SimulatedReply
from pilotbench.simulator.ground.conversation import Conversation, tokens_in
from pilotbench.simulator.ground.keys import LimitedKey
from pilotbench.simulator.ground.schedule import ServedRequest, list_schedule
from pilotbench.simulator.ground.setup import KeySetup, Setup
from pilotbench.simulator.invoice import Invoice

Json = dict[str, Any]


class Ledger:
    """The counts of one simulator; `now` returns the Unix time in s."""

    def __init__(self, setup: Setup, now: Callable[[], float]) -> None:
        self._setup, self.now = setup, now
        self._by_secret = {key.secret or f"sk-{name}": name for name, key in setup.keys.items()}
        self._tokens: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Begin all counts anew; running requests are no longer counted."""
        window = self._setup.window_s
        self.keys = {name: LimitedKey(name, key, window) for name, key in self._setup.keys.items()}
        self.served: list[ServedRequest] = []
        self.faults: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.tiers: Counter[str] = Counter()
        self.invoice = Invoice(self._setup.models)
        self._series: list[Json] = []
        self._paid_again: list[Json] = []
        self._answered: Counter[str] = Counter()
        self._first_answer: dict[str, float] = {}
        self._attempts: Counter[str] = Counter()
        self._started = self.now()

    def key(self, secret: str) -> LimitedKey | None:
        """Return the key of a secret, None for a wrong one; without keys every secret is one."""
        name = self._by_secret.get(secret)
        if name is None and not self._setup.keys:
            name = "key-" + hashlib.sha256(secret.encode()).hexdigest()[:8]
            self.keys.setdefault(name, LimitedKey(name, KeySetup(), self._setup.window_s))
        return None if name is None else self.keys[name]

    def attempt(self, conversation: Conversation) -> int:
        """Return how often this body was sent before, and count it."""
        self._attempts[conversation.body_digest] += 1
        return self._attempts[conversation.body_digest] - 1

    def usage(self, api: Api, incoming: Incoming, reply: SimulatedReply) -> Usage:
        """Return the token counts of an answer; what was sent before is cached."""
        conversation = incoming.conversation
        cached = self._tokens.get(conversation.previous, 0) // 128 * 128
        reasoning = tokens_in(reply.reasoning) if reply.reasoning else 0
        usage = Usage(conversation.tokens, tokens_out(reply), reasoning, cached)
        return api.counted(incoming, usage)

    def charge(self, key: LimitedKey, outcome: Outcome) -> None:
        """Charge an answer, whatever it is worth."""
        key.tokens += outcome.usage.input + outcome.usage.output
        model = outcome.incoming.model
        self.invoice.charge(key.name, model, outcome.tier, outcome.usage, self.now())

    def paid(self, key: LimitedKey, outcome: Outcome) -> None:
        """Charge and count a complete answer."""
        self.charge(key, outcome)
        conversation = outcome.incoming.conversation
        self.tiers[outcome.tier] += 1
        body = conversation.body_digest
        key.answered += 1
        self._tokens[conversation.digest] = conversation.tokens
        self._answered[body] += 1
        now = self.now()
        first = self._first_answer.setdefault(body, now)
        if self._answered[body] > self._setup.repeats:
            key.paid_again += 1
            self._paid_again.append({"key": key.name, "first_answered": first, "again": now})

    def note(self, key: LimitedKey, arrived: float, status: int) -> None:
        """Keep the times of a request."""
        self._series.append(
            {"key": key.name, "arrived": arrived, "ended": self.now(), "status": status}
        )

    def statistics(self, query: dict[str, str]) -> Json:
        """Return the statistics; `slots` adds the list schedule, `series` all times."""
        now = self.now()
        keys = {name: key.as_json(now) for name, key in self.keys.items()}
        found: Json = {
            "now": now,
            "started": self._started,
            "keys": keys,
            "total": _total(list(keys.values())),
            "faults": dict(self.faults),
            "refusals": dict(self.refusals),
            "tiers": dict(self.tiers),
            "paid_again": self._paid_again,
        }
        if "slots" in query:
            found["schedule"] = list_schedule(self.served, int(query["slots"]))
        if "series" in query:
            found["series"] = self._series
        return found


def tokens_out(reply: SimulatedReply) -> int:
    """Return the tokens of a reply, its reasoning among them."""
    said = tokens_in(json.dumps(reply.message))
    return said + (tokens_in(reply.reasoning) if reply.reasoning else 0)


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
