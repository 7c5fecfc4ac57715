"""Checks before the first job: prompts and tasks are sound, every required key is set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pilotbench.asking.asker import prove
from pilotbench.asking.keys import secrets
from pilotbench.asking.prices import cost_usd
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.build import batches_out
from pilotbench.episodes.spending import spent
from pilotbench.gateway.requests import PATHS
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import paths
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import home_key, usable_keys
from pilotbench.matrix.plan import BASELINE
from pilotbench.matrix.validation import written_in
from pilotbench.matrix.verdict_shards import Asked, VerdictShard, own_families
from pilotbench.providers.answer import Tokens
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.wire_formats import missing


def check(experiment: Experiment, shards: Collection[Asked]) -> list[str]:
    """Return notes for the user before `shards` are evaluated, such as keys that are not set.

    Raises UserError, one line, where one of them cannot be evaluated.
    """
    if shards:
        paths.check_writable(paths.written(experiment.settings))
    notes = [*check_keys(experiment, shards), *batches_out.uncollected(experiment)]
    if any(isinstance(shard, VerdictShard) for shard in shards):
        notes += own_families(experiment.settings, experiment.tasks)
    check_packages(experiment, shards)
    notes += check_external(experiment, shards)
    prove(experiment, shards, lambda shard: spent(experiment, shard))
    return notes


def check_keys(experiment: Experiment, shards: Iterable[Asked]) -> list[str]:
    """Return notes about the keys: those that are not set, variables that are used or ignored.

    Raises ConfigError, one line for all providers, where a shard has something to ask and none of
    its keys is set. Only shards that lack a key are examined: what is in the journal needs none.
    """
    settings, variables = experiment.settings, secrets.environment()
    shards = list(shards)
    lacking = {
        alias: lines[0]
        for alias in settings.keys
        if (lines := secrets.missing(settings, [alias], variables))
    }
    notes: dict[str, str] = {}
    lost: dict[str, dict[str, None]] = {}
    unset: dict[str, dict[str, None]] = {}
    for shard in shards if lacking else ():
        model = shard.asked
        provider = settings.catalog[model].provider
        usable = usable_keys(settings, model, home_key(settings, shard), borrow=True)
        missing = [alias for alias in usable if alias in lacking]
        known = model in lost.get(provider, ()) and set(missing) <= set(unset[provider])
        if not missing or provider in notes or known or not _is_owed(experiment, shard):
            continue
        if missing == list(usable):
            lost.setdefault(provider, {})[model] = None
            unset.setdefault(provider, {}).update(dict.fromkeys(missing))
            continue
        keys = settings.providers[provider].keys
        left = ", ".join(alias for alias in keys if alias not in lacking)
        why = "; ".join(lacking[alias] for alias in keys if alias in lacking)
        notes[provider] = f"provider {provider} continues with {left} only: {why}"
    if lost:
        raise ConfigError(_not_set(experiment, lost, unset, variables))
    models = dict.fromkeys(shard.asked for shard in shards)
    return [*notes.values(), *secrets.notes(settings, models, variables)]


def check_packages(experiment: Experiment, shards: Iterable[Asked]) -> None:
    """Raise ConfigError where a shard has something to ask through an SDK that is not installed."""
    catalog, files = experiment.settings.catalog, experiment.files
    lacking: dict[str, str | None] = {}
    for shard in shards:
        name = shard.asked
        if name not in lacking:
            lacking[name] = missing(catalog[name].api)
        if lacking[name] is not None and _is_owed(experiment, shard):
            file = written_in(files, ("model_catalog", name, "provider"), {})
            raise ConfigError(f"{file}: model {name}: {lacking[name]}")


def _is_owed(experiment: Experiment, shard: Asked) -> bool:
    """Return whether the journal lacks anything of a shard, or of its judge."""
    from pilotbench.episodes import evaluate  # rarely needed: most runs have all keys and packages
    from pilotbench.episodes.judging import judge

    if isinstance(shard, Shard):
        return bool(evaluate.replay(experiment, shard).owed)
    found = judge.replay_files(experiment, shard)
    return found is None or bool(found.owed)


def check_external(experiment: Experiment, shards: Iterable[Asked]) -> list[str]:
    """Return notes about external tasks of the selection that some cells leave out.

    Raises ConfigError for a model that their commands cannot ask.
    """
    settings, selected, shards = experiment.settings, experiment.settings.tasks, list(shards)
    tasks = {name for name in selected if is_external(experiment.tasks[name])}
    for shard in shards:
        model = settings.catalog[shard.cell.model]
        if is_external(experiment.tasks[shard.cell.task]) and model.api not in PATHS.values():
            file = written_in(experiment.files, ("model_catalog", model.name, "provider"), {})
            raise ConfigError(
                f"{file}: model {model.name}: task {shard.cell.task} asks through the gateway, "
                f"which serves api: {' and '.join(PATHS.values())}, not {model.api}; leave the "
                "model or the task out (with `grids`, per model)"
            )
    for name in dict.fromkeys(shard.cell.task for shard in shards):
        _check_others(experiment, name)
    planned = {cell.task for cell in experiment.plan.cells}
    players = [name for name, one in settings.models.items() if KINDS[one.kind].role is Role.PLAYER]
    notes = []
    for name in sorted(tasks):
        if name not in planned and len(players) < len(settings.models):
            notes.append(
                f"task {name} is not planned: it has prompts of its own, and its results are kept "
                f"under the prompt {BASELINE}, which is not selected"
            )
        elif players:
            notes.append(
                f"task {name}: {', '.join(players)} cannot run it; reference players play "
                "episodes of this benchmark only"
            )
    return notes


def _check_others(experiment: Experiment, name: str) -> None:
    """Raise ConfigError for a further model of a task that its command cannot ask."""
    task, settings = experiment.tasks[name], experiment.settings
    for other in task.models if is_external(task) else ():
        model, provider = settings.catalog[other], settings.provider_of(other)
        if model.api not in PATHS.values():
            serves = " and ".join(PATHS.values())
            raise ConfigError(
                f"task {name}: models: {other} has api: {model.api}; the gateway serves {serves}"
            )
        lines = secrets.missing(settings, provider.keys)
        if lines and len(lines) == len(provider.keys):
            raise ConfigError(f"task {name}: models: no key for {other}: {'; '.join(lines)}")
        if settings.budget_usd is not None and cost_usd(model.price, Tokens()) is None:
            raise ConfigError(
                f"task {name}: models: budget_usd: {other} has no price, so no bound in USD can "
                f"hold for it: write model_catalog.{other}.price"
            )


def _not_set(
    experiment: Experiment,
    lost: Mapping[str, Collection[str]],
    unset: Mapping[str, Collection[str]],
    variables: Mapping[str, str],
) -> str:
    """Return a line about what each provider without a usable key needs."""
    settings, needs = experiment.settings, []
    for name, models in lost.items():
        every = settings.routing == "by_prompt"
        phrase = secrets.to_set(settings.providers[name], unset[name], variables, every)
        which = f"{'model' if len(models) == 1 else 'models'} {', '.join(models)}"
        needs.append(f"provider {name} ({which}): {phrase}")
    provider, aliases = next(iter(unset.items()))
    file = written_in(experiment.files, ("providers", provider, "keys", next(iter(aliases))), {})
    return f"{file}: no key for {'; '.join(needs)} (in the environment or in .env)"
