"""Questions that are conversations: messages of system, user and assistant, with images.

`[image 1]` stands in a text where the first image is shown, so that a conversation reads as text
everywhere but in a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Image, Instance, Utterance
from pilotbench.benchmark.packs.pack_images import image_of
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
ROLES = ("system", "user", "assistant")
SPEAKERS = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "assistant": "assistant",
}
"""Who speaks in the form of ShareGPT (`from`, `value`)."""
_PARTS = {
    "text": ("text",),
    "image": ("image", "path", "url"),
    "image_url": ("image_url",),
    "input_text": ("text",),
    "input_image": ("image_url",),
}
"""The type of a part, and the keys that may have its content."""
_MARK = re.compile(r"\n?\[image ([1-9]\d*)\]\n?")
_MARKS = re.compile(rf"(?:{_MARK.pattern})+")
_MESSAGES = re.compile(r"\s*\[\s*\{\s*\"(role|content|from|value)\"\s*:")


@dataclass(frozen=True)
class Conversation:
    """What is asked: `request` is the last message of the user, `before` are those before it.

    Each of `before` is a role and a text. `images` are those that the texts name.
    """

    request: str
    before: tuple[tuple[str, str], ...] = ()
    images: tuple[Image, ...] = ()


def looks_like_messages(text: str) -> bool:
    """Return whether a cell of a table begins like messages in JSON."""
    return _MESSAGES.match(text) is not None


def is_conversation(value: Any) -> bool:
    """Return whether a value of a table is a list of messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and ("role" in one or "from" in one) for one in value)
    )


def parted(value: Any) -> tuple[list[Any], Any] | None:
    """Return the messages before the last one and its text, if that is the assistant's."""
    if not is_conversation(value):
        return None
    *before, last = value
    role, text = last.get("role", last.get("from")), last.get("content", last.get("value"))
    return (before, text) if SPEAKERS.get(role) == "assistant" else None


def conversation_of(where: str, folder: Path, value: Any) -> Conversation:
    """Return the conversation that a line has: text, or messages. Raises TaskError."""
    if isinstance(value, str) and value.strip():
        return Conversation(value)
    if not isinstance(value, list):
        raise TaskError(f"{where} is not text and not a list of messages")
    reader = _Reader(folder)
    said = [reader.message(f"{where}[{n}]", one) for n, one in enumerate(value)]
    _check_order(where, said)
    reader.check_marks(where)
    return Conversation(said[-1][1], tuple(said[:-1]), tuple(reader.images))


def illustrated(said: Sequence[Utterance], images: Sequence[Image]) -> tuple[Utterance, ...]:
    """Return the messages with the images in the places that name them.

    Those that no text names are shown with the last message, which a prompt may have changed.
    """
    numbered = dict(enumerate(images, start=1))
    found = []
    for one in said[:-1]:
        named = [int(mark[1]) for mark in _MARK.finditer(one.text)]
        shown = {number: numbered.pop(number) for number in named if number in numbered}
        found.append(_with_images(one, shown))
    return (*found, _with_images(said[-1], numbered))


def spoken(instance: Instance) -> str:
    """Return the text of the request as it is sent: without the names of its images."""
    if "images" not in instance.extra:
        return instance.request
    return _MARKS.sub("\n", instance.request).strip("\n")


def _with_images(said: Utterance, images: dict[int, Image]) -> Utterance:
    """Return a message with each image in its place, or after the text if it has none."""
    if not images:
        return said
    pieces = _MARK.split(said.text)
    texts, numbers = pieces[0::2], [int(number) for number in pieces[1::2]]
    if numbers != list(images):
        return replace(said, images=tuple(images.values()))
    shown: list[str | Image] = [texts[0]]
    for number, after in zip(numbers, texts[1:], strict=True):
        shown += [images[number], after]
    parts = (one for one in shown if isinstance(one, Image) or one.strip())
    return replace(said, parts=tuple(parts))


def _check_order(where: str, said: Sequence[tuple[str, str]]) -> None:
    roles = [role for role, _ in said]
    if "system" in roles[1:]:
        place = roles.index("system", 1)
        raise TaskError(f"{where}[{place}]: only the first message can be of the role system")
    first = 1 if roles[:1] == ["system"] else 0
    if not roles[first:] or roles[-1] != "user":
        last = f"{roles[-1]!r}" if roles else "none"
        raise TaskError(f"{where}: the last message must be of the role user, not {last}")
    if roles[first] != "user":
        raise TaskError(f"{where}[{first}]: the conversation must begin with the role user")


class _Reader:
    """Reads the messages of one question; its images are numbered as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.images: list[Image] = []
        self._texts: list[str] = []

    def message(self, where: str, value: Any) -> tuple[str, str]:
        """Return role and text of a message."""
        if not isinstance(value, dict):
            raise TaskError(f"{where} is not a message with role and content")
        given = {key: one for key, one in value.items() if one is not None}
        who, what = ("from", "value") if "from" in given else ("role", "content")
        for key in given:
            if key not in (who, what):
                raise TaskError(f"{where}: unknown key {key!r}{hint(key, (who, what))}")
        role = given.get(who)
        known = SPEAKERS if who == "from" else dict(zip(ROLES, ROLES, strict=True))
        if not isinstance(role, str) or role not in known:
            raise TaskError(f"{where}.{who}: {role!r}; allowed: {', '.join(known)}")
        return known[role], self._content(f"{where}.{what}", role, given, what)

    def _content(self, where: str, role: str, given: Json, what: str) -> str:
        content = given.get(what)
        parts = content if isinstance(content, list) else [content]
        if not isinstance(content, str | list):
            raise TaskError(f"{where} is not text and not a list of parts")
        count = len(self.images)
        text = "\n".join(self._parts(where, parts, isinstance(content, list)))
        if not text.strip():
            raise TaskError(f"{where} is empty")
        if len(self.images) > count and SPEAKERS[role] != "user":
            raise TaskError(f"{where}: only messages of the role user can have images")
        return text

    def _parts(self, where: str, parts: Sequence[Any], is_list: bool) -> Iterator[str]:
        for number, part in enumerate(parts):
            place = f"{where}[{number}]" if is_list else where
            shown = part if isinstance(part, str) else self._part(place, part)
            if isinstance(shown, Image):
                self.images.append(shown)
                yield f"[image {len(self.images)}]"
            else:
                self._texts.append(shown)
                yield shown

    def _part(self, where: str, part: Any) -> str | Image:
        if not isinstance(part, dict):
            raise TaskError(f"{where} is not a part with type and content")
        given = {key: one for key, one in part.items() if one is not None}
        kind = given.pop("type", None)
        if kind not in _PARTS:
            raise TaskError(f"{where}.type: {kind!r}; allowed: text, image, image_url")
        allowed = _PARTS[kind]
        for key in given:
            if key not in allowed:
                raise TaskError(f"{where}: unknown key {key!r}{hint(key, allowed)}")
        if len(given) != 1:
            raise TaskError(f"{where}: a part of the type {kind} has one of: {', '.join(allowed)}")
        key, value = next(iter(given.items()))
        if allowed == ("text",):
            if not isinstance(value, str):
                raise TaskError(f"{where}.{key} is not text")
            return value
        return image_of(f"{where}.{key}", self._folder, _url(f"{where}.{key}", value))

    def check_marks(self, where: str) -> None:
        """Raise TaskError where a text has what stands for an image."""
        found = next((mark for text in self._texts if (mark := _MARK.search(text))), None)
        if self.images and found:
            raise TaskError(
                f"{where}: the text has {found[0].strip()}, which stands for an image of the "
                "question: write it in another way"
            )


def _url(where: str, value: Any) -> Any:
    """Return the address in `image_url`, which may be an object."""
    if not isinstance(value, dict):
        return value
    given = {key: one for key, one in value.items() if one is not None}
    for key in given:
        if key != "url":
            raise TaskError(f"{where}: unknown key {key!r}{hint(key, ('url',))}")
    return given.get("url")
