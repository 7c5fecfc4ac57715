"""The prices of the list are those that genai-prices itself computes, for every tier and date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from pilotbench.asking.prices import cost_usd, in_words, price_digest, price_of
from pilotbench.providers import price_list
from pilotbench.providers.answer import Tokens
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import Listed, Priced, of_config

GPT_5 = "gpt-5"
LIST = r"genai-prices 0\.2\.3"
COUNTS = [
    Tokens(input=1000, output=100),
    Tokens(input=1000, output=100, reasoning=90, cached=400, cache_writes=300),
    Tokens(input=1000, output=7, cache_writes=600, cache_writes_1h=500),
    *(Tokens(input=n, output=5000, cached=n // 3) for n in (128_000, 128_001, 200_000, 200_001)),
    Tokens(input=272_000, output=1, cached=1000, cache_writes=2000),
    Tokens(input=272_001, output=64_000, cached=1000, cache_writes=2000, cache_writes_1h=500),
    Tokens(input=900_000, output=0),
]
DATES = [
    datetime(2025, 3, 1, 12, tzinfo=UTC),
    datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 13, tzinfo=UTC),
    datetime(2026, 10, 20, 3, tzinfo=UTC),
    datetime(2026, 11, 26, 20, tzinfo=UTC),
    datetime(2027, 1, 2, 8, tzinfo=UTC),
]
TIERS = {None: {}, "batch": {"processing": "batch"}} | {
    tier: {"service_tier": tier, "speed": tier} for tier in ("flex", "priority", "fast", "default")
}
PROVIDERS = ("openai", "anthropic", "google", "azure", "deepseek", "x-ai", "mistral", "groq")


def models() -> Iterator[tuple[str, str]]:
    for provider in get_snapshot().providers:
        if provider.id in PROVIDERS:
            yield from ((provider.id, model.id) for model in provider.models)


def usage(tokens: Tokens) -> Usage:
    return Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.cache_writes,
        cache_write_1h_tokens=tokens.cache_writes_1h,
    )


def cost(provider: str, model: str, tokens: Tokens, tier: str | None, at: datetime) -> float | None:
    return cost_usd(Listed((model,), provider), tokens, tier, at.timestamp())


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_model_costs_what_the_package_computes(provider: str, tier: str | None) -> None:
    for model in (name for owner, name in models() if owner == provider):
        for tokens, at in product(COUNTS, DATES):
            mine = cost(provider, model, tokens, tier, at)
            if mine is None:
                assert tier is not None or not has_text_prices(provider, model, at), model
                continue
            theirs = calc_price(
                usage(tokens),
                model,
                provider_id=provider,
                genai_request_timestamp=at,
                price_context=TIERS[tier],
            )
            assert mine == pytest.approx(float(theirs.total_price), rel=1e-12, abs=1e-12)


def has_text_prices(provider: str, model: str, at: datetime) -> bool:
    """Return whether the list finds a model by its id and charges only its tokens of text."""
    found = price_list.find(provider, model)
    if found is None:
        return False
    keys = {key for key, rate in vars(found[1].get_prices(at)).items() if rate is not None}
    return {"input_mtok", "output_mtok"} <= keys and not keys & price_list.NOT_COUNTED


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_model_has_a_price_in_a_tier_that_the_list_does_not_know(provider: str) -> None:
    for model in (name for owner, name in models() if owner == provider):
        usual = price_of(Listed((model,), provider))
        if usual is None or not usual.is_free:
            assert price_of(Listed((model,), provider), "unheard") is None


MILLION = Tokens(input=100_000, output=100_000)
NOW = DATES[4]


@pytest.mark.parametrize(
    ("provider", "model", "tokens", "tier", "usd"),
    [
        ("openai", GPT_5, MILLION, None, 0.125 + 1.0),
        ("openai", GPT_5, MILLION, "Default", 0.125 + 1.0),
        ("openai", GPT_5, MILLION, "auto", 0.125 + 1.0),
        ("openai", GPT_5, MILLION, "flex", 0.0625 + 0.5),
        ("openai", GPT_5, Tokens(input=10**6, cached=10**6), "flex", 0.0625),
        ("openai", GPT_5, MILLION, "priority", 0.25 + 2.0),
        ("openai", GPT_5, MILLION, "scale", None),
        ("openai", "gpt-4.1", MILLION, "flex", None),
        ("openai", "gpt-4.1", Tokens(input=10**6, cached=10**6), "batch", 0.5),
        ("openai", "no-such-model", MILLION, None, None),
        ("no-such-provider", GPT_5, MILLION, None, None),
        ("azure", GPT_5, MILLION, None, 0.125 + 1.0),
        ("azure", GPT_5, MILLION, "priority", None),
        ("anthropic", "claude-sonnet-4-5", Tokens(200_000, 1000), None, 0.6 + 0.015),
        ("anthropic", "claude-sonnet-4-5", Tokens(200_001, 1000), None, 1.200006 + 0.0225),
        (
            "anthropic",
            "claude-sonnet-4-5",
            Tokens(1000, 0, cache_writes=1000, cache_writes_1h=400),
            None,
            (600 * 3.75 + 400 * 6) / 1e6,
        ),
        ("anthropic", "claude-opus-5", MILLION, "fast", 1.0 + 5.0),
        ("google", "gemini-2.5-flash", Tokens(10**6, 0, cached=400_000), "batch", 0.09 + 0.012),
        ("perplexity", "sonar", MILLION, None, None),
    ],
)
def test_tiers_lengths_and_caches_have_their_prices(
    provider: str, model: str, tokens: Tokens, tier: str | None, usd: float | None
) -> None:
    assert cost(provider, model, tokens, tier, NOW) == (usd if usd is None else pytest.approx(usd))


def test_an_answer_costs_what_was_in_force_on_its_day() -> None:
    long = Tokens(300_000, 0)
    opus = ("anthropic", "claude-opus-4-6", long, None)
    assert cost(*opus, DATES[1]) == pytest.approx(3.0)
    assert cost(*opus, DATES[2]) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("kind", "model", "tokens", "usd"),
    [
        ("openai", GPT_5, MILLION, 0.0625 + 0.5),
        ("azure", GPT_5, Tokens(10**6, 0, cached=400_000), 0.6 * 0.625 + 0.4 * 0.125),
        ("anthropic", "claude-opus-4-1", Tokens(10**6, 0, cached=400_000), 0.6 * 7.5 + 0.4 * 0.75),
        ("gemini", "gemini-2.5-flash", Tokens(10**6, 0, cached=400_000), 0.09 + 0.012),
        ("litellm", "gpt-4", MILLION, None),
    ],
)
def test_a_batch_costs_half_where_the_kind_says_so_and_the_list_says_nothing(
    kind: str, model: str, tokens: Tokens, usd: float | None
) -> None:
    provider = {"gemini": "google", "litellm": "azure"}.get(kind, kind)
    listed = Listed((model,), provider, batches=KINDS[kind].batch_price)
    found = cost_usd(listed, tokens, "batch", datetime(2026, 9, 1, tzinfo=UTC).timestamp())
    assert found == (usd if usd is None else pytest.approx(usd))


def test_a_price_that_follows_from_the_kind_says_so() -> None:
    listed = Listed((GPT_5,), "azure", batches=KINDS["azure"].batch_price)
    usual, batch = price_of(listed), price_of(listed, "batch")
    assert usual is not None
    assert batch is not None
    assert usual.origin == price_list.version() == "genai-prices 0.2.3"
    assert batch.origin == "genai-prices 0.2.3, batches at 0.5 of it"


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://api.openai.com", "openai"),
        ("https://api.openai.com.proxy.example/v1", None),
        ("https://eu.api.openai.com/v1", None),
        ("https://api.anthropic.com", "anthropic"),
        ("https://generativelanguage.googleapis.com", "google"),
        ("https://us-central1-aiplatform.googleapis.com", "google"),
        ("https://my-resource.openai.azure.com/", "azure"),
        ("https://my-resource.openai.azure.com.example/", None),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "aws"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://api.deepseek.com/v1", "deepseek"),
        ("https://api.moonshot.ai/v1", "moonshotai"),
        ("https://api.mistral.ai/v1", "mistral"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", None),
        ("https://gateway.example/https://api.openai.com/v1", None),
        ("https://gateway.example/?to=x.googleapis.com/", None),
        ("http://127.0.0.1:8000/v1", None),
    ],
)
def test_a_provider_is_certain_only_at_its_own_host(url: str, provider: str | None) -> None:
    assert price_list.provider_of(url) == provider


@pytest.mark.parametrize(
    ("keys", "variables", "usd"),
    [
        ([(None, "https://api.openai.com/v1")], {}, 1.125),
        ([("A_URL", "https://api.openai.com/v1")], {}, 1.125),
        ([("A_URL", "https://api.openai.com/v1")], {"A_URL": "https://gateway.example"}, None),
        ([("A_URL", None)], {}, None),
        ([("A_URL", None)], {"A_URL": " https://api.openai.com/v1 "}, 1.125),
        ([(None, "https://api.openai.com/v1"), (None, "https://x.openai.azure.com")], {}, None),
        ([(None, "https://api.openai.com/v1"), ("A_URL", None)], {}, None),
        ([(None, None)], {}, None),
        ([], {}, None),
    ],
)
def test_the_list_is_used_where_every_key_is_of_one_certain_provider(
    keys: list[tuple[str | None, str | None]],
    variables: dict[str, str],
    usd: float | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("A_URL", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cost_usd(Listed((GPT_5,), urls=tuple(keys)), MILLION, at=NOW.timestamp()) == usd
    if variables:  # the same in a .env file
        monkeypatch.delenv("A_URL")
        (tmp_path / ".env").write_text("".join(f"{n}={v.strip()}\n" for n, v in variables.items()))
        assert cost_usd(Listed((GPT_5,), urls=tuple(keys)), MILLION, at=NOW.timestamp()) == usd


@pytest.mark.parametrize(
    ("price", "tier", "words"),
    [
        (None, None, "unknown"),
        (None, "flex", "unknown"),
        (of_config({"input": 1, "output": 1}), "auto", "config"),
        (of_config({"input": 1, "output": 1}), "flex", "unknown: config has no price of tier flex"),
        (Listed((GPT_5,), "openai"), None, rf"{LIST} \(newest price of 20\d\d-\d\d-\d\d\)"),
        (Listed((GPT_5,), "openai"), "flex", rf"{LIST} \(newest price of .*\)"),
        (Listed((GPT_5,), "openai"), "scale", f"unknown: {LIST} has no price of tier scale"),
        (Listed((GPT_5,)), None, f"unknown: {LIST} has no service at its base URL"),
        (Listed(("x",), "openai"), None, f"unknown: {LIST} has no price per token of x at openai"),
        (Listed(("sonar",), "perplexity"), None, "unknown: .* of sonar at perplexity"),
    ],
)
def test_where_a_price_is_from_is_said_in_words(
    price: Priced | None, tier: str | None, words: str
) -> None:
    assert re.fullmatch(words, in_words(price, tier))


def test_another_price_has_another_digest() -> None:
    prices: list[Priced | None] = [
        None,
        of_config({"input": 1, "output": 1}),
        of_config({"input": 1, "output": 1, "tiers": {"flex": 0.5}}),
        of_config({"input": 1, "output": 1, "above": {9: {"input": 2}}}),
        Listed((GPT_5,), "openai"),
        Listed((GPT_5,), "azure"),
        Listed((GPT_5,)),
    ]
    digests = list(map(price_digest, prices))
    assert len(set(digests)) == len(prices)
    assert digests == list(map(price_digest, prices))
