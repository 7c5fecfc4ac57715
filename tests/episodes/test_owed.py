"""The line about unfinished episodes: each cause its own, by kind, and what is said helps."""

from __future__ import annotations

import pytest

from pilotbench.episodes.owed import Owed, line, remedy
from pilotbench.ground import errors

KEPT = "Every answer received is kept"


def owed(*causes: tuple[str, str]) -> list[Owed]:
    return [Owed(index, 0, kind, message) for index, (kind, message) in enumerate(causes)]


SLOW = ("TimedOut", "no answer in 120 s")
BUSY = ("RateLimited", "HTTP 429")
WRONG = ("Rejected", "HTTP 404: no such model")
POOR = ("BudgetSpent", "budget_usd: 1 of 1 USD")
DEAD = ("QuotaSpent", "k: no credit")
FAULT = ("RecursionError", "too deep")
AGAIN = "run again to request them"
BROKEN = ("Unscorable", "the pattern a+ takes longer than 5 s to match")
UNREAD = ("UnusableAnswer", "no JSON")


@pytest.mark.parametrize(
    ("causes", "said", "helps"),
    [
        ([SLOW], "1 TimedOut: no answer in 120 s", [AGAIN]),
        ([SLOW, BUSY, SLOW], "2 TimedOut: no answer in 120 s; 1 RateLimited: HTTP 429", [AGAIN]),
        ([("Stopping", "asked to stop")], "1 Stopping: asked to stop", [AGAIN]),
        ([("NotAnswered", "x")], "1 NotAnswered: x", [AGAIN]),
        ([WRONG], "1 Rejected: HTTP 404: no such model", ["rejects these requests"]),
        ([DEAD], "1 QuotaSpent: k: no credit", ["a key that the service accepts"]),
        ([POOR], "1 BudgetSpent: budget_usd: 1 of 1 USD", ["raise budget_usd"]),
        ([UNREAD], "1 UnusableAnswer: no JSON", ["ask_unusable=true"]),
        ([FAULT], "1 RecursionError: too deep", ["a fault of this program"]),
        ([BROKEN], "1 Unscorable: the pattern a+", ["change the pattern or scorer"]),
        ([("Untrusted", "k")], "1 Untrusted: k", ["must be trusted"]),
        ([WRONG, SLOW], "1 Rejected", ["rejects these requests", AGAIN]),
        (
            [("TimedOut", "no answer (3 attempts in 9 s)"), ("TimedOut", "no answer")],
            "2 TimedOut: no answer.",
            [AGAIN],
        ),
        (
            [("Rejected", "a"), ("Rejected", "a"), ("Rejected", "b")],
            "3 Rejected: a (2 times, and 1 other message)",
            ["rejects"],
        ),
        (
            [SLOW, SLOW, BUSY, BUSY, WRONG, WRONG, POOR, FAULT],
            "2 Rejected: HTTP 404: no such model; 2 of other kinds",
            ["for 4: " + AGAIN, "for 2: the service rejects", "for 1: raise budget_usd", "a fault"],
        ),
    ],
)
def test_each_cause_is_counted_by_kind_and_what_helps_is_true(
    causes: list[tuple[str, str]], said: str, helps: list[str]
) -> None:
    told = line(20, owed(*causes), KEPT)
    assert told.startswith(f"{len(causes)} of 20 episodes owed: ")
    assert said in told
    assert f". {KEPT}; " in told
    for words in helps:
        assert words in told
    for words in (AGAIN, "raise budget_usd", "rejects", "a fault", "a key that", "ask_unusable"):
        assert (words in told) == any(words in one or one in words for one in helps), words
    assert "\n" not in told


def test_a_message_that_ends_its_sentence_gets_no_second_stop() -> None:
    assert "1 Rejected: no such model. Every" in line(1, owed(("Rejected", "no such model.")), KEPT)


def test_what_was_lost_is_said() -> None:
    lost = "3 paid answers could not be written, all others are kept"
    assert f". {lost}; " in line(3, owed(SLOW), lost)


def test_running_again_is_advised_only_for_what_a_further_attempt_can_finish() -> None:
    again = {kind for kind in vars(errors) if remedy(kind).again}
    assert again == {
        *("ProviderError", "Retryable", "RateLimited", "TimedOut", "ConnectionFailed"),
        *("ServerFailed", "Stopping", "ContextOverflow", "Refused", "OutInBatch"),
        "CommandFailed",
    }
    assert all(remedy(kind).again for kind in ("NotAnswered", "not_asked"))
