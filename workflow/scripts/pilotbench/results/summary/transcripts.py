"""The transcripts: one page for all, and one data file per shard that it loads when asked to.

A data file is the shard's own gzip bytes (base64) as a script, since a page from disk may load
nothing else: 100,000 episodes cost the index nothing, and a shard costs a read and a write. The
address after `#` names the shard and the episode. What models wrote reaches the page only as text
nodes.
"""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pandas as pd

from pilotbench.ground import atomic_files, job_context, links
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.cells import SUFFIX, shard_of
from pilotbench.results.summary import page_data
from pilotbench.results.summary.page_templates import asset

FOLDER = "transcripts"
PAGE = "index.html"
FORMAT = 2
RAW = ".raw"
"""Before the suffix of a file with raw requests and answers (see `raw_turns`)."""
ASSETS = {
    PAGE: "transcripts.html",
    **{name: name for name in ("text.js", "files.js", "shards_data.js", "viewer.css")},
    **{name: name for name in ("viewer_episode.js", "viewer_search.js", "viewer.js")},
}
"""The files beside the data, and their templates."""


@dataclass(frozen=True)
class Transcript:
    """One file to write: its shard, where the shard's bytes come from, and what they are.

    `provisional`: all or some of its episodes are only in the database. `judged` is what judges
    said of its episodes, as JSON.
    """

    path: str
    stamp: str
    provisional: bool = False
    judged: str = ""


def data_path(shard_path: str) -> str:
    """Return the path of a shard's data below transcripts/, from its path below shards/."""
    return shard_path.removesuffix(SUFFIX) + ".js"


def raw_path(shard_path: str) -> str:
    """Return the path of a shard's raw requests and answers below transcripts/."""
    return f"{shard_path.removesuffix(SUFFIX)}{RAW}.js"


def link(shard_path: str, index: int | None = None, repeat: int = 0) -> str:
    """Return the relative URL of a shard's transcripts from the summary folder, at one episode."""
    anchor = "" if index is None else f"/i{index}r{repeat}"
    return f"{FOLDER}/{PAGE}#{quote(shard_path.removesuffix(SUFFIX))}{anchor}"


def write(
    shards: pd.DataFrame,
    db_path: Path,
    results: Path,
    out: Path,
    said: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Write the data of the current shards, return how many files; unchanged ones stay untouched.

    `said` is what judges said of the episodes of a shard, as JSON, by its path.
    Files of missing shards are removed, and raw requests and answers of an earlier content.
    """
    folder = out / FOLDER
    links.cut(out, folder)
    chosen = [_with_verdicts(one, said) for one in _transcripts(shards, results)]
    _write_assets(folder, [one.path for one in chosen])
    written = 0
    for one in chosen:
        target = folder / data_path(one.path)
        if page_data.stamp_of(target) == one.stamp:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / raw_path(one.path)).unlink(missing_ok=True)
        atomic_files.write_text(target, _script(one, db_path, results))
        written += 1
    _remove_others(folder, {one.path.removesuffix(SUFFIX) for one in chosen})
    return written


def _transcripts(shards: pd.DataFrame, results: Path) -> Iterable[Transcript]:
    for row in shards.to_dict("records"):
        path = str(row["path"])
        if row.get("state") == "provisional":
            yield Transcript(path, f"{FORMAT} provisional {row['journal']}", True)
        elif (file := results / "shards" / path).is_file():
            found, journal = file.stat(), row.get("journal")
            stamp = f"{FORMAT} {found.st_size} {found.st_mtime_ns}"
            mixed = isinstance(journal, str)  # some of its episodes supersede those of the file
            yield Transcript(path, f"{stamp} {journal}" if mixed else stamp, mixed)


def _script(one: Transcript, db_path: Path, results: Path) -> str:
    """Return the script that hands over a shard, how to show it, and what judges said."""
    name = json.dumps(one.path.removesuffix(SUFFIX))
    packed = f'"{_content(one, db_path, results)}"'
    judged = f'"{_packed(one.judged.encode()) if one.judged else ""}"'
    command = json.dumps(show_command(one.path, results, provisional=one.provisional))
    return f"// {one.stamp}\nwindow.pilotbenchData({name},{packed},{judged},{command});\n"


def _with_verdicts(one: Transcript, said: Mapping[str, str]) -> Transcript:
    """Return a transcript with what judges said, which its stamp then covers."""
    if one.path not in said:
        return one
    words = said[one.path]
    return replace(one, judged=words, stamp=f"{one.stamp} {digest(words)[:12]}")


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def config_words() -> str:
    """Return the options that give a command the config of this run."""
    return job_context.read().command.line().strip()


def show_command(path: str, results: Path, *, provisional: bool = False) -> str:
    """Return the command that shows an episode of a shard, up to the index of the episode."""
    cell = str(shard_of(Path("shards", path)).cell.folder)
    return shlex.join(
        [
            "python",
            "-m",
            "pilotbench",
            "show",
            cell if provisional else str(results / "shards" / path),
        ]
    )


def _content(one: Transcript, db_path: Path, results: Path) -> str:
    if not one.provisional:
        raw = (results / "shards" / one.path).read_bytes()
    else:
        from pilotbench.results.database import queries

        header, episodes = queries.shard_records(db_path, results, one.path)
        lines = [json.dumps(record) for record in (header or {"kind": "shard"}, *episodes)]
        raw = gzip.compress("\n".join(lines).encode(), mtime=0)
    return base64.b64encode(raw).decode("ascii")


def _write_assets(folder: Path, paths: list[str]) -> None:
    for name, template in ASSETS.items():
        page_data.write(folder / name, asset(template))
    words = json.dumps([path.removesuffix(SUFFIX) for path in paths])
    options = json.dumps(config_words())
    page_data.write(
        folder / "shards.js", f"window.SHARDS = {words};\nwindow.OPTIONS = {options};\n"
    )


def _remove_others(folder: Path, keep: Collection[str]) -> None:
    """Remove the files of shards that are not in `keep`, and pages of earlier releases."""
    for file in folder.glob("*/*/*/*/*/*"):
        name = str(file.relative_to(folder)).removesuffix(".js").removesuffix(RAW)
        if name not in keep:
            file.unlink()
