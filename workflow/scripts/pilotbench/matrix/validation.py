"""Validate a config before any job; each message names the file, the key and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pilotbench.benchmark.catalogue import LEVELS, VERSIONS, of_version
from pilotbench.benchmark.packs import pack_folders
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.ground import schemas
from pilotbench.ground.errors import ConfigError, hint
from pilotbench.ground.scrubber import looks_secret
from pilotbench.matrix import axes, config_checks, levels, paths, seed_epoch
from pilotbench.matrix.axes import listed
from pilotbench.matrix.config import Settings, settings, typed
from pilotbench.matrix.config_files import load_file
from pilotbench.providers import kinds, wire_formats

TAKEN = frozenset(
    (
        *("local", "tmpdir", "threads", "cores", "nodes", "tasks", "constraint"),
        *("mem", "mem_mb", "mem_mib", "disk", "disk_mb", "disk_mib", "runtime", "gpu", "gpus"),
    )
)


def validate(config: Mapping[str, Any], files: Iterable[Path] = ()) -> None:
    """Raise ConfigError, which names the file and the key, if the config is not valid.

    `files` are the config files in the order in which they were merged.
    """
    origin = _Origin([Path(file) for file in files])
    config = typed(config)
    _refuse(config_checks.first(config), config, origin)
    _check(config, "config", (), origin)
    _check(config["model_catalog"], "models", ("model_catalog",), origin)
    _check(config["providers"], "providers", ("providers",), origin)
    _refuse(config_checks.then(config), config, origin)
    _check_references(config, origin)


def written_in(files: Iterable[Path], path: Sequence[Any], value: Any) -> str:
    """Return the file, or the command line, that wrote `value` at `path` of the merged config."""
    return _Origin([Path(file) for file in files]).of(path, value)


class _Origin:
    """Finds the file that wrote a key of the merged config."""

    def __init__(self, files: list[Path]) -> None:
        self._files = [(file, load_file(file)) for file in files]

    def of(self, path: Sequence[Any], value: Any) -> str:
        for file, content in reversed(self._files):
            found, here = True, content
            for part in path:
                found = part in here if isinstance(here, dict) else _holds(here, part)
                if not found:
                    break
                here = here[part]
            if found and _is_same(here, value):
                return _shown(file)
        return "--config" if path else "config"


def _is_same(here: Any, value: Any) -> bool:
    if isinstance(here, dict):  # the merged mapping has the keys of all files
        return isinstance(value, Mapping)
    try:
        return bool(here == value or here != here)  # NaN differs from itself
    except RecursionError:
        return True


def _holds(here: Any, place: Any) -> bool:
    return isinstance(here, list) and isinstance(place, int) and place < len(here)


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _refuse(
    problem: config_checks.Problem | None, config: Mapping[str, Any], origin: _Origin
) -> None:
    if problem is not None:
        path, why = problem
        raise ConfigError(f"{origin.of(path, _at(path, config))}: {_dotted(path)} {why}")


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a part of the config, with the words that other modules declare."""
    flawed, prompts = axes.PROMPT.groups["flawed"], axes.PROMPT.groups["all"]
    schema = schemas.load(
        name,
        prompts=prompts,
        flawed=flawed,
        tasks=[f"{', '.join(of_version(one))} (benchmark {one})" for one in VERSIONS],
        levels=levels.described(),
        versions=map(int, VERSIONS),
    )
    if name in ("providers", "models"):
        schema = wire_formats.completed(schema)
    return kinds.completed(schema) if name == "providers" else schema


def _check(value: Any, schema_name: str, prefix: tuple[str, ...], origin: _Origin) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = schema_of(schema_name)
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        raise ConfigError(_explain(error, prefix, origin))


def _explain(error: Any, prefix: tuple[str, ...], origin: _Origin) -> str:
    """Return one line: file, key, what is wrong, what is allowed."""
    while error.parent is not None:  # the error of one alternative says less than that of the whole
        error = error.parent
    path = (*prefix, *error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = sorted(error.schema.get("properties", {}))
        key = next(k for k in error.instance if k not in allowed)
        where = origin.of((*path, key), error.instance[key])
        return f"{where}: unknown key {_dotted((*path, key))}{hint(str(key), allowed)}"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"{origin.of(path, error.instance)}: {_dotted((*path, missing))} is missing"
    allowed_text = _allowed(error)
    where = origin.of(path, error.instance)
    return f"{where}: {_dotted(path)} is {_shown_value(path, error)}; allowed: {allowed_text}"


def _shown_value(path: Sequence[Any], error: Any) -> str:
    """Return a value for a message; a value of a provider may be a secret."""
    text = repr(error.instance)
    hidden = (
        isinstance(error.instance, str)
        and path[0] == "providers"
        and path[-1] not in ("kind", "api")
    )
    return "(not shown)" if hidden or looks_secret(text) else _short(error.instance)


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "pattern": "text that matches",
    "type": "",
}


def _allowed(error: Any) -> str:
    if error.validator == "enum":
        return ", ".join(map(str, error.validator_value))
    if error.validator in _BOUNDS:
        return f"{_BOUNDS[error.validator]} {_plain(error.validator_value)}".strip()
    return str(error.schema.get("description", error.message))


def _plain(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


def _check_references(config: Mapping[str, Any], origin: _Origin) -> None:
    catalog, providers = config["model_catalog"], config["providers"]
    for name in axes.MODEL.words(config["models"], {"all": catalog}):
        if name not in catalog:
            where = origin.of(("models",), config["models"])
            raise ConfigError(f"{where}: models: unknown model {name!r}{hint(name, catalog)}")
    for name, entry in catalog.items():
        if entry["provider"] not in providers:
            where = origin.of(("model_catalog", name, "provider"), entry["provider"])
            raise ConfigError(
                f"{where}: model_catalog.{name}.provider: unknown provider "
                f"{entry['provider']!r}{hint(entry['provider'], providers)}"
            )
    _check_aliases(providers, origin)
    chosen = settings(config)
    for path, why in paths.problems(*_named(chosen)):
        raise ConfigError(f"{origin.of(path, _at(path, config))}: {_dotted(path)} {why}")
    for axis, known in (
        (axes.DIFFICULTY, (*LEVELS, axes.NONE)),
        (axes.PROMPT, prompt_files.known(chosen.prompt_folders)),
        (axes.TASK, pack_folders.known(chosen.task_folders)),
    ):
        for name in chosen.words(axis):
            if name not in known:
                path = _selecting(axis.key, name, config)
                where = origin.of(path, _at(path, config))
                raise ConfigError(
                    f"{where}: {_dotted(path)}: unknown {axis.title} {name!r}{hint(name, known)}"
                )
    _check_levels(config, chosen, origin)
    if (problem := seed_epoch.problem(chosen)) is not None:
        where = origin.of(("seed_epoch",), config["seed_epoch"])
        raise ConfigError(f"{where}: seed_epoch: {problem}")


def _check_levels(config: Mapping[str, Any], chosen: Settings, origin: _Origin) -> None:
    """Refuse a task that has none of the levels that its grid lists."""
    written: Sequence[Mapping[str, Any]] = config.get("grids") or ({},)
    for number, (grid, given) in enumerate(zip(chosen.products, written, strict=True)):
        key = axes.DIFFICULTY.key
        path = ("grids", number, key) if key in given else (key,)
        if why := levels.lacking(grid.tasks, grid.difficulties):
            all_tasks = "all" in listed(given.get(axes.TASK.key, config.get(axes.TASK.key, "all")))
            other = levels.suiting(grid.difficulties) if all_tasks else None
            hint_at = f"; each task of benchmark: {other} has one" if other else ""
            raise ConfigError(
                f"{origin.of(path, _at(path, config))}: {_dotted(path)}: {why}{hint_at}"
            )


def _named(chosen: Settings) -> tuple[dict[str, Path], list[tuple[paths.Place, Path]]]:
    """Return the folders that are written, by key, and the paths that are only read."""
    read: list[tuple[paths.Place, Path]] = [
        (("model_catalog", model.name, "weights", "path"), model.weights.on_disk)
        for model in chosen.catalog.values()
        if model.weights is not None and model.weights.path is not None
    ]
    read += [(("task_folders",), path) for path in chosen.task_folders]
    read += [(("prompt_folders",), path) for path in chosen.prompt_folders]
    read += [(("prompts",), Path(f"{name}.md")) for name in chosen.prompts]
    return paths.written(chosen), read


def _selecting(key: str, name: str, config: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the path of the list that selects `name`: in a grid, else at the top level."""
    for place, grid in enumerate(config.get("grids") or ()):
        if name in listed(grid.get(key, ())):
            return "grids", place, key
    return (key,)


def _at(path: Iterable[Any], config: Any) -> Any:
    for part in path:
        config = config[part] if isinstance(config, list) else config.get(part)
    return config


def _check_aliases(providers: Mapping[str, Any], origin: _Origin) -> None:
    seen: dict[str, str] = {}
    for name, entry in providers.items():
        for alias, key in entry["keys"].items():
            if alias in TAKEN:
                where = origin.of(("providers", name, "keys", alias), key)
                raise ConfigError(
                    f"{where}: providers.{name}.keys.{alias}: the alias is the name of another "
                    "resource of the build; choose another"
                )
            if alias in seen:
                where = origin.of(("providers", name, "keys", alias), key)
                raise ConfigError(
                    f"{where}: providers.{name}.keys.{alias}: the alias is already a key of "
                    f"{seen[alias]}; aliases are Snakemake resources and must be unique"
                )
            seen[alias] = name


def _dotted(path: Iterable[Any]) -> str:
    words = list(map(str, path))
    if words[:1] == ["providers"]:  # a key may be a secret
        words = ["***" if looks_secret(word) else word for word in words]
    return ".".join(words) or "config"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
