"""Secrets are found by the NAME of an environment variable; a `.env` file is read, never written.

The environment wins over the file. No secret leaves this module but inside an `Access`, whose
text form does not show it; `Scrubber` takes secrets out of whatever others wrote.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pilotbench.config import IN_PROCESS, Key, ProviderSettings, Settings
from pilotbench.errors import ConfigError

ENV_FILE = Path(".env")
MASK = "***"
_SHORTEST = 4  # a shorter "secret" is a placeholder, and masking it would garble every text
_PATTERNS = (
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[^\s\"',]+"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"),
)


_KNOWN = re.compile(r"(?<![A-Za-z0-9])(?:sk-|gsk_|xai-|nvapi-|hf_|r8_|AIza)([A-Za-z0-9_-]{16,})")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")


def looks_secret(text: str, known: bool = False) -> bool:
    """Return whether `text` looks like an API key, so that it must not be shown.

    A key has a long run of letters and digits that no name has. With `known` True it also has to
    begin as the keys of a well-known service do.
    """
    if known:
        return any(_is_random(rest) for rest in _KNOWN.findall(text))
    return bool(_KNOWN.search(text)) or any(map(_is_random, _RUN.findall(text)))


def _is_random(text: str) -> bool:
    digits = any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text)
    return digits or (text.lower() != text and text.upper() != text)


@dataclass(frozen=True)
class Access:
    """Where a key's requests go and the secret that opens it; the secret is not shown."""

    base_url: str
    secret: str = field(repr=False)

    @property
    def hidden(self) -> list[str]:
        """The texts that no one may see: the secret, and what a user in the URL is sent as."""
        url = urlsplit(self.base_url)
        if url.username is None and url.password is None:
            return [self.secret]
        user, password = unquote(url.username or ""), unquote(url.password or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        return [self.secret, password, basic]


def environment(file: Path = ENV_FILE) -> dict[str, str]:
    """Return the environment over the variables of the `.env` file, where there is one."""
    found: dict[str, str | None] = {}
    if file.is_file():
        from dotenv import dotenv_values

        found = dotenv_values(file, interpolate=False)
    return {name: value for name, value in found.items() if value is not None} | dict(os.environ)


def missing(
    settings: Settings, aliases: Iterable[str], variables: Mapping[str, str] | None = None
) -> list[str]:
    """Return one line for each key of `aliases` that cannot be used as things stand."""
    known = environment() if variables is None else variables
    lines = []
    for alias in aliases:
        key = settings.keys[alias]
        try:
            access(settings.providers[key.provider], key, known)
        except ConfigError as error:
            lines.append(str(error))
    return lines


def access(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> Access:
    """Return the base URL and secret of a key.

    Raises ConfigError, one line that names the variable to set.
    """
    if provider.kind in IN_PROCESS:
        return Access(f"{provider.kind}:", "")
    return Access(_base_url(provider, key, variables), _secret(provider, key, variables))


def _base_url(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> str:
    for url, name in (
        (key.base_url, key.base_url_env),
        (provider.base_url, provider.base_url_env),
    ):
        if url or name:
            return url or _variable(str(name), "base URL", provider, key, variables)
    raise ConfigError(
        f"providers.{provider.name}: no base URL: write base_url (kind azure: endpoint), "
        "or base_url_env with the name of a variable that holds it"
    )


def _secret(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> str:
    if key.env is None:
        return ""
    secret = _variable(key.env, "secret", provider, key, variables)
    if not secret.isascii() or not secret.isprintable():
        raise ConfigError(f"key {key.alias}: {key.env} holds characters that no API key has")
    return secret


def _variable(
    name: str, what: str, provider: ProviderSettings, key: Key, variables: Mapping[str, str]
) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"key {key.alias} (provider {provider.name}): no {what}: set the environment variable "
            f"{name}, or write it in .env"
        )
    return value


class Scrubber:
    """Takes known secrets, and what looks like one, out of texts that others wrote."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        self._forms = sorted((f for f in forms if len(f) >= _SHORTEST), key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Scrubber({len(self._forms)} forms)"

    def scrub(self, text: str) -> str:
        """Return `text` with every secret masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(MASK, text)
        return text

    def line(self, text: str, limit: int = 300) -> str:
        """Return `text` scrubbed, as one line of at most `limit` characters."""
        flat = " ".join(self.scrub(text).split())
        return flat if len(flat) <= limit else f"{flat[: limit - 3]}..."
