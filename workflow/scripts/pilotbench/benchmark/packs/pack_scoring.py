"""How the answers to a pack's questions are scored: by its scorer, or that of a question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs.pack_lines import PackLines
from pilotbench.benchmark.packs.scorer_choice import ScorerChoice, chosen
from pilotbench.benchmark.scorers.judging import KIND as JUDGE
from pilotbench.benchmark.scorers.scorer import PackCode, Verdict
from pilotbench.benchmark.tasks.task import Score, Transcript
from pilotbench.ground.errors import TranscriptError, Unscorable

Json = dict[str, Any]
OPTIONAL = ("score", "metrics")
"""What only some scorers say in a verdict."""


class Calls(list[Json]):
    """The calls of a message, and its text."""

    text: str = ""


@dataclass(frozen=True)
class PackScoring:
    """What scores the answers of one pack; `code` is its code by the key of a choice."""

    task: str
    lines: PackLines
    scorer: ScorerChoice
    code: Mapping[str, PackCode]

    def of_reply(self, instance: Instance, transcript: Transcript) -> Score:
        """Return the score of a question that has one reply.

        Raises TranscriptError where the transcript is of another instance.
        """
        from pilotbench.benchmark.tasks import scoring

        if transcript.instance != instance.content_hash:
            raise TranscriptError(
                f"{self.task} {instance.index}: the transcript is of instance "
                f"{transcript.instance[:12]}, this one is {instance.content_hash[:12]}"
            )
        if self._choice(instance).kind == JUDGE:
            return scoring.awaited(instance, transcript)
        answer = _answer(instance, transcript)
        error = transcript.turns[-1].parse_error if transcript.turns else None
        why = f"a call cannot be read: {error}" if error else None
        _, success, words = self.goal(instance, answer)
        goal = {"kind": "answer", "holds": success, "says": words}
        score = scoring.answered(success, [goal])
        return scoring.graded(score, self.verdict(instance, answer, why))

    def goal(self, instance: Instance, answer: Any) -> tuple[Json, bool, str]:
        """Return (predicate, holds, words): the one goal of a question."""
        choice, wanted = self._choice(instance), instance.extra["answer"]
        verdict = self._judged(instance, answer)
        words = choice.scorer.goal.format(json.dumps(wanted, ensure_ascii=False))
        return {"kind": "answer"}, verdict is not None and verdict.counts(choice.options), words

    def verdict(self, instance: Instance, answer: Any, why: str | None = None) -> Json:
        """Return what was wanted, what was read and by which rule, and why it was accepted.

        `why` says why there is no answer.
        """
        found = self._judged(instance, answer)
        found = found or Verdict(False, False, None, "none", why or "no answer")
        known = {k: v for k, v in vars(found).items() if v is not None or k not in OPTIONAL}
        return {"wanted": instance.extra["answer"], **known}

    def _choice(self, instance: Instance) -> ScorerChoice:
        """Return the scorer of a question."""
        own = instance.extra.get("scorer")
        return self.scorer if own is None else chosen(self.lines.place(instance.index), own)

    def _judged(self, instance: Instance, answer: Any) -> Verdict | None:
        """Return the scorer's verdict, None without an answer."""
        choice = self._choice(instance)
        try:
            if answer is None:
                return None
            wanted = instance.extra["answer"]
            if choice.key not in self.code:
                return choice.scorer.judge(wanted, answer, choice.options)
            row, code = self.lines.row(instance.index), self.code[choice.key]
            if isinstance(answer, Calls):
                return code.judge({**row, "calls": answer}, wanted, answer.text)
            return code.judge(row, wanted, answer)
        except Unscorable as error:
            raise Unscorable(f"{self.lines.place(instance.index)}: {error}") from None


def _answer(instance: Instance, transcript: Transcript) -> Any:
    """Return what is scored: the answer, as calls where the question has tools of its own."""
    answer = transcript.answer
    if "tools" not in instance.extra or answer is None:
        return answer
    is_text = isinstance(answer, str)
    calls = Calls(() if is_text else answer)
    calls.text = answer if is_text else transcript.turns[-1].content or ""
    return calls
