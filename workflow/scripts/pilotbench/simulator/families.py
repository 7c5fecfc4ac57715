"""Families of models: how each thinks and what its service refuses.

A model of the set-up belongs to a family by `family`. Without one it does not think; by chat
completions it refuses nothing, by the other APIs what every model there refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pilotbench.ground.errors import UserError
from pilotbench.simulator.apis import gemini
from pilotbench.simulator.apis.api import Incoming, Problem
from pilotbench.simulator.ground.answers import call_named
from pilotbench.simulator.ground.conversation import Conversation
from pilotbench.simulator.ground.setup import Setup
from pilotbench.simulator.strictness import RULES

Json = dict[str, Any]
Thinks = Callable[[Json], bool]
_PREFIXES = {"chat": "call_", "responses": "call_", "messages": "toolu_", "gemini": "fc"}


def never(sent: Json) -> bool:
    """A model that does not think."""
    return False


def always(sent: Json) -> bool:
    """A model that cannot answer without thinking."""
    return True


def _unless_switched_off(sent: Json) -> bool:
    given = sent.get("thinking")
    off = isinstance(given, dict) and given.get("type") == "disabled"
    return not off and sent.get("enable_thinking") is not False


def _by_effort(sent: Json) -> bool:
    given = sent.get("reasoning")
    inner = given.get("effort") if isinstance(given, dict) else None
    return "none" not in (inner, sent.get("reasoning_effort"))


def _when_asked(sent: Json) -> bool:
    given = sent.get("thinking")
    return isinstance(given, dict) and given.get("type") in ("enabled", "adaptive")


def _by_budget(sent: Json) -> bool:
    config = gemini.field(gemini.field(sent, "generationConfig"), "thinkingConfig")
    return bool(gemini.field(config, "thinkingBudget") != 0)


@dataclass(frozen=True)
class Family:
    """A family: its rules (strictness/) and when it thinks, by the body of a request.

    `shows_reasoning`: whether chat completions contain it. `call_id` is the form of the identifiers
    of calls: `long` as OpenAI's, `nine` as Mistral's, `kept` as the player gives them. `api` is the
    one to use for it, `entry` what a model of it needs in the config.
    """

    name: str
    sentence: str
    rules: tuple[str, ...]
    thinks: Thinks = never
    shows_reasoning: bool = True
    call_id: str = "long"
    api: str = "chat"
    entry: Json = field(default_factory=dict)

    def refusal(
        self, api: str, incoming: Incoming, lenient: tuple[str, ...]
    ) -> tuple[str, Problem] | None:
        """Return the first rule that refuses a request, and why."""
        for name in self.rules:
            if name.startswith(f"{api}.") and name not in lenient:
                found = RULES[name](incoming)
                if found is not None:
                    return name, found
        return None

    def named(self, api: str, conversation: Conversation, message: Json) -> Json:
        """Return a message whose calls have identifiers as the family's service makes them."""
        calls = message.get("tool_calls")
        if not calls or (self.call_id == "kept" and api == "chat"):
            return message
        names = [self._call_name(api, conversation.digest, place) for place in range(len(calls))]
        named = [call_named(call, name) for call, name in zip(calls, names, strict=True)]
        return {**message, "tool_calls": named}

    def _call_name(self, api: str, digest: str, place: int) -> str:
        if self.call_id == "nine":
            return f"{digest[:8]}{place}"
        return f"{_PREFIXES[api]}{digest[:23]}{place}"


_RESPONSES = tuple(
    f"responses.{name}"
    for name in ("parameters", "input", "tools", "call_ids", "call_answers", "object_schema")
)
_MESSAGES = tuple(
    f"messages.{name}"
    for name in ("version", "fields", "roles", "text", "call_ids", "call_answers", "schema")
)
_GEMINI = tuple(f"gemini.{name}" for name in ("fields", "schemas", "parts", "call_turns"))
_CHAT = ("chat.call_ids", "chat.call_answers")
_THINKING = {"type": "enabled", "budget_tokens": 1024}
_OWN_MESSAGES = ("messages.thinking_parameters", "messages.thinking_blocks")

PLAIN = Family("plain", "Does not think.", (*_RESPONSES, *_MESSAGES, *_GEMINI), call_id="kept")
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        PLAIN,
        Family(
            "gpt-4",
            "OpenAI, without reasoning.",
            (*_CHAT, "chat.object_schema", *_RESPONSES),
        ),
        Family(
            "gpt-5",
            "OpenAI, GPT-5.4 and later: reasoning with tools by the Responses API only; encrypted "
            "reasoning items come back before their calls.",
            (
                *_CHAT,
                "chat.object_schema",
                "chat.tools_with_reasoning",
                "chat.max_tokens",
                "chat.temperature",
                *_RESPONSES,
                "responses.temperature",
                "responses.reasoning_items",
            ),
            _by_effort,
            shows_reasoning=False,
            api="responses",
        ),
        Family(
            "claude",
            "Anthropic: thinks when asked to; signed thinking blocks come back before tool use.",
            (*_MESSAGES, *_OWN_MESSAGES),
            _when_asked,
            api="messages",
            entry={
                "parameters": {
                    "max_tokens": 4096,
                    "thinking": {"type": "enabled", "budget_tokens": 1024},
                }
            },
        ),
        Family(
            "gemini-2.5",
            "Google: thinks unless the budget is 0; thought signatures may be left out.",
            _GEMINI,
            _by_budget,
            api="gemini",
        ),
        Family(
            "gemini-3",
            "Google: thinks; thought signatures come back with the calls of the turn.",
            (*_GEMINI, "gemini.thought_signatures"),
            always,
            api="gemini",
        ),
        Family(
            "deepseek",
            "DeepSeek, thinking: `reasoning_content` comes back with calls; no answer by a schema.",
            (*_CHAT, "chat.no_schema", "chat.deepseek_reasoning"),
            _unless_switched_off,
        ),
        Family(
            "kimi",
            "Moonshot, thinking: `reasoning_content` comes back with calls.",
            (*_CHAT, "chat.kimi_reasoning"),
            _unless_switched_off,
        ),
        Family(
            "qwen",
            "Qwen on DashScope, thinking: streams only.",
            (*_CHAT, "chat.stream_only"),
            _unless_switched_off,
            entry={"stream": True},
        ),
        Family(
            "mistral",
            "Mistral: identifiers of calls with nine letters and digits, a strict order of roles.",
            ("chat.nine_characters", "chat.role_order", *_CHAT),
            call_id="nine",
            entry={"user_after_results": "acknowledged"},
        ),
    )
}


def family_of(name: str | None) -> Family:
    """Return a family; None is `plain`."""
    return FAMILIES[name or PLAIN.name]


def check_families(setup: Setup) -> None:
    """Raise UserError for a model whose family or lenient rule does not exist."""
    for model, entry in setup.models.items():
        if (entry.family or PLAIN.name) not in FAMILIES:
            allowed = ", ".join(FAMILIES)
            raise UserError(f"models.{model}: family is {entry.family!r}; allowed are {allowed}")
        rules = family_of(entry.family).rules
        for rule in entry.lenient:
            if rule not in rules:
                raise UserError(f"models.{model}: lenient: {rule}; allowed are {', '.join(rules)}")
