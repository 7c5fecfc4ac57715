"""The experiment: a config with its tasks, prompts and plan, ready to be built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pilotbench import PROTOCOL_VERSION
from pilotbench.benchmark.catalogue import epochs
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.benchmark.packs.label_files import Label
from pilotbench.benchmark.packs.pack_folders import known as known_tasks
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.benchmark.prompts.prompt_files import known as known_prompts
from pilotbench.benchmark.prompts.prompt_files import load as load_prompts
from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import ConfigError, UserError
from pilotbench.ground.path_names import remember, to_path
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings, settings
from pilotbench.matrix.external_models import check_others
from pilotbench.matrix.plan import BASELINE, Plan, plan
from pilotbench.matrix.seed_epoch import tasks_of
from pilotbench.matrix.validation import validate
from pilotbench.matrix.verdict_shards import Asked, VerdictShard, check_judges, verdict_shards
from pilotbench.providers.settings import Model

Json = dict[str, Any]
JUDGING_VERSION = "1"
"""Version of how judges are asked and read; a change makes files of verdicts anew."""
OF_PACKS = "3"
"""What the versions of packs begin with, which are of no version of the benchmark: as it was when
packs were added, so that their results stay valid."""
T = TypeVar("T")


@dataclass(frozen=True)
class Experiment:
    """Settings with the tasks and prompts that they name, and the resulting plan.

    Tasks and prompts outside the selection are loaded when they are looked up, so a single file can
    be requested whatever the selection is.
    """

    settings: Settings
    tasks: dict[str, Task]
    prompts: dict[str, Prompt]
    files: tuple[Path, ...] = ()
    _versions: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    _fingerprints: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _contents: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def at(self, results: Path) -> Experiment:
        """Return this experiment with its results in another folder, e.g. copies from a bucket."""
        return replace(self, settings=replace(self.settings, results_dir=results))

    @cached_property
    def plan(self) -> Plan:
        """The planned shards. Raises ConfigError if there are none."""
        found = plan(self.settings, self.tasks, self.prompts)
        if not found.shards:
            raise ConfigError(f"nothing is planned: {self._why_nothing()}")
        return found

    def _why_nothing(self) -> str:
        prompts = ", ".join(self.settings.prompts)
        outside = [name for name in self.settings.tasks if is_external(self.tasks[name])]
        if len(outside) == len(self.settings.tasks):
            return (
                f"{', '.join(outside)} (kind: external) is run under the prompt {BASELINE} only, "
                f"and not by reference players; the config selects the prompts {prompts} and the "
                f"models {', '.join(self.settings.models)}"
            )
        return (
            "no selected task has the reference plan or the examples that the prompts need: "
            f"{prompts}"
        )

    @cached_property
    def verdicts(self) -> tuple[VerdictShard, ...]:
        """What judges judge of the planned shards."""
        return verdict_shards(self.settings, self.tasks, self.plan.shards)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Everything that is asked: the planned shards, and what judges judge of them."""
        return (*self.plan.shards, *self.verdicts)

    def total(self, spent: Callable[[Asked], float]) -> float:
        """Return what everything that is asked has cost; `spent` returns it for one shard.

        Shards with the same answers count once.
        """
        found: dict[Asked, float] = {}
        for one in self.asked:
            place = one.shared if isinstance(one, Shard) else one
            found[place] = max(spent(one), found.get(place, 0.0))
        return sum(found.values())

    def versions(self, cell: Cell) -> Json:
        """Return everything that makes a shard of `cell` out of date when it changes.

        These are hashes and versions: no instance is generated, and keys and slots do not count.
        """
        key = (cell.model, cell.prompt, cell.task)
        if key not in self._versions:
            model, task = self.settings.catalog[cell.model], self.tasks[cell.task]
            self._versions[key] = {
                "request": request_fingerprint(model),
                "prompt": self.prompts[cell.prompt].sha256,
                "protocol": PROTOCOL_VERSION,
                "task": f"{benchmark_version(task)}/{task.scoring_version}",
                "repeats": self.settings.repeats,
                "max_turns": self.settings.max_turns or "auto",
            }
            if (epoch := epochs.shown(task)) is not None:
                self._versions[key]["epoch"] = epoch
            if is_external(task) and task.models:
                others = [self.settings.catalog[name] for name in task.models]
                self._versions[key]["models"] = digest(list(map(request_fingerprint, others)))
        return self._versions[key]

    @property
    def models_asked(self) -> list[Model]:
        """The selected models, then those that are only judges."""
        judges = (self.settings.catalog[one.judge] for one in self.verdicts)
        found = {model.name: model for model in (*self.settings.models.values(), *judges)}
        return list(found.values())

    @property
    def judgings(self) -> Json:
        """How the replies to the selected tasks are judged, as JSON by task; scores need it."""
        found = {name: self.judging(name) for name in self.settings.tasks}
        return {name: asdict(one) for name, one in found.items() if one is not None}

    def judging(self, task: str) -> Judging | None:
        """Return how models judge the replies to a task, None if they do not."""
        return self.tasks[task].judging

    def verdict_versions(self, one: VerdictShard) -> Json:
        """Return everything that makes a file of verdicts out of date, other than its shards."""
        judging = self.judging(one.cell.task)
        return {
            "request": request_fingerprint(self.settings.catalog[one.judge]),
            "rubric": judging and judging.asked,
            "threshold": judging and judging.threshold,
            "repeats": judging and judging.repeats,
            "judging": JUDGING_VERSION,
        }

    def fingerprint(self, cell: Cell) -> str:
        """Return a digest of everything that determines an episode of `cell`.

        It covers provider, deployment, protocol, parameters, the prompt's bytes, max_turns, the
        scoring rules and what the versions cover (system messages, tools, how messages are read).
        Instances are compared by their content hashes; the number of repeats does not count.
        """
        key = (cell.model, cell.prompt, cell.task)
        if key not in self._fingerprints:
            task = self.tasks[cell.task]
            rules = f"{benchmark_version(task)}/{task.rules_version}"
            now = {**self.versions(cell), "task": rules, "repeats": None}
            self._fingerprints[key] = digest(now)
        return self._fingerprints[key]

    def content_hash(self, cell: Cell, index: int) -> str | None:
        """Return the content hash of an instance of a pack, None if it no longer exists."""
        key = (cell.task, index)
        if key not in self._contents:
            try:
                self._contents[key] = (
                    self.tasks[cell.task].instance(cell.difficulty, index).content_hash
                )
            except UserError:
                self._contents[key] = None
        return self._contents[key]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """Labels of people for the replies of the selected packs. Raises TaskError."""
        packs = [task for task in self.tasks.values() if isinstance(task, QuestionPack)]
        return tuple(label for pack in packs for label in pack.labels)

    @cached_property
    def folder_names(self) -> frozenset[str]:
        """The folder names of all existing prompts and tasks, selected or not."""
        settings = self.settings
        names = (*known_prompts(settings.prompt_folders), *known_tasks(settings.task_folders))
        return frozenset(map(to_path, names))

    @cached_property
    def selection(self) -> str:
        """A digest of what decides which rows are current: plan and requests of each model."""
        asked = {name: request_fingerprint(m) for name, m in self.settings.catalog.items()}
        chosen = [list(self.plan.by_path), self.settings.repeats, asked]
        return digest([*chosen, self.judgings] if self.judgings else chosen)


def benchmark_version(task: Task) -> str:
    """Return the version of the benchmark that the versions and files of a task state."""
    return task.benchmark_version or OF_PACKS


def request_fingerprint(model: Model) -> str:
    """Return a digest of what determines a model's requests; alias, price and keys do not."""
    return digest([model.provider, *model.asked])


class _OnDemand(dict[str, T]):
    """A dict that loads missing values; `load` raises UserError for an unknown name."""

    def __init__(self, found: dict[str, T], load: Callable[[str], T]) -> None:
        super().__init__(found)
        self._load = load

    def __missing__(self, name: str) -> T:
        self[name] = self._load(name)
        return self[name]


def load_experiment(config: Mapping[str, Any], files: Collection[Path] | None = None) -> Experiment:
    """Return the experiment of a merged config, which is validated first if `files` are given.

    Raises ConfigError, TemplateError or TaskError with a one-line message.
    """
    if files is not None:
        validate(config, files)
    chosen = settings(config)
    packs, templates = chosen.task_folders, chosen.prompt_folders
    remember((*chosen.catalog, *known_prompts(templates), *known_tasks(packs)))
    tasks = tasks_of(chosen, chosen.tasks)
    check_judges(chosen, tasks)
    check_others(chosen, tasks)
    return Experiment(
        chosen,
        _OnDemand(tasks, lambda n: tasks_of(chosen, [n])[n]),
        _OnDemand(
            load_prompts(templates, chosen.prompts), lambda n: load_prompts(templates, [n])[n]
        ),
        tuple(map(Path, files or ())),
    )
