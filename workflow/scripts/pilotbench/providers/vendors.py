"""Whose model an entry of models.yaml is, by its name: models of one vendor resemble each other."""

from __future__ import annotations

import re

from pilotbench.providers.settings import Model

MARKS = {
    **dict.fromkeys(("gpt-", "chatgpt", "o1-", "o3-", "o4-", "codex"), "OpenAI"),
    **dict.fromkeys(("claude", "anthropic"), "Anthropic"),
    **dict.fromkeys(("gemini", "gemma", "palm"), "Google"),
    **dict.fromkeys(("qwen", "qwq", "qvq"), "Qwen"),
    **dict.fromkeys(("deepseek",), "DeepSeek"),
    **dict.fromkeys(("kimi", "moonshot"), "Moonshot"),
    **dict.fromkeys(("llama", "maverick", "scout"), "Llama"),
    **dict.fromkeys(("mistral", "mixtral", "ministral", "magistral", "codestral"), "Mistral"),
    **dict.fromkeys(("glm-", "chatglm"), "Zhipu"),
    **dict.fromkeys(("grok",), "xAI"),
    **dict.fromkeys(("command-r", "command-a", "cohere"), "Cohere"),
    **dict.fromkeys(("phi-",), "Phi"),
    **dict.fromkeys(("ernie",), "Baidu"),
    **dict.fromkeys(("doubao", "seed-"), "ByteDance"),
    **dict.fromkeys(("hunyuan",), "Tencent"),
    **dict.fromkeys(("minimax", "abab"), "MiniMax"),
    **dict.fromkeys(("nova-", "amazon"), "Amazon"),
    **dict.fromkeys(("smollm",), "Hugging Face"),
}
"""The vendor of each mark in the name of a deployment, in lower case."""

_MARK = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, MARKS))})")


def vendor(model: Model) -> str | None:
    """Return the vendor of a model, None if its name does not tell."""
    names = (model.deployment, model.reports or "", model.name)
    for name in map(str.casefold, names):
        found = _MARK.search(name)
        if found is not None:
            return MARKS[found[0]]
    return None


def are_related(one: Model, other: Model) -> str | None:
    """Return what two models share: the model itself or the vendor; None if nothing is known."""
    if (one.provider, one.deployment) == (other.provider, other.deployment):
        return "the same model"
    found = vendor(one)
    return found if found is not None and found == vendor(other) else None
