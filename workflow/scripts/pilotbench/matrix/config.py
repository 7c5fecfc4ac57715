"""Turn a merged and validated config into frozen `Settings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from pilotbench.benchmark.catalogue import of_version
from pilotbench.benchmark.scorers.scorer import RunCode
from pilotbench.ground import schemas, yaml_files
from pilotbench.ground.path_names import expanded
from pilotbench.ground.shipped import with_shipped
from pilotbench.matrix import axes, levels
from pilotbench.matrix.axes import Axis, listed
from pilotbench.matrix.seed_epoch import SeedEpoch
from pilotbench.matrix.seed_epoch import of_config as of_epoch
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import UNKNOWN, Listed, Priced, of_config
from pilotbench.providers.protocols.history import AS_IS, AS_SAID
from pilotbench.providers.settings import (
    ONLINE,
    Key,
    Model,
    ProviderSettings,
    Weights,
)

Json = dict[str, Any]
AUTO_SHARD_SIZES = ((200, 20), (2000, 100))
"""(instances, shard size): the size for at most so many instances; above, LARGE_SHARD. A process
takes 0.8 s of CPU time, too much for 20 short episodes on many slots. All standard experiments have
the same size, so that they share files."""
LARGE_SHARD = 400
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
"""Seconds of each unit of a duration."""
SCALARS = (
    "seed_epoch",
    "benchmark",
    "instances",
    "repeats",
    "shard_size",
    "max_turns",
    "partial",
    "rescore",
    "keep_going",
    "ask_unusable",
    "run_code",
    "quick",
    "budget_usd",
    "batch_deadline",
    "batch_wait",
)


@dataclass(frozen=True)
class Grid:
    """A product of axes, each by its key in config (`axes.AXES`, except for the models)."""

    prompts: tuple[str, ...]
    tasks: tuple[str, ...]
    difficulties: tuple[str, ...]
    tool_success_rates: tuple[str, ...]


@dataclass(frozen=True)
class Settings(Grid):
    """The whole config, validated and expanded; every list is in the order of the config.

    With several `grids` the lists are the union of theirs.
    """

    models: dict[str, Model]
    instances: int | None
    repeats: int
    shard_size: int
    max_turns: int | None
    providers: dict[str, ProviderSettings]
    catalog: dict[str, Model]
    routing: str = "balanced"
    partial: bool = False
    rescore: bool = False
    keep_going: bool = False
    ask_unusable: bool = False
    run_code: RunCode = False
    quick: bool = False
    budget_usd: float | None = None
    batch_deadline_s: float = 86_400.0
    batch_wait_s: float | None = None
    results_dir: Path = Path("results")
    journal_dir: Path = Path("journal")
    limits_dir: Path | None = None
    task_folders: tuple[Path, ...] = ()
    prompt_folders: tuple[Path, ...] = ()
    experiment: str | None = None
    seed_epoch: SeedEpoch | None = None
    grids: tuple[Grid, ...] = ()

    @property
    def products(self) -> tuple[Grid, ...]:
        """The grids to plan: those of the config, else the single grid of its lists."""
        return self.grids or (self,)

    def words(self, axis: Axis) -> tuple[str, ...]:
        """Return the words of an axis."""
        return tuple(getattr(self, axis.key))

    def provider_of(self, model: str) -> ProviderSettings:
        """Return the provider of a model of the catalog."""
        return self.providers[self.catalog[model].provider]

    @property
    def keys(self) -> dict[str, Key]:
        """Every key of every provider by alias."""
        return {a: key for provider in self.providers.values() for a, key in provider.keys.items()}


def typed(config: Mapping[str, Any]) -> Json:
    """Return config with text from the command line as values: `partial=true` becomes True."""
    return {
        key: yaml_files.word(value) if key in SCALARS and isinstance(value, str) else value
        for key, value in config.items()
    }


def settings(config: Mapping[str, Any]) -> Settings:
    """Return the Settings of a validated config."""
    given = typed(config)
    config = {**_defaults(), **given}
    services = config["providers"]
    catalog = {n: model(n, entry, services) for n, entry in config["model_catalog"].items()}
    chosen = axes.MODEL.words(config["models"], {"all": catalog})
    grids = tuple(_grid({**config, **one}) for one in config.get("grids") or ())
    limit, size, turns = config["instances"], config["shard_size"], config["max_turns"]
    limits = config["limits_dir"]
    return Settings(
        **_union(grids or (_grid(config),)),
        models={name: catalog[name] for name in chosen},
        instances=None if limit == "all" else int(limit),
        repeats=config["repeats"],
        shard_size=auto_shard_size(limit) if size == "auto" else int(size),
        max_turns=None if turns == "auto" else int(turns),
        providers={n: _provider(n, entry, config) for n, entry in config["providers"].items()},
        catalog=catalog,
        routing=config["routing"],
        partial=config["partial"],
        rescore=config["rescore"],
        keep_going=config["keep_going"],
        ask_unusable=config["ask_unusable"],
        run_code=config["run_code"],
        quick=config["quick"],
        budget_usd=config["budget_usd"],
        batch_deadline_s=seconds(config["batch_deadline"]),
        batch_wait_s=None if config["batch_wait"] is None else seconds(config["batch_wait"]),
        results_dir=expanded("results_dir", config["results_dir"]),
        journal_dir=expanded("journal_dir", config["journal_dir"]),
        limits_dir=expanded("limits_dir", limits) if limits else None,
        task_folders=_folders("task_folders", config),
        prompt_folders=_folders("prompt_folders", config),
        experiment=config.get("experiment"),
        seed_epoch=of_epoch(config["seed_epoch"]),
        grids=grids,
    )


@cache
def _defaults() -> Json:
    return schemas.defaults(schemas.load("config"))


def _grid(config: Mapping[str, Any]) -> Grid:
    words = {one.key: one.words(config[one.key]) for one in axes.AXES[1:]}
    tasks = axes.TASK.words(config["tasks"], {"all": of_version(str(config["benchmark"]))})
    found = levels.expanded(words["difficulties"], tasks)
    return Grid(**{**words, "tasks": tasks, "difficulties": found})


def _union(grids: Iterable[Grid]) -> dict[str, tuple[str, ...]]:
    lists = zip(*map(astuple, grids), strict=True)
    unions = (tuple(dict.fromkeys(chain.from_iterable(several))) for several in lists)
    return dict(zip(axes.KEYS[1:], unions, strict=True))


def seconds(duration: float | str) -> float:
    """Return a duration of the config in seconds: hours, unless its text ends with another unit."""
    text = str(duration).strip()
    number, unit = (text[:-1], text[-1]) if text[-1] in UNITS else (text, "h")
    return float(number) * UNITS[unit]


def auto_shard_size(instances: int | str) -> int:
    """Return the shard size that `auto` means; `all` of a pack counts as many instances."""
    count = 2000 if instances == "all" else int(instances)
    return next((size for upto, size in AUTO_SHARD_SIZES if count <= upto), LARGE_SHARD)


def _folders(key: str, config: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the folders of a key; those of the default include the shipped one, as the last."""
    words = listed(config[key])
    folders = tuple(expanded(key, str(word)) for word in words)
    return with_shipped(folders, words[0]) if words == _defaults()[key] else folders


def model(name: str, entry: Mapping[str, Any], services: Mapping[str, Any]) -> Model:
    """Return an entry of model_catalog, with the `services` that providers.yaml describes."""
    weights = entry.get("weights")
    service = services.get(entry["provider"]) or {}
    kind = service.get("kind", "openai")
    return Model(
        name=name,
        provider=entry["provider"],
        deployment=entry["deployment"],
        protocol=entry.get("protocol", "native"),
        parameters=dict(entry.get("parameters") or {}),
        price=_price(entry, kind, service),
        reports=entry.get("reports"),
        max_output=entry.get("max_output"),
        weights=weights and Weights(**weights),
        kind=kind,
        stream=entry.get("stream", False),
        lane=entry.get("lane", ONLINE),
        reasoning_history=entry.get("reasoning_history", AS_SAID),
        user_after_results=entry.get("user_after_results", AS_IS),
        api=entry.get("api") or service.get("api") or KINDS[kind].api,
    )


def _price(entry: Mapping[str, Any], kind: str, service: Mapping[str, Any]) -> Priced | None:
    """Return the price that the config has, else where the price list may have it."""
    price, named, declared = entry.get("price"), entry.get("priced_as"), KINDS[kind]
    batches = declared.batch_price
    if price == UNKNOWN:
        return None
    if price is not None:
        return of_config(price, batches)
    if named is not None:
        provider, _, model = named.partition("/")
        return Listed((model,), provider, batches=batches)
    if declared.in_process:
        return None
    names = declared.listed_names(entry["deployment"], entry.get("reports"))
    return Listed(names, urls=_urls(service), batches=batches)


def _urls(service: Mapping[str, Any]) -> tuple[tuple[str | None, str | None], ...]:
    """Return where the requests of each key go: (variable that overrides it, URL)."""
    names = (("base_url_env", "endpoint_env"), ("base_url", "endpoint"))
    usual = [next(filter(None, map(service.get, either)), None) for either in names]
    found: dict[tuple[str | None, str | None], None] = {}
    for key in (service.get("keys") or {}).values():
        own = [(key or {}).get(name) for name, _ in names]
        variable, url = own if any(own) else usual
        found[variable, url] = None
    return tuple(found)


def _provider(name: str, entry: Mapping[str, Any], config: Mapping[str, Any]) -> ProviderSettings:
    kind = KINDS[entry["kind"]]
    keys = {
        alias: Key(alias, name, **{"slots": kind.default_slots, **(key or {})})
        for alias, key in entry["keys"].items()
    }
    rest: Json = {
        k: v for k, v in entry.items() if k not in ("kind", "keys", "endpoint", "endpoint_env")
    }
    rest.setdefault("base_url", entry.get("endpoint"))
    rest.setdefault("base_url_env", entry.get("endpoint_env"))
    rest.setdefault("retry_for_s", kind.retry_for_s)
    bundle = config.get("ca_bundle")
    rest |= {
        "proxy": config.get("proxy"),
        "ca_bundle": str(expanded("ca_bundle", bundle)) if bundle else None,
    }
    return ProviderSettings(name=name, kind=kind.name, keys=keys, **rest)
