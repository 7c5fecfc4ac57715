"""Models, providers and keys as the config describes them, as dataclasses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from pilotbench.ground.path_names import expanded
from pilotbench.ground.scrubber import looks_secret
from pilotbench.providers.price import Priced

Json = dict[str, Any]
ONLINE, BATCH = "online", "batch"
"""The lanes of a model: requests are answered at once, or in batches at a lower price."""


@dataclass(frozen=True)
class Weights:
    """Where a GGUF file comes from, and its context size in tokens."""

    path: str | None = None
    hub: str | None = None
    file: str | None = None
    package: str | None = None
    member: str | None = None
    parts: Sequence[Mapping[str, str]] = ()
    name: str | None = None
    sha256: str | None = None
    context: int = 8192

    @property
    def packages(self) -> list[tuple[str, str]]:
        """(package, member) of each part of the file, in order; none where no package has it."""
        if self.package is not None:
            return [(self.package, str(self.member))]
        return [(part["package"], part["member"]) for part in self.parts]

    @property
    def is_fetched(self) -> bool:
        """Whether the file is downloaded, rather than there at a path."""
        return self.path is None

    @property
    def on_disk(self) -> Path:
        """The file that the server loads, relative to the working directory."""
        if self.path is not None:
            return expanded("weights.path", self.path)
        return Path("resources/models", self.name or Path(str(self.file or self.member)).name)


@dataclass(frozen=True)
class Model:
    """An entry of model_catalog; `kind` is that of its provider, `api` names the wire format."""

    name: str
    provider: str
    deployment: str
    protocol: str = "native"
    parameters: Json = field(default_factory=dict)
    price: Priced | None = None
    reports: str | None = None
    max_output: int | None = None
    weights: Weights | None = None
    kind: str = "openai"
    api: str = "chat"
    reasoning_history: str = "as_said"
    user_after_results: str = "as_is"
    stream: bool = False
    lane: str = ONLINE
    USUAL: ClassVar[Json] = {
        "api": "chat",
        "reasoning_history": "as_said",
        "user_after_results": "as_is",
    }

    @property
    def asked(self) -> list[Any]:
        """What determines this model's requests and who answers them: not its name, price or key.

        Weights are represented by their content, since a request does not name them.
        """
        asked: list[Any] = [self.deployment, self.protocol, self.parameters]
        if self.chosen:
            asked.append(self.chosen)
        if self.weights is not None:
            origin = self.weights
            content = origin.sha256 or [origin.path, None, None]
            asked.append([content, origin.context])
        return asked

    @property
    def service_tier(self) -> str | None:
        """The service tier that its requests name, None where they name none."""
        sources = (self.parameters, self.parameters.get("extra_body") or {})
        names = [one.get(word) for one in sources for word in ("service_tier", "serviceTier")]
        return next((name.lower() for name in names if isinstance(name, str)), None)

    @property
    def likely_tier(self) -> str | None:
        """The tier that its answers are likely charged at: that of its lane, or that it names."""
        return BATCH if self.lane == BATCH else self.service_tier

    @property
    def usual(self) -> Model:
        """The model with the usual history of reasoning."""
        return replace(self, reasoning_history=self.USUAL["reasoning_history"])

    @property
    def chosen(self) -> Json:
        """How requests are written, as far as it is not USUAL."""
        return {n: getattr(self, n) for n, usual in self.USUAL.items() if getattr(self, n) != usual}


@dataclass(frozen=True)
class Key:
    """One API key of a provider, identified by its alias; the secret stays in the environment."""

    alias: str
    provider: str
    slots: int
    env: str | None = None
    base_url: str | None = None
    base_url_env: str | None = None
    rpm: int | None = None
    tpm: int | None = None


@dataclass(frozen=True)
class ProviderSettings:
    """An entry of providers; times in seconds."""

    name: str
    kind: str
    keys: dict[str, Key]
    base_url: str | None = None
    base_url_env: str | None = None
    api_version: str | None = None
    connect_timeout_s: float = 10
    read_timeout_s: float = 300
    attempt_deadline_s: float = 300
    retry_for_s: float = 900
    proxy: str | None = None
    ca_bundle: str | None = None
    api: str | None = None


@dataclass(frozen=True)
class Access:
    """Where the requests of a key go, and its secret, which is never shown.

    `headers` are those that the environment sets for the service, `api_version` is the one that
    the environment sets where the config does not.
    """

    base_url: str
    secret: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str | None = None

    @property
    def hidden(self) -> list[str]:
        """The texts that must never be shown: the secret, and secret-looking parts of the URL."""
        url = urlsplit(self.base_url)
        found = [
            self.secret,
            *_inner(self.secret),
            *(part for part in url.path.split("/") if looks_secret(part)),
        ]
        if url.username is not None or url.password is not None:
            user, password = unquote(url.username or ""), unquote(url.password or "")
            found += [password, base64.b64encode(f"{user}:{password}".encode()).decode()]
        return found


def _inner(secret: str) -> list[str]:
    """Return the texts of a secret that is a JSON object, such as a service account."""
    try:
        fields = json.loads(secret) if secret.startswith("{") else {}
    except ValueError:
        return []
    named = [name for name in fields if re.search("key|secret|token", name)]
    return [fields[name] for name in named if isinstance(fields[name], str)]
