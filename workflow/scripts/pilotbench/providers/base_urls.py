"""Problems of base URLs, reported before anything is sent. No message shows the URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

_WHOLE_PATHS = ("/chat/completions", "/completions", "/responses", "/messages")


@dataclass(frozen=True)
class UrlRules:
    """What a provider kind expects of a base URL.

    `key` is the key of the config that contains it, `query_hint` what to write instead of a query.
    `path_problem` returns what is wrong with a path, None where nothing is.
    """

    key: str = "base_url"
    query_hint: str = "a key goes into the variable that env names"
    path_problem: Callable[[str], str | None] = lambda path: None


def problem(url: str, rules: UrlRules) -> str | None:
    """Return what is wrong with the base URL of a provider, None where nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return "its port must be a number" if "ort" in str(error) else "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "must begin with http:// or https:// and name a host"
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return "must not hold spaces or control characters"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return f"must end before the ?: {rules.query_hint}"
    path = parts.path.rstrip("/")
    whole = next((end for end in _WHOLE_PATHS if path.endswith(end)), None)
    return rules.path_problem(f"{path}/") or (f"must end before {whole}" if whole else None)


def has_user(url: str) -> bool:
    """Return whether a URL without another problem names a user or a password."""
    parts = urlsplit(url)
    return parts.username is not None or parts.password is not None
