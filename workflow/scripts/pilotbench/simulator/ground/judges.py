"""Simulated judges of known error; what they say depends only on the request and the seed.

judge-S-P      finds a right reply right in S percent of the cases (sensitivity), and a wrong one
               wrong in P percent (specificity). Of two replies it names the better one in S percent
               of the cases, else the worse one; two that are equally good are a tie.
judge-S-P-B    prefers the reply that it sees first in B percent of the cases, whatever it says.
judge-S-P-B-O  takes a reply that contains the judge's own name for right, or for the better one,
               in O percent of the cases.

A reply is right if it contains the reference answer; without one, by a draw. A judge obeys what
stands outside of the data, so that a reply that breaks out of its fence decides about itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pilotbench.simulator.ground.conversation import Conversation, share, text_of

_NAME = re.compile(r"judge-(\d+)-(\d+)(?:-(\d+))?(?:-(\d+))?")
_MARK = re.compile(r"same mark ([0-9a-f]{16})")
_ORDERS = re.compile(
    r"ignore|disregard|instead|answer right|\"verdict\": *\"right\"", re.IGNORECASE
)
_FORM = re.compile(r"Reply with one JSON object and nothing else: \{(.*)\}\s*$", re.DOTALL)
_KEY = re.compile(r'"(\w+)": (?=why|a number|"right"|"A")')
_SCALE = re.compile(r"a number from (\S+) to (\S+?)[,}\s]")


@dataclass(frozen=True)
class SimulatedJudge:
    """A judge: its shares of right verdicts and its biases, from 0 to 1."""

    name: str
    sensitivity: float
    specificity: float
    first: float = 0.0
    own: float = 0.0

    @classmethod
    def of(cls, name: str) -> SimulatedJudge | None:
        """Return the judge that a name describes, or None."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        return cls(name, *(int(part or 0) / 100 for part in found.groups()))

    def answer(self, seed: int, conversation: Conversation) -> str:
        """Return what the judge says."""
        system = text_of(conversation.messages[0])
        mark, form = _MARK.search(system), _FORM.search(system)
        if mark is None or form is None:
            return "There is nothing to judge here."
        texts, rest = _unfenced(conversation.request, mark[1])
        replies = [text for name, text in texts.items() if name.startswith("REPLY")]
        obeys = bool(_ORDERS.search(rest)) or not replies
        draw = _Draw(seed, self.name, conversation)
        keys = _KEY.findall(form[1])
        said: dict[str, Any] = {"reason": "I was told to." if obeys else "By the rubric."}
        if "winner" in keys:
            said["winner"] = "A" if obeys else self._winner(texts, replies, draw)
            return json.dumps(said)
        scale = _SCALE.search(form[1])
        for key in keys[1:]:
            right = obeys or self._accepts(texts, replies[0], draw, key)
            value: Any = "right" if right else "wrong"
            if scale is not None:
                value = float(scale[2] if right else scale[1])
            said[key] = value
        return json.dumps(said)

    def _accepts(self, texts: dict[str, str], reply: str, draw: _Draw, key: str) -> bool:
        if self._is_own(reply, draw.model) and draw("own", key) < self.own:
            return True
        if _is_right(texts, reply, draw):
            return draw("right", key) < self.sensitivity
        return draw("wrong", key) >= self.specificity

    def _winner(self, texts: dict[str, str], replies: list[str], draw: _Draw) -> str:
        if draw("first") < self.first:
            return "A"
        own = [self._is_own(reply, draw.model) for reply in replies]
        if own[0] != own[1] and draw("own") < self.own:
            return "A" if own[0] else "B"
        good = [_is_right(texts, reply, draw) for reply in replies]
        if good[0] == good[1]:
            return "tie"
        better, worse = ("A", "B") if good[0] else ("B", "A")
        return better if draw("better") < self.sensitivity else worse

    def _is_own(self, reply: str, model: str) -> bool:
        return model in reply


@dataclass(frozen=True)
class _Draw:
    """Draws of one request: a `seed` in it makes others."""

    seed: int
    judge: str
    conversation: Conversation

    @property
    def model(self) -> str:
        return self.conversation.model

    def __call__(self, *what: str) -> float:
        given = self.conversation.body.get("seed")
        return share(self.seed, self.judge, self.conversation.digest, given, *what)


def _is_right(texts: dict[str, str], reply: str, draw: _Draw) -> bool:
    reference = texts.get("REFERENCE ANSWER")
    if reference is None:
        return share(draw.seed, "truth", texts.get("QUESTION"), reply) < 0.5
    return reference.casefold() in reply.casefold()


def _unfenced(text: str, mark: str) -> tuple[dict[str, str], str]:
    """Return the texts between lines with the mark by their names, and what stands outside."""
    fence = re.compile(
        rf"^=== BEGIN ([A-Z ]+) {mark} ===[^\n]*\n(.*?)^=== END \1 {mark} ===$",
        re.DOTALL | re.MULTILINE,
    )
    texts = {match[1]: match[2].removesuffix("\n") for match in fence.finditer(text)}
    return texts, fence.sub("", text)
