"""A provider kind: one declaration of everything that the program knows about a kind of service.

Each file of `providers/kinds/` ends in a declaration `KIND = Kind(...)`. The schema of the config,
defaults, estimates, failure rules and the table in docs/services.md are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from pilotbench.providers.answer import Completion
from pilotbench.providers.base_urls import UrlRules
from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.price import BatchDiscount
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, Model, ProviderSettings


class Provider(Protocol):
    """The client of a service; each key has its base URL and its secret."""

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt through `key` and return the completion.

        Raises a ProviderError, always within `deadline_s` seconds.
        """
        ...


Connect = Callable[[ProviderSettings, Model, Mapping[str, Access]], Provider]
ConnectBatches = Callable[[ProviderSettings, Model, Mapping[str, Access]], BatchApi]


class Role(Enum):
    """Who answers the requests of a kind."""

    SERVICE = "service"
    """A service, reached at a base URL with a secret."""
    EMBEDDED = "embedded"
    """A model in this process: no URL and no secret; it occupies the machine for hours."""
    PLAYER = "player"
    """A reference player in this process: it reads the instance itself and reports no tokens."""


@dataclass(frozen=True)
class Kind:
    """A kind of provider.

    `name` is what `kind` in config/providers.yaml says, `sentence` its documentation. `connect`
    returns the client for requests to a model; it sends nothing and imports heavy libraries only
    when it is called. `latency_s` is the time per request that estimates assume without history
    (low, likely, high). `api` names the wire format where the config has no `api`.
    `deployment_problem` returns what is wrong with the name of a deployment.
    `sdk` names the modules that `connect` imports beside those of the wire format.
    `version_variable` names the variable that sets the API version where the config does not.
    `sdk_variables` are variables that users of the service's SDK set and that have no effect here,
    each with what to do instead. `batches` returns the client of the batch endpoint, as `connect`
    does; None where the kind has none.
    `listed_names` returns the names that a price list may have for a deployment, the surest first,
    given also what the config says that it `reports`.
    `batch_price` is what the service charges in a batch where no price says so, None if unknown.
    """

    name: str
    sentence: str
    connect: Connect
    default_slots: int
    retry_for_s: float
    latency_s: tuple[float, float, float]
    role: Role = Role.SERVICE
    api: str = "chat"
    failures: FailureRules = field(default_factory=FailureRules)
    url: UrlRules = field(default_factory=UrlRules)
    deployment_problem: Callable[[str], str | None] = lambda deployment: None
    sdk: tuple[str, ...] = ()
    version_variable: str | None = None
    sdk_variables: Mapping[str, str] = field(default_factory=dict)
    batches: ConnectBatches | None = None
    listed_names: Callable[[str, str | None], tuple[str, ...]] = lambda deployment, _: (deployment,)
    batch_price: BatchDiscount | None = None

    def apis(self, known: Iterable[str]) -> Iterable[str]:
        """Return which of the `known` wire formats the config may choose."""
        return (self.api,) if self.in_process else known

    @property
    def in_process(self) -> bool:
        """Whether it computes inside this process: it has no URL and no secret."""
        return self.role is not Role.SERVICE
