"""A wire format: one declaration of how requests and answers are written for a service.

Each file of `providers/wire_formats/` ends in a declaration `WIRE = ...`; the value of `api` in the
config names it. Messages inside the program are neutral (`messages.py`); the message of an answer
stays in the wire's own form, so that it can be handed back unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pilotbench.ground.errors import ConfigError
from pilotbench.ground.shipped import how_to_install
from pilotbench.providers.answer import Completion
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.settings import Access, ProviderSettings

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]
DONE: Json = {"[DONE]": True}
"""The event of a stream that marks its end in some formats (`data: [DONE]`)."""


def not_installed(api: str, package: str) -> str:
    """Return the line about a wire format whose SDK is missing; its extra has the same name."""
    return f"api {api} needs the package {package}: {how_to_install(package)}"


def check_mappings(parameters: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise ConfigError for one of the parameters `names` that is not a mapping."""
    for name in names:
        value = parameters.get(name)
        if value is not None and not isinstance(value, dict):
            raise ConfigError(f"{name} must be a mapping")


@dataclass(frozen=True)
class Received:
    """A whole HTTP response, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Send(Protocol):
    """Posts bodies to a service with one key: the SDK of a wire format behind one call."""

    def __call__(self, path: str, body: Json) -> Received:
        """Post `body` as JSON to `path`, relative to the base URL; return the whole response.

        Raises what the transport raises, never an error of the SDK.
        """
        ...


class WireFormat(Protocol):
    """How requests, answers and messages are written for a service."""

    @property
    def name(self) -> str:
        """The value of `api` in the config."""
        ...

    @property
    def sentence(self) -> str:
        """What it is, for the documentation."""
        ...

    @property
    def sdk(self) -> tuple[str, ...]:
        """The modules that `opened` imports; jobs on one machine import them once."""
        ...

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        """Return the body of a request, and those of earlier releases where they differ.

        The body is what identities hash; `body["model"]` is the deployment in every format.
        Raises ConfigError, one line, for a parameter that the service does not have.
        """
        ...

    def path(self, body: Json) -> str:
        """Return the URL that a body is posted to, relative to the base URL.

        `body` has `stream: true` where the answer is to be streamed; the identity never has.
        """
        ...

    def sent(self, body: Json) -> Json:
        """Return the JSON that is sent: `extra_body` is merged, what the URL says is left out.

        `body` has `stream: true` where the answer is to be streamed.
        """
        ...

    def completion(self, rules: FailureRules, body: Json) -> Completion:
        """Return the completion in the decoded body of a 2xx answer.

        Its `message` is in the form of this format, its finish reason in the service's words.
        Raises UnusableAnswer, Refused, or the error that a gateway wrapped in a 200.
        """
        ...

    def assembled(self, events: Sequence[Json]) -> Json:
        """Return the events of a stream as the body that an answer at once would have had.

        Raises ConnectionFailed for a stream that was cut off.
        """
        ...

    def read(self, message: Json) -> Message:
        """Return a message of the service. Never raises, whatever it contains."""
        ...

    def written(self, text: str | None) -> Json:
        """Return an assistant's message of this format with only this text."""
        ...

    def opened(self, provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
        """Return what posts requests with a key; it imports the SDK of the format.

        `http` sends every request, with deadlines, proxies and certificates; retries are off.
        """
        ...


def no_send(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what sends nothing: for a client that only reads what came otherwise."""

    def send(path: str, body: Json) -> Received:
        raise NotImplementedError(path)

    return send
