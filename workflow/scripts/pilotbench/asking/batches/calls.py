"""Calls to a batch endpoint: each takes a slot of its key, and ends when the run is to stop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TypeVar

from pilotbench.asking.asker import KeyAllowance
from pilotbench.asking.keys.key_client import FIRST_BACKOFF_S, LONGEST_BACKOFF_S
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.opened_limiter import key_folder, limiter_of, with_slots
from pilotbench.asking.keys.secrets import opened_keys
from pilotbench.ground.errors import ConfigError, RateLimited, Retryable, Stopping
from pilotbench.matrix.config import Settings
from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import Access, Model

Found = TypeVar("Found")
STEP_S = 0.2


class Calls:
    """The keys of a model's provider that are set, and what sends through them.

    Nothing is opened before it is needed: what is out can be told without any key.
    """

    def __init__(self, settings: Settings, model: Model, allowance: KeyAllowance) -> None:
        self._settings, self._model, self._allowance = settings, model, allowance
        self.provider = settings.provider_of(model.name)
        self._limiters: dict[str, Limiter] = {}
        self._is_open = False

    @cached_property
    def keys(self) -> Mapping[str, Access]:
        """The keys that are set. Raises ConfigError if none is."""
        opened, _ = opened_keys(self.provider, self.provider.keys)
        return opened

    @cached_property
    def folders(self) -> dict[str, str]:
        """The name of the folder of each key that is set -> its alias."""
        root = self._settings.limits_dir
        return {key_folder(root, access, alias).name: alias for alias, access in self.keys.items()}

    def folder_of(self, alias: str) -> str:
        """Return the name of the folder of a key."""
        return next(folder for folder, one in self.folders.items() if one == alias)

    @cached_property
    def api(self) -> BatchApi:
        """The client of the batch endpoint. Raises ConfigError where there is none."""
        batches = KINDS[self._model.kind].batches
        if batches is None:
            where = f"model_catalog.{self._model.name}.lane"
            raise ConfigError(f"{where}: kind {self._model.kind} has no batch endpoint")
        self._is_open = True
        return batches(self.provider, self._model, self.keys)

    def send(self, alias: str, call: Callable[[BatchApi], Found]) -> Found:
        """Return what one call returns, sent within a slot of the key. Raises a ProviderError."""
        slot = self._limiter(alias).wait(0, lambda: not self.is_stopped)
        if slot is None:
            raise Stopping("asked to stop")
        try:
            return call(self.api)
        except RateLimited as error:
            slot.rejected(error.retry_after, error.exhausted)
            raise
        finally:
            slot.release()

    def retried(self, alias: str, call: Callable[[BatchApi], Found]) -> Found:
        """Return what a call returns that may be repeated at no cost, for up to `retry_for_s`."""
        began, pause = time.monotonic(), FIRST_BACKOFF_S
        while True:
            try:
                return self.send(alias, call)
            except Retryable as error:
                wait = max(pause, error.retry_after or 0.0)
                if time.monotonic() - began + wait > self.provider.retry_for_s:
                    raise
                self.rest(wait)
                pause = min(2 * pause, LONGEST_BACKOFF_S)

    @property
    def is_stopped(self) -> bool:
        """Whether this process may send nothing more."""
        parent = self._allowance.parent
        return self._allowance.stop.is_set() or (parent is not None and os.getppid() != parent)

    def check(self) -> None:
        """Raise Stopping if this process may send nothing more."""
        if self.is_stopped:
            raise Stopping("asked to stop")

    def rest(self, seconds: float) -> None:
        """Wait. Raises Stopping as soon as nothing more may be sent."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, STEP_S))

    def close(self) -> None:
        """Close connections and files."""
        for limiter in self._limiters.values():
            limiter.close()
        if self._is_open:
            self.api.close()

    def _limiter(self, alias: str) -> Limiter:
        if alias not in self._limiters:
            key = with_slots(self.provider.keys[alias], self._allowance.slots.get(alias))
            made = limiter_of(self._settings.limits_dir, key, self.keys[alias], len(self.keys))
            self._limiters[alias] = made
        return self._limiters[alias]
