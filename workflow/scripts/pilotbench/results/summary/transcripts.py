"""Transcript pages: one file per shard, which embeds the shard and unpacks it when opened.

A page is a few lines of HTML around the shard's own gzip bytes (base64); `viewer.js` next to them
unpacks and shows it, so that 100,000 episodes cost the index nothing and a page costs a read and
a write. What models wrote reaches the page only as text nodes.
"""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pandas as pd

from pilotbench.ground import atomic_files, links
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.cells import SUFFIX, shard_of
from pilotbench.results.summary.page_templates import TEMPLATES, asset, environment

FOLDER = "transcripts"
TEMPLATE = "transcript.html.j2"
ASSETS = ("text.js", "viewer.js", "viewer.css")


@dataclass(frozen=True)
class Page:
    """One page to write: its shard, where the shard's bytes come from, and what they are.

    `judged` is what judges said of its episodes, as JSON.
    """

    path: str
    stamp: str
    provisional: bool = False
    judged: str = ""


def page_path(shard_path: str) -> str:
    """Return the path of a shard's page below transcripts/, from its path below shards/."""
    return shard_path.removesuffix(SUFFIX) + ".html"


def link(shard_path: str, index: int | None = None, repeat: int = 0) -> str:
    """Return the relative URL of a shard's page from the summary folder, at one episode."""
    anchor = "" if index is None else f"#i{index}r{repeat}"
    return quote(f"{FOLDER}/{page_path(shard_path)}") + anchor


def write(
    shards: pd.DataFrame,
    db_path: Path,
    results: Path,
    out: Path,
    said: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Write the pages of the current shards, return how many; unchanged pages stay untouched.

    `said` is what judges said of the episodes of a shard, as JSON, by its path.
    Pages of missing shards are removed.
    """
    folder = out / FOLDER
    links.cut(out, folder)
    pages = [_with_verdicts(page, said) for page in _pages(shards, results)]
    _write_assets(folder, [page.path for page in pages])
    template = environment().get_template(TEMPLATE)
    written = 0
    for page in pages:
        target = folder / page_path(page.path)
        if _stamp(target) == page.stamp:
            continue
        shard = shard_of(Path("shards", page.path))
        html = template.render(
            stamp=page.stamp,
            shard=shard,
            base="../" * 5,
            content=_content(page, db_path, results),
            judged=_packed(page.judged.encode()) if page.judged else "",
            command=f"{_show(page, results)} {shard.first}",
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write_text(target, html)
        written += 1
    _remove_others(folder, {page_path(page.path) for page in pages})
    return written


def _pages(shards: pd.DataFrame, results: Path) -> Iterable[Page]:
    form = digest(asset(TEMPLATE))[:8]
    for row in shards.to_dict("records"):
        path = str(row["path"])
        if row.get("state") == "provisional":
            yield Page(path, f"{form} provisional {row.get('completed')} {row.get('ended')}", True)
        elif (file := results / "shards" / path).is_file():
            found = file.stat()
            yield Page(path, f"{form} {found.st_size} {found.st_mtime_ns}")


def _with_verdicts(page: Page, said: Mapping[str, str]) -> Page:
    """Return a page with what judges said, which its stamp then covers."""
    if page.path not in said:
        return page
    words = said[page.path]
    return replace(page, judged=words, stamp=f"{page.stamp} {digest(words)[:12]}")


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def _show(page: Page, results: Path) -> str:
    return show_command(page.path, results, provisional=page.provisional)


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


def _content(page: Page, db_path: Path, results: Path) -> str:
    if not page.provisional:
        raw = (results / "shards" / page.path).read_bytes()
    else:
        from pilotbench.results.database import queries

        header, episodes = queries.shard_records(db_path, results, page.path)
        lines = [json.dumps(record) for record in (header or {"kind": "shard"}, *episodes)]
        raw = gzip.compress("\n".join(lines).encode(), mtime=0)
    return base64.b64encode(raw).decode("ascii")


def _stamp(page: Path) -> str | None:
    """Return the stamp in the first line of a page, None without a page."""
    try:
        with page.open(encoding="utf-8") as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError):
        return None
    return first.partition("<!--")[2].partition("-->")[0].strip() or None


def _write_assets(folder: Path, paths: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        content = (TEMPLATES / name).read_bytes()
        atomic_files.write_bytes(folder / name, content)
    words = json.dumps([path.removesuffix(SUFFIX) for path in paths])
    atomic_files.write_text(folder / "shards.js", f"window.SHARDS = {words};\n")


def _remove_others(folder: Path, keep: set[str]) -> None:
    for page in folder.glob("*/*/*/*/*/*.html"):
        if str(page.relative_to(folder)) not in keep:
            page.unlink()
