"""Files of verdicts: a header line, then one verdict per line, as gzip-compressed JSON lines."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

from pilotbench.episodes.shard_file import write_whole
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard

Json = dict[str, Any]
FOLDER = "verdicts"
VERDICTS_FORMAT = 1


def fits(experiment: Experiment, shard: VerdictShard, shas: Mapping[str, str | None]) -> str:
    """Return a digest of what a file of verdicts must be made from to count.

    `shas` are the SHA-256 of the shard files by their paths.
    """
    sources = [shas.get(one.path.as_posix()) for one in shard.shards]
    return digest([experiment.verdict_versions(shard), sources])


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write(path: Path, header: Json, rows: list[Json]) -> None:
    """Write a complete file."""
    head = {"kind": "verdicts", "format": VERDICTS_FORMAT, **header}
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in (head, *rows))
    text = "".join(lines).encode("utf-8", "replace")
    write_whole(path, gzip.compress(text, compresslevel=6, mtime=0))


def read_header(path: Path) -> Json:
    """Return the header of a file. Raises RecordError if there is none."""
    try:
        with gzip.open(path, "rb") as lines:
            header: Json = json.loads(next(lines))
        if header["kind"] != "verdicts":
            raise ValueError("not a file of verdicts")
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, StopIteration) as error:
        raise RecordError(f"{path}: damaged: {error}") from None
    return header


def read(path: Path) -> tuple[Json, list[Json]]:
    """Return (header, verdicts) of a file. Raises RecordError, one line, if it is damaged."""
    try:
        with gzip.open(path, "rb") as lines:
            header, *rows = [json.loads(line) for line in lines]
        is_known = header["kind"] == "verdicts" and header["format"] == VERDICTS_FORMAT
        if not is_known or header["count"] != len(rows):
            raise ValueError("not a whole file of verdicts")
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise RecordError(f"{path}: damaged: {error}") from None
    return header, rows
