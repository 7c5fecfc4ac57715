"""Make a question pack of a spreadsheet or another table of questions.

The file is copied beside a task.yaml that says which column is what and how answers are compared.
No request is sent, and nothing that exists is replaced.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs import columns, hub_datasets, tables
from pilotbench.benchmark.packs.pack_folders import NAME
from pilotbench.benchmark.packs.question_pack import (
    DEFAULT_SYSTEM,
    JUDGED_SYSTEM,
    NONE,
    QuestionPack,
)
from pilotbench.benchmark.packs.scorer_guess import Guess, guessed
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.judging import KIND as JUDGE
from pilotbench.benchmark.scorers.scorer import as_text
from pilotbench.ground import shipped
from pilotbench.ground.errors import TaskError, UserError, hint, of_system
from pilotbench.ground.untrusted_text import visible
from pilotbench.matrix import config, config_files

SHOWN = 2
LONGEST_SHOWN = 100
SYSTEMS = {
    "json_equality": "Answer the question. Reply with the JSON value alone.",
    "json_schema": "Answer the question. Reply with the JSON value alone.",
    "code": "Write the program that is asked for. Reply with one fenced block of Python code.",
}
"""System messages for scorers that do not read the last line."""


@dataclass(frozen=True)
class Added:
    """What was understood and written."""

    name: str
    folder: str
    questions: int
    examples: int
    fields: dict[str, str]
    metadata: tuple[str, ...]
    scorer: str
    why: str
    notes: tuple[str, ...]
    first: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `add-pack`."""
    kinds = ", ".join((*tables.READERS, hub_datasets.FORM))
    parser.add_argument("file", metavar="FILE", help=f"the table: {kinds}")
    parser.add_argument("--name", help="name of the pack (default: the name of the file)")
    for field, says in (("question", "asked"), ("answer", "expected"), ("id", "its name")):
        help_ = f"column with what is {says} (default: found by its name)"
        parser.add_argument(f"--{field}", metavar="COLUMN", help=help_)
    parser.add_argument("--scorer", metavar="KIND", help=f"one of {', '.join(SCORERS)}")
    parser.add_argument(
        "--hold-out",
        type=int,
        metavar="N",
        help="keep N questions as solved examples for the prompt few_shot; they are not asked",
    )
    parser.add_argument("--sheet", help="sheet of an .xlsx file (default: the first)")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="folder of packs (default: the first of task_folders)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the pack and print what was understood and what to type next."""
    if args.scorer is not None and args.scorer not in SCORERS:
        raise UserError(f"--scorer: unknown scorer {args.scorer!r}{hint(args.scorer, SCORERS)}")
    known = config.settings(config_files.read()).task_folders
    into = args.into or known[0]
    folder = into / _name(args)
    if folder.exists():
        raise UserError(f"{folder} exists; choose another name with --name, or delete it")
    added = _added(args, folder, into in known)
    print(json.dumps(asdict(added), indent=1, ensure_ascii=False) if args.json else _said(added))
    return 0


def _name(args: argparse.Namespace) -> str:
    """Return the name of the pack. Raises UserError for one that is not possible."""
    source = args.file.partition("@")[0].partition("?")[0]
    stem = Path(source).name if _is_hub(args.file) else Path(source).stem
    name: str = args.name or re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("_.-")
    if NAME.fullmatch(name) is None or name in (NONE, "all"):
        words = f"{name!r}: " if args.name else f"{args.file} gives no name of a pack: "
        raise UserError(
            f"--name: {words}state one of letters, digits, '.', '_' and '-', such as my_questions"
        )
    if name in TASKS:
        raise UserError(f"--name: {name} is a task of the benchmark; state another name")
    return name


def _is_hub(file: str) -> bool:
    return file.startswith(hub_datasets.SCHEME)


def _added(args: argparse.Namespace, folder: Path, is_known: bool) -> Added:
    """Write the pack in a draft folder, check it, and put it in its place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".add-pack-", dir=folder.parent) as draft:
            pack = Path(draft) / folder.name
            pack.mkdir()
            found = _written(args, pack, folder, is_known)
            pack.rename(folder)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {of_system(error)}") from None
    return found


def _written(args: argparse.Namespace, pack: Path, folder: Path, is_known: bool) -> Added:
    table, source = _table(args, pack)
    given = {key: getattr(args, key) for key in ("question", "answer", "id")}
    given = {key: value for key, value in given.items() if value is not None}
    fields = columns.fields_of("add-pack", table, given, (), False, "--{} COLUMN", args.scorer)
    guess = guessed(columns.answers_of(table, fields) if "answer" in fields else ())
    if "tools" in fields:
        guess = Guess("calls", "questions have tools")
    kind, why = (args.scorer, "as stated") if args.scorer else (guess.kind, guess.why)
    settings = {
        "description": f"Questions of {Path(args.file).name}.",
        "source": source,
        **({"sheet": args.sheet} if args.sheet else {}),
        "fields": fields,
        "scorer": {"kind": kind, **(_JUDGES if kind == JUDGE else {})},
        **({"system": SYSTEMS[kind]} if kind in SYSTEMS else {}),
        **({"examples": {"hold_out": args.hold_out}} if args.hold_out is not None else {}),
    }
    notes = () if args.scorer else guess.notes
    if kind == "python":
        (pack / "score.py").write_text(_SCORE, "utf-8")
        notes = (f"{folder}/score.py is a first version: write there what a right answer is",)
    if kind == JUDGE:
        (pack / "rubric.md").write_text(_RUBRIC, "utf-8")
        notes = (
            f"{folder}/rubric.md is a first version: write there what a good reply is",
            f"scorer.models in {folder}/task.yaml names the judges: {', '.join(_JUDGES['models'])}",
        )
    if "image" in fields and not _is_hub(args.file):
        _copy_images(
            Path(args.file).parent, pack, [row.get(fields["image"]) for _, row in table.rows]
        )
    text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False, width=100)
    system = JUDGED_SYSTEM if kind == JUDGE else DEFAULT_SYSTEM
    (pack / "task.yaml").write_text(_HEAD.format(system=system) + text, "utf-8")
    made = _checked(pack, folder, args.file, source)
    asked = made.size or 0
    questions = [made.instance(NONE, n) for n in range(min(SHOWN, asked))]
    return Added(
        name=folder.name,
        folder=str(folder),
        questions=asked,
        examples=len(made.examples),
        fields=fields,
        metadata=tuple(c for c in table.columns if c not in fields.values()),
        scorer=kind,
        why=why,
        notes=notes,
        first=tuple((_asked(one), as_text(one.extra.get("answer"))) for one in questions),
        commands=_commands(folder, is_known),
    )


_HEAD = """\
# A question pack; docs/packs.md describes every key. Without `system`, models are told:
# {system}
"""


_SCORE = '''\
"""What is a right answer; docs/packs.md describes what `score` gets and may return."""


def score(reply, row):
    """Return True or False, a score from 0 to 1, or a dict of metrics."""
    return str(row["answer"]).strip().casefold() in reply.casefold()
'''


_JUDGES = {"rubric": "rubric.md", "models": ["gpt-4o-mini"]}

_RUBRIC = """\
A good reply answers the question correctly and completely.
"""


def _copy_images(place: Path, pack: Path, cells: Iterable[Any]) -> None:
    """Copy the images that are files below the folder of the table; the pack reports others."""
    for cell in cells:
        for name in cell if isinstance(cell, list) else [cell]:
            if not isinstance(name, str) or name.startswith("data:") or ".." in Path(name).parts:
                continue
            if not Path(name).is_absolute() and (place / name).is_file():
                (pack / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(place / name, pack / name)


def _table(args: argparse.Namespace, pack: Path) -> tuple[tables.Table, str]:
    """Return the table and the `source` that names it; a file is copied into the pack."""
    if _is_hub(args.file):
        return hub_datasets.read("add-pack", pack, args.file), args.file
    table = tables.read(Path(args.file), args.sheet)
    shutil.copyfile(args.file, pack / Path(args.file).name)
    return table, Path(args.file).name


def _checked(pack: Path, folder: Path, file: str, source: str) -> QuestionPack:
    """Return the pack, checked. An error names the file that the user gave, or its new folder."""
    try:
        made = QuestionPack(pack)
        made.check_lines()
    except TaskError as error:
        said = str(error).replace(str(pack / source), file)
        raise TaskError(said.replace(str(pack), str(folder))) from None
    return made


def _asked(instance: Instance) -> str:
    """Return the request, after the number of messages before it if there are any."""
    before = len(instance.earlier)
    words = f"[{before} message{'s' if before > 1 else ''} before] " if before else ""
    return words + instance.request


def _commands(folder: Path, is_known: bool) -> tuple[str, ...]:
    """Return the commands that estimate and run the pack."""
    place = "" if is_known else f" task_folders={shlex.quote(str(folder.parent))}"
    chosen = f"--config tasks={folder.name} prompts=baseline instances=all{place}"
    return f"{shipped.COMMAND} estimate {chosen}", f"{shipped.BUILD} {chosen}"


def _said(added: Added) -> str:
    return "\n".join(_lines(added))


def _lines(added: Added) -> Iterator[str]:
    held = f", {added.examples} held out as examples" if added.examples else ""
    yield f"{added.questions} question{'s' if added.questions != 1 else ''}{held}"
    for field, column in added.fields.items():
        yield f"  {field + ':':<10}column {visible(column)}"
    if added.metadata:
        yield f"  metadata: {visible(', '.join(added.metadata))}"
    yield f"  scorer:   {added.scorer} ({added.why})"
    for number, (question, answer) in enumerate(added.first, start=1):
        yield f"  {number}. {_short(question)}"
        if "answer" in added.fields:
            yield f"     answer: {_short(answer)}"
    for note in added.notes:
        yield f"note: {note}"
    yield f"written: {added.folder}/task.yaml"
    yield from (f"next: {command}" for command in added.commands)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return visible(words if len(words) <= LONGEST_SHOWN else words[: LONGEST_SHOWN - 1] + "…")
