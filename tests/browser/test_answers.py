"""The table of answers in a real browser: from disk, by keys, filtered, searched, linked."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from selenium.webdriver.common.keys import Keys

from browser.conftest import Browser
from pilotbench.matrix.cells import Cell
from support.pack_lab import PackLab, said

pytestmark = pytest.mark.browser
HOSTILE = {
    7: "</script><script>document.title = 'run'</script><img src=x onerror=\"document.title=1\">",
    8: "\u202ereversed \x1b[31mred \u2066isolated\n108",
    9: "x" * 1_000_000 + "\n109",
    10: "<!-- needle --> &lt;b&gt; \u0661\u0661\u0660\n110",
}
"""Replies of model-a by index."""
NAMES = "[...document.querySelectorAll('tbody th')].map(th => th.textContent)"
COUNT = "document.getElementById('count').textContent"
PANEL = "document.querySelector('.panel').dataset.shown"


def reply(cell: Cell, index: int, repeat: int) -> str | None:
    """Return a hostile reply, none in the last shard of model-c, or one of known skill."""
    if cell.model == "model-c" and index >= 280:
        return None
    if cell.model == "model-a" and index in HOSTILE:
        return HOSTILE[index]
    return said(cell, index, repeat)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> PackLab:
    """The pages of 300 questions to three models."""
    made = PackLab(tmp_path_factory.mktemp("pack"), 300, reply=reply)
    made.write_pages(made.built())
    return made


@pytest.fixture
def page(browser: Browser, lab: PackLab) -> Iterator[Browser]:
    """The page, open in a desktop window; at the end nothing was asked of a server."""
    browser.requests(), browser.errors()
    browser.size(1440, 900)
    browser.open(address(lab))
    yield browser
    assert browser.errors() == []
    asked = [url for url in browser.requests() if not url.startswith(("file:", "data:", "about:"))]
    assert asked == []


def address(lab: PackLab, state: str = "") -> str:
    file: Path = lab.out / "answers" / "trivia" / "index.html"
    return file.as_uri() + ("#" + state if state else "")


def press(page: Browser, *keys: str) -> None:
    page.driver.switch_to.active_element.send_keys(*keys)


def choose(page: Browser, selector: str, value: str) -> None:
    page.driver.execute_script(
        "const menu = document.querySelector(arguments[0]); menu.value = arguments[1];"
        "menu.dispatchEvent(new Event('change', {bubbles: true}))",
        *(selector, value),
    )


def marks(page: Browser, column: int) -> list[str]:
    """Return the signs of a column of replies in the rows that are drawn."""
    return page.ask(
        "[...document.querySelectorAll('tbody tr')]"
        f".map(tr => tr.querySelectorAll('.sign')[{column}].textContent)"
    )


def test_rows_are_drawn_as_far_as_they_are_in_view(page: Browser) -> None:
    assert page.ask("document.querySelector('table').getAttribute('aria-rowcount')") == "301"
    assert 20 < len(page.ask(NAMES)) < 60
    page.ask("document.querySelector('.scroll').scrollTop = 1e6")
    page.wait("document.querySelector('tbody tr[aria-rowindex=\"301\"]')")
    assert 20 < len(page.ask(NAMES)) < 60


def test_the_first_rows_are_those_that_models_disagree_on(page: Browser) -> None:
    first = [marks(page, column)[0] for column in range(3)]
    assert {sign[0] for sign in first} >= {"✓", "✗"}
    choose(page, "#sort", "id")
    assert page.ask(NAMES)[:3] == ["q0", "q1", "q2"]
    page.click("thead th:first-child button")
    assert page.ask(NAMES)[:2] == ["q299", "q298"]
    assert page.one("thead th:first-child").get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize(
    ("selector", "value", "signs"),
    [
        ("thead th:nth-child(4) select", "wrong", {"✗"}),
        ("thead th:nth-child(4) select", "right", {"✓", "✓~"}),
        ("thead th:nth-child(6) select", "owed", None),
    ],
)
def test_a_column_shows_only_replies_of_one_kind(
    page: Browser, selector: str, value: str, signs: set[str] | None
) -> None:
    choose(page, selector, value)
    if signs is not None:
        assert set(marks(page, 0)) <= signs
    else:
        assert set(marks(page, 2)) == {"○"}
        assert page.ask(COUNT) == "20 of 300"


def test_disagreements_values_and_words_filter_and_the_address_has_them_all(
    page: Browser, lab: PackLab
) -> None:
    choose(page, "#show", "split")
    some = int(page.ask(COUNT).split()[0])
    choose(page, "#column", "language")
    choose(page, "#value", "fr")
    fewer = int(page.ask(COUNT).split()[0])
    assert 0 < fewer < some < 300
    page.one("#find").send_keys("comes 1")
    fewest = page.ask(COUNT)
    assert int(fewest.split()[0]) < fewer
    state = unquote(page.ask("location.hash"))
    assert state == "#q=comes+1&show=split&is.language=fr"
    page.open(address(lab, state[1:]))
    assert page.ask(COUNT) == fewest
    assert page.one("#find").get_attribute("value") == "comes 1"
    page.click(".chip")
    assert int(page.ask(COUNT).split()[0]) > int(fewest.split()[0])
    page.driver.back()
    page.wait(f"{COUNT} === {fewest!r}")
    page.click("#reset")
    assert page.ask(COUNT) == ""


def test_words_are_found_in_whole_replies_when_asked(page: Browser) -> None:
    page.one("#find").send_keys("needle")
    page.wait(f"{COUNT}.startsWith('0 of')")
    page.click("#replies")
    page.wait(f"{COUNT} === '1 of 300'")
    assert page.ask(NAMES) == ["q10"]


def test_keys_lead_through_the_table(page: Browser) -> None:
    press(page, "/")
    page.wait("document.activeElement.id === 'find'")
    press(page, "q25", Keys.ENTER)
    names = page.ask(NAMES)
    press(page, Keys.ARROW_DOWN, Keys.ENTER)
    page.wait(f"{PANEL}")
    assert page.one(".panel h2").text == names[1]
    press(page, Keys.ARROW_DOWN)
    page.wait(f"document.querySelector('.panel h2').textContent === {names[2]!r}")
    assert page.ask("document.querySelectorAll('tr[aria-selected=true] th').length") == 1
    press(page, Keys.ESCAPE)
    page.wait("document.querySelector('.panel').hidden")
    assert page.ask("document.activeElement.tagName") == "TABLE"


def test_the_panel_has_every_reply_with_its_transcript_and_command(
    page: Browser, lab: PackLab
) -> None:
    page.open(address(lab, "open=q12"))
    page.wait(PANEL)
    text = page.one(".panel").text
    for words in (
        "Which number comes 12 after one hundred?",
        "Target 112",
        "model-b",
        "by the rule",
    ):
        assert words in text
    assert page.ask("document.querySelectorAll('.panel article').length") == 3
    command = page.one(".panel .links button").get_attribute("title")
    assert command.endswith("/model-a/baseline/trivia/none/none/00000-00019.jsonl.gz q12")
    page.click(".panel article a")
    page.wait("document.body.dataset.ready === 'yes'")
    assert "Question q12" in page.one("h2").text


def test_the_list_of_transcripts_has_question_target_and_what_was_read(
    page: Browser, lab: PackLab
) -> None:
    shard = "#model-b/baseline/trivia/none/none/00020-00039"
    page.open((lab.out / "transcripts" / "index.html").as_uri() + shard)
    lines = page.one(".lines a").text.splitlines()
    assert lines[1:3] == ["q20", "Which number comes 20 after one hundred?"]
    assert lines[3].startswith("target 120 · read 12")


@pytest.mark.parametrize("index", HOSTILE)
def test_hostile_replies_are_text(page: Browser, lab: PackLab, index: int) -> None:
    page.open(address(lab, f"open=q{index}"))
    page.wait(PANEL)
    assert page.ask("document.title").startswith("trivia")
    assert page.ask("document.querySelectorAll('main script, main img, main b > b').length") == 0
    shown = page.ask("document.querySelector('.panel article pre').textContent")
    start = {7: "</script><script>", 8: "⟨U+202E⟩reversed ␛", 9: "xxxx", 10: "<!-- needle --> &lt;"}
    assert shown.startswith(start[index])
    assert len(shown) < 25_000
    if index == 9:
        assert "1,000,004 characters" in page.one(".panel").text


SIZES = [(390, 844), (820, 1180), (1440, 900)]
PARTS = (
    ".bar > *, .bar label, .bar select, header *, footer span, thead button, thead small, "
    "thead select, .panel .top *, .panel h3, .panel .links"
)
CUT = f"""[...document.querySelectorAll({PARTS!r})].filter(e => e.offsetParent).filter(e => {{
  const place = e.closest('thead th, .panel') || document.documentElement;
  const box = e.getBoundingClientRect(), room = place.getBoundingClientRect();
  return box.right > room.right + 1 || box.left < room.left - 1;
}}).map(e => e.outerHTML.slice(0, 99))"""


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("state", ["", "open=q3&with=language&with=topic", "label=1"])
def test_nothing_is_cut_at_any_size(
    browser: Browser, lab: PackLab, width: int, height: int, state: str
) -> None:
    browser.size(width, height)
    browser.open(address(lab, state))
    if state == "label=1":
        begin(browser, "Ada")
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("document.documentElement.scrollHeight") <= height
    assert browser.ask(CUT) == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_follows_the_theme(browser: Browser, lab: PackLab, dark: bool) -> None:
    browser.size(820, 1180, dark)
    browser.open(address(lab))
    ground = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")


def begin(page: Browser, rater: str, seed: str = "1", column: str = "") -> None:
    """Begin to label, as a person does who fills in the form."""
    page.driver.execute_script(
        "document.getElementById('rater').value = arguments[0];"
        "document.getElementById('seed').value = arguments[1];"
        "document.getElementById('which').value = arguments[2];"
        "document.querySelector('.labels form').requestSubmit()",
        *(rater, seed, column),
    )
    page.wait("document.querySelector('.labels').dataset.item")


ITEM = "document.querySelector('.labels').dataset.item"


def item(page: Browser) -> list[Any]:
    """Return question, model, prompt and repeat of the reply that is shown."""
    found: list[Any] = json.loads(page.ask(ITEM))
    return found


def label(page: Browser, *keys: str) -> list[Any]:
    """Press keys on the reply that is shown, and wait for the next one; return which it was."""
    now = page.ask(ITEM)
    press(page, *keys)
    page.wait(f"{ITEM} !== {json.dumps(now)}")
    found: list[Any] = json.loads(now)
    return found


def rows_of(page: Browser) -> list[dict[str, str]]:
    """Return the labels as the file has them."""
    return list(csv.DictReader(io.StringIO(page.ask("window.pilotbenchLabels.csv()"))))


def test_labels_are_given_blind_by_keys_and_kept(page: Browser, lab: PackLab) -> None:
    page.ask("localStorage.clear()")
    page.open(address(lab, "is.topic=t3&label=1"))
    begin(page, "Ada")
    assert "model-" not in page.one(".labels").text
    first = label(page, "1")
    assert f"{first[1]}: you said right" in page.one(".labels .last").text.replace(", ", " ")
    press(page, "n", "off by one", Keys.ENTER)
    second = label(page, "2")
    third = label(page, "3")
    assert "3 of " in page.one("#progress").text
    assert "1 unsure" in page.one("#progress").text
    page.open(address(lab, "is.topic=t3&label=1"))
    begin(page, "Ada")
    assert item(page) not in [first, second, third]
    rows = rows_of(page)
    assert [(r["question"], r["model"], r["label"], r["note"]) for r in rows] == [
        (first[0], first[1], "right", ""),
        (second[0], second[1], "wrong", "off by one"),
    ]
    cell = Cell(first[1], "baseline", "trivia", "none", "none")
    text = reply(cell, int(first[0][1:]), 0)
    assert rows[0] | {"note": ""} == {
        **{"question": first[0], "model": first[1], "prompt": "baseline", "repeat": "0"},
        **{"rater": "Ada", "label": "right", "note": ""},
        "reply_sha256": hashlib.sha256((text or "").encode()).hexdigest(),
    }


def test_the_order_of_labels_is_that_of_the_seed(page: Browser, lab: PackLab) -> None:
    page.ask("localStorage.clear()")
    orders = []
    for seed in ("1", "1", "2"):
        page.open(address(lab, "label=1"))
        begin(page, "Ben", seed, "model-b/baseline")
        seen = [item(page)]
        for _ in range(3):
            label(page, Keys.ARROW_RIGHT)
            seen.append(item(page))
        orders.append(seen)
    assert orders[0] == orders[1] != orders[2]
    assert {one[1] for one in orders[0]} == {"model-b"}
    assert rows_of(page) == []


def test_a_label_is_changed_by_going_back(page: Browser, lab: PackLab) -> None:
    page.ask("localStorage.clear()")
    page.open(address(lab, "label=1"))
    begin(page, "Cy")
    first = label(page, "1")
    label(page, Keys.ARROW_LEFT)
    assert item(page) == first
    assert page.one("[data-label=right]").get_attribute("aria-pressed") == "true"
    label(page, "2")
    assert [row["label"] for row in rows_of(page)] == ["wrong"]
    press(page, Keys.ESCAPE)
    page.wait("document.querySelector('.labels').hidden")


def test_the_panel_covers_a_narrow_page(browser: Browser, lab: PackLab) -> None:
    browser.size(390, 844)
    browser.open(address(lab, "open=q3"))
    browser.wait(PANEL)
    box: Any = browser.ask(
        "(b => [b.left, b.right, b.top])(document.querySelector('.panel').getBoundingClientRect())"
    )
    assert box == [0, 390, 0]
