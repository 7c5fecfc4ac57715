"""Find calls in text that a model wrote, by the same rules under every protocol.

Calls count by the place where they are, and the first of the best place is the call:

0. after a tag that families of models use for calls (`<tool_call>`), or in a `call` block;
1. in any other block, or at the beginning of the message;
2. anywhere else.

Further calls of the same place are surplus, or count as well where a message may have several. An
object that is data is skipped, and so is what it contains; so is an object without arguments in a
sentence. Broken JSON is repaired where it ends as JSON ends; an object that begins like a call and
cannot be repaired is a call that was not understood. In reasoning that is not closed, or in a
message that is nothing but reasoning, a call counts only at the end: before it are drafts. At most
10,000 places are examined, and at most three objects are repaired.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Any

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling
from pilotbench.providers.messages import Message, text_of
from pilotbench.providers.protocols import forms, marks
from pilotbench.providers.protocols.protocol import Parsed
from pilotbench.providers.protocols.reading import (
    LONGEST_REPAIR,
    BrokenError,
    Json,
    NotACallError,
    Tools,
    call_of,
    decoded_at,
    mended,
    plain,
)
from pilotbench.providers.protocols.reasoning import said

MOST_CALLS = 100
MOST_PLACES = 10_000
MOST_REPAIRS = 3
NOTHING = "no call in the text"


@dataclass(frozen=True)
class Found:
    """A call in a text, or None and why; `place` ranks where it is, `start` and `end` say where.

    `others` are the further calls of the same place up to `broken`, the first that cannot be read.
    """

    call: Json | None
    error: str | None = None
    others: tuple[Found, ...] = ()
    broken: Found | None = None
    thought: str | None = None
    repaired: bool = False
    place: int = 0
    start: int = 0
    end: int = 0


def parsed(message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL) -> Parsed:
    """Return what is read in the text of a message. Never raises."""
    spoken = said(message)
    known = {tool.name: tool.parameters for tool in tools}
    found, text, thought = Finder(spoken.text, known).first(), spoken.text, spoken.thought
    before = text[: found.start].strip()
    if spoken.unclosed:
        ending = Finder(spoken.unclosed, known).last()
        if ending.call is not None:
            found, before = ending, ""
            text = spoken.unclosed[ending.start :].strip()
            thought = spoken.unclosed[: ending.start].strip()
    thoughts = "\n".join(part for part in (thought, found.thought) if part) or None
    if calling.several:
        return _with_all(found, Parsed(found.call, found.error, 0, thoughts, text, before=before))
    surplus = min(MOST_CALLS, len(found.others))
    return Parsed(found.call, found.error, surplus, thoughts, text, found.repaired, before)


def _with_all(found: Found, one: Parsed) -> Parsed:
    """Return all calls of a message, or none where one of them cannot be read."""
    if found.broken is not None:
        return replace(one, call=None, error=found.broken.error, before="")
    repaired = found.repaired or any(other.repaired for other in found.others)
    further = tuple(other.call for other in found.others if other.call is not None)
    error = None if one.error == NOTHING else one.error
    return replace(one, error=error, repaired=repaired, further=further, exact=not repaired)


class Finder:
    """Reads the calls in a text, each once; `tools` are those that were offered."""

    def __init__(self, text: str, tools: Tools) -> None:
        self._text = text
        self._tools = tools
        self._found: list[Found] = []
        self._error = NOTHING
        self._places = MOST_PLACES
        self._repairs = MOST_REPAIRS
        if text.strip():
            self._scan()

    def first(self) -> Found:
        """Return the first call of the best place."""
        return self._chosen(self._found)

    def last(self) -> Found:
        """Return the first of those calls that the text ends with."""
        ending: list[Found] = []
        end = len(self._text)
        for one in reversed(self._found):
            between = marks.BACKTICKS.sub("", marks.EDGE.sub("", self._text[one.end : end]))
            if between.strip(" \t\r\n,;"):
                break
            ending.insert(0, one)
            end = one.start
        return self._chosen(ending)

    def _chosen(self, found: list[Found]) -> Found:
        if not found:
            return Found(None, self._error)
        best = min(one.place for one in found)
        first, *others = (one for one in found if one.place == best)
        if first.call is None:
            return first
        read = tuple(takewhile(lambda one: one.call is not None, others))
        broken = others[len(read)] if len(read) < len(others) else None
        return replace(first, others=read, broken=broken)

    def _scan(self) -> None:
        """Examine place after place."""
        at = self._beginning()
        start, end = 0, -1
        while self._places > 0 and len(self._found) <= MOST_CALLS:
            sign = marks.SIGN.search(self._text, at)
            if sign is None:
                return
            mark = marks.MARK.match(self._text, sign.start())
            if mark is None:
                at = sign.start() + 1
                continue
            self._places -= 1
            if end < 0 or self._text[end : mark.start()].strip():
                start = mark.start()  # else it follows another mark: `<tool_call>` and a fence
            try:
                at = self._read(mark, start)
            except NotACallError as why:
                self._found.append(Found(None, str(why), start=start, end=mark.end()))
                at = mark.end()
            end = mark.end() if at == mark.end() else -1

    def _beginning(self) -> int:
        """Read calls without a mark that begin the text; return where they end."""
        begin = len(self._text) - len(self._text.lstrip())
        self._places -= 1
        if self._text.startswith("functools[", begin):
            return self._values(begin + len("functools"), 0, begin)
        if self._text[begin] in "{[" and marks.VALUE.match(self._text, begin):
            return self._values(begin, 1, begin)
        end = self._python(begin, 1, begin, alone=True)
        if end is not None:
            return end
        named = forms.NAMED.match(self._text, begin)
        if named and named["name"] in self._tools:
            return self._arguments(named["name"], named.end(), 1, begin)
        return begin

    def _read(self, mark: re.Match[str], start: int) -> int:
        """Read what follows a mark; return where to go on. Raises NotACallError."""
        after = mark.end()
        if mark["object"]:
            return self._values(mark.start(), 2, start)
        if mark["element"]:
            return self._element(mark, start)
        place = 0 if mark["fence"] is None or mark["word"].lower() in marks.CALL_WORDS else 1
        inside = marks.OPENING.match(self._text, after) if mark["fence"] is None else None
        begin = inside.end() if inside else after
        value = marks.VALUE.match(self._text, begin)
        if value:
            return self._values(value.end(), place, start)
        return after if place else self._family(begin, after, start)

    def _family(self, begin: int, after: int, start: int) -> int:
        """Read the forms of families of models that are not an object."""
        named = forms.NAMED.match(self._text, begin)
        if named:
            return self._arguments(named["name"], named.end(), 0, start)
        end = self._edge(begin, blocks=False)
        inside = self._text[begin:end]
        if not inside.strip():
            return after
        calls = forms.pairs(inside, self._tools) or forms.braces(inside)
        if calls:
            return self._add(plain(calls), 0, start, end)
        ended = self._python(begin, 0, start)
        return after if ended is None else ended

    def _python(self, begin: int, place: int, start: int, alone: bool = False) -> int | None:
        if forms.PYTHON.match(self._text, begin) is None:
            return None
        end = self._edge(begin, blocks=True)
        calls = forms.python(self._text[begin:end], self._tools, alone)
        return self._add(plain(calls), place, start, end) if calls else None

    def _element(self, mark: re.Match[str], start: int) -> int:
        after = mark.end()
        value = marks.VALUE.match(self._text, after)
        end = self._edge(after, blocks=False)
        if value and self._text[value.end()] == "{":
            return self._arguments(forms.element_name(mark[0]), value.end(), 0, start)
        calls = forms.element(mark[0], self._text[after:end], self._tools)
        return self._add(plain(calls), 0, start, end)

    def _arguments(self, name: str, at: int, place: int, start: int) -> int:
        """Read an object of arguments, whose tool is known."""
        try:
            value, end, repaired = self._value(at, True)
        except BrokenError as why:
            self._found.append(Found(None, str(why), place=place, start=start, end=why.end))
            return max(why.end, at + 1)
        if name == "json":  # not a tool: `<tool_call>json {"name": …}`
            return self._add([value], place, start, end, repaired)
        return self._add([{"name": name, "arguments": value}], place, start, end, repaired)

    def _values(self, at: int, place: int, start: int) -> int:
        """Read an object or a list of them, and those that follow it directly."""
        while True:
            try:
                value, end, repaired = self._value(at, place == 0)
            except BrokenError as why:
                if marks.BEGINS_AS_CALL.match(self._text, at):
                    self._found.append(Found(None, str(why), place=place, start=start, end=why.end))
                self._note(str(why))
                return max(why.end, at + 1)
            self._add(value if isinstance(value, list) else [value], place, start, end, repaired)
            following = marks.NEXT.match(self._text, end) if place < 2 else None
            if following is None or self._places <= 0:
                return end
            self._places -= 1
            at = start = following.end()

    def _add(
        self, values: list[Any], place: int, start: int, end: int, repaired: bool = False
    ) -> int:
        """Add the values that are calls; return `end`."""
        if len(values) == 1 and isinstance(values[0], dict):
            within = values[0].get("tool_calls")
            values = within if isinstance(within, list) else values
        for value in values[: MOST_CALLS + 1]:
            try:
                made, mend = call_of(value, self._tools)
            except NotACallError as why:
                self._note(str(why))
                continue
            if place == 2 and not made["arguments"] and not self._on_own_lines(start, end):
                self._note("an object without arguments in a sentence")
                continue
            thought = text_of(value.get("thought")) or None
            self._found.append(
                Found(made, None, (), None, thought, repaired or mend, place, start, end)
            )
        return end

    def _on_own_lines(self, start: int, end: int) -> bool:
        """Return whether nothing else stands in the lines of a value."""
        before = self._text[self._text.rfind("\n", 0, start) + 1 : start]
        after = marks.LINE.match(self._text, end)
        return not before.strip() and after is not None

    def _note(self, error: str) -> None:
        """Keep the first reason why something is not a call."""
        if self._error == NOTHING:
            self._error = error

    def _value(self, at: int, is_call: bool) -> tuple[Any, int, bool]:
        """Return the value at a place, its end, and whether it was repaired. Raises BrokenError."""
        try:
            return *decoded_at(self._text, at), False
        except BrokenError as why:
            begins = is_call or marks.LIKE_A_CALL.match(self._text, at)
            if not why.mendable or not begins or self._repairs <= 0:
                raise
            self._repairs -= 1
            end = self._end_of_broken(at)
            return mended(self._text[at:end], why), end, True

    def _end_of_broken(self, at: int) -> int:
        """Return where a broken value ends: its last bracket, or what ends its surroundings.

        Where brackets are missing, that is before the next object that looks like a call.
        """
        limit = min(len(self._text), at + LONGEST_REPAIR + 1)
        depth = 0
        for bracket in marks.BRACKETS.finditer(self._text, at, limit):
            if bracket[0][0] != '"':
                depth += 1 if bracket[0] in "{[" else -1
            if depth == 0:
                return bracket.end()
        following = marks.FOLLOWING.search(self._text, at + 1, limit)
        return min(limit, self._edge(at, blocks=True), following.start() if following else limit)

    def _edge(self, at: int, blocks: bool) -> int:
        """Return where the next tag begins (or, with `blocks`, the next fence)."""
        edges = self._edges_and_fences if blocks else self._edges
        place = bisect_left(edges, at)
        return edges[place] if place < len(edges) else len(self._text)

    @cached_property
    def _edges(self) -> list[int]:
        return [found.start() for found in marks.EDGE.finditer(self._text)]

    @cached_property
    def _edges_and_fences(self) -> list[int]:
        fences = (found.start() for found in marks.BACKTICKS.finditer(self._text))
        return sorted([*self._edges, *fences])
