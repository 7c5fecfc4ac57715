"""Secrets are found by the NAME of an environment variable (`ground/variables.py`).

A secret leaves this module only inside an `Access`, whose text form does not show it; `scrubber`
removes secrets from what others wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pilotbench.ground.errors import ConfigError
from pilotbench.ground.variables import environment as environment
from pilotbench.ground.variables import variable as variable
from pilotbench.matrix.config import Settings
from pilotbench.providers import base_urls
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import Access, Key, ProviderSettings

SECRET = "secret"
OPENAI_HOST = "api.openai.com"
_OPENAI_ONLY = (
    ("OpenAI-Organization", ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION")),
    ("OpenAI-Project", ("OPENAI_PROJECT_ID", "OPENAI_PROJECT")),
)
"""Header -> the variables that hold it; sent only to OpenAI itself."""


class NotSet(ConfigError):
    """A variable that a key needs is not set; `variable` is its name, `what` its content."""

    def __init__(self, message: str, variable: str, what: str) -> None:
        super().__init__(message)
        self.variable, self.what = variable, what


def missing(
    settings: Settings, aliases: Iterable[str], variables: Mapping[str, str] | None = None
) -> list[str]:
    """Return one line for each key of `aliases` that cannot be used."""
    known = environment() if variables is None else variables
    lines = []
    for alias in aliases:
        key = settings.keys[alias]
        found = problems(settings.providers[key.provider], key, known)
        if found:
            lines.append(_line(found))
    return lines


def problems(
    provider: ProviderSettings, key: Key, variables: Mapping[str, str]
) -> list[ConfigError]:
    """Return everything that prevents the use of a key: a NotSet for each missing variable."""
    found = []
    for read in () if KINDS[provider.kind].in_process else (_base_url, _secret):
        try:
            read(provider, key, variables)
        except ConfigError as error:
            found.append(error)
    return found


def opened_keys(
    provider: ProviderSettings, aliases: Iterable[str]
) -> tuple[dict[str, Access], dict[str, str]]:
    """Return the access of each key that is set, and why the others are not set.

    Raises ConfigError if none is set.
    """
    variables = environment()
    opened: dict[str, Access] = {}
    unset: dict[str, str] = {}
    for alias in aliases:
        try:
            opened[alias] = access(provider, provider.keys[alias], variables)
        except ConfigError as error:
            unset[alias] = str(error)
    if not opened:
        raise ConfigError(next(iter(unset.values())))
    return opened, unset


def access(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> Access:
    """Return the base URL and secret of a key.

    Raises ConfigError, one line that names the variables to set.
    """
    if KINDS[provider.kind].in_process:
        return Access(f"{provider.kind}:", "")
    if found := problems(provider, key, variables):
        raise ConfigError(_line(found))
    url = _base_url(provider, key, variables)
    named = KINDS[provider.kind].version_variable or ""
    version = provider.api_version or variables.get(named, "").strip() or None
    return Access(url, _secret(provider, key, variables), _headers(url, variables), version)


def _line(found: list[ConfigError]) -> str:
    """Return the problems of one key as one line, which names the key once."""
    unset = [one for one in found if isinstance(one, NotSet)]
    if len(unset) < 2:
        return "; ".join(map(str, found))
    place, _, _ = str(unset[0]).partition(":")
    what = " and no ".join(one.what for one in unset)
    names = " and ".join(one.variable for one in unset)
    return f"{place}: no {what}: set the environment variables {names}, or write them in .env"


def _base_url(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> str:
    """Return the base URL: that of the variable if it is set, else that of the config."""
    for url, name in (
        (key.base_url, key.base_url_env),
        (provider.base_url, provider.base_url_env),
    ):
        if name and (given := variables.get(name, "").strip()):
            return _sound(given, provider, f"the URL in {name}")
        if url:
            return _sound(url, provider, "base_url")
        if name:
            return _variable(name, "base URL", provider, key, variables)
    written = KINDS[provider.kind].url.key
    raise ConfigError(
        f"providers.{provider.name}: no base URL: write {written}, "
        f"or {written}_env with the name of a variable that holds it"
    )


def _sound(url: str, provider: ProviderSettings, source: str) -> str:
    if wrong := base_urls.problem(url, KINDS[provider.kind].url):
        raise ConfigError(f"provider {provider.name}: {source} {wrong}")
    return url


def _headers(url: str, variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    host = urlsplit(url).hostname or ""
    if host != OPENAI_HOST and not host.endswith(f".{OPENAI_HOST}"):
        return ()
    found = ((h, next(filter(None, map(variables.get, names)), "")) for h, names in _OPENAI_ONLY)
    return tuple((header, value.strip()) for header, value in found if value.strip())


def to_set(
    provider: ProviderSettings, aliases: Iterable[str], variables: Mapping[str, str], every: bool
) -> str:
    """Return what to set so that `every` one of a provider's keys can be used, or any of them."""
    keys = [provider.keys[alias] for alias in aliases]
    found = [one for key in keys for one in problems(provider, key, variables)]
    unset = [one for one in found if isinstance(one, NotSet)]
    urls, secrets = (
        list(dict.fromkeys(one.variable for one in unset if (one.what == SECRET) is is_secret))
        for is_secret in (False, True)
    )
    any_of = "one of " if len(secrets) > 1 and not every else ""
    needed = " and ".join(filter(None, [", ".join(urls), any_of + ", ".join(secrets)]))
    others = dict.fromkeys(str(one) for one in found if not isinstance(one, NotSet))
    return "; ".join(([f"set {needed}"] if needed else []) + list(others))


def notes(settings: Settings, models: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """Return notes on the environment for requests to `models`."""
    providers = [settings.catalog[model].provider for model in models]
    return [*moved(settings, providers, variables), *unused(settings, providers, variables)]


def moved(settings: Settings, providers: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """Return a line for each provider whose requests a variable redirects."""
    lines = []
    for provider in (settings.providers[name] for name in dict.fromkeys(providers)):
        name, url = provider.base_url_env, variables.get(provider.base_url_env or "", "").strip()
        if provider.base_url and url and url.rstrip("/") != provider.base_url.rstrip("/"):
            host = urlsplit(url).netloc.rpartition("@")[2]
            lines.append(f"provider {provider.name}: requests go to {host}, as {name} says")
    return lines


def unused(settings: Settings, providers: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """Return a line for each variable of the SDK that is set and has no effect here."""
    used = [settings.providers[name] for name in dict.fromkeys(providers)]
    kinds = [KINDS[name] for name in dict.fromkeys(provider.kind for provider in used)]
    named: set[str | None] = set()
    for provider in used:
        named |= {provider.base_url_env, *(key.base_url_env for key in provider.keys.values())}
        named |= {key.env for key in provider.keys.values()}
        if provider.api_version is None:
            named.add(KINDS[provider.kind].version_variable)
    return [
        f"{name} is set and has no effect: {instead}"
        for kind in kinds
        for name, instead in kind.sdk_variables.items()
        if name not in named and variables.get(name, "").strip()
    ]


def withheld(settings: Settings) -> frozenset[str]:
    """Return the variables with secrets, which no program of others gets to see."""
    keys = [key for one in settings.providers.values() for key in one.keys.values()]
    named = {key.env for key in keys if key.env is not None}
    usual = {name for kind in KINDS.values() for name in kind.sdk_variables}
    epoch = settings.seed_epoch
    named |= {epoch.env} if epoch is not None and epoch.env is not None else set()
    return frozenset(named | usual | {name for _, names in _OPENAI_ONLY for name in names})


def _secret(provider: ProviderSettings, key: Key, variables: Mapping[str, str]) -> str:
    if key.env is None:
        return ""
    secret = _variable(key.env, SECRET, provider, key, variables)
    if not secret.isascii() or not secret.isprintable():
        raise ConfigError(f"key {key.alias}: {key.env} holds characters that no API key has")
    return secret


def _variable(
    name: str, what: str, provider: ProviderSettings, key: Key, variables: Mapping[str, str]
) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise NotSet(
            f"key {key.alias} (provider {provider.name}): no {what}: set the environment variable "
            f"{name}, or write it in .env",
            name,
            what,
        )
    return value
