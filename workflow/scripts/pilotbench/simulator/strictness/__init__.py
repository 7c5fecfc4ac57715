"""What services refuse, by API: each rule has a name, and families.py says who has it.

The words are those of the services, as their users report them.
"""

from __future__ import annotations

from pilotbench.simulator.strictness import chat, gemini, messages, responses
from pilotbench.simulator.strictness.rule import Rule

RULES: dict[str, Rule] = {
    f"{api}.{name}": rule
    for api, rules in (
        ("chat", chat.RULES),
        ("responses", responses.RULES),
        ("messages", messages.RULES),
        ("gemini", gemini.RULES),
    )
    for name, rule in rules.items()
}
