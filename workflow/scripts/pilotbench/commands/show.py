"""Show one instance: the problem, the prompt, the transcript.

It sends no request and needs no key, so it works before a paid run. The transcript comes from the
shard file, or from the journal as far as it goes.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import JournalOnly
from pilotbench.benchmark.instances import Instance, ToolSpec
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.benchmark.tasks.task import Task
from pilotbench.commands.options import add_config, overrides
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.shard_file import read_shard
from pilotbench.ground.errors import PilotbenchError, RecordError, UserError, hint
from pilotbench.ground.path_names import from_path
from pilotbench.matrix import config_files
from pilotbench.matrix.axes import AXES, NONE, TOOL_SUCCESS_RATE, Axis
from pilotbench.matrix.cells import SUFFIX, Cell, Shard, shard_of
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.fingerprint import Now
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols.protocol import content_of
from pilotbench.providers.request import Request
from pilotbench.providers.wire_formats import chat

Json = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """One episode.

    `first` is the first request (None if the prompt does not apply to the instance), `reached` the
    next unanswered request, `record` the finished episode, `source` where the record is from.
    `is_external`: another program asks, so there is no request before it runs.
    """

    cell: Cell
    instance: Instance
    first: Request | None
    reached: Request | None
    record: Json | None
    source: str
    is_external: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `show`."""
    parser.add_argument(
        "cell",
        metavar="CELL",
        help="MODEL/PROMPT/TASK/DIFFICULTY/RATE, or the path of a shard file",
    )
    parser.add_argument(
        "index",
        metavar="INDEX",
        help="index of the instance, from 0, or the name of a pack's question (id=7 if it is a "
        "number)",
    )
    parser.add_argument(
        "--repeat", type=int, default=0, metavar="N", help="repeat, from 0 (default: 0)"
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="print the request and the answer of each turn as JSON, as sent and as received",
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="with --raw and the path of a shard file: write them for the page of its transcripts",
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Print the instance."""
    if args.repeat < 0:
        raise UserError("show: --repeat must be 0 or more")
    cell = cell_of(args.cell)
    experiment = _experiment(args, cell)
    index = index_of(experiment.tasks[cell.task], args.index)
    if args.raw:
        print(_raw(args, experiment, cell, index))
        return 0
    look = look_at(experiment, cell, index, args.repeat)
    print(json.dumps(as_json(look), indent=1) if args.json else "\n".join(text(look)))
    return 0


def _raw(args: argparse.Namespace, experiment: Experiment, cell: Cell, index: int) -> str:
    """Return the raw turns of an episode as JSON, or the file that has those of its shard."""
    from pilotbench.results.summary import raw_turns

    if not args.page:
        found = raw_turns.turns(experiment, Shard(cell, index, index))
        return json.dumps([one for one in found if one["repeat"] == args.repeat], indent=1)
    if not _is_file(args.cell):
        raise UserError("show: --page needs the path of a shard file")
    header, _ = read_shard(Path(args.cell))
    settings = replace(experiment.settings, repeats=int(header.get("repeats", 1)))
    whole = replace(experiment, settings=settings)
    return f"written: {raw_turns.write(whole, shard_of(Path(args.cell)))}"


def _is_file(words: str) -> bool:
    """Return whether CELL is the path of a shard file below a results folder."""
    path = Path(words)
    return words.endswith(SUFFIX) and path.is_file() and path.parts[-7:-6] == ("shards",)


def cell_of(words: str) -> Cell:
    """Return the cell of five words with slashes, or of a shard file's path.

    Raises UserError where it is neither.
    """
    try:
        if words.endswith(SUFFIX):
            return shard_of(Path(words)).cell
        return Cell(*(from_path(word) for word in words.strip("/").split("/")))
    except (RecordError, TypeError):
        raise UserError(
            f"show: {words}: must be MODEL/PROMPT/TASK/DIFFICULTY/RATE (difficulty and rate are "
            f"{NONE} if the task has none) or the path of a shard file"
        ) from None


def index_of(task: Task, word: str) -> int:
    """Return the index that a word means: a whole number, or the name of a question."""
    if re.fullmatch("[0-9]+", word):
        return int(word)
    names: dict[str, int] = getattr(task, "names", {})
    name = word if word in names else word.removeprefix("id=")
    if name not in names:
        raise UserError(
            f"show: {word}: INDEX must be 0 or more, or the id of a question{hint(name, names)}"
        )
    return names[name]


def look_at(experiment: Experiment, cell: Cell, index: int, repeat: int = 0) -> Look:
    """Return the episode. Raises UserError for an index that a pack does not have."""
    task = experiment.tasks[cell.task]
    if task.size is not None and index >= task.size:
        raise UserError(f"show: {cell.task} has the indices 0 to {task.size - 1}")
    stops = _requests(experiment, cell, index, repeat, answered=False)
    record, source = _from_file(experiment, cell, index, repeat), "its shard file"
    reached: list[Request] = []
    if record is None:
        source = "the journal"
        reached = _requests(experiment, cell, index, repeat, answered=True)
        record = None if reached else _from_journal(experiment, cell, index, repeat)
    return Look(
        cell,
        task.instance(cell.difficulty, index),
        stops[0] if stops else None,
        reached[0] if reached and len(reached[0].messages) > 2 else None,
        record,
        source,
        is_external(task),
    )


def as_json(look: Look) -> Json:
    """Return plain JSON types."""
    return {
        "cell": vars(look.cell),
        "instance": look.instance.as_json() | {"content_hash": look.instance.content_hash},
        "request": look.first and look.first.body,
        "answered_so_far": look.reached and _answered(look, look.reached),
        "record": look.record,
        "source": look.source if look.record or look.reached else None,
    }


def text(look: Look) -> Iterator[str]:
    """Return everything as text, line by line."""
    instance = look.instance
    name = instance.extra.get("id")
    named = "" if name is None else f", question {name}"
    yield f"# {'/'.join(look.cell.words)}, index {instance.index}{named}"
    yield f"instance {instance.content_hash}"
    for column, value in instance.extra.get("metadata", {}).items():
        yield f"{column}: {value if isinstance(value, str) else compact(value)}"
    yield from _section("request", instance.request)
    plan = [f"{n}. {step.tool} {compact(step.arguments)}" for n, step in enumerate(instance.plan)]
    if plan:
        title = "reference plan (the model sees it only if the prompt contains it)"
        yield from _section(title, *plan)
    if instance.goal:
        yield from _section("goal", *(compact(goal) for goal in instance.goal))
    if "answer" in instance.extra:
        wanted = instance.extra["answer"]
        yield from _section("wanted", wanted if isinstance(wanted, str) else compact(wanted))
    if look.is_external:
        asked = look.record["user"] if look.record else None
        yield from _section("prompt", asked or "the command of the task has it")
    elif look.first is None:
        yield from _section("prompt", "not applicable: the instance is too short for this flaw")
    else:
        for message in look.first.messages:
            yield from _section(f"sent: {message.role}", message.text)
        yield from _section("sent: tools", *_tools(look.first.offer.tools, instance))
    yield from _course(look)


def _tools(offered: Sequence[ToolSpec], instance: Instance) -> Iterator[str]:
    """Yield the tools: those of the question itself whole, others by name."""
    if "tools" in instance.extra:
        for tool in offered:
            yield f"{tool.name} {compact(tool.parameters)} {tool.description}".rstrip()
    else:
        yield ", ".join(tool.name for tool in offered) or "none"


def _course(look: Look) -> Iterator[str]:
    if look.record is not None:
        yield from _section(f"transcript, from {look.source}")
        yield from (line for turn in look.record["transcript"] for line in _turn(turn))
        yield from _section("outcome", *_outcome(look.record))
    elif look.reached is not None:
        yield from _section("answered so far, from the journal (the episode is unfinished)")
        for message in _answered(look, look.reached):
            yield f"{message['role']}: {compact({k: v for k, v in message.items() if k != 'role'})}"
    else:
        yield from _section("transcript", "none: not asked yet")


def _turn(turn: Json) -> Iterator[str]:
    yield f"[{turn['turn']}] model: {turn['content'] or ''}".rstrip()
    if turn["call"] is not None:
        yield f"    call: {turn['call']['tool']} {compact(turn['call']['arguments'])}"
    elif turn["parse_error"]:
        yield f"    no call: {turn['parse_error']}"
    if turn["reply"] is not None:
        yield f"    reply: {content_of(turn['reply'])}"
    for call in turn.get("further", ()):
        yield f"    call: {call['tool']} {compact(call['arguments'])}"
        if call["reply"] is not None:
            yield f"    reply: {content_of(call['reply'])}"
    if "user" in turn:
        yield f"    user: {turn['user']}"


def _outcome(record: Json) -> Iterator[str]:
    words = ("status", "end_reason", "success", "progress", "level", "answer", "cost_usd")
    shown = {word: record[word] for word in words}
    if not isinstance(shown["answer"], str | None):
        shown["answer"] = compact(shown["answer"])
    yield ", ".join(f"{word}: {value}" for word, value in shown.items())
    for goal in record["goals"]:
        yield f"{'met' if goal['holds'] else 'MISSED'}: {goal['says']}"
    yield from _verdict(record.get("verdict"))
    if record["broken"]:
        yield f"protected but changed: {', '.join(record['broken'])}"


def _verdict(verdict: Json | None) -> Iterator[str]:
    """Yield how the answer of a pack's question was read, nothing for other tasks and of old."""
    if verdict is None:
        return
    form = {True: "yes", False: "no", None: "none is asked for"}[verdict["in_form"]]
    yield f"wanted: {compact(verdict['wanted'])}"
    yield f"read: {compact(verdict['read'])}, by the rule: {verdict['rule']}"
    right = {True: "yes", False: "no", None: "not known yet"}[verdict["right"]]
    yield f"right: {right} ({verdict['why']}); in form: {form}"


def _section(title: str, *lines: str) -> Iterator[str]:
    yield f"\n## {title}"
    yield from lines


def _experiment(args: argparse.Namespace, cell: Cell) -> Experiment:
    """Return an experiment with only this cell, whatever the config selects."""
    alone = {
        axis.key: [_value(axis, word)]
        for axis, word in zip(AXES, cell.words, strict=True)
        if word != NONE
    }
    named = {"results_dir": str(Path(args.cell).parents[6])} if _is_file(args.cell) else {}
    own = {**named, **overrides(args.config), **alone, "repeats": args.repeat + 1}
    merged = config_files.read(args.configfile, own)
    files = [*config_files.base_files(), *args.configfile]
    return load_experiment(merged, files)


def _value(axis: Axis, word: str) -> Any:
    """Return a word of a cell as config has it: a rate is a number there."""
    if axis != TOOL_SUCCESS_RATE:
        return word
    try:
        return float(word)
    except ValueError:
        raise UserError(f"show: {word}: must be a tool success rate, such as 0.8") from None


def _requests(
    experiment: Experiment, cell: Cell, index: int, repeat: int, answered: bool
) -> list[Request]:
    """Return the first request, or with `answered` the first that the journal cannot answer."""
    shard = Shard(cell, index, index)
    ask = JournalOnly(experiment, shard) if answered else JournalOnly.empty(experiment, shard)
    play_shard(experiment, shard, ask)
    return [request for request in ask.unanswered if request.repeat == repeat]


def _conversation(request: Request) -> list[Json]:
    """Return the messages of a request as chat completions write them, whatever its format."""
    return chat.now(request.messages)


def _answered(look: Look, reached: Request) -> list[Json]:
    """Return the messages after those of the first request."""
    begun = len(_conversation(look.first)) if look.first else 0
    return _conversation(reached)[begun:]


def _from_file(experiment: Experiment, cell: Cell, index: int, repeat: int) -> Json | None:
    """Return the record of a shard file, or None if the present config would ask differently."""
    place = (index, repeat)
    folder = experiment.settings.results_dir / "shards" / cell.folder
    present = Now(experiment).shard(Shard(cell, index, index))
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            if index in shard_of(path).indices:
                header, episodes = read_shard(path)
                found = next((e for e in episodes if (e["index"], e["repeat"]) == place), None)
                if found and (present is None or present.counts(header, found)):
                    return found
        except PilotbenchError:
            continue  # the build reports damaged files; the journal may have the episode
    return None


def _from_journal(experiment: Experiment, cell: Cell, index: int, repeat: int) -> Json | None:
    from pilotbench.episodes.evaluate import replay

    episodes = replay(experiment, Shard(cell, index, index)).episodes
    found = next((e for e in episodes if e["repeat"] == repeat), None)
    return found if found and found["transcript"] else None
