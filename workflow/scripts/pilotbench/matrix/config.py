"""Config becomes Settings: validated once, then frozen.

Config files, overlays and overrides are merged key by key; `validation.validate` names the file
that holds a wrong key, `settings` turns the merged mapping into dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.prompts.prompt_files import SHIPPED_PROMPTS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.ground import yaml_files
from pilotbench.ground.errors import ConfigError
from pilotbench.ground.path_names import expanded
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import (
    Key,
    Model,
    Price,
    ProviderSettings,
    Weights,
)

Json = dict[str, Any]
BASE_FILES = ("config/config.yaml", "config/models.yaml", "config/providers.yaml")
STANDARD_PROMPTS = ("baseline", "cot", "optimal")
STANDARD_TASKS = (
    "simple_task",
    "basic_task",
    "data_pipeline",
    "api_integration",
    "multi_stage_pipeline",
)
AUTO_SHARD_SIZES = ((200, 20), (2000, 100))
"""Shard size up to so many instances; above, LARGE_SHARD. A process costs 0.8 s of CPU time, which
20 short episodes on many slots do not pay for. All standard experiments have one size, so that they
share files."""
LARGE_SHARD = 400
SCALARS = (
    "instances",
    "repeats",
    "shard_size",
    "max_turns",
    "partial",
    "rescore",
    "keep_going",
    "ask_unusable",
    "quick",
    "budget_usd",
)


@dataclass(frozen=True)
class Grid:
    """A product of axes; a matrix is one, or several of which each cell is built once."""

    prompts: tuple[str, ...]
    tasks: tuple[str, ...]
    difficulties: tuple[str, ...]
    tool_success_rates: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """All of the config, checked and expanded; every list is in the order of the config.

    With several `grids` the lists are the union of theirs.
    """

    models: dict[str, Model]
    prompts: tuple[str, ...]
    tasks: tuple[str, ...]
    difficulties: tuple[str, ...]
    tool_success_rates: tuple[str, ...]
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
    quick: bool = False
    budget_usd: float | None = None
    results_dir: Path = Path("results")
    journal_dir: Path = Path("journal")
    limits_dir: Path | None = None
    task_folders: tuple[Path, ...] = ()
    prompt_folders: tuple[Path, ...] = ()
    experiment: str | None = None
    grids: tuple[Grid, ...] = ()

    @property
    def products(self) -> tuple[Grid, ...]:
        """What the plan is made of: the grids, else the one product of the lists."""
        axes = (self.prompts, self.tasks, self.difficulties, self.tool_success_rates)
        return self.grids or (Grid(*axes),)

    def provider_of(self, model: str) -> ProviderSettings:
        """Return the provider of a model of the catalog."""
        return self.providers[self.catalog[model].provider]

    @property
    def keys(self) -> dict[str, Key]:
        """Every key of every provider by alias."""
        return {a: key for provider in self.providers.values() for a, key in provider.keys.items()}


def read(overlays: Sequence[Path] = (), overrides: Mapping[str, Any] | None = None) -> Json:
    """Return the merged config of the base files, `overlays` and `overrides`.

    Raises ConfigError for a file that is missing or is not YAML.
    """
    merged: Json = {}
    for path in (*map(Path, BASE_FILES), *overlays):
        _merge(merged, load_file(path))
    _merge(merged, overrides or {})
    return merged


def typed(config: Mapping[str, Any]) -> Json:
    """Return config with the words of the command line as values: `partial=true` is a truth."""
    return {
        key: yaml_files.word(value) if key in SCALARS and isinstance(value, str) else value
        for key, value in config.items()
    }


def settings(config: Mapping[str, Any]) -> Settings:
    """Return the Settings of a validated config."""
    config = typed(config)
    services = config["providers"]
    catalog = {n: _model(n, entry, services) for n, entry in config["model_catalog"].items()}
    chosen = expand(config["models"], {"all": tuple(catalog)})
    grids = tuple(_grid({**config, **one}) for one in config.get("grids") or ())
    union = _union(grids or (_grid(config),))
    limit = config.get("instances", 20)
    size, turns = config.get("shard_size", "auto"), config.get("max_turns", "auto")
    limits = config.get("limits_dir")
    return Settings(
        models={name: catalog[name] for name in chosen},
        prompts=union.prompts,
        tasks=union.tasks,
        difficulties=union.difficulties,
        tool_success_rates=union.tool_success_rates,
        instances=None if limit == "all" else int(limit),
        repeats=config.get("repeats", 1),
        shard_size=auto_shard_size(limit) if size == "auto" else int(size),
        max_turns=None if turns == "auto" else int(turns),
        providers={n: _provider(n, entry, config) for n, entry in config["providers"].items()},
        catalog=catalog,
        routing=config.get("routing", "balanced"),
        partial=config.get("partial", False),
        rescore=config.get("rescore", False),
        keep_going=config.get("keep_going", False),
        ask_unusable=config.get("ask_unusable", False),
        quick=config.get("quick", False),
        budget_usd=config.get("budget_usd"),
        results_dir=expanded("results_dir", config.get("results_dir", "results")),
        journal_dir=expanded("journal_dir", config.get("journal_dir", "journal")),
        limits_dir=expanded("limits_dir", limits) if limits else None,
        task_folders=_paths(config, "task_folders", ["config/tasks"]),
        prompt_folders=_paths(config, "prompt_folders", ["config/prompts", SHIPPED_PROMPTS]),
        experiment=config.get("experiment"),
        grids=grids,
    )


def _grid(config: Mapping[str, Any]) -> Grid:
    rates = listed(config.get("tool_success_rates", [0.8]))
    return Grid(
        prompts=expand(config.get("prompts", "all"), {"all": STANDARD_PROMPTS, "flawed": FLAWED}),
        tasks=expand(config.get("tasks", "all"), {"all": STANDARD_TASKS}),
        difficulties=expand(config.get("difficulties", ["easy"]), {"all": DIFFICULTIES}),
        tool_success_rates=tuple(dict.fromkeys(map(rate_text, rates))),
    )


def _union(grids: Iterable[Grid]) -> Grid:
    axes = zip(*map(astuple, grids), strict=True)
    return Grid(*(tuple(dict.fromkeys(chain.from_iterable(lists))) for lists in axes))


def auto_shard_size(instances: int | str) -> int:
    """Return the instances of a shard where config says `auto`; a pack's `all` counts as many."""
    count = 2000 if instances == "all" else int(instances)
    return next((size for upto, size in AUTO_SHARD_SIZES if count <= upto), LARGE_SHARD)


def rate_text(rate: Any) -> str:
    """Return a tool success rate as it stands in paths: 1.0 as "1.0", 0.80 as "0.8"."""
    text = format(Decimal(str(rate).strip()).normalize(), "f")
    return text if "." in text else f"{text}.0"


def listed(value: Any) -> list[Any]:
    """Return a list or a comma-separated string as a list."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def expand(value: Any, groups: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the listed names, groups expanded, each name once, in the order given."""
    words = [str(word) for word in listed(value)]
    return tuple(dict.fromkeys(name for word in words for name in groups.get(word, (word,))))


def _paths(config: Mapping[str, Any], key: str, default: Sequence[Any]) -> tuple[Path, ...]:
    return tuple(expanded(key, str(word)) for word in listed(config.get(key, default)))


def _model(name: str, entry: Mapping[str, Any], services: Mapping[str, Any]) -> Model:
    price, weights = entry.get("price"), entry.get("weights")
    service = services.get(entry["provider"]) or {}
    return Model(
        name=name,
        provider=entry["provider"],
        deployment=entry["deployment"],
        protocol=entry.get("protocol", "native"),
        parameters=dict(entry.get("parameters") or {}),
        price=price and Price(price["input"], price["output"], price.get("cached", price["input"])),
        reports=entry.get("reports"),
        max_output=entry.get("max_output"),
        weights=weights and Weights(**weights),
        kind=service.get("kind", "openai"),
    )


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


def load_file(path: Path) -> Json:
    """Return a config file's mapping. Raises ConfigError when it is missing or not YAML."""
    return _mapping(path, yaml_files.load)


def restate(config: Json, files: Iterable[Path]) -> None:
    """Put what the files say by YAML 1.2 into a config that was read from them by YAML 1.1."""
    old: Json = {}
    new: Json = {}
    for file in files:
        _merge(new, load_file(file))
        _merge(old, _mapping(file, yaml_files.load_old))
    _replace(config, old, new)


def _replace(here: Json, old: Json, new: Json) -> None:
    for key, value in here.items():
        if key not in old or key not in new:
            continue
        if all(isinstance(one, dict) for one in (value, old[key], new[key])):
            _replace(value, old[key], new[key])
        elif value == old[key]:
            here[key] = new[key]


def _mapping(path: Path, load: Callable[[str], Any]) -> Json:
    try:
        value = load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8; save it as UTF-8") from None
    except yaml_files.REFUSED as error:
        raise ConfigError(f"{path}: {yaml_files.where(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not YAML: {yaml_files.where(error)}") from None
    if not isinstance(value or {}, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values")
    return value or {}


def _merge(into: Json, new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value
