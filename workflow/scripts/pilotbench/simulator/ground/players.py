"""The reference players of the benchmark as simulated models: known skills, known results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pilotbench.benchmark.instances import Instance, ScriptedInstance
from pilotbench.benchmark.players import PLAYERS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.json_object import FORM, FORM_OF_SEVERAL
from pilotbench.providers.protocols.players import answer, exchanges, protocol_of
from pilotbench.providers.request import Request
from pilotbench.simulator.ground.alike import astray, fitting
from pilotbench.simulator.ground.conversation import Conversation, share, text_of
from pilotbench.simulator.ground.instances import Instances, answers_before
from pilotbench.simulator.ground.setup import Setup

Json = dict[str, Any]
Found = tuple[Instance, Json]
"""What a conversation is about, and the body that a player of it sees."""
_SKILLED = re.compile(r"sim-(?P<alone>\d+)(-(?P<with_plan>\d+))?(-(?P<player>[a-z_]+))?")
_PLAN = "\nPlan:\n"


class Players:
    """Plays the instances that it recognises."""

    def __init__(self, setup: Setup) -> None:
        self._seed = setup.seed
        self._instances = Instances(setup)
        if setup.prepare:
            self._instances.prepare()

    def answer(self, name: str, conversation: Conversation) -> tuple[Json, str] | None:
        """Return (message, finish_reason), or None if the player or the instance is unknown."""
        skill = Skill.of(name)
        if name not in PLAYERS and not skill:
            return None
        knows = partial(self._knows, skill, _PLAN in conversation.request)
        found = self._scenario(knows, conversation) or self._instance(conversation)
        if found is None:
            return None
        instance, body = found
        if skill:
            given = _PLAN in conversation.request
            name = skill.plays(given, bool(instance.plan)) if knows(instance) else "do_nothing"
        turn = conversation.turn - answers_before(instance)
        said = answer(Request({**body, "model": name}, instance, "1.0", 0, turn))
        return said.message, said.finish_reason or "stop"

    def _instance(self, conversation: Conversation) -> Found | None:
        """Return the instance of a conversation, None if it is not known."""
        accepts = partial(_has_tools_of, conversation)
        discovery = _discovery(conversation.body)
        instance = self._instances.find(conversation.asked, discovery, accepts)
        return None if instance is None else (instance, _in_protocol(conversation))

    def _scenario(
        self, knows: Callable[[Instance], bool], conversation: Conversation
    ) -> Found | None:
        """Return what a conversation may be about in version 4, None if nothing.

        Of several that fit so far it is one that the model knows. The body is without the messages
        that are astray.
        """
        discovery = _discovery(conversation.body)
        alike = self._instances.scenarios.asking(conversation.asked[0], discovery)
        if not alike:
            return None
        body = _in_protocol(conversation)
        told = exchanges(PROTOCOLS[protocol_of(body)], body["messages"])
        fit = fitting(alike, told) if len(alike) > 1 else alike
        instance = next(filter(knows, fit), (fit or alike)[0])
        lost = [astray(instance, alike, exchange) for exchange in told]
        return instance, {**body, "messages": _without(body["messages"], lost)}

    def _knows(self, skill: Skill | None, plan_given: bool, instance: Instance) -> bool:
        """Return whether a model may solve an instance; a player by name always may."""
        return skill is None or skill.knows(self._seed, instance.play_hash, plan_given)


@dataclass(frozen=True)
class Skill:
    """The meaning of a name such as `sim-60-80-no_retry_oracle`: shares in percent, and a player.

    What it can do alone it can do with the plan given: instances are drawn by hash, for each name.
    """

    name: str
    alone: int
    with_plan: int
    player: str

    @classmethod
    def of(cls, name: str) -> Skill | None:
        """Return the skill that a name describes, or None."""
        found = _SKILLED.fullmatch(name)
        if not found or (found["player"] or "oracle") not in PLAYERS:
            return None
        alone = int(found["alone"])
        return cls(name, alone, int(found["with_plan"] or alone), found["player"] or "oracle")

    def knows(self, seed: int, play_hash: str, plan_given: bool = False) -> bool:
        """Return whether it solves an instance."""
        percent = self.with_plan if plan_given else self.alone
        return share(seed, "skill", self.name, play_hash) * 100 < percent

    def plays(self, plan_given: bool, has_plan: bool = True) -> str:
        """Return the player; one that follows a plan needs a plan, as in no question of a pack."""
        if self.player == "plan_follower" and not plan_given:
            return "oracle"
        return "oracle" if self.player == "no_retry_oracle" and not has_plan else self.player


def _without(messages: Sequence[Json], lost: Sequence[bool]) -> list[Json]:
    """Return messages without those of the assistant that are lost, and what follows them."""
    kept: list[Json] = []
    which = iter(lost)
    is_lost = False
    for message in messages:
        if message["role"] == "assistant":
            is_lost = next(which)
        if not is_lost:
            kept.append(message)
    return kept


def _has_tools_of(conversation: Conversation, instance: Instance) -> bool:
    """Return whether a request offers the tools of an instance that has its own."""
    if not isinstance(instance, ScriptedInstance):
        return True
    names = {tool.name for tool in instance.offered}
    if "tools" in conversation.body:
        return names <= {tool["function"]["name"] for tool in conversation.body["tools"]}
    system = text_of(conversation.messages[0])
    return all(json.dumps(name) in system for name in names)


def _in_protocol(conversation: Conversation) -> Json:
    """Return the body; the form of answers may be in the system message only, without a schema."""
    body = conversation.body
    if "response_format" not in body and any(
        form in text_of(conversation.messages[0]) for form in (FORM, FORM_OF_SEVERAL)
    ):
        return {**body, "response_format": {}}
    return body


def _discovery(body: Json) -> bool:
    """Return whether the request offers to search for tools."""
    if protocol_of(body) == "native":
        return any(tool["function"]["name"] == "tool_search" for tool in body["tools"])
    return '"tool_search"' in str(body["messages"][0].get("content"))
