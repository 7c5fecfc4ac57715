"""Config checks that a schema cannot express: each yields (path, problem), a one-line message.

No message shows a value: a value may be a secret in the wrong place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from pilotbench.ground.errors import ConfigError
from pilotbench.ground.scrubber import looks_secret
from pilotbench.matrix import axes, parameters
from pilotbench.matrix.axes import listed
from pilotbench.providers import base_urls, price_list, weights
from pilotbench.providers.kind import Kind
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.price import UNKNOWN
from pilotbench.providers.settings import BATCH
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
Place = tuple[Any, ...]
Problem = tuple[Place, str]
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES = ("env", "base_url_env", "endpoint_env")
_URLS = ("base_url", "endpoint")
_SECTIONS = ("model_catalog", "providers")
_FREE = ("parameters", "above")
"""Below these, a key may be a number: JSON turns it into text (`logit_bias: {50256: -100}`)."""
DEEPEST = 100


def first(config: Mapping[str, Any]) -> Problem | None:
    """Return the first problem to report before the schema is checked, which would show values."""
    checks = (_plain(config, ()), _names(config), _catalogued(config), _prices(config))
    return next(chain.from_iterable(checks), None)


def then(config: Mapping[str, Any]) -> Problem | None:
    """Return the first problem of a config that is valid by its schema."""
    parts = (_urls, _requests, _batch_lanes, _weights, _listed)
    checks = (_lists(config, ()), *(part(config) for part in parts))
    return next(chain.from_iterable(checks), None)


def _lists(config: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    """Yield lists that are empty, and rates out of range that are written as text."""
    for key in axes.KEYS:
        if key in config and not any(str(word).strip() for word in listed(config[key])):
            yield (*place, key), "is empty"
    rates = axes.TOOL_SUCCESS_RATE.key
    for rate in listed(config.get(rates, ())):
        if not 0 < float(rate) <= 1:
            yield (*place, rates), f"has {rate}, which is not above 0 and up to 1"
    for number, grid in enumerate(config.get("grids") or ()):
        yield from _lists(grid, (*place, "grids", number))


def _plain(value: Any, place: Place) -> Iterator[Problem]:
    """Yield what JSON cannot express: infinite numbers, keys that are not text, deep nesting."""
    if len(place) > DEEPEST:
        yield place[:3], "is nested too deeply, or refers to itself"
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, "must be a finite number"
    elif isinstance(value, str) and looks_secret(value, known=True):
        yield (
            place,
            "contains a secret: write the name of a variable under env and the secret into .env",
        )
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) and not set(_FREE) & set(place):
                yield place, f"has the key {key}, which is not text: write it in quotes"
            if looks_secret(str(key), known=True):
                yield place, "has a secret as a key"
            yield from _plain(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _plain(inner, (*place, number))
    elif value is not None and not isinstance(value, str | bool | int | float):
        yield place, f"is of type {type(value).__name__}: write it in quotes"


def _names(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a secret or a URL in the place of the name of a variable."""
    for name, entry in _entries(config, "providers"):
        place: Place = ("providers", name)
        yield from _variables(entry, place)
        for alias, key in _items(entry.get("keys")):
            if isinstance(key, Mapping):
                yield from _variables(key, (*place, "keys", alias))
            elif key is not None:
                yield (*place, "keys", alias), "must be a mapping, e.g. {env: NAME_OF_A_VARIABLE}"
            if looks_secret(str(alias)):
                yield (*place, "keys", alias), "looks like a secret: choose another alias"


def _variables(entry: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    for key in _NAMES:
        value = entry.get(key)
        if value is None:
            continue
        if not isinstance(value, str) or not _VARIABLE.fullmatch(value) or looks_secret(value):
            what = "the secret" if key == "env" else "the URL"
            yield (
                (*place, key),
                f"is not the name of an environment variable (its value is not shown): write a "
                f"name such as MY_KEY, and {what} into that variable or into .env",
            )


def _catalogued(config: Mapping[str, Any]) -> Iterator[Problem]:
    for section in _SECTIONS:
        for name, entry in _items(config.get(section)):
            if not isinstance(entry, Mapping):
                yield (section, name), "must be a mapping of keys to values"


def _prices(config: Mapping[str, Any]) -> Iterator[Problem]:
    for name, entry in _entries(config, "model_catalog"):
        place: Place = ("model_catalog", name, "price")
        if not isinstance(entry.get("price") or {}, Mapping) and entry["price"] != UNKNOWN:
            yield place, "must be USD per million tokens, {input: …, output: …}, or unknown"
        if entry.get("price") is not None and "priced_as" in entry:
            yield place, "and priced_as exclude each other: write one of them"


def _listed(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield models that are priced as one that the price list does not have."""
    for name, entry in _entries(config, "model_catalog"):
        seller, _, model = entry.get("priced_as", "").partition("/")
        if seller and (problem := price_list.problem(seller, model)):
            yield ("model_catalog", name, "priced_as"), problem


def _urls(config: Mapping[str, Any]) -> Iterator[Problem]:
    for name, entry in _entries(config, "providers"):
        places: list[tuple[Place, Mapping[str, Any]]] = [(("providers", name), entry)]
        places += [
            (("providers", name, "keys", alias), key) for alias, key in _items(entry["keys"]) if key
        ]
        for place, holder in places:
            for key in _URLS:
                url = holder.get(key)
                if isinstance(url, str) and (problem := _url(url, entry["kind"])):
                    yield (*place, key), problem


def _url(url: str, kind: str) -> str | None:
    problem = base_urls.problem(url, KINDS[kind].url)
    if problem is None and base_urls.has_user(url):
        return "contains a user or password: write base_url_env, and the URL into that variable"
    return problem


def _requests(config: Mapping[str, Any]) -> Iterator[Problem]:
    kinds = {name: KINDS[entry["kind"]] for name, entry in _entries(config, "providers")}
    for section in ("providers", "model_catalog"):
        for name, entry in _entries(config, section):
            kind = kinds.get(name if section == "providers" else entry["provider"])
            if kind is not None and entry.get("api", kind.api) not in kind.apis(WIRE_FORMATS):
                yield (section, name, "api"), f"must be {kind.api} for the kind {kind.name}"
    for name, entry in _entries(config, "model_catalog"):
        kind = kinds.get(entry["provider"])
        if kind is not None and (problem := kind.deployment_problem(entry["deployment"])):
            yield ("model_catalog", name, "deployment"), problem
        for below, why in parameters.problems(
            entry.get("parameters") or {}, entry.get("protocol", "native")
        ):
            yield ("model_catalog", name, "parameters", *below), why
        if kind is not None and (problem := _unwritable(config, entry, kind)):
            yield ("model_catalog", name, "parameters"), problem


def _batch_lanes(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield models of the batch lane whose kind of service has no batch endpoint."""
    able = ", ".join(kind.name for kind in KINDS.values() if kind.batches is not None)
    services = dict(_entries(config, "providers"))
    for name, entry in _entries(config, "model_catalog"):
        if entry.get("lane") == BATCH and (service := services.get(entry["provider"])):
            kind = KINDS[service["kind"]]
            if kind.batches is None:
                why = f"must be online for the kind {kind.name}; kinds with batches: {able}"
                yield ("model_catalog", name, "lane"), why


def _unwritable(config: Mapping[str, Any], entry: Json, kind: Kind) -> str | None:
    """Return which parameter of a model its wire format cannot send, None if it can send all."""
    service = config["providers"][entry["provider"]]
    wire = WIRE_FORMATS[entry.get("api") or service.get("api") or kind.api]
    try:
        wire.bodies(
            entry["deployment"], [Message("user", "?")], Offer(), entry.get("parameters") or {}
        )
    except ConfigError as error:
        return f"cannot be sent: {error}"
    return None


def _weights(config: Mapping[str, Any]) -> Iterator[Problem]:
    for name, entry in _entries(config, "model_catalog"):
        given = entry.get("weights") or {}
        places: list[tuple[Place, Mapping[str, Any]]] = [((), given)]
        places += [(("parts", n), part) for n, part in enumerate(given.get("parts", ()))]
        for below, part in places:
            for key, why in weights.problems(part):
                yield ("model_catalog", name, "weights", *below, key), why


def _entries(config: Mapping[str, Any], section: str) -> Iterator[tuple[Any, Json]]:
    return (
        (n, dict(entry)) for n, entry in _items(config.get(section)) if isinstance(entry, Mapping)
    )


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []
