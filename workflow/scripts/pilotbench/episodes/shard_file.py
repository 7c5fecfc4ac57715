"""Shard files: a header line, then one scored episode per line, as gzip-compressed JSON lines.

The header holds counts, tokens, USD and provenance, so that `status` need not read further; it also
holds each system message once (`system`: SHA-256 -> text), which the episodes name by hash.
An episode validates against `schemas/episode.schema.yaml`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pilotbench.benchmark.flaws.flawed_plan import SIGNATURES
from pilotbench.benchmark.tasks.scoring import END_REASONS, ERROR_KINDS, STATUSES, WEIGHTS
from pilotbench.ground import atomic_files, schemas
from pilotbench.ground.errors import RecordError

Json = dict[str, Any]
SHARD_FORMAT = 1


def episode_schema() -> Json:
    """Return the JSON Schema of an episode, with the words that other modules declare."""
    from pilotbench.providers.protocols import PROTOCOLS

    return schemas.load(
        "episode",
        protocols=PROTOCOLS,
        statuses=STATUSES,
        end_reasons=[*END_REASONS, None],
        levels=[*WEIGHTS, None],
        weights=[*WEIGHTS.values(), None],
        error_kinds=ERROR_KINDS,
        signatures=SIGNATURES,
    )


def write_shard(path: Path, header: Json, episodes: list[Json]) -> None:
    """Write a complete shard; the gzip header has no time, so equal content gives equal bytes."""
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in (header, *episodes))
    text = "".join(lines).encode("utf-8", "replace")
    write_whole(path, gzip.compress(text, compresslevel=6, mtime=0))


def write_whole(path: Path, content: bytes) -> None:
    """Write a complete file: under a temporary name in its folder, flushed to disk, then renamed.

    Raises OSError, which names the file; then nothing of it remains.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write_bytes(path, content, sync=True)


def read_header(path: Path) -> Json:
    """Return the header of a shard file. Raises RecordError if there is none."""
    return next(_lines(path))


def read_shard(path: Path) -> tuple[Json, list[Json]]:
    """Return (header, episodes) of a shard file. Raises RecordError naming file and line."""
    header, *episodes = _lines(path)
    return header, episodes


def _lines(path: Path) -> Iterator[Json]:
    count = 0
    try:
        with gzip.open(path, "rb") as lines:
            for count, line in enumerate(lines, start=1):
                yield _record(json.loads(line), count)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise RecordError(f"{path}: damaged after line {count}: {error}") from None
    if count == 0:
        raise RecordError(f"{path}: empty")


def _record(record: Any, line: int) -> Json:
    if not isinstance(record, dict) or (line == 1) != (record.get("kind") == "shard"):
        raise ValueError(f"line {line} is not {'a shard header' if line == 1 else 'an episode'}")
    return record
