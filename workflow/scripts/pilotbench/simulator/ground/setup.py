"""The settings of a simulator: a YAML or JSON file, and options that override it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from pilotbench.ground.errors import UserError
from pilotbench.simulator.ground.batch_setup import BatchSetup, check_batch_faults

PASSING = (  # drawn anew for each attempt
    "error_500",
    "reset",
    "hang",
    "truncated",
    "malformed",
    "slow_drip",
    "wrong_model",
    "unauthorized",
    "insufficient_quota",
    "overloaded",
    "cut_stream",
    "stream_error",
    "unusable",  # a whole answer, charged, that says that the service broke it off
)
STREAMED = ("cut_stream", "stream_error")  # of a stream; any other answer is not affected
LASTING = (  # drawn once for a conversation, by its opening
    "rejected",
    "content_filter",
    "filtered",
    "context_overflow",
    "length",
)


@dataclass(frozen=True)
class KeySetup:
    """The limits of a key; None means no limit.

    `secret` is what clients send (default `sk-` and the name). `unauthorized` makes a dead key,
    `quota_requests` one that is spent after so many answers.
    """

    secret: str | None = None
    slots: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    unauthorized: bool = False
    quota_requests: int | None = None


@dataclass(frozen=True)
class ModelSetup:
    """A model name: who plays it (answers.py), and how fast; None is the general setting.

    `family` (families.py) makes it as strict as a service: it thinks and refuses as that family
    does, but for the rules in `lenient`. `calls` is how often each message makes its call. `price`
    is what the invoice charges, in the form of the config (models.yaml).
    """

    plays: str | None = None
    latency_s: float | None = None
    sigma: float | None = None
    family: str | None = None
    lenient: tuple[str, ...] = ()
    calls: int = 1
    price: dict[str, Any] | None = None


@dataclass(frozen=True)
class Setup:
    """All settings. Without `keys` every secret is accepted and has no limits.

    The latency of an attempt is `latency_s` (the median) times a lognormal factor of `sigma` (0: it
    is constant), plus `per_input_token_s` and `per_output_token_s` for each token. `faults` are
    shares in [0, 1] by name (PASSING, LASTING); a conversation that contains a text of
    `reject_containing` always gets a plain 400. `window_s` is the minute of rpm and tpm. The first
    `repeats` (times rates) answers to the same body do not count as paid again. `retry_after`:
    whether a 429 says how long to wait. `hang_s` bounds hangs and slow drips.
    `release_on_disconnect`: whether a client that disconnects frees its slot at once. With
    `echo_headers` every error message, and the reasoning of every answer, repeats the headers of
    the request.

    A stream sends its first event after `first_token_share` of the latency. With `keep_alive_s` it
    begins at once and sends something that says nothing so often until then.

    With `tasks` (names, or `all`) the benchmark's players play, over `difficulties`, `instances` of
    each and the packs of `task_folders`; `prepare` makes these instances before serving.
    `seed_epoch` is that of the config.

    `batches` are the settings of the batch endpoints (batch_setup.py).

    `environment` are variables that direct a run here, for a person to copy; `{origin}` in a value
    is replaced by the address of the simulator.
    """

    keys: dict[str, KeySetup] = field(default_factory=dict)
    models: dict[str, ModelSetup] = field(default_factory=dict)
    seed: int = 1
    latency_s: float = 0.0
    sigma: float = 0.0
    per_input_token_s: float = 0.0
    per_output_token_s: float = 0.0
    faults: dict[str, float] = field(default_factory=dict)
    reject_containing: tuple[str, ...] = ()
    context_tokens: int | None = None
    window_s: float = 60.0
    retry_after: bool = True
    rate_headers: bool = True
    repeats: int = 1
    hang_s: float = 600.0
    drip_s: float = 0.5
    release_on_disconnect: bool = True
    echo_headers: bool = False
    keep_alive_s: float | None = None
    first_token_share: float = 0.5
    tasks: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ("all",)
    instances: int = 200
    prepare: bool = False
    task_folders: tuple[str, ...] = ()
    seed_epoch: Any = None
    batches: BatchSetup = field(default_factory=BatchSetup)
    environment: dict[str, str] = field(default_factory=dict)


def load(path: Path | None, overrides: Mapping[str, Any]) -> Setup:
    """Return the set-up of a file with `overrides` on top. Raises UserError."""
    try:
        values = {} if path is None else yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None
    merged = dict(values)
    for key, value in overrides.items():
        known = merged.get(key)
        of_file = known if isinstance(known, Mapping) else {}
        merged[key] = {**of_file, **value} if isinstance(value, Mapping) else value
    return from_mapping(merged)


def from_mapping(values: Mapping[str, Any]) -> Setup:
    """Return the set-up from plain values. Raises UserError naming the wrong key."""
    known = _checked(Setup, values, "set-up")
    known["keys"] = {
        name: KeySetup(**_checked(KeySetup, value or {}, f"keys.{name}"))
        for name, value in known.get("keys", {}).items()
    }
    known["models"] = {
        name: _model(value or {}, f"models.{name}")
        for name, value in known.get("models", {}).items()
    }
    for name in ("reject_containing", "tasks", "difficulties", "task_folders"):
        if name in known:
            known[name] = tuple(known[name])
    known["batches"] = BatchSetup(**_checked(BatchSetup, known.get("batches") or {}, "batches"))
    check_batch_faults(known["batches"].faults)
    _checked_faults(known.get("faults", {}))
    return Setup(**known)


def _model(values: Mapping[str, Any], where: str) -> ModelSetup:
    known = _checked(ModelSetup, values, where)
    known["lenient"] = tuple(known.get("lenient", ()))
    price = known.get("price")
    if price is not None and not (isinstance(price, Mapping) and {"input", "output"} <= set(price)):
        raise UserError(f"{where}: price must have input and output, USD per million tokens")
    return ModelSetup(**known)


def _checked(kind: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    allowed = [one.name for one in fields(kind)]
    for name in values:
        if name not in allowed:
            raise UserError(f"{where}: {name} is not a setting; allowed are {', '.join(allowed)}")
    kinds = {one.name: one.type for one in fields(kind)}
    return {name: _number(value, str(kinds[name]), where, name) for name, value in values.items()}


def _number(value: Any, kind: str, where: str, name: str) -> Any:
    """Return a number where one is wanted: YAML reads 5e-05, as JSON writes it, as a text."""
    if not kind.startswith(("int", "float")) or isinstance(value, bool | int | float | None):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(f"{where}: {name} is {value!r}; must be a number") from None


def _checked_faults(shares: Mapping[str, float]) -> None:
    for kinds in (PASSING, LASTING):
        if sum(shares.get(kind, 0) for kind in kinds) > 1:
            raise UserError(f"faults: the shares of {', '.join(kinds)} add up to more than 1")
    for name, share in shares.items():
        if name not in PASSING + LASTING or not 0 <= share <= 1:
            raise UserError(f"faults: {name}={share}; allowed are shares of {PASSING + LASTING}")
