"""Two sides, paired: what changed, what flipped, what could not be compared."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pilotbench.commands.compare import text, where
from pilotbench.ground.errors import UserError
from pilotbench.results.summary import compare
from support import simulated_models as sim


def frame(prompts=("baseline", "cot"), models=("strong",), instances=20):
    cells = [c for c in sim.standard_cells(models) if c.prompt in prompts]
    return sim.data(sim.records(cells, instances)).episodes


def test_the_same_results_have_no_flip():
    one = frame()
    found = compare.compare(one, one.copy(), ("a", "b"), set())
    assert (found.pairs, len(found.flips), found.better, found.worse) == (200, 0, 0, 0)
    assert found.contrasts["difference"].tolist() == [0.0, 0.0]


def test_two_prompts_are_paired_by_the_other_words():
    every = frame()
    base, arm = (every[every["prompt"] == prompt] for prompt in ("baseline", "cot"))
    found = compare.compare(base, arm, ("baseline", "cot"), {"prompt"})
    wins = [side["success"].astype(int).sum() for side in (base, arm)]
    assert found.pairs == 100
    assert found.better - found.worse == wins[1] - wins[0]
    assert found.contrasts["difference"].iloc[0] == pytest.approx((wins[1] - wins[0]) / 100)


def test_an_instance_whose_content_changed_is_left_out_and_counted():
    base = frame(("baseline",))
    arm = base.copy()
    arm.loc[arm["index"] == 0, "instance"] = "0" * 64
    found = compare.compare(base, arm, ("a", "b"), set())
    assert (found.pairs, found.other_instance) == (95, 5)


def test_episodes_of_only_one_side_are_counted():
    found = compare.compare(
        frame(("baseline",), instances=20), frame(("baseline",), instances=12), ("a", "b"), set()
    )
    assert (found.pairs, found.only_base, found.only_arm) == (60, 40, 0)


def test_owed_episodes_of_a_side_give_worst_cases_and_no_conclusion():
    base, arm = frame(("baseline",)), frame(("baseline",))
    lost = arm.index[~arm["success"].astype(bool)][:20]
    arm = arm.astype({"success": object, "level": object})
    arm.loc[lost, ["status", "success", "level"]] = ["owed", None, None]
    found = compare.compare(base, arm, ("a", "b"), set())
    row = found.contrasts.iloc[0]
    assert (found.pairs, found.owed, row["owed"], row["n"]) == (80, 20, 20, 100)
    assert (row["lower"], row["upper"]) == pytest.approx((0.0, 0.2))
    assert row["p"] is None or row["p"] != row["p"]
    assert not row["told_apart"]
    assert "20 pairs have an owed episode" in found.verdict
    assert "+0.0 to +20.0" in text(found, Path("page.html"))


def test_a_p_value_is_never_zero():
    base = frame(("baseline",))
    lost, won = (base.assign(success=won) for won in (False, True))
    found = compare.compare(lost, won, ("a", "b"), set())
    assert "< 0.001" in text(found, Path("page.html"))


def test_nothing_in_common_is_reported():
    found = compare.compare(frame(("baseline",)), frame(("cot",)), ("a", "b"), set())
    assert found.verdict == "The two have no finished episode in common."


@pytest.mark.parametrize("words", ["prompt", "prompt=", "colour=red", "=x"])
def test_a_wrong_filter_is_a_one_line_error(words):
    with pytest.raises(UserError, match=r"--base-where: .*give NAME=VALUE"):
        where(words, "--base-where")


def test_the_page_links_to_both_transcripts_where_they_exist(tmp_path):
    every = frame()
    base, arm = (every[every["prompt"] == prompt] for prompt in ("baseline", "cot"))
    found = compare.compare(base, arm, ("<b>base</b>", "arm"), {"prompt"})
    page = tmp_path / "summary" / "transcripts" / found.flips["shard_base"].iloc[0]
    page = page.with_name(page.name.replace(".jsonl.gz", ".js"))
    page.parent.mkdir(parents=True)
    page.write_text("x")
    out = tmp_path / "summary" / "compare.html"
    compare.write(found, out, (tmp_path, tmp_path))
    html = out.read_text(encoding="utf-8")
    assert f'href="transcripts/index.html#{found.flips["shard_base"].iloc[0][:8]}' in html.replace(
        "./", ""
    )
    assert "<b>base</b>" not in html
    assert (tmp_path / "summary" / "compare_flips.csv").exists()


def test_the_picture_shows_every_difference_with_its_interval(tmp_path):
    every = frame(models=("strong", "weak"))
    base, arm = (every[every["prompt"] == prompt] for prompt in ("baseline", "cot"))
    found = compare.compare(base, arm, ("base", "arm"), {"prompt"})
    drawn = compare.figure(found.contrasts)
    svg = base64.b64decode(drawn["light"].partition(",")[2]).decode()
    limits = found.contrasts[["difference", "low", "high"]] * 100
    for row in limits.itertuples():
        for value in (row.difference, row.low, row.high):
            assert f"{value:.1f}%".replace("-", "−") in svg.replace("-", "−")
    assert {"light", "dark", "light-narrow", "dark-narrow", "alt"} == set(drawn)
    assert "arm minus base" in drawn["alt"]
    compare.write(found, tmp_path / "compare.html", (tmp_path, tmp_path))
    assert drawn["light"] in (tmp_path / "compare.html").read_text(encoding="utf-8")


def test_nothing_to_compare_has_no_picture():
    none = compare.compare(frame(("baseline",)), frame(("cot",)), ("a", "b"), set())
    assert compare.figure(none.contrasts) == {}


def test_a_filter_is_a_word_and_a_value_and_a_comparison_is_json():
    assert where("prompt=cot", "") == {"prompt": "cot"}
    found = compare.compare(frame(), frame(), ("a", "b"), set())
    assert json.loads(json.dumps(compare.as_json(found)))["pairs"] == 200


def test_each_side_shows_how_far_it_followed_the_flaws(tmp_path):
    base = frame(("optimal", "flawed_tool_misuse"))
    arm = base.assign(flaw_tool_misuse="corrected")
    found = compare.compare(base, arm, ("a", "b"), set())
    rows = found.followed.set_index("side")
    assert rows.loc["base", "difference"] > 0.1
    assert (rows.loc["arm", "difference"], rows.loc["arm", "p"]) == (0.0, 1.0)
    assert rows["prompt"].tolist() == ["flawed_tool_misuse"] * 2
    said = text(found, Path("page.html")).splitlines()
    assert sum("strong flawed_tool_misuse" in line for line in said) == 3
    compare.write(found, tmp_path / "compare.html", (tmp_path, tmp_path))
    assert "<h2>Flaws followed</h2>" in (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert len((tmp_path / "compare_followed.csv").read_text().splitlines()) == 3
    assert len(compare.as_json(found)["followed"]["rows"]) == 2


def test_owed_episodes_bound_the_flaws_followed_of_their_side():
    base = frame(("optimal", "flawed_tool_misuse"))
    arm = base.astype({"success": object, "level": object})
    lost = arm.index[arm["prompt"] == "flawed_tool_misuse"][:10]
    arm.loc[lost, ["status", "success", "level"]] = ["owed", None, None]
    rows = compare.compare(base, arm, ("a", "b"), set()).followed.set_index("side")
    assert (rows.loc["base", "owed"], rows.loc["arm", "owed"]) == (0, 10)
    assert rows.loc["arm", "lower"] == pytest.approx(rows.loc["arm", "upper"] - 0.1)


@pytest.mark.parametrize("prompts", [("baseline",), ("optimal",), ("flawed_tool_misuse",)])
def test_without_both_prompts_no_side_has_flaws_to_show(prompts, tmp_path):
    one = frame(prompts)
    found = compare.compare(one, one, ("a", "b"), set())
    assert found.followed.empty
    compare.write(found, tmp_path / "compare.html", (tmp_path, tmp_path))
    assert not (tmp_path / "compare_followed.csv").exists()
