"""The proxy that a request goes through: the configured one, else that of the environment."""

from __future__ import annotations

import ipaddress
import os
import urllib.request
from urllib.parse import urlsplit

import httpx2

from pilotbench.ground.errors import ConfigError


def proxy_for(url: httpx2.URL, configured: str | None) -> str | None:
    """Return the proxy for `url`: the configured one, else the environment's; None for loopback.

    A proxy without a scheme is an HTTP proxy. Raises ConfigError, one line that names the setting,
    for a proxy that cannot be used.
    """
    if is_loopback(url.host):
        return None
    if configured:
        return _checked(configured, "proxy")
    if urllib.request.proxy_bypass(url.host):
        return None
    found = urllib.request.getproxies()
    name = next((name for name in (url.scheme, "all") if found.get(name)), None)
    return None if name is None else _checked(found[name], _variable(name))


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _variable(name: str) -> str:
    """Return the name of the variable that contains the environment's proxy."""
    names = (f"{name}_proxy", f"{name.upper()}_PROXY")
    return next((one for one in names if os.environ.get(one)), names[0])


def _checked(proxy: str, where: str) -> str:
    """Return the URL of a proxy; no message shows it, since it may contain a password."""
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise ConfigError(f"{where}: the proxy's port must be a number") from None
    if parts.scheme.startswith("socks"):
        raise ConfigError(f"{where}: SOCKS proxies are not supported; name an HTTP proxy")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{where}: a proxy begins with http:// or https:// and names a host")
    return url
