"""One episode of version 4: a world in which messages make several calls and a person may speak.

The calls of a message are executed in their order until `finish`. A scripted person speaks once:
after the second message (`completes`, `changes`), or when asked (`asked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance, ToolSpec
from pilotbench.benchmark.scenarios.instance import UNCONFIRMED
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.tools.arguments import checked
from pilotbench.benchmark.scenarios.tools.ledger import key_of
from pilotbench.benchmark.scenarios.tools.searched import search
from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.scenarios.tools.toolbox import ASK, FINISH, TOOLS, offered
from pilotbench.benchmark.scenarios.tools.world import PASSED_TO, ScenarioWorld
from pilotbench.benchmark.tasks.conversation import Response, Said
from pilotbench.benchmark.world.session import CallRecord, WorldSession
from pilotbench.benchmark.world.tool import Tool, ToolFailure, ToolOutcome

Json = dict[str, Any]

SPEAKS_AFTER = 2
"""The message of the model after which the scripted person speaks."""
NO_CALL = (
    "Your message contains no call that can be read. Make at least one call in each message; when"
    " the task is done, call finish."
)
"""The fixed reply to a message without calls; it names no other tool."""
_NO_CONFIRMATION = "No confirmation arrived in time. The call may or may not have been carried out."


class ScenarioSession(WorldSession):
    """The other side of an episode; see `tasks.conversation.Conversation`."""

    finish = FINISH

    def __init__(self, instance: Instance, tool_success_rate: str = "1.0", repeat: int = 0) -> None:
        super().__init__(instance, tool_success_rate, repeat)
        point = LEVELS[instance.task][instance.difficulty]
        self.world: ScenarioWorld = ScenarioWorld(instance.world)
        self.discovery = "searched" in point.observation
        self.known = SEARCHED if self.discovery else TOOLS
        self.tools = offered(point.observation, point.speaker)
        self.filled: set[str] = set()
        """The queues that have got a message, even if it was taken out again."""
        self._unconfirmed = dict(instance.world.get("unconfirmed", {}))
        self._speaker, self._speech = instance.world.get("speaker", ("", ""))
        self._heard = 0
        self._silent = False

    def hear(self, said: Said) -> Response:
        """Execute the calls of a message, or say that there is none."""
        self._heard += 1
        if not said.calls:
            return self._without_call(said)
        self._silent = False
        replies: list[Json] = []
        for call in said.calls:
            if self.finished:
                break
            replies.append(self.call(call["tool"], call["arguments"]))
        due = self._heard >= SPEAKS_AFTER and not self.finished
        return Response(tuple(replies), self._spoken() if due else None)

    def call(self, tool: str, arguments: Json) -> Json:
        """Execute one call and return the reply."""
        if tool == ASK and self._speaker == "asked" and not self.finished:
            return self._asked(arguments)
        return super().call(tool, arguments)

    def _ranked(self, query: str) -> Sequence[str]:
        return search.ranked(query)

    def _checked(self, tool: Tool | ToolSpec, arguments: Any) -> Json:
        return checked(tool, arguments)

    def _without_call(self, said: Said) -> Response:
        if said.is_cut:
            return self._ended(None, "length")
        speech = self._spoken()
        if speech is not None:
            return Response(user=speech)
        if self._silent:
            return self._ended(said.text, "no_call")
        self._silent = True
        return Response(user=NO_CALL)

    def _ended(self, answer: str | None, reason: str) -> Response:
        self.finished, self.answer = True, answer
        return Response(end_reason=reason)

    def _spoken(self) -> str | None:
        """Return what the person says now, None if nothing."""
        if self._speaker not in ("completes", "changes"):
            return None
        speech, self._speaker = self._speech, ""
        return str(speech)

    def _asked(self, arguments: Json) -> Json:
        record = CallRecord(ASK, arguments)
        try:
            record.arguments = self._checked(TOOLS[ASK], arguments)
        except ToolFailure as failure:
            return self._refuse(record, failure)
        return self._accept(record, {"reply": self._speech})

    def _apply(self, record: CallRecord, outcome: ToolOutcome) -> Json:
        """Apply a call's changes; one that is not confirmed may have none."""
        found = self._unconfirmed.pop(self._passed_on(record, outcome), None)
        if outcome.data is not None:
            self.world.made[outcome.data.handle] = outcome.data
        if found != "not_done":
            self.world.apply(outcome.changes)
            self.filled |= {
                one.key for one in outcome.changes if one.section == "queues" and one.value
            }
        if found is not None:
            return self._refuse(record, ToolFailure(UNCONFIRMED, _NO_CONFIRMATION))
        record.meets = outcome.meets
        return self._accept(record, outcome.result)

    def _passed_on(self, record: CallRecord, outcome: ToolOutcome) -> str:
        """Return the key of the record that a call passes on, an empty text if it does not."""
        acts = any(change.section in PASSED_TO for change in outcome.changes)
        name = record.arguments.get("data")
        if not acts or not isinstance(name, str) or name not in self.world.made:
            return ""
        data = self.world.made[name]
        return key_of({"kind": data.kind, "value": data.value}) or ""
