"""What judges are asked: one verdict shard per judge and shard, or per judge and pair of shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.errors import ConfigError, RecordError, hint
from pilotbench.ground.path_names import from_path, to_path
from pilotbench.matrix.axes import AXES
from pilotbench.matrix.cells import Cell, Shard, shard_of
from pilotbench.matrix.config import Settings
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import BATCH
from pilotbench.providers.vendors import are_related

SINGLES, PAIRS = "single", "pair"
"""The folders of verdicts on one reply and on two, which are their kinds too."""


@dataclass(frozen=True, order=True)
class VerdictShard:
    """The verdicts of one judge on the replies of a shard, or on these and another model's.

    Requests go to the `judge`; cell and indices are those of the shard.
    """

    judge: str
    shard: Shard
    other: str = ""

    @property
    def asked(self) -> str:
        """The model that is asked: the judge."""
        return self.judge

    @property
    def cell(self) -> Cell:
        """The cell whose replies are judged."""
        return self.shard.cell

    @property
    def first(self) -> int:
        """The first instance index."""
        return self.shard.first

    @property
    def last(self) -> int:
        """The last instance index."""
        return self.shard.last

    @property
    def indices(self) -> range:
        """The instance indices."""
        return self.shard.indices

    @property
    def kind(self) -> str:
        """Whether one reply is judged or two are compared."""
        return PAIRS if self.other else SINGLES

    @property
    def other_shard(self) -> Shard | None:
        """The shard of the other model, None without one."""
        if not self.other:
            return None
        return replace(self.shard, cell=replace(self.cell, model=self.other))

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards whose files the verdicts are made from."""
        other = self.other_shard
        return (self.shard,) if other is None else (self.shard, other)

    @property
    def path(self) -> Path:
        """Path of the file below `results/verdicts`."""
        other = [to_path(self.other)] if self.other else []
        return Path(self.kind, to_path(self.judge), *other, self.shard.path)


Asked = Shard | VerdictShard
"""What a job asks about: the instances of a shard, or the replies of one that a judge judges."""


def verdict_shard_of(path: Path) -> VerdictShard:
    """Return the verdict shard of a file, from its path below `results/verdicts`.

    Raises RecordError when the path has another form.
    """
    parts, length = path.parts, len(AXES) + 1
    kinds = {SINGLES: length + 2, PAIRS: length + 3}
    if not parts or kinds.get(parts[0]) != len(parts):
        raise RecordError(f"{path}: not the path of a file of verdicts")
    other = from_path(parts[2]) if parts[0] == PAIRS else ""
    return VerdictShard(from_path(parts[1]), shard_of(Path(*parts[-length:])), other)


def verdict_shards(
    settings: Settings, tasks: Mapping[str, Task], shards: Sequence[Shard]
) -> tuple[VerdictShard, ...]:
    """Return what is judged of the planned shards, in their order."""
    models = tuple(settings.models)
    return tuple(one for shard in shards for one in _of_shard(shard, tasks, models))


def _of_shard(
    shard: Shard, tasks: Mapping[str, Task], models: Sequence[str]
) -> Iterator[VerdictShard]:
    judging = tasks[shard.cell.task].judging
    if judging is None:
        return
    others: Sequence[str] = [""]
    if judging.compare is not None:
        others = [other for one, other in judging.pairs(models) if one == shard.cell.model]
    for judge in judging.models:
        for other in others:
            yield VerdictShard(judge, shard, other)


def check_judges(settings: Settings, tasks: Mapping[str, Task]) -> None:
    """Raise ConfigError, one line, where the judges of a task cannot be asked."""
    for name, task in tasks.items():
        judging = task.judging
        if judging is None:
            continue
        where = f"task {name}: scorer"
        for judge in judging.models:
            if judge not in settings.catalog:
                near = hint(judge, settings.catalog)
                raise ConfigError(f"{where}.models: unknown model {judge!r}{near}")
            if KINDS[settings.catalog[judge].kind].role is Role.PLAYER:
                raise ConfigError(f"{where}.models: {judge} is a player, which judges nothing")
            if settings.catalog[judge].lane == BATCH:
                raise ConfigError(
                    f"{where}.models: {judge} has lane: batch; a judge is asked online: give it an "
                    "entry of its own with lane: online"
                )
        if judging.compare is not None and not judging.pairs(tuple(settings.models)):
            needs = (
                "two models" if judging.compare == "all" else f"{judging.compare} and another model"
            )
            raise ConfigError(f"{where}.compare: {needs} must be selected in models")


def own_families(settings: Settings, tasks: Mapping[str, Task]) -> list[str]:
    """Return one line for each judge that judges models of its own vendor, or itself."""
    lines = []
    for name, task in tasks.items():
        for judge in task.judging.models if task.judging is not None else ():
            mine, found = settings.catalog[judge], {}
            for model in settings.models.values():
                if (shared := are_related(mine, model)) is not None:
                    found[model.name] = shared
            if found:
                words = ", ".join(f"{model} ({shared})" for model, shared in found.items())
                lines.append(
                    f"task {name}: the judge {judge} judges its own family, which judges tend to "
                    f"prefer: {words}"
                )
    return lines
