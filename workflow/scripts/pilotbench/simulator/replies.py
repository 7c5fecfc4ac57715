"""What a model of the set-up refuses and answers, whichever way it is asked."""

from __future__ import annotations

from dataclasses import replace

from pilotbench.simulator.apis.api import Api, Incoming, Problem
from pilotbench.simulator.families import Family, family_of
from pilotbench.simulator.faults import broken_off, cut, filtered
from pilotbench.simulator.ground.answers import Cast, SimulatedReply, multiplied
from pilotbench.simulator.ground.setup import ModelSetup, Setup
from pilotbench.simulator.ground.thinking import reasoning

_UNNAMED = ModelSetup()


class Replies:
    """The models of a simulator."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._cast = Cast(setup)

    def model(self, incoming: Incoming) -> ModelSetup:
        """Return the model that is asked."""
        return self._setup.models.get(incoming.model, _UNNAMED)

    def family(self, incoming: Incoming) -> Family:
        """Return the family of the model that is asked."""
        return family_of(self.model(incoming).family)

    def refusal(self, api: Api, incoming: Incoming) -> tuple[str, Problem] | None:
        """Return the first rule that refuses a request, and why."""
        lenient = self.model(incoming).lenient
        return self.family(incoming).refusal(api.name, incoming, lenient)

    def reply(
        self, api: Api, incoming: Incoming, fault: str | None, echo: str = ""
    ) -> SimulatedReply:
        """Return the answer of the model, with the family's identifiers and reasoning."""
        conversation, family = incoming.conversation, self.family(incoming)
        calls = self.model(incoming).calls
        reply = multiplied(conversation, self._cast.answer(conversation), calls)
        reply = replace(reply, message=family.named(api.name, conversation, reply.message))
        if family.thinks(incoming.sent):
            reply = replace(reply, reasoning=reasoning(conversation, reply.message))
        if fault == "length":
            reply = cut(reply)
        if fault == "filtered":
            reply = filtered(reply)
        if fault == "unusable":
            reply = broken_off(reply)
        return replace(reply, reasoning=reply.reasoning + echo) if echo else reply
