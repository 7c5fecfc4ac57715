"""Questions of a dataset on the Hugging Face hub, at one revision: `hf://owner/name@revision`.

The rows are downloaded once, by the package `datasets` (the extra `hf`), and kept as a JSONL file
beside task.yaml. From then on neither network nor package is needed, and every process reads the
same rows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pilotbench.benchmark.packs import tables
from pilotbench.ground import atomic_files
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError
from pilotbench.ground.shipped import how_to_install

SCHEME = "hf://"
FORM = "hf://OWNER/NAME@REVISION?split=SPLIT&subset=SUBSET"
_FORM = re.compile(r"hf://([^@?\s]+)(?:@([^?\s]+))?(?:\?(\S+))?")
_OPTIONS = ("split", "subset")


def read(where: str, folder: Path, source: str) -> tables.Table:
    """Return the rows that `source` names, kept beside task.yaml. Raises TaskError, one line."""
    name, revision, options = parsed(where, source)
    kept = folder / kept_name(source)
    if not kept.is_file():
        rows = _downloaded(f"{where}: {source}", name, revision, options)
        lines = [json.dumps(row, ensure_ascii=False) for _, row in tables.of_values("", rows).rows]
        atomic_files.write_text(kept, "\n".join(lines) + "\n")
    return tables.read(kept)


def kept_name(source: str) -> str:
    """Return the name of the file that keeps the rows of a source."""
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", source.removeprefix(SCHEME).partition("@")[0])
    return f"{words.strip('-.')}-{digest(source)[:12]}.jsonl"


def parsed(where: str, source: str) -> tuple[str, str, dict[str, str]]:
    """Return name, revision and options of a source. Raises TaskError for another form."""
    match = _FORM.fullmatch(source)
    if match is None:
        raise TaskError(f"{where}: {source} is not of the form {FORM}")
    if not match[2]:
        raise TaskError(
            f"{where}: {source} has no revision; a dataset can change: write {FORM}, with a "
            "commit or a tag of the dataset"
        )
    options = dict(parse_qsl(match[3] or "", keep_blank_values=True))
    for key in options:
        if key not in _OPTIONS:
            raise TaskError(f"{where}: {source}: unknown option {key!r}; allowed: split, subset")
    return match[1], match[2], options


def _downloaded(where: str, name: str, revision: str, options: dict[str, str]) -> Any:
    try:
        import datasets
    except ImportError:
        raise TaskError(f"{where} needs the extra hf: {how_to_install('hf')}") from None
    try:
        found = datasets.load_dataset(
            name, options.get("subset"), split=options.get("split"), revision=revision
        )
    except Exception as error:  # whatever the package and the network raise
        words = " ".join(str(error).split())[:200]
        raise TaskError(f"{where} cannot be loaded: {type(error).__name__}: {words}") from None
    if not isinstance(found, dict):
        return found
    if len(found) == 1:
        return next(iter(found.values()))
    raise TaskError(f"{where} has several splits; add ?split= with one of: {', '.join(found)}")
