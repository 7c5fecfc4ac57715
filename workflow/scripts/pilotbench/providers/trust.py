"""TLS: which certificates are trusted, and the errors of those that are not."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx2

from pilotbench.ground.errors import ConfigError, Untrusted

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")


def context_of(ca_bundle: str | None) -> Callable[[], ssl.SSLContext]:
    """Return a factory of TLS settings. Raises ConfigError for an unusable `ca_bundle`."""
    if not ca_bundle:
        return _default
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not PEM"
        raise ConfigError(
            f"ca_bundle: {ca_bundle} must be a file of PEM certificates ({why})"
        ) from None
    return lambda: context


def untrusted(error: BaseException | None) -> Untrusted | None:
    """Return the error where TLS failed, which a later attempt cannot change; else None."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, Untrusted):
            return error
        if isinstance(error, ssl.SSLCertVerificationError):
            return Untrusted(
                f"the certificate is not accepted: {error.verify_message}; if it is correct, set "
                "ca_bundle to a file with the certificate of its authority"
            )
        if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
            return Untrusted("the service does not use TLS: write http:// or another port")
        error = error.__cause__ or error.__context__
    return None


def _default() -> ssl.SSLContext:
    try:
        return httpx2.create_ssl_context()
    except (OSError, ValueError) as error:
        raise Untrusted(f"SSL_CERT_FILE, SSL_CERT_DIR: no certificates found ({error})") from None
