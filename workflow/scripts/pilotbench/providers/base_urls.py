"""Base URLs: what is wrong with one, said before anything is sent. No message shows the URL."""

from __future__ import annotations

from urllib.parse import urlsplit

_WHOLE_PATHS = ("/chat/completions", "/completions", "/responses")


def problem(url: str, kind: str) -> str | None:
    """Return what is wrong with the base URL (kind azure: endpoint) of a provider, else None."""
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
        return _query(kind)
    path = parts.path.rstrip("/")
    if kind == "azure" and "/openai/" in f"{path}/":
        return _azure(path)
    whole = next((end for end in _WHOLE_PATHS if path.endswith(end)), None)
    return f"must end before {whole}" if whole else None


def _query(kind: str) -> str:
    if kind == "azure":
        return "must end before the ?: write api_version as a key of its own, a secret in env"
    return "must end before the ?: a key goes into the variable that env names"


def _azure(path: str) -> str | None:
    if "/openai/deployments" in path:
        return "must end before /openai: the deployment is named in model_catalog"
    if "/openai/v1" in path:
        return "ends in /openai/v1, the interface of kind openai: write kind: openai, base_url: …"
    return None


def has_user(url: str) -> bool:
    """Return whether a URL without another problem names a user or a password."""
    parts = urlsplit(url)
    return parts.username is not None or parts.password is not None
