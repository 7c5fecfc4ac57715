"""Base URLs that cannot work, each with what to write instead."""

from __future__ import annotations

import pytest

from pilotbench.providers.base_urls import has_user, problem
from pilotbench.providers.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "url", "told"),
    [
        ("openai", "http://host:port/v1", "its port must be a number"),
        ("openai", "http://host:99999/v1", "its port must be a number"),
        ("openai", "http://[::1/v1", "is not a URL"),
        ("openai", "host:8000/v1", "must begin with http:// or https://"),
        ("openai", "ftp://host/v1", "must begin with http:// or https://"),
        ("openai", "https:///v1", "and name a host"),
        ("openai", "https://host/v 1", "must not hold spaces"),
        ("openai", "https://host/v1\n", "must not hold spaces"),
        ("openai", "https://host/v1?key=abc", "must end before the ?: a key goes into"),
        ("openai", "https://host/v1?", "must end before the ?"),
        ("openai", "https://host/v1#x", "must end before the ?"),
        ("openai", "https://host/v1/chat/completions", "must end before /chat/completions"),
        ("openai", "https://host/v1/completions/", "must end before /completions"),
        ("azure", "https://r.example?api-version=2024-10-21", "api_version as a separate key"),
        (
            "azure",
            "https://r.example/openai/deployments/gpt/chat/completions",
            "must end before /openai: the deployment is named in model_catalog",
        ),
        ("azure", "https://r.example/openai/v1/", "write kind: openai"),
    ],
)
def test_an_unusable_base_url_is_reported(kind: str, url: str, told: str) -> None:
    found = problem(url, KINDS[kind].url)
    assert found is not None
    assert told in found
    assert "abc" not in found


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("openai", "http://127.0.0.1:8000/v1/"),
        ("openai", "http://[::1]:8000/v1"),
        ("openai", "https://r.openai.azure.com/openai/v1/"),
        ("openai", "https://user:word@host/v1"),
        ("azure", "https://r.openai.azure.com/"),
        ("azure", "https://gateway.example/team/openai"),
    ],
)
def test_a_usable_base_url_is_accepted(kind: str, url: str) -> None:
    assert problem(url, KINDS[kind].url) is None


def test_a_user_in_a_url_is_seen() -> None:
    assert has_user("https://user@host/v1")
    assert not has_user("https://host/@v1")
