"""Models of one vendor are known by their names, and others are not."""

from __future__ import annotations

import pytest

from pilotbench.providers.settings import Model
from pilotbench.providers.vendors import are_related, vendor


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ("gpt-4o-mini", "OpenAI"),
        ("openai/gpt-5.4", "OpenAI"),
        ("o3-mini", "OpenAI"),
        ("claude-sonnet-4-6", "Anthropic"),
        ("anthropic.claude-v2", "Anthropic"),
        ("gemini-3-pro-preview", "Google"),
        ("gemma-3-12b-it", "Google"),
        ("Qwen2.5-7B-Instruct", "Qwen"),
        ("qwen3-235b-a22b-thinking-2507", "Qwen"),
        ("deepseek-reasoner", "DeepSeek"),
        ("kimi-k2-thinking", "Moonshot"),
        ("meta-llama/Llama-3.1-8B", "Llama"),
        ("mistral-large-latest", "Mistral"),
        ("glm-4.6", "Zhipu"),
        ("my-deployment", None),
        ("turbo1-preview", None),
        ("judge-90-80", None),
    ],
)
def test_a_vendor_is_known_by_the_name(deployment: str, expected: str | None) -> None:
    assert vendor(Model("entry", "provider", deployment)) == expected


def test_what_an_azure_deployment_is_follows_from_what_it_reports() -> None:
    assert vendor(Model("entry", "azure", "prod-7", reports="gpt-4o-2024-08-06")) == "OpenAI"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("gpt-4o", "gpt-5.4", "OpenAI"),
        ("gpt-4o", "gpt-4o", "the same model"),
        ("mine", "mine", "the same model"),
        ("mine", "yours", None),
        ("gpt-4o", "claude-opus", None),
    ],
)
def test_two_models_are_related(one: str, other: str, expected: str | None) -> None:
    assert are_related(Model("a", "p", one), Model("b", "p", other)) == expected
