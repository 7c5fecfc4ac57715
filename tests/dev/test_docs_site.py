"""Links of the repository become links of the documentation site."""

from __future__ import annotations

import pytest

from dev.docs_site import site_links


@pytest.mark.parametrize(
    ("page", "text", "wanted"),
    [
        ("index.md", "[a](docs/usage.md)", "[a](usage.md)"),
        ("index.md", "[a](docs/zh/usage.md#b)", "[a](zh/usage.md#b)"),
        ("index.md", '<img src="docs/images/summary.png">', '<img src="images/summary.png">'),
        ("index.md", "[a](README.zh.md)", "[a](zh/index.md)"),
        ("zh/index.md", "[a](docs/zh/usage.md#b)", "[a](usage.md#b)"),
        ("zh/index.md", '<img src="docs/images/a.png">', '<img src="../images/a.png">'),
        ("zh/usage.md", "[a](../../README.zh.md#b)", "[a](index.md#b)"),
        ("usage.md", "[a](../README.md#glossary)", "[a](index.md#glossary)"),
        ("zh/usage.md", "[a](../../CHANGELOG.md)", "[a](../changelog.md)"),
        ("zh/usage.md", "[a](../services.md)", "[a](../services.md)"),
        ("usage.md", "[a](../config/config.yaml)", "a"),
        ("usage.md", "[a](../gone.md)", "[a](../gone.md)"),
        ("usage.md", "[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("usage.md", "[a](#b)", "[a](#b)"),
        ("usage.md", "```\n[a](../README.md)\n```\n", "```\n[a](../README.md)\n```\n"),
    ],
)
def test_a_link_leads_to_the_page_of_the_site(page: str, text: str, wanted: str) -> None:
    assert site_links(text, page) == wanted
