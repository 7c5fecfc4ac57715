"""The documentation points to what exists: links, anchors and the paths that it names."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from dev import structure

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("config/*.md"), *ROOT.glob("docs/**/*.md")])
TWINS = [
    (ROOT / "README.md", ROOT / "README.zh.md"),
    *((ROOT / "docs" / page.name, page) for page in sorted((ROOT / "docs/zh").glob("*.md"))),
]
SYNONYMS = ("情节", "剧集", "提供商", "供应商", "欠缺")
"""Words for an episode, a provider and owed that are not those of the Chinese glossary."""
EXAMPLES = {"The capital is Paris.", "Answer:"}
"""Quotations that a translation may put into its language."""
NAME = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s*#.*")
HASH = re.compile(r"<!--.*?-->")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
FOLDERS = ("config", "dev", "docs", "envs", "legacy", "profiles", "tests", "workflow")
PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)`")


def prose(page: Path) -> str:
    """Return the text of a page without its fenced code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def rows(page: Path) -> list[str]:
    """Return the lines of the tables of a page."""
    return [line for line in prose(page).splitlines() if line.startswith("|")]


def anchors(page: Path) -> set[str]:
    """Return the anchors that the headings of a page make."""
    titles = (title.lower() for _, title in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(prose(page)):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_resolves(page: Path) -> None:
    assert broken(page) == []


def test_a_missing_page_and_a_missing_heading_are_broken_links(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Some title\n")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#some-title) [b](gone.md) [c](other.md#gone)\n# Own\n[d](#own)\n")
    assert broken(page) == ["gone.md", "other.md#gone"]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_of_the_repository_exists(page: Path) -> None:
    if page.name == "CHANGELOG.md":  # it also names what is gone
        return
    paths = PATH.findall(prose(page))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=named)
def test_a_translation_has_the_headings_rows_and_items_of_its_page(page: Path, twin: Path) -> None:
    one, other = prose(page), prose(twin)
    assert [level for level, _ in HEADING.findall(one)] == [
        level for level, _ in HEADING.findall(other)
    ]
    assert one.count("\n|") == other.count("\n|")
    assert one.count("\n- ") == other.count("\n- ")


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=named)
def test_a_translation_has_the_code_of_its_page(page: Path, twin: Path) -> None:
    """Comments in the code may be translated."""
    one, other = (
        [COMMENT.sub("", block) for block in CODE.findall(path.read_text(encoding="utf-8"))]
        for path in (page, twin)
    )
    assert one == other


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=named)
def test_a_row_of_a_translation_has_the_numbers_of_its_original(page: Path, twin: Path) -> None:
    one, other = (
        [sorted(NUMBER.findall(HASH.sub("", line))) for line in rows(path)] for path in (page, twin)
    )
    assert one == other


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=named)
def test_each_language_links_to_the_other_under_its_title(page: Path, twin: Path) -> None:
    for text, word, other in ((page, "中文", twin), (twin, "English", page)):
        link = f"[{word}]({os.path.relpath(other, text.parent)})"
        assert text.read_text(encoding="utf-8").splitlines()[2].startswith(link)


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=named)
def test_a_row_of_a_translation_has_the_names_of_its_original(page: Path, twin: Path) -> None:
    """It may name more: `models.yaml` for "the catalog"."""
    for one, other in zip(rows(page), rows(twin), strict=True):
        missing = Counter(NAME.findall(one)) - Counter(NAME.findall(other))
        assert missing.keys() <= EXAMPLES, other


@pytest.mark.parametrize("twin", [twin for _, twin in TWINS], ids=named)
def test_a_translation_links_to_translations(twin: Path) -> None:
    translated = [page for page, _ in TWINS]
    links = LINK.findall(prose(twin).replace("[English](", ""))
    paths = [(twin.parent / link.partition("#")[0]).resolve() for link in links]
    assert [path for path in paths if path in translated] == []


@pytest.mark.parametrize("twin", [twin for _, twin in TWINS], ids=named)
def test_a_translation_uses_the_words_of_the_glossary(twin: Path) -> None:
    assert [word for word in SYNONYMS if word in prose(twin)] == []


def test_the_architecture_lists_the_folders_in_the_order_of_imports() -> None:
    text = prose(ROOT / "docs/architecture.md")
    assert tuple(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == structure.ORDER
