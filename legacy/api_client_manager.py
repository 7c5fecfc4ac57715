"""The predecessor's client manager: clients for scripts of one's own, with a pool of keys behind.

    from api_client_manager import get_client_for_model

    client = get_client_for_model("qwen2.5-3b-instruct")
    client.chat.completions.create(model="qwen2.5-3b-instruct", messages=[…])

A client is OpenAI's own. Each request takes a key with a free slot, within the limits and the
budget of the config, and its answer is in the journal before the script gets it: a script that is
started again gets the same answers and pays nothing. Run scripts in the top folder.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "workflow/scripts"))

from pilotbench.asking.label_asker import LabelAsker, begin
from pilotbench.episodes.spending import spent
from pilotbench.gateway.in_process import client
from pilotbench.gateway.labels import Labels
from pilotbench.gateway.requests import served
from pilotbench.gateway.service import Gateway
from pilotbench.ground.errors import ConfigError, hint
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment

if TYPE_CHECKING:
    from openai import OpenAI

Json = dict[str, Any]


class APIClientManager:
    """Makes clients of the models of the config; safe among threads.

    `configfiles` and `config` are those of a build. Requests belong to a `label`, by default the
    name of the script. One process at a time may ask a model under a label.
    """

    def __init__(
        self,
        configfiles: Sequence[str | Path] = (),
        config: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        overlays = [Path(file) for file in configfiles]
        files = [*config_files.base_files(), *overlays]
        experiment = load_experiment(config_files.read(overlays, config), files)
        self._label = label or script_name()
        self._catalog = experiment.settings.catalog
        opener = partial(LabelAsker, experiment.settings)
        self._gateway = Gateway(self._catalog, Labels({self._label: ""}), opener)
        begin(experiment, lambda shard: spent(experiment, shard))
        self._client = client(self._gateway, self._label)
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def models(self) -> list[str]:
        """The models that a client can ask."""
        return list(served(self._catalog))

    def get_client(self, model: str, prompt_type: str | None = None) -> OpenAI:
        """Return the client of a model. Raises ConfigError if the config has no such model.

        `prompt_type` is accepted as before and has no effect: keys are not tied to prompts.
        """
        if model not in self.models and model not in {m.deployment for m in self._catalog.values()}:
            raise ConfigError(f"model {model}: a client cannot ask it{hint(model, self.models)}")
        return self._client

    def stats(self) -> Json:
        """Return what was asked: paid, replayed from the journal, failed, known cost in USD."""
        found: Json = self._gateway.totals()["labels"][self._label]
        return found

    def close(self) -> None:
        """Wait for nothing more: end what is not sent yet, and close the journal."""
        atexit.unregister(self.close)
        self._gateway.stopping.set()
        self._client.close()
        self._gateway.close()


def script_name() -> str:
    """Return the name of the running script."""
    name = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in ("", "-c") else ""
    return name if name.strip() and name.isprintable() else f"script-{os.getuid()}"


@cache
def get_manager() -> APIClientManager:
    """Return the manager of this process, with the config of the top folder."""
    return APIClientManager()


def get_client_for_model(model: str, prompt_type: str | None = None) -> OpenAI:
    """Return the client of a model; see `APIClientManager.get_client`."""
    return get_manager().get_client(model, prompt_type)
