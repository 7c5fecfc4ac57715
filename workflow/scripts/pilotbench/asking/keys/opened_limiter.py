"""The limiter of a key of the config: its folder, and as many slots as this machine allows.

A key's folder below `limits_dir` is named by the SHA-256 of its base URL and secret, so that two
aliases of one secret are one key.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.slot_files import most_slots
from pilotbench.ground import notices
from pilotbench.ground.errors import ConfigError
from pilotbench.providers.settings import Access, Key

FEW_SLOTS = 40
"""Up to this number of slots the limit on open files is not checked."""


def default_folder() -> Path:
    """Return the folder for limits if the config names none: in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "pilotbench", "limits")


def key_folder(limits_dir: Path | None, access: Access, alias: str) -> Path:
    """Return the folder of a key; a key without a secret is identified by its alias."""
    words = [access.base_url.rstrip("/"), access.secret or alias]
    name = hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
    return (limits_dir or default_folder()) / name


def limiter_of(
    limits_dir: Path | None, key: Key, access: Access, keys: int = 1, model: str = ""
) -> Limiter:
    """Return the limiter of one of `keys` keys. Raises ConfigError for an unusable folder."""
    folder = key_folder(limits_dir, access, key.alias)
    try:
        return Limiter(folder, _usable(key, keys), key.rpm, key.tpm, model=model)
    except OSError as error:
        raise ConfigError(
            f"limits_dir: {folder.parent} cannot be used ({error.strerror}): "
            "name a folder on a disk of this machine"
        ) from None


def _usable(key: Key, keys: int) -> int:
    most = most_slots(keys) if key.slots > FEW_SLOTS else key.slots
    if key.slots > most:
        notices.say(
            f"files {key.alias}",
            f"{key.alias}: {key.slots} slots need more open files than this machine allows: "
            f"{most} are used (ulimit -n)",
        )
    return min(key.slots, most)


def with_slots(key: Key, slots: int | None) -> Key:
    """Return `key` with the slots in force, if the command line names others."""
    return key if slots is None else replace(key, slots=slots)
