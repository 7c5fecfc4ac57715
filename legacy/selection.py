"""Which models and keys a script means, according to the config."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from legacy.command import Command, given

if TYPE_CHECKING:
    from pilotbench.matrix.config import Settings

SLOW = "it would run on this machine for hours; to run it, name it"


def with_keys() -> str:
    """Return what `all` means: the players and the models of services whose keys are set.

    A model that runs on this machine takes hours, so it must be named.
    """
    from pilotbench.asking.keys import secrets
    from pilotbench.providers.kind import Role
    from pilotbench.providers.kinds import KINDS

    settings, variables = settings_of({}), secrets.environment()
    lacking = {
        name: secrets.to_set(provider, provider.keys, variables, every=False)
        for name, provider in settings.providers.items()
        if len(secrets.missing(settings, provider.keys, variables)) == len(provider.keys)
    }
    chosen, services = [], []
    for model in settings.catalog.values():
        kind = KINDS[settings.providers[model.provider].kind]
        if kind.role is Role.EMBEDDED:
            note(f"{model.name} is skipped: {SLOW}")
        elif model.provider in lacking:
            note(f"{model.name} is skipped: {lacking[model.provider]}")
        else:
            chosen.append(model.name)
            services += [model.name] if not kind.in_process else []
    if not services:
        note("no key is set: only the reference players remain")
    return ",".join(chosen)


def of_config(words: list[str]) -> dict[str, str]:
    """Return the config's models without those that run on this machine, if there are any.

    Return nothing if the user chooses models or overlays. Raises UserError if no model remains.
    """
    from pilotbench.ground.errors import UserError
    from pilotbench.providers.kind import Role
    from pilotbench.providers.kinds import KINDS

    if names_models(words) or given(words)["--configfile"]:
        return {}
    settings = settings_of({})
    kinds = {name: KINDS[provider.kind] for name, provider in settings.providers.items()}
    left = [m.name for m in settings.models.values()
            if kinds[m.provider].role is not Role.EMBEDDED]  # fmt: skip
    slow = [name for name in settings.models if name not in left]
    if not left:
        raise UserError(
            f"no model is named, and {', '.join(slow)} in config/config.yaml would run on this "
            f"machine for hours: name models (such as -m {slow[0]}), or run ./quick_test.sh"
        )
    if slow:
        note(f"{', '.join(slow)} is skipped: {SLOW}")
    return {"models": ",".join(left)} if slow else {}


def names_models(words: list[str]) -> bool:
    """Return whether the words for snakemake choose models."""
    return any(word.startswith("models=") for word in given(words)["--config"])


def settings_of(overrides: Mapping[str, str]) -> Settings:
    """Return the settings of the base config under `overrides`. Raises UserError."""
    from pilotbench.matrix import config, config_files, validation

    merged = config_files.read((), overrides)
    validation.validate(merged, config_files.base_files())
    return config.settings(merged)


def limit(command: Command, workers: int | None, qps: float | None) -> None:
    """Limit the keys of the chosen models' providers: slots, and requests per minute.

    Requests per second become `rpm` in an overlay in results/overlays, because rpm has no flag.
    """
    if workers is None and qps is None:
        return
    keys = keys_of(command.config.get("models"))
    if workers is not None:
        command.resources = dict.fromkeys(keys, workers)
        each = ", ".join(keys)
        note(f"--max-workers {workers}: at most {workers} requests in flight on each of {each}")
    if qps is not None:
        rpm = max(1, int(qps * 60))
        overlay = Path("results/overlays", f"rpm-{rpm}-{'-'.join(sorted(set(keys.values())))}.yaml")
        overlay.parent.mkdir(parents=True, exist_ok=True)
        overlay.write_text(rpm_overlay(keys, rpm), encoding="utf-8")
        command.overlays.append(str(overlay))
        note(f"--qps {qps:g}: at most {rpm} requests per minute on each of {', '.join(keys)}")


def keys_of(models: str | None) -> dict[str, str]:
    """Return alias -> provider of each key that the models may use. Raises UserError."""
    settings = settings_of({"models": models} if models else {})
    return {a: model.provider for model in settings.models.values()
            for a in settings.providers[model.provider].keys}  # fmt: skip


def rpm_overlay(keys: Mapping[str, str], rpm: int) -> str:
    """Return an overlay that limits each key to `rpm` requests per minute."""
    lines = ["providers:"]
    for provider in dict.fromkeys(keys.values()):
        lines += [f"  {provider}:", "    keys:"]
        lines += [f"      {a}: {{rpm: {rpm}}}" for a, owner in keys.items() if owner == provider]
    return "\n".join(lines) + "\n"


def note(text: str) -> None:
    """Print one line for the user."""
    print(f"note: {text}", file=sys.stderr)
