"""Replies in eight languages against the verdict of a careful reader: `tests/data/replies.yaml`.

`python -m pytest tests/benchmark/scorers/test_replies.py -s` prints the table of agreement.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.scorer import Verdict

GROUPS = yaml.safe_load(Path("tests/data/replies.yaml").read_text(encoding="utf-8"))
LABELS = ("alone", "right", "wrong")


class Reply(NamedTuple):
    """A reply, what was wanted of it, and the careful reader's label."""

    language: str
    kind: str
    options: dict[str, Any]
    wanted: Any
    text: str
    label: str


def replies() -> list[Reply]:
    return [
        Reply(g["language"], g["kind"], g.get("options", {}), g["wanted"], text, label)
        for g in GROUPS
        for label in LABELS
        for text in g.get(label, [])
    ]


def verdict(reply: Reply) -> Verdict:
    scorer = SCORERS[reply.kind]
    options = {key: option["default"] for key, option in scorer.options.items()}
    if "extract" in options:
        options["extract"] = "anywhere"
    return scorer.judge(reply.wanted, reply.text, options | reply.options)


def test_the_verdicts_agree_with_a_careful_reader() -> None:
    """No reply is accepted falsely; at most two in a hundred right ones are refused."""
    accepted, refused, forms = [], [], []
    table = Counter[tuple[str, str, str]]()
    for reply in replies():
        found = verdict(reply)
        said = "right" if found.right else "wrong"
        table[reply.language, reply.label, said] += 1
        if found.right and reply.label == "wrong":
            accepted.append((reply, found))
        if not found.right and reply.label != "wrong":
            refused.append((reply, found))
        if found.right and found.in_form is not None and found.in_form != (reply.label == "alone"):
            forms.append((reply, found))
    print(_shown(table, accepted, refused, forms))
    total = sum(table.values())
    assert total >= 400
    assert not accepted
    assert not forms
    assert len(refused) <= 0.02 * total


def test_a_third_of_the_replies_are_wrong_in_each_language() -> None:
    labels = {one: Counter[str]() for one in ("en", "zh", "fr", "de", "es", "ja", "ru", "ar", "ko")}
    for reply in replies():
        labels[reply.language][reply.label] += 1
    assert all(3 * one["wrong"] >= one.total() for one in labels.values())


SPOILED = {
    "en": "{} or @|not {}|{} is wrong|{} and @|maybe {}|{}? No.|{}; @|I doubt it is {}",
    "zh": "{}或@|不是{}|可能{}|{}和@|{}吗？|{}、@",
    "fr": "{} ou @|pas {}|peut-être {}|ce n’est pas {}|{} et @|{} ? Non.",
    "de": "{} oder @|nicht {}|vielleicht {}|{} und @|kein {}|{} ist falsch",
    "es": "{} o @|no {}|quizás {}|no es {}|{} y @",
    "ja": "{}または@|{}ではない|たぶん{}|{}と@|{}か@|{}ですか？",
    "ru": "{} или @|не {}|возможно, {}|{} и @",
    "ar": "{} أو @|ليس {}|ربما {}|{} و @|{}؟",
    "ko": "{} 또는 @|{}가 아닙니다|아마 {}|{}?",
}
"""What makes a right reply a wrong one: a denial, a doubt, a question or a second answer."""
SECOND = {"number": "7", "exact": "Zug", "one_of": "Zug"}
_WITHIN = re.compile(r"\n|[.!?]\s*.*\s|[。！].")


def spoiled() -> list[Reply]:
    """Return the right replies of one sentence, each spoiled in the ways of its language."""
    whole = [
        reply
        for reply in replies()
        if reply.label != "wrong" and reply.kind in SECOND and not _WITHIN.search(reply.text)
    ]
    return [
        reply._replace(text=form.replace("@", SECOND[reply.kind]).replace("{}", reply.text))
        for reply in whole
        for form in SPOILED[reply.language].split("|")
    ]


def test_a_denial_a_doubt_or_a_second_answer_spoils_every_right_reply() -> None:
    found = spoiled()
    assert len(found) > 2000
    assert [reply for reply in found if verdict(reply).right] == []


def _shown(table: Counter[tuple[str, str, str]], *lists: list[tuple[Reply, Verdict]]) -> str:
    lines = ["language  replies  accepted rightly  rejected rightly  false accepts  false rejects"]
    for language in [*dict.fromkeys(key[0] for key in table), ""]:
        mine = {k: n for k, n in table.items() if language in ("", k[0])}

        def count(wrong: bool, said: str, mine: Any = mine) -> int:
            return sum(n for k, n in mine.items() if (k[1] == "wrong") == wrong and k[2] == said)

        numbers = (
            count(False, "right"),
            count(True, "wrong"),
            count(True, "right"),
            count(False, "wrong"),
        )
        lines.append(
            f"{language or 'all':8} {sum(mine.values()):8} " + "".join(f"{n:16}" for n in numbers)
        )
    for title, some in zip(("FALSE ACCEPT", "FALSE REJECT", "FORM"), lists, strict=True):
        lines += [f"{title} {r.language} {r.kind} {r.wanted!r} {r.text!r}: {v}" for r, v in some]
    return "\n" + "\n".join(lines)
