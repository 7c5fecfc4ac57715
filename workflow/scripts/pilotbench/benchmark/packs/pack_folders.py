"""The packs in the folders of `task_folders`, beside the tasks of the benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pilotbench.benchmark import bfcl
from pilotbench.benchmark.catalogue.epochs import PUBLIC, in_epoch
from pilotbench.benchmark.packs import pack_files
from pilotbench.benchmark.packs.external_task import KIND, ExternalTask
from pilotbench.benchmark.packs.question_pack import NONE, QuestionPack
from pilotbench.benchmark.scorers.scorer import RunCode
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground import shipped
from pilotbench.ground.errors import TaskError, hint

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SHIPPED = shipped.ROOT / "config/tasks"
"""The packs that come with the library."""


def load_tasks(
    folders: Sequence[Path],
    names: Sequence[str] | None = None,
    run_code: RunCode = False,
    epoch: str = PUBLIC,
) -> dict[str, Task]:
    """Return the named tasks, of the benchmark and from `folders`, in the order of `names`.

    Only the named packs are read; without `names`, all packs and no categories of BFCL. A missing
    folder has no packs. `run_code` says whether programs in replies may be run, `epoch` is that
    of tasks that have epochs. Raises TaskError for an unknown name, for a name that two packs or a
    pack and a task of the benchmark share, and for an invalid pack.
    """
    from pilotbench.benchmark.catalogue import TASKS

    packs = _pack_folders(folders, (*TASKS, *bfcl.NAMES))
    chosen = [*TASKS, *packs] if names is None else names
    for name in chosen:
        if name not in TASKS and name not in packs and name not in bfcl.NAMES:
            known = [*TASKS, *packs, *bfcl.NAMES]
            raise TaskError(f"tasks: unknown task {name!r}{hint(name, known)}")
    own = {name: in_epoch(task, epoch) for name, task in TASKS.items()}
    return {name: _task(name, own, packs, run_code) for name in chosen}


def _task(
    name: str, tasks: Mapping[str, Task], packs: Mapping[str, Path], run_code: RunCode
) -> Task:
    if name in tasks:
        return tasks[name]
    return _opened(packs[name], run_code) if name in packs else bfcl.load(name)


def _opened(folder: Path, run_code: RunCode) -> Task:
    """Return the task of a folder, by the `kind` in its task.yaml."""
    settings = pack_files.yaml_of(folder / "task.yaml")
    is_external = isinstance(settings, dict) and settings.get("kind") == KIND
    return ExternalTask(folder, settings) if is_external else QuestionPack(folder, run_code)


def known(folders: Sequence[Path]) -> list[str]:
    """Return the names of all tasks: those of the benchmark, the packs in `folders`, BFCL's."""
    from pilotbench.benchmark.catalogue import TASKS

    return [*TASKS, *_pack_folders(folders, (*TASKS, *bfcl.NAMES)), *bfcl.NAMES]


def _pack_folders(folders: Iterable[Path], taken: Iterable[str]) -> dict[str, Path]:
    """Return the folders of packs by name, without those that begin with a dot or an underscore.

    A pack of another folder replaces the shipped one of its name.
    """
    found: dict[str, Path] = {}
    benchmark = set(taken)
    given = [Path(folder) for folder in folders]
    own = sorted(path for folder in given if folder != SHIPPED for path in _subfolders(folder))
    for path in [*own, *(sorted(_subfolders(SHIPPED)) if SHIPPED in given else ())]:
        name = path.name
        if NAME.fullmatch(name) is None or name in (NONE, "all"):
            raise TaskError(f"{path}: a pack's name has letters, digits, '.', '_' and '-' only")
        if name in benchmark:
            raise TaskError(f"{path}: {name} is a task of the benchmark; rename the pack")
        if name in found and path.parent == SHIPPED:
            continue
        if name in found and found[name].resolve() != path.resolve():
            raise TaskError(f"{path}: the name {name} is taken by {found[name]}")
        found.setdefault(name, path)
    return found


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"]
