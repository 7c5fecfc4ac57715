"""Read config files and merge them key by key, as Snakemake merges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pilotbench.ground import shipped, yaml_files
from pilotbench.ground.errors import ConfigError

Json = dict[str, Any]
BASE_FILES = ("config/config.yaml", "config/models.yaml", "config/providers.yaml")


def base_files() -> list[Path]:
    """Return the config files that are always read: the shipped ones, then the folder's own.

    In the checkout itself they are the same. A folder elsewhere may have all, some or none.
    """
    own = [Path(file) for file in BASE_FILES]
    if not shipped.ROOT.samefile(Path()):
        return [*(shipped.ROOT / file for file in own), *(file for file in own if file.exists())]
    return own


def read(
    overlays: Sequence[Path] = (),
    overrides: Mapping[str, Any] | None = None,
    base: Iterable[Path] | None = None,
) -> Json:
    """Return the merged config of `base` (by default `base_files`), `overlays` and `overrides`.

    Raises ConfigError for a file that is missing or is not YAML.
    """
    merged: Json = {}
    for path in (*(base_files() if base is None else base), *overlays):
        _merge(merged, load_file(path))
    _merge(merged, overrides or {})
    return merged


def load_file(path: Path) -> Json:
    """Return a config file's mapping. Raises ConfigError when it is missing or not YAML."""
    return _mapping(path, yaml_files.load)


def reread(config: Json, files: Iterable[Path]) -> None:
    """Replace what Snakemake read from `files` by YAML 1.1 with what they mean in YAML 1.2."""
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
