"""The page in a real browser: opened from disk, sorted, filtered, followed, offline."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from browser import boxes
from pilotbench.episodes.shard_file import read_shard, write_shard
from pilotbench.results.summary import answer_pages, compare, transcripts, write_all
from support import simulated_models as sim

pytestmark = pytest.mark.browser
SCRIPT = (
    "</script><script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">"
)
FIRST = "#cell-table tbody tr:first-child td"
ROWS = "document.querySelectorAll('#cell-table tbody tr').length"


def attacked(shards):
    """Return the shards with hostile text wherever a model writes."""
    _, records = shards[0]
    for record in records:
        record["answer"] = SCRIPT
        record["transcript"][0] |= {"content": SCRIPT, "thought": "\x1b[31mred \u202eturned"}
        record["transcript"][1] |= {"content": "x" * 1_000_000}
    return shards


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """The summary of a small matrix of three models, with transcripts."""
    folder = tmp_path_factory.mktemp("results")
    models = (*sim.SKILL, *sim.PLAYERS)
    cells = [c for c in sim.standard_cells(models) if not c.prompt.startswith("flawed")]
    shards = attacked(sim.records(cells, instances=10))
    sim.write(folder, shards)
    data = sim.data(shards)
    write_all.write(data, folder / "summary")
    transcripts.write(data.shards, folder / "master.duckdb", folder, folder / "summary")
    answer_pages.write(data, {}, folder / "master.duckdb", folder, folder / "summary")
    return folder / "summary"


def transcript(summary, place):
    return (summary / "transcripts" / "index.html").as_uri() + "#" + place


@pytest.fixture
def page(browser, summary):
    """The page, open in a desktop window."""
    browser.size(1280, 900)
    browser.open((summary / "index.html").as_uri())
    return browser


def test_the_page_draws_every_figure_without_an_error_or_a_request(browser, summary):
    browser.requests(), browser.errors()
    browser.size(1280, 900)
    browser.open((summary / "index.html").as_uri())
    figures = len(json.loads((summary / "summary.json").read_text())["figures"])
    assert browser.ask("document.querySelectorAll('.chart svg').length") == figures
    assert browser.errors() == []
    asked = [url for url in browser.requests() if not url.startswith(("file:", "data:", "about:"))]
    assert asked == []


@pytest.mark.parametrize(("kind", "begins"), [("svg", "blob:"), ("png", "data:image/png")])
def test_a_figure_is_saved_as_a_file(page, kind, begins):
    page.driver.execute_script(
        "HTMLAnchorElement.prototype.click = function () {"
        " window.saved = [this.download, this.href]; }"
    )
    page.click(f"#figure-success [data-save={kind}]")
    page.wait("window.saved")
    name, href = page.ask("window.saved")
    assert name == f"success.{kind}"
    assert href.startswith(begins)


def test_cells_sort_by_number_both_ways(page):
    head = "#cell-table th:nth-child(8)"
    page.click(f"{head} button")
    falling = page.ask(
        f"[...document.querySelectorAll('{SUCCESS}')].map(td => parseFloat(td.textContent))"
    )
    assert falling == sorted(falling, reverse=True)
    page.click(f"{head} button")
    rising = page.ask(
        f"[...document.querySelectorAll('{SUCCESS}')].map(td => parseFloat(td.textContent))"
    )
    assert rising == sorted(rising)
    assert page.one(head).get_attribute("aria-sort") == "ascending"


SUCCESS = "#cell-table tbody td:nth-child(8)"


def test_other_tables_sort_too(page):
    page.click("#table-model_prompt summary")
    page.click("#table-model_prompt th:nth-child(1) button")
    page.click("#table-model_prompt th:nth-child(1) button")
    names = page.ask(
        "[...document.querySelectorAll('#table-model_prompt tbody tr')]"
        ".map(tr => tr.cells[0].textContent)"
    )
    assert names == sorted(names, reverse=True)


def test_words_find_cells(page):
    page.one("#find").send_keys("weak multi_stage 0.6")
    assert page.ask(ROWS) == 1
    assert page.one(f"{FIRST}:nth-child(2)").text == "weak"


def test_a_filter_reaches_figures_tables_and_cells(page):
    labels = (
        "[...document.querySelectorAll('[data-figure=success] .role-axis-label text')]"
        ".map(t => t.textContent)"
    )
    assert "weak" in page.ask(labels)
    page.click(".filter[data-axis=model] summary")
    page.click(".filter[data-axis=model] input[value=weak]")
    page.wait(f"!{labels}.includes('weak')")
    models = page.ask(
        "[...document.querySelectorAll('#cell-table tbody tr')].map(tr => tr.cells[1].textContent)"
    )
    assert set(models) == {"strong"}
    assert page.one("#count").text == "90 of 135"
    assert page.ask("document.querySelector('.ranking tr[data-model=weak]').hidden")
    page.click("#reset")
    page.wait(f"{labels}.includes('weak')")


def test_a_cell_leads_to_its_conversations_and_nothing_in_them_runs(page):
    page.one("#find").send_keys("strong baseline simple_task")
    page.click("#cell-table tbody tr:first-child a")
    page.wait("document.body.dataset.ready === 'yes'")
    text = page.one("main").text
    assert "<script>document.title" in text
    assert "␛[31mred" in page.ask("document.getElementById('main').textContent")
    assert "⟨U+202E⟩" in page.ask("document.getElementById('main').textContent")
    assert "show more of 980,000 characters" in text
    assert page.ask("document.title") != "run"
    assert page.ask("document.querySelectorAll('#main script, #main img').length") == 0
    assert page.errors() == []


def test_a_conversation_shows_calls_results_goals_and_what_changed(page, summary):
    page.open(transcript(summary, "weak/baseline/simple_task/easy/0.8/00000-00009/i4r0"))
    text = page.one("main").text
    for word in (
        "Instance 4",
        "Goal",
        "the answer is 1,204.50",
        "World, before and after",
        "file:report.csv",
        "file_operations_reader",
        "hub_key1",
        "tokens",
    ):
        assert word in text
    page.click(".lines a:nth-child(3)")
    page.wait("document.querySelector('h2').textContent.includes('Instance 2')")


def test_the_same_instances_of_another_model_are_one_click_away(page, summary):
    page.open(transcript(summary, "weak/baseline/simple_task/easy/0.8/00000-00009/i3r0"))
    page.ask(
        "(() => { const menu = document.querySelector('select[aria-label=model]');"
        " menu.value = 'strong'; menu.dispatchEvent(new Event('change')); })()"
    )
    page.wait("document.querySelector('h1').textContent.startsWith('strong')")
    page.wait("document.body.dataset.ready === 'yes'")
    assert "Instance 3" in page.one("h2").text


HEADING = "document.querySelector('#view h2')?.textContent"


def test_keys_lead_through_the_transcripts_and_the_address_follows(page, summary):
    place = "weak/baseline/simple_task/easy/0.8/00000-00009"
    page.open(transcript(summary, f"{place}/i3r0"))
    for key, heading, model in (("j", 4, "weak"), ("k", 3, "weak"), ("[", 3, "middle")):
        page.driver.switch_to.active_element.send_keys(key)
        page.wait(f"{HEADING}?.includes('Instance {heading}') && document.body.dataset.ready")
        page.wait(f"document.querySelector('h1').textContent.startsWith('{model}')")
        assert page.ask("location.hash") == f"#{place.replace('weak', model)}/i{heading}r0"
    page.driver.switch_to.active_element.send_keys("n")
    page.wait("document.querySelector('#view h2 span').className !== 'good'")
    assert page.errors() == []


def test_an_address_that_cannot_be_decoded_leaves_a_page_that_works(page, summary):
    page.open((summary / "transcripts" / "index.html").as_uri() + "#%")
    page.wait("document.body.dataset.ready === 'yes'")
    assert "JavaScript" not in page.ask("document.body.innerText")
    assert page.errors() == []


def test_words_are_found_in_a_shard_and_in_all_of_them(page, summary):
    page.open(transcript(summary, "weak/baseline/simple_task/easy/0.8/00000-00009"))
    lines = "document.querySelectorAll('.lines a').length"
    assert page.ask(lines) == 10
    page.one("#find").send_keys("STEP 10: read")
    page.wait("document.querySelector('.told').textContent.endsWith(' of 10')")
    here = page.ask(lines)
    page.click("#everywhere")
    page.wait("/found$/.test(document.querySelector('.told').textContent)")
    assert page.ask(lines) > here
    page.click(".lines a:last-child")
    page.wait("document.body.dataset.ready && CSS.highlights.get('found')?.size > 0")
    assert "step 10" in page.one(".lines a:last-child").text
    assert page.errors() == []


def test_words_are_marked_after_letters_that_are_longer_in_lower_case(browser, tmp_path):
    cells = [c for c in sim.standard_cells(("weak",)) if c.prompt == "baseline"][:1]
    [(shard, records)] = sim.records(cells, instances=2)
    for record in records:
        record["answer"] = f"{6 * chr(0x130)} Kap\u0131"
    sim.write(tmp_path, [(shard, records)])
    frame = pd.DataFrame([{"path": shard.path.as_posix(), "state": "file"}])
    transcripts.write(frame, tmp_path / "none.duckdb", tmp_path, tmp_path / "summary")
    browser.open((tmp_path / "summary/transcripts/index.html").as_uri())
    browser.one("#find").send_keys("kap\u0131")
    browser.wait("document.querySelector('.told').textContent === '2 of 2'")
    browser.click(".lines a:last-child")
    browser.wait("CSS.highlights.get('found')?.size === 1")
    marked = "[...CSS.highlights.get('found')].map((range) => range.toString())"
    assert browser.ask(marked) == ["Kap\u0131"]
    assert browser.errors() == []


def test_an_episode_has_the_command_that_shows_it(page, summary):
    place = "weak/baseline/simple_task/easy/0.8/00000-00009"
    page.open(transcript(summary, f"{place}/i3r0"))
    command = page.one(".links button").get_attribute("title")
    assert command.endswith(f"/shards/{place}.jsonl.gz 3")
    assert page.one(".links button:nth-child(2)").get_attribute("title") == page.ask(
        "location.href"
    )


def test_instances_of_the_benchmark_are_side_by_side(page, summary):
    assert page.one("#answers li").text.startswith("simple_task")
    page.click("#answers a")
    page.wait("document.body.dataset.ready === 'yes'")
    names = page.ask("[...document.querySelectorAll('tbody th')].map(th => th.textContent)")
    assert names[0].endswith(" · easy · 0.8")
    page.click("tbody tr")
    page.wait("document.querySelector('.panel').dataset.shown")
    assert page.ask("document.querySelectorAll('.panel article .calls').length") >= 2
    page.ask("document.querySelector('.panel article a').click()")
    page.wait(f"{HEADING}?.includes('Instance ' + {names[0].split()[0]})")
    assert page.errors() == []


def test_words_are_found_in_the_transcripts_of_a_task(page, summary):
    page.open((summary / "answers/simple_task/index.html").as_uri() + "#q=step+10:&replies=1")
    page.wait("/^[1-9][0-9]* of 70$/.test(document.getElementById('count').textContent)")
    assert page.errors() == []


def test_a_flipped_instance_leads_to_both_conversations(browser, summary, flips):
    browser.size(1280, 900)
    page = (summary / "compare.html").as_uri()
    for column, prompt in ((-2, "baseline"), (-1, "cot")):
        browser.driver.get(page)
        assert browser.ask("document.querySelector('.still img').naturalWidth") > 500
        browser.ask(
            "[...document.querySelectorAll('section:last-of-type tbody tr:first-child td')]"
            f".at({column}).querySelector('a').click()"
        )
        browser.wait("document.body.dataset.ready === 'yes'")
        assert f"/{prompt}/" in browser.ask("location.hash")
        assert f"Instance {flips['index'].iloc[0]}" in browser.one("h2").text
    assert browser.errors() == []


@pytest.fixture
def flips(summary):
    """The instances that another prompt flips; writes the page that compares the two."""
    cells = [c for c in sim.standard_cells() if c.prompt in ("baseline", "cot")]
    every = sim.data(sim.records(cells, instances=10)).episodes
    base, arm = (every[every["prompt"] == prompt] for prompt in ("baseline", "cot"))
    found = compare.compare(base, arm, ("baseline", "cot"), {"prompt"})
    results = (summary.parent, summary.parent)
    compare.write(found, summary / "compare.html", results)
    return found.flips


@pytest.mark.parametrize(("width", "height"), [(390, 844), (820, 1180), (1440, 900)])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_cut_or_overlaps_at_any_size(browser, summary, width, height, dark):
    browser.size(width, height, dark)
    browser.open((summary / "index.html").as_uri())
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert boxes.cut(browser) == []
    ground = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")


def test_the_first_screen_of_a_phone_has_headline_and_ranking(browser, summary):
    browser.size(390, 844)
    browser.open((summary / "index.html").as_uri())
    ends = "[...document.querySelectorAll('h1, .ranking tr[data-model]')]"
    assert browser.ask(f"{ends}.map(e => e.getBoundingClientRect().bottom).every(y => y < 844)")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<p style='width:500px'>wide</p>", ["beside the page: wide"]),
        ("<p style='width:5px;overflow:hidden'>clipped</p>", ["clipped: clipped"]),
        (
            "<div class=scroll style='overflow-x:auto'><b style='padding:0 999px'>far</b></div>",
            ["cut without a sign: far"],
        ),
        ("<div class='scroll more-right' style='overflow-x:auto'><b>near</b></div>", []),
        (
            "<figure data-figure='f'><div class='chart'><svg width='90' height='30'>"
            "<text y='20'>one</text><text x='5' y='20'>two</text><text x='80' y='20'>long</text>"
            "</svg></div></figure>",
            ["f: cut: long", "f: overlap: one / two"],
        ),
    ],
)
def test_boxes_are_measured(browser, body, found):
    browser.size(390, 844)
    browser.driver.get(f"data:text/html,<meta name=viewport content=width=device-width>{body}")
    assert boxes.cut(browser) == found


def test_series_are_lighter_on_a_dark_page(browser, summary):
    fills = (
        "[...document.querySelectorAll('[data-figure=success] svg path')]"
        ".map(p => p.getAttribute('fill'))"
    )
    for dark, colour in ((False, "#0072B2"), (True, "#4AA3E8")):
        browser.size(1280, 900, dark)
        browser.open((summary / "index.html").as_uri())
        assert colour in browser.ask(fills)


def test_no_name_on_an_axis_is_left_out(page):
    names = page.ask(
        "[...document.querySelectorAll('[data-figure=errors] .role-axis-label text')]"
        ".filter(t => t.textContent.includes(' · ') && t.getAttribute('opacity') !== '0')"
        ".map(t => t.textContent)"
    )
    assert len(names) == 9


def test_a_line_of_megabytes_is_shown_in_pieces(browser, tmp_path):
    cells = [c for c in sim.standard_cells(("weak",)) if c.prompt == "baseline"][:1]
    [(shard, records)] = sim.records(cells, instances=1)
    sim.write(tmp_path, [(shard, records)])
    header, records = read_shard(tmp_path / "shards" / shard.path)
    records[0]["tokens"] = None
    for request in records[0]["requests"]:
        request["tokens"] = None
    records[0]["transcript"][0] |= {"content": "x" * 5_000_000}
    records[0]["answer"] = "\x1b" * 5_000_000
    write_shard(tmp_path / "shards" / shard.path, header, records)
    frame = pd.DataFrame([{"path": shard.path.as_posix(), "state": "file"}])
    transcripts.write(frame, tmp_path / "none.duckdb", tmp_path, tmp_path / "summary")
    browser.size(1280, 900)
    browser.open((tmp_path / "summary/transcripts/index.html").as_uri())
    shown = "document.getElementById('main').textContent.length"
    assert browser.ask(shown) < 100_000
    assert "not reported" in browser.one("main").text
    browser.click("#main pre button")
    assert 100_000 < browser.ask(shown) < 250_000
    assert browser.errors() == []


def test_all_calls_of_a_message_and_the_next_user_message_are_shown(browser, tmp_path):
    cells = [c for c in sim.standard_cells(("weak",)) if c.prompt == "baseline"][:1]
    [(shard, records)] = sim.records(cells, instances=1)
    sim.write(tmp_path, [(shard, records)])
    header, records = read_shard(tmp_path / "shards" / shard.path)
    further = [
        {"tool": "second", "arguments": {"n": 2}, "reply": "done <b>2</b>"},
        {"tool": "third", "arguments": {}, "reply": None},
    ]
    records[0]["transcript"][0] |= {"reply": "done 1", "further": further, "user": "And now?"}
    write_shard(tmp_path / "shards" / shard.path, header, records)
    frame = pd.DataFrame([{"path": shard.path.as_posix(), "state": "file"}])
    transcripts.write(frame, tmp_path / "none.duckdb", tmp_path, tmp_path / "summary")
    browser.size(1280, 900)
    browser.open((tmp_path / "summary/transcripts/index.html").as_uri())
    browser.wait("document.querySelector('.turn') !== null")
    text = browser.ask("[...document.querySelectorAll('.turn')].map(t => t.textContent).join()")
    places = [
        text.index(word) for word in ("done 1", "second", "done <b>2</b>", "third", "And now?")
    ]
    assert places == sorted(places)
    assert "[object" not in text
    assert browser.errors() == []
