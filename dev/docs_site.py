"""Hook of MkDocs: the Markdown files of the top folder are pages of the site too.

Links are written for a reader of the repository. On the site they lead to the same pages; a link to
a file that is not a page becomes its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "zh/index.md": "README.zh.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
"""Page of the site -> file of the top folder."""
CODE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
SOURCE = re.compile(r'src="([^":]+)"')


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the top folder."""
    from mkdocs.structure.files import File

    for page, name in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page with the links of the site."""
    return site_links(markdown, page.file.src_uri)


def site_links(markdown: str, page: str) -> str:
    """Return the text with its links as they are on the site; fenced code stays as it is."""
    parts = CODE.split(markdown)
    return "".join(part if n % 2 else _linked(part, page) for n, part in enumerate(parts))


def _linked(text: str, page: str) -> str:
    def link(found: re.Match[str]) -> str:
        target = _target(found[2], page)
        return f"[{found[1]}]({target}{found[3] or ''})" if target else found[1]

    text = SOURCE.sub(lambda found: f'src="{_target(found[1], page) or found[1]}"', text)
    return LINK.sub(link, text)


def _target(link: str, page: str) -> str | None:
    """Return the link of the site, None for a file that the site does not have."""
    start = PAGES.get(page, f"docs/{page}")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(start), link))
    pages = {name: page for page, name in PAGES.items()}
    if file in pages:
        on_site = pages[file]
    elif file.startswith("docs/"):
        on_site = file.removeprefix("docs/")
    else:
        return None if (ROOT / file).exists() else link
    return posixpath.relpath(on_site, posixpath.dirname(page) or ".")
