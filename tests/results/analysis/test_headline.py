"""The headline as a table: situations and their sentences."""

from __future__ import annotations

import pytest

from pilotbench.results.analysis.headline import (
    ModelStanding,
    PromptChange,
    Situation,
    headline,
    notes,
)


def row(model, score=None, owed=0, bound="", protocol="native"):
    shown = "20.0 to 90.0 %" if score is None else f"{100 * score:.1f} % [.., ..]"
    return ModelStanding(model, score, shown, protocol, owed, bound)


def under(*rows, alike=(), prompt="baseline", **words):
    return Situation(prompt, rows, frozenset(alike), **words)


CEILING = ", at the ceiling (cannot be distinguished from the oracle on these draws)"
FLOOR = ", at the floor (cannot be distinguished from the random player on these draws)"
SENTENCES = {
    "two, distinguishable": (
        under(row("a", 0.9), row("b", 0.5)),
        "a: 90.0 % [.., ..] under baseline, ahead of b.",
    ),
    "three, distinguishable": (
        under(row("a", 0.9), row("b", 0.5), row("c", 0.4)),
        "a: 90.0 % [.., ..] under baseline, ahead of every other model.",
    ),
    "indistinguishable from one": (
        under(row("a", 0.9), row("b", 0.8), row("c", 0.1), alike="b"),
        "a: 90.0 % [.., ..] under baseline, the highest score, "
        "but it cannot be distinguished from b.",
    ),
    "indistinguishable from three": (
        under(row("a", 0.9), *(row(m, 0.8) for m in "bcd"), alike="bcd"),
        "a: 90.0 % [.., ..] under baseline, the highest score, but it cannot be distinguished from "
        "b, c and d.",
    ),
    "indistinguishable from four": (
        under(row("a", 0.9), *(row(m, 0.8) for m in "bcde"), alike="bcde"),
        "a: 90.0 % [.., ..] under baseline, the highest score, but it cannot be distinguished from "
        "4 other models.",
    ),
    "an exact tie of all": (
        under(row("a", 0.9), row("b", 0.9), alike="ab"),
        "a and b are tied at 90.0 % under baseline.",
    ),
    "an exact tie ahead of a third": (
        under(row("a", 0.9), row("b", 0.9), row("c", 0.1), alike="ab"),
        "a and b are tied at 90.0 % under baseline, ahead of c.",
    ),
    "an exact tie, a third indistinguishable": (
        under(row("a", 0.9), row("b", 0.9), row("c", 0.8), alike="abc"),
        "a and b are tied at 90.0 % under baseline, the highest score, but not all of them can "
        "be distinguished from c.",
    ),
    "the better one at the ceiling": (
        under(row("a", 1.0, bound="ceiling"), row("b", 0.8)),
        f"a: 100.0 % [.., ..] under baseline{CEILING}, ahead of b.",
    ),
    "a tie at the ceiling": (
        under(row("a", 1.0, bound="ceiling"), row("b", 1.0, bound="ceiling"), alike="ab"),
        f"a and b are tied at 100.0 % under baseline{CEILING}.",
    ),
    "all at the floor": (
        under(row("a", 0.0, bound="floor"), row("b", 0.0, bound="floor"), alike="ab"),
        f"a and b are tied at 0.0 % under baseline{FLOOR}.",
    ),
    "at the floor and at the ceiling, since there are so few": (
        under(row("a", 0.5, bound="floor and ceiling"), row("b", 0.4), alike="b"),
        "a: 50.0 % [.., ..] under baseline, at the ceiling and the floor (cannot be distinguished "
        "from the oracle or the random player on these draws), the highest score, but it cannot "
        "be distinguished from b.",
    ),
    "one model": (
        under(row("a", 0.9)),
        "a: 90.0 % [.., ..] under baseline; there is no other model to compare with.",
    ),
    "one model under several prompts": (
        under(
            row("a", 0.9),
            changes=(
                PromptChange("short", -0.1, -0.2, 0.05, told_apart=False),
                PromptChange("long", 0.05, 0.01, 0.09, told_apart=True),
                PromptChange("chatty", -0.5, -0.7, -0.25, told_apart=True),
            ),
        ),
        "a: 90.0 % [.., ..] under baseline; chatty is 50.0 points [25.0, 70.0] worse, long is "
        "5.0 points [1.0, 9.0] better, short cannot be distinguished from it.",
    ),
    "one model at the floor": (
        under(row("a", 0.0, bound="floor")),
        f"a: 0.0 % [.., ..] under baseline{FLOOR}; there is no other model to compare with.",
    ),
    "one model that owes": (
        under(row("a", owed=1)),
        "a: 20.0 to 90.0 % under baseline with 1 episode owed; there is no other model to compare "
        "with.",
    ),
    "one of two owes": (
        under(row("a", 0.4), row("b", owed=1200)),
        "a: 40.0 % [.., ..] under baseline, the only model with complete results; b owes 1,200 "
        "episodes.",
    ),
    "one of two owes, the other is at the ceiling": (
        under(row("a", 1.0, bound="ceiling"), row("b", owed=2)),
        f"a: 100.0 % [.., ..] under baseline{CEILING}, the only model with complete results; b "
        "owes 2 episodes.",
    ),
    "one of three owes": (
        under(row("a", 0.9), row("b", 0.4), row("c", owed=2)),
        "a: 90.0 % [.., ..] under baseline, ahead of b; c owes 2 episodes.",
    ),
    "one of four owes": (
        under(row("a", 0.9), row("b", 0.4), row("c", 0.3), row("d", owed=2)),
        "a: 90.0 % [.., ..] under baseline, ahead of every other ranked model; d owes 2 episodes.",
    ),
    "all owe": (
        under(row("a", owed=3), row("b", owed=1)),
        "No ranking yet under baseline: a owes 3 episodes and b owes 1 episode.",
    ),
    "four owe": (
        under(*(row(m, owed=3) for m in "abcd")),
        "No ranking yet under baseline: 4 models have no complete results and no rank.",
    ),
    "none finished": (
        under(row("a", owed=3), row("b", owed=3), finished=False),
        "No episode under baseline is finished yet.",
    ),
    "no shared condition": (
        under(row("a", 0.9), row("b", 0.5), conditions=0, planned=2),
        "No ranking: under baseline no condition (task, difficulty and tool success rate) is "
        "planned for every model.",
    ),
    "no model under the prompt": (
        under(),
        "No model is planned under baseline: there is nothing to rank.",
    ),
    "nothing planned": (
        under(prompt=""),
        "No model is planned: there is nothing to rank.",
    ),
    "flawed prompts only": (
        under(prompt="", flawed_only=True),
        "Only prompts with a flawed plan are selected: models are not ranked under one.",
    ),
    "the plan given": (
        under(row("a", 0.9), row("b", 0.5), prompt="optimal (plan given)", plan_given=True),
        "a: 90.0 % [.., ..] under optimal (plan given), ahead of b.",
    ),
    "players only": (
        under(row("oracle", 1.0), players_only=True),
        "Only reference players are selected: there is no model to rank.",
    ),
}


@pytest.mark.parametrize(("situation", "sentence"), SENTENCES.values(), ids=SENTENCES.keys())
def test_each_situation_has_its_sentence(situation, sentence):
    assert headline(situation) == sentence


NOTES = {
    "one protocol": (under(row("a", 0.9), row("b", 0.5)), []),
    "several protocols": (
        under(row("a", 0.9), row("b", 0.5, protocol="json")),
        [
            "The ranked models answer by different protocols (native, json): a difference may be "
            "the protocol's."
        ],
    ),
    "another protocol that is not ranked": (
        under(row("a", 0.9), row("b", owed=1, protocol="json")),
        [],
    ),
    "some conditions": (
        under(row("a", 0.9), row("b", 0.5), conditions=5, planned=9),
        ["The ranking uses the 5 of 9 conditions that are planned for every model."],
    ),
    "the plan given": (
        under(row("a", 0.9), prompt="optimal (plan given)", plan_given=True),
        [
            "optimal (plan given) gives the plan away: the order is of following a plan, not of "
            "planning."
        ],
    ),
    "a model that was not asked": (
        under(row("a", 0.9), absent=("c",)),
        ["c: not planned under baseline, so not ranked."],
    ),
}


@pytest.mark.parametrize(("situation", "said"), NOTES.values(), ids=NOTES.keys())
def test_notes_say_what_qualifies_the_ranking(situation, said):
    assert notes(situation) == said
