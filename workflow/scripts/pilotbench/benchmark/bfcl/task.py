"""The categories of BFCL as tasks: their instances, and their scores by the package's checker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.bfcl.categories import MULTI_TURN, PREFIX
from pilotbench.benchmark.bfcl.checker import TOO_LONG, Found, as_python, checker
from pilotbench.benchmark.bfcl.conversations import ManyTurns, OneMessage
from pilotbench.benchmark.bfcl.instance import NONE, BfclInstance, instance_of
from pilotbench.benchmark.bfcl.official import VERSION, size
from pilotbench.benchmark.instances import Example, Image, Instance, ToolSpec
from pilotbench.benchmark.tasks.conversation import Calling, Conversation
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.ground.errors import TaskError, TranscriptError

Json = dict[str, Any]
MOST_TURNS = 8
"""The user messages of the longest conversation."""
MOST_STEPS = 21
SCORING = "1"
CALLING = Calling(rules="", several=True, exact=True)
CUT_OFF = ("max_turns", "context_overflow")


class BfclTask:
    """A category; see the Task protocol for the attributes."""

    difficulties: tuple[str, ...] = (NONE,)
    rated = False
    planned = False
    longest_plan = 1
    benchmark_version = None
    judging: None = None
    calling = CALLING
    examples: tuple[Example, ...] = ()
    system = ""

    def __init__(self, name: str) -> None:
        """Find the category in the installed package. Raises NotThere."""
        self.name = name
        self.category = name.removeprefix(PREFIX)
        self.size: int | None = size(self.category)
        self.description = f"BFCL v4, {self.category.replace('_', ' ')}."
        self.scoring_version = self.rules_version = f"bfcl-eval-{VERSION}-{SCORING}"
        self._talks = self.category.startswith(MULTI_TURN)

    def instance(self, difficulty: str, index: int) -> BfclInstance:
        """Return a test by its place. Raises TaskError."""
        if difficulty != NONE:
            raise TaskError(f"{self.name} has no difficulty {difficulty!r}; allowed: {NONE}")
        if not 0 <= index < (self.size or 0):
            raise TaskError(f"{self.name}: no instance {index}; it has {self.size}")
        return instance_of(self.name, self.category, index)

    @property
    def names(self) -> dict[str, int]:
        """The index of each test by its id."""
        return {self.instance(NONE, n).extra["id"]: n for n in range(self.size or 0)}

    def check(self) -> None:
        """Do nothing: the version of the package is fixed, and the tests check it."""

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the functions of the test."""
        return _ours(instance).offered

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return nothing: tests have no images."""
        return ()

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> Conversation:
        """Return a fresh conversation; its functions never fail by draw."""
        return ManyTurns(_ours(instance)) if self._talks else OneMessage(_ours(instance))

    def max_turns(self, difficulty: str) -> int:
        """Return one, or as many as a conversation has before BFCL ends it."""
        return MOST_TURNS * (MOST_STEPS + 1) if self._talks else 1

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score an episode by the package's checker.

        Raises TranscriptError where the transcript is of another instance, and Unscorable.
        """
        if transcript.instance != instance.content_hash:
            raise TranscriptError(
                f"{self.name} {instance.index}: the transcript is of instance "
                f"{transcript.instance[:12]}, this one is {instance.content_hash[:12]}"
            )
        check = self._of_turns if self._talks else self._of_calls
        found = check(_ours(instance), transcript)
        return scored(_ours(instance), transcript, found)

    def _of_calls(self, instance: BfclInstance, transcript: Transcript) -> Found:
        """Return the verdict on the calls of the only message."""
        turns = transcript.turns
        calls = turns[0].calls if turns else []
        if "relevance" in self.category:
            wanted = "irrelevance" not in self.category
            kind = "relevance_error" if wanted else "irrelevance_error"
            why = "no call was made" if wanted else "a call was made"
            return Found(True) if bool(calls) == wanted else Found(False, kind, (why,))
        if turns and turns[0].parse_error and not calls:
            return Found(False, "ast_decoder:decoder_failed", (turns[0].parse_error,))
        if not calls:
            return Found(False, "ast_decoder:decoder_failed", ("no call was made",))
        return checker().check_calls(self.category, instance.index, named(calls))

    def _of_turns(self, instance: BfclInstance, transcript: Transcript) -> Found:
        """Return the verdict on a conversation."""
        if transcript.end_reason in CUT_OFF:
            kind = "multi_turn:force_terminated"
            return Found(False, kind, (f"it ended early: {transcript.end_reason}",))
        if any(TOO_LONG in _replies(turn) for turn in transcript.turns):
            return Found(False, "multi_turn:too_long", (TOO_LONG,))
        return checker().check_turns(self.category, instance.index, steps_of(transcript.turns))


def steps_of(turns: Sequence[Turn]) -> list[list[list[str]]]:
    """Return the calls of each message with calls, by turn of the user, as the package has them."""
    found: list[list[list[str]]] = [[]]
    for turn in turns:
        if turn.calls:
            found[-1].append([as_python(call) for call in turn.calls])
        if turn.user is not None:
            found.append([])
    return found


def scored(instance: BfclInstance, transcript: Transcript, found: Found) -> Score:
    """Return the score of an episode with this verdict."""
    return Score(
        success=found.valid,
        progress=float(found.valid),
        level="full_success" if found.valid else "failure",
        weighted_score=float(found.valid),
        collateral_damage=False,
        goals=[{"kind": "answer", "holds": found.valid, "says": "BFCL's checker accepts it"}],
        broken=[],
        errors={} if found.valid else {_error(transcript, found): 1},
        calls=[],
        transient={"met": 0, "retried": 0, "recovered": 0},
        flaws={},
        world_diff=[],
        verdict={
            "wanted": instance.extra["answer"],
            "right": found.valid,
            "in_form": None,
            "read": _read(instance, transcript),
            "rule": found.kind or "valid",
            "why": " ".join(found.why) or "accepted by bfcl-eval",
        },
    )


def _read(instance: BfclInstance, transcript: Transcript) -> Any:
    """Return what was read, in the form of the accepted answer; words where there is no call."""
    if not any(turn.calls for turn in transcript.turns):
        return transcript.answer or None
    if not instance.category.startswith(MULTI_TURN):
        return named(transcript.turns[0].calls)
    return [[call for step in turn for call in step] for turn in steps_of(transcript.turns)]


def named(calls: Sequence[Json]) -> list[Json]:
    """Return calls as the package has them."""
    return [{call["tool"]: call["arguments"]} for call in calls]


_KINDS = {
    "wrong_func_name": "tool_selection",
    "irrelevance_error": "tool_selection",
    "relevance_error": "tool_selection",
    "wrong_count": "tool_selection",
    "cannot_find_match": "parameter_config",
    "missing": "parameter_config",
    "unexpected_param": "parameter_config",
    "type_error": "parameter_config",
    "value_error": "parameter_config",
    "force_terminated": "max_turns",
}


def _error(transcript: Transcript, found: Found) -> str:
    """Return the kind of error of an answer that is not accepted."""
    if any(turn.parse_error for turn in transcript.turns):
        return "tool_call_format"
    kinds = (kind for part, kind in _KINDS.items() if part in (found.kind or ""))
    return next(kinds, "no_rule_error")


def _replies(turn: Turn) -> list[Any]:
    return [turn.reply, *(one["reply"] for one in turn.further)]


def _ours(instance: Instance) -> BfclInstance:
    assert isinstance(instance, BfclInstance)
    return instance
