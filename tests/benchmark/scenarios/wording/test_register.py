"""What every register file must hold, and how its templates become sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from string import Formatter

import pytest

from pilotbench.benchmark.scenarios.terms.clauses import KINDS, Clause
from pilotbench.benchmark.scenarios.wording import register
from pilotbench.benchmark.scenarios.wording.layout import LAYOUTS
from pilotbench.benchmark.scenarios.wording.register import Choice, Wording
from pilotbench.benchmark.scenarios.wording.units import LIKE
from support.drawn_clauses import clause

MOST_ALIKE = 0.3
"""The least share of words that differs between a held-out wording and a public one."""
SHARES = (0.25, 0.35)
"""Between which the share of held-out wordings lies in every register."""
LEAST = {"public": (12, 8, 4), "held_out": (5, 3, 2)}
"""The least number of wordings of a kind, of those for any place, and of two kinds together."""
LEAST_FUSED = 12


def every(sides: tuple[str, ...] = ("public", "held_out")) -> Iterator[tuple[str, Wording]]:
    """Yield each wording of all registers with its key."""
    for name, side in product(register.names(), sides):
        choices: dict[str, Choice] = getattr(register.load(name), side)
        for key, choice in choices.items():
            yield from ((key, one) for one in (*choice.free, *choice.conditional))


def slots_of(key: str) -> set[str]:
    found: set[str] = set()
    for kind in key.split("+"):
        found |= {f"{slot}_2" if slot in found else slot for slot in KINDS[kind].slots}
    return found


def words(text: str) -> list[str]:
    return re.findall(r"\{\w+\}|[A-Za-z']+|[^\x00-\x7f]", text.lower())


def difference(one: list[str], other: list[str]) -> float:
    """Return the edit distance of two lists of words as a share of the longer one."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != against))
    return row[-1] / max(len(one), len(other), 1)


def test_every_wording_has_exactly_the_slots_of_its_kind() -> None:
    for key, wording in every():
        fields = [field for _, field, _, _ in Formatter().parse(wording.template) if field]
        found = [field for field in fields if field not in ("one", "many")]
        left_out = {wording.same} if wording.same else set()
        assert set(found) == slots_of(key) - left_out, wording
        assert left_out <= slots_of(key), wording


def test_no_two_wordings_are_equal() -> None:
    found: dict[str, str] = {}
    for key, wording in every():
        text = f"{key} {' '.join(words(wording.template))}"
        assert text not in found, (wording, found[text])
        found[text] = wording.id


@pytest.mark.parametrize("name", register.names())
def test_no_held_out_wording_is_close_to_a_public_one(name: str) -> None:
    """Wordings of one kind; by words, and in Chinese by characters."""
    spoken = register.load(name)
    for key, choice in spoken.held_out.items():
        public = spoken.public[key]
        known = [words(one.template) for one in (*public.free, *public.conditional)]
        for one in (*choice.free, *choice.conditional):
            least = min(difference(words(one.template), other) for other in known)
            assert least >= MOST_ALIKE, (one, least)


@pytest.mark.parametrize("name", register.names())
@pytest.mark.parametrize("side", LEAST)
def test_every_kind_has_enough_wordings(name: str, side: str) -> None:
    choices: dict[str, Choice] = getattr(register.load(name), side)
    least, least_free, least_fused = LEAST[side]
    assert set(KINDS) <= set(choices)
    for key, choice in choices.items():
        is_fused = "+" in key
        assert len(choice.free) >= (least_fused if is_fused else least_free), key
        assert len(choice.free) + len(choice.conditional) >= (least_fused if is_fused else least)
    assert sum("+" in key for key in choices) >= LEAST_FUSED


@pytest.mark.parametrize("name", register.names())
def test_a_stated_share_of_the_wordings_is_held_out(name: str) -> None:
    spoken = register.load(name)
    assert set(spoken.public) == set(spoken.held_out)
    counts = {side: [w for _, w in every((side,)) if w.id.startswith(f"{name}/")] for side in LEAST}
    share = len(counts["held_out"]) / sum(map(len, counts.values()))
    assert SHARES[0] <= share <= SHARES[1], share


def test_no_wording_says_every_other() -> None:
    """It also means every second one."""
    assert not [one for _, one in every() if "very other" in one.template]


def test_every_condition_names_a_kind() -> None:
    for key, wording in every():
        if wording.after:
            assert "+" not in key, wording
            assert [kind for kind in KINDS if kind.startswith(wording.after)], wording


def test_no_wording_goes_on_from_what_no_longer_holds() -> None:
    """So that no "it" and no "there" can mean the limit or the place of the past."""
    past = [kind for kind in KINDS if kind.startswith("was_")]
    assert past
    for key, wording in every():
        assert not [kind for kind in past if wording.after and kind.startswith(wording.after)]
        assert not (wording.after and key in past), wording
        now, _, after = key.partition("+")
        assert after not in past or now.startswith(LIKE[after]), wording


@pytest.mark.parametrize("name", register.names())
def test_a_frame_is_complete(name: str) -> None:
    spoken = register.load(name)
    frame = spoken.frame
    assert spoken.name == name
    assert spoken.language in ("en", "zh")
    assert set(frame.layouts) <= set(LAYOUTS)
    assert set(frame.cases) <= {"normal", "lower"}
    assert frame.layouts
    for texts in (frame.openings, frame.closings, frame.follow_ups, frame.fillers):
        assert texts
        assert not [text for text in texts if re.search(r"[\d`{}]", text)]


@pytest.mark.parametrize(
    ("template", "subject", "case", "text"),
    [
        ("a {one} counts. it is in.", "orders", "normal", "An order counts. It is in."),
        ("A {one} counts.", "tickets", "normal", "A ticket counts."),
        ("{many} of {table}", "tickets", "normal", "Tickets of {table}"),
        ("If I do. I do. POST. A {one}.", "refunds", "lower", "if I do. I do. POST. a refund."),
    ],
)  # fmt: skip
def test_a_template_gets_nouns_articles_and_capitals(
    template: str, subject: str, case: str, text: str
) -> None:
    assert register.with_nouns(template, subject, "en", case) == text


def test_a_template_in_chinese_gets_its_noun_with_its_measure_word() -> None:
    given = "{many}在{table}，每个{one}一行。"
    assert register.with_nouns(given, "orders", "zh", "normal") == "订单在{table}，每笔订单一行。"
    assert register.with_nouns("一个{one}", "servers", "zh", "normal") == "一台服务器"


def test_no_wording_replaces_the_brackets_alone() -> None:
    """What is replaced is the name between them too: `<order_id>`, not `<` and `>`."""
    alone = re.compile(r"(for|instead of|in place of|place of) (the )?(angle )?brackets")
    assert not [one for _, one in every() if alone.search(one.template)]


def test_what_names_an_item_is_called_its_key() -> None:
    """Other sentences of a request say "its key", which must be one of the fields."""
    for key, wording in every():
        if key == "named_by":
            said = re.sub(r"\{\w+\}", "", wording.template.lower())
            assert re.search(r"\bkeys?\b|编号", said), wording


@pytest.mark.parametrize(
    ("before", "suits"),
    [
        (None, False),
        (clause("limit_value"), False),
        (clause("list_table", database="other"), False),
        (clause("list_table", database="mine"), True),
    ],
)
def test_a_conditional_wording_needs_its_kind_and_its_value_before(
    before: Clause | None, suits: bool
) -> None:
    wording = Wording("id", "Sign in there with {credential}.", "list", "service")
    assert wording.suits(clause("sign_in", service="mine"), before) is suits
