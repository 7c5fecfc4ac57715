"""The reference players of the benchmark as simulated models: known skills, known results."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from pilotbench.benchmark.instances import Instance, ScriptedInstance
from pilotbench.benchmark.players import PLAYERS
from pilotbench.providers.protocols.json_object import FORM, FORM_OF_SEVERAL
from pilotbench.providers.protocols.players import answer, protocol_of
from pilotbench.providers.request import Request
from pilotbench.simulator.ground.conversation import Conversation, share, text_of
from pilotbench.simulator.ground.instances import Instances, answers_before
from pilotbench.simulator.ground.setup import Setup

Json = dict[str, Any]
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
        accepts = partial(_has_tools_of, conversation)
        discovery = _discovery(conversation.body)
        instance = self._instances.find(conversation.asked, discovery, accepts)
        if instance is None:
            return None
        if skill:
            given = _PLAN in conversation.request
            knows = skill.knows(self._seed, instance.content_hash, given)
            name = skill.plays(given, bool(instance.plan)) if knows else "do_nothing"
        body = {**_in_protocol(conversation), "model": name}
        turn = conversation.turn - answers_before(instance)
        said = answer(Request(body, instance, "1.0", 0, turn))
        return said.message, said.finish_reason or "stop"


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

    def knows(self, seed: int, content_hash: str, plan_given: bool = False) -> bool:
        """Return whether it solves an instance."""
        percent = self.with_plan if plan_given else self.alone
        return share(seed, "skill", self.name, content_hash) * 100 < percent

    def plays(self, plan_given: bool, has_plan: bool = True) -> str:
        """Return the player; one that follows a plan needs a plan, as in no question of a pack."""
        if self.player == "plan_follower" and not plan_given:
            return "oracle"
        return "oracle" if self.player == "no_retry_oracle" and not has_plan else self.player


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
