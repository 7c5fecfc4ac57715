"""The command that started a run, told to its jobs: what each file that they write keeps of it.

What is the same for all jobs is told by the environment. The number of each job stands in a file
beside the build's lock: the build numbers its jobs, but passes no script the number of its own.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from pilotbench.ground.scrubber import Scrubber

VARIABLE = "PILOTBENCH_COMMAND"
NUMBERS = Path(".snakemake/pilotbench.jobs")


@dataclass(frozen=True)
class Command:
    """`run` names the build's log of this run; `config` are the words after `--config`.

    `configfiles` are the overlays in order, each a pair of its path from the working folder and the
    SHA-256 of its content.
    """

    run: str | None = None
    configfiles: list[list[str]] = field(default_factory=list)
    config: list[str] | None = None


def tell(
    logs: Sequence[str], configfiles: Iterable[Path], config: Iterable[str], jobs: Mapping[str, int]
) -> None:
    """Tell all jobs what started them, and each output file's job its number."""
    run = Path(logs[0]).name if logs else None
    scrubber = Scrubber()
    files = [[os.path.relpath(path), file_digest(path) or ""] for path in configfiles]
    command = Command(run, files, [scrubber.scrub(str(word)) for word in config])
    os.environ[VARIABLE] = json.dumps(asdict(command))
    NUMBERS.parent.mkdir(exist_ok=True)
    lines = (f"{number}\t{output}\n" for output, number in jobs.items())
    NUMBERS.write_text("".join((f"{run}\n", *lines)), encoding="utf-8")


def told() -> Command:
    """Return what was told to this job; an empty command where nothing was."""
    return Command(**json.loads(os.environ.get(VARIABLE, "{}")))


def to_pay() -> str:
    """Return the command that pays what this run leaves owed: the same selection, asking."""
    run = told()
    files = [path for path, _ in run.configfiles]
    words = [w for w in run.config or [] if w.partition("=")[0] not in ("partial", "rescore")]
    line = ["snakemake"]
    line += ["--configfile", *files] if files else []
    line += ["--config", *words] if words else []
    return shlex.join(line)


def number_of(output: str, run: str | None) -> str | None:
    """Return the number within `run` of the job that writes `output`, None where unknown."""
    if not NUMBERS.is_file():
        return None
    with NUMBERS.open(encoding="utf-8") as lines:
        if next(lines, "").rstrip("\n") != str(run):
            return None
        numbers = (line.rstrip("\n").split("\t") for line in lines)
        return next((number for number, path in numbers if path == output), None)


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file's content, None where there is no file."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None
