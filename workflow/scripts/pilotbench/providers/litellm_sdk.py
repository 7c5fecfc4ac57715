"""LiteLLM as what asks services of other formats, with its retries, keys and tracing off.

LiteLLM translates a chat completion for the service that the deployment names, and its answer into
a chat completion. Everything that it sends goes through the client of this program: deadline,
proxy and certificates hold, the token exchange of Vertex AI included, and what it sends at any
other time fails. A failure is the HTTP response that the service gave, so that the rules of
`failures.py` read it; only what fails without a response is told by the class of its exception.

It is an extra of the package: importing it takes seconds, so jobs on one machine do it once.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx2

from pilotbench.ground.errors import ConfigError
from pilotbench.ground.shipped import how_to_install
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Received, Send

Json = dict[str, Any]
INSTALL = how_to_install("litellm")
CREDENTIALS = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region_name",
    "vertex_credentials",
    "vertex_project",
    "vertex_location",
)
"""What a secret that is a JSON object may hold, besides a service account of Google."""
STATUS: Mapping[str, int] = {
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "RateLimitError": 429,
    "ServiceUnavailableError": 503,
    "InternalServerError": 500,
    "Timeout": 504,
}
"""Class of an exception of LiteLLM -> the HTTP status that it means; 400 for all others."""
PLACES: Mapping[str, tuple[str, str, str]] = {
    "bedrock": ("aws_region_name", r"\.([\w-]+)\.amazonaws\.com$", "us-east-1"),
    "vertex_ai": ("vertex_location", r"^([\w-]+)-aiplatform\.googleapis\.com$", "us-central1"),
}
"""Service -> its parameter of a region, where its hosts name one, and what holds for others."""
TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
_OWN = ("openai-organization", "openai-project")
"""Headers that come from the environment, and would go to every service alike."""


# Without this, importing LiteLLM downloads a table of prices.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


class OngoingAttempt(threading.local):
    """What this thread sends at present: the client, and what came of the last request."""

    http: httpx2.Client | None = None
    answer: Received | None = None
    error: Exception | None = None


_now = OngoingAttempt()


def opened(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what asks through LiteLLM. Raises ConfigError where it is not installed."""
    litellm = _imported()
    given = {
        **credentials(key.secret),
        "api_base": key.base_url,
        "num_retries": 0,
        "max_retries": 0,
        "timeout": provider.attempt_deadline_s,
    }

    def send(path: str, body: Json) -> Received:
        with _sending(http):
            try:
                place = placed(body["model"], key.base_url)
                found = litellm.completion(**{**body, **place, **given})
            except Exception as error:
                failed = _failed(error)
            else:
                whole = named(body["model"], found.model_dump(mode="json", warnings=False))
                headers = {} if _now.answer is None else _now.answer.headers
                return Received(200, headers, json.dumps(whole).encode())
        if isinstance(failed, Exception):
            raise failed  # outside the handler: LiteLLM's error would become its context
        return failed

    return send


def credentials(secret: str) -> Json:
    """Return the parameters that a secret stands for: a key, or the fields of a JSON object.

    Raises ConfigError, without the secret, for an object that holds anything else.
    """
    if not secret.startswith("{"):
        return {"api_key": secret or "none"}
    try:
        fields = json.loads(secret)
    except ValueError:
        raise ConfigError("a secret that begins with { must be a JSON object") from None
    if TOKEN in os.environ and "aws_access_key_id" in fields:
        raise ConfigError(f"unset {TOKEN}: LiteLLM would use it instead of the key")
    if fields.get("type") == "service_account":
        return {"vertex_credentials": secret, "vertex_project": fields.get("project_id")}
    if unknown := [name for name in fields if name not in CREDENTIALS]:
        allowed = ", ".join(CREDENTIALS)
        raise ConfigError(f"a secret that is a JSON object holds {unknown[0]}; allowed: {allowed}")
    return dict(fields)


def placed(deployment: str, base_url: str) -> Json:
    """Return the region of a service that has regions, which LiteLLM would look for elsewhere."""
    service = deployment.partition("/")[0]
    if service not in PLACES:
        return {}
    parameter, pattern, usual = PLACES[service]
    host = urlsplit(base_url).hostname or ""
    found = re.search(pattern, host)
    return {parameter: found[1] if found else usual}


def named(deployment: str, completion: Json) -> Json:
    """Return a chat completion whose model is named as the deployment names it."""
    reported, prefix = completion.get("model"), deployment.rpartition("/")[0]
    if isinstance(reported, str) and prefix and not reported.startswith(f"{prefix}/"):
        return {**completion, "model": f"{prefix}/{reported}"}
    return completion


def is_known(deployment: str) -> bool:
    """Return whether LiteLLM knows the service that a deployment names.

    Raises ConfigError where LiteLLM is not installed.
    """
    litellm = _imported()
    try:
        litellm.get_llm_provider(deployment)
    except litellm.exceptions.BadRequestError:
        return False
    return True


@contextmanager
def _sending(http: httpx2.Client) -> Iterator[None]:
    """Send what this thread sends inside the block through `http`."""
    _now.http, _now.answer, _now.error = http, None, None
    try:
        yield
    finally:
        _now.http = None


def _failed(error: Exception) -> Received | Exception:
    """Return the response that was the failure, or else the error of the transport.

    A response with status 200 is one that LiteLLM could not read.
    """
    if _now.error is not None:
        return _now.error
    if _now.answer is not None:
        return _now.answer
    status = next((STATUS[c.__name__] for c in type(error).__mro__ if c.__name__ in STATUS), 400)
    words = " ".join(str(error).splitlines()[:1])
    return Received(status, {}, json.dumps({"error": {"message": words}}).encode())


@cache
def _imported() -> Any:
    """Return LiteLLM, set up to send nothing on its own. Raises ConfigError without it."""
    warnings.filterwarnings("ignore", message="Items? .* using the `ReadOnly` qualifier")
    try:
        httpx = import_module("httpx")
        litellm: Any = import_module("litellm")
    except ImportError as error:
        raise ConfigError(f"kind litellm needs the package litellm ({error}): {INSTALL}") from None
    transport = _transport(httpx)
    litellm.sync_transport = transport
    litellm.client_session = httpx.Client(transport=transport, trust_env=False)
    litellm.suppress_debug_info = True
    litellm.drop_params = litellm.modify_params = False
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # its messages may hold secrets
    _exchange_tokens_here()
    return litellm


def _transport(httpx: ModuleType) -> Any:
    """Return a transport of LiteLLM's HTTP library that sends through the client of the thread."""

    class Transport(httpx.BaseTransport):  # type: ignore[misc,name-defined]  # found at run time
        def handle_request(self, request: Any) -> Any:
            headers = [(k, v) for k, v in request.headers.multi_items() if k.lower() not in _own()]
            found = _sent(request.method, str(request.url), headers, request.read())
            return httpx.Response(found.status, headers=found.headers, content=found.content)

    return Transport()


def _own() -> set[str]:
    """Return the headers that the OpenAI SDK takes from the environment."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    return {*_OWN, *(line.partition(":")[0].strip().lower() for line in lines)}


def _sent(method: str, url: str, headers: Any, content: Any) -> Received:
    """Send a request and return the response; remember it where it is a failure."""
    if _now.http is None:
        raise RuntimeError("LiteLLM may send nothing outside an attempt")
    _now.answer = _now.error = None
    try:
        response = _now.http.request(
            method, url, headers=headers, content=content, follow_redirects=False
        )
    except Exception as error:
        _now.error = error
        raise
    answer = Received(response.status_code, response.headers, response.content)
    _now.answer = answer
    if 300 <= answer.status < 400:  # its clients would follow, and pass the key on
        raise RuntimeError("redirects are not followed")
    return answer


def _exchange_tokens_here() -> None:
    """Let Vertex AI's credentials get their tokens through the client of the thread.

    google-auth would send with a client of its own, which no deadline bounds.
    """
    vertex: Any = import_module("litellm.llms.vertex_ai.vertex_llm_base").VertexBase
    vertex.refresh_auth = lambda self, credentials: credentials.refresh(_exchanged)


def _exchanged(
    url: str, method: str = "GET", body: Any = None, headers: Json | None = None, **_: Any
) -> SimpleNamespace:
    """Return the response of a token exchange in google-auth's form.

    A refusal concerns the key; a token is no answer and must not be stored as one.
    """
    answer = _sent(method, url, list((headers or {}).items()), body)
    refused = 400 <= answer.status < 500
    _now.answer = Received(401, answer.headers, answer.content) if refused else None
    return SimpleNamespace(status=answer.status, headers=answer.headers, data=answer.content)
