"""From the files that a command wrote to its samples, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pilotbench.benchmark.packs.external_task import Reading
from pilotbench.episodes.external import inspect_logs, lm_eval_logs, tables
from pilotbench.episodes.external.sample import Found, Sample
from pilotbench.ground.errors import CommandFailed

Reader = Callable[[Found, Reading], Iterator[Sample]]
READ: Mapping[str, Reader] = {
    "inspect": inspect_logs.read,
    "lm_eval": lm_eval_logs.read,
    "json": tables.read_json,
    "csv": tables.read_csv,
}
_EVAL = "**/*.eval"


def read(out: Path, reading: Reading, indices: range) -> dict[int, Sample]:
    """Return the samples of a shard by their number; those that are missing are left out.

    Raises CommandFailed, one line, where the files are not what the reader reads.
    """
    files = sorted(path for path in out.glob(reading.file) if path.is_file())
    if not files:
        eval_logs = reading.kind == "inspect" and any(out.glob(_EVAL))
        how = ": write --log-format json in the command" if eval_logs else ""
        raise CommandFailed(f"the command wrote no {reading.file} below {{out}}{how}")
    found: dict[int, Sample] = {}
    for sample in _samples(Found(files, indices), reading):
        if sample.index in found:
            raise CommandFailed(f"sample {sample.index} is twice in the results")
        if sample.index in indices:
            found[sample.index] = sample
        else:
            raise CommandFailed(
                f"sample {sample.index} is in the results of the samples {indices[0]} to "
                f"{indices[-1]}: does the command use {{first}} and {{last}}, or {{samples}}?"
            )
    return found


def _samples(found: Found, reading: Reading) -> Iterator[Sample]:
    """Yield the samples; a file of another form than that of the reader is a CommandFailed."""
    try:
        yield from READ[reading.kind](found, reading)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        words = " ".join(str(error).split())[:200]
        why = f"{type(error).__name__}: {words}"
        raise CommandFailed(
            f"{found.names}: not in the form of the reader {reading.kind} ({why})"
        ) from error
