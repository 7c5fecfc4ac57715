"""Images of questions are found, checked, and identified by their content."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.instances import Image
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.episodes.episode import play
from pilotbench.ground.errors import TaskError
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request, without_images
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
PNG = b"\x89PNG\r\n\x1a\n" + b"dots"
JPEG = b"\xff\xd8\xff" + b"dots"
DATA = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{DATA}"
TASK = "description: d\nscorer: {kind: exact}\n"


def pack(folder: Path, *lines: Json, task: str = TASK, image: bytes = PNG) -> QuestionPack:
    """Return a pack with these lines and the file `a.png`."""
    folder.mkdir(exist_ok=True)
    (folder / "task.yaml").write_text(task)
    (folder / "a.png").write_bytes(image)
    (folder / "instances.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return QuestionPack(folder)


def shown(found: QuestionPack) -> Sequence[Image]:
    """Return the images that are sent with the first question."""
    return found.images(found.instance("none", 0))


def line(image: Any, **rest: Any) -> Json:
    return {"question": "What is it?", "answer": "a dot", "image": image, **rest}


@pytest.mark.parametrize("value", ["a.png", "./a.png", URL])
def test_a_path_and_a_data_url_are_the_same_image(tmp_path: Path, value: str) -> None:
    found = pack(tmp_path / "p", line(value))
    instance = found.instance("none", 0)
    (image,) = shown(found)
    assert (image.media_type, image.url) == ("image/png", URL)
    same = pack(tmp_path / "q", line(URL)).instance("none", 0)
    assert instance.question_hash == same.question_hash


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (b"GIF89a", "image/gif"),
     (b"RIFF0000WEBP", "image/webp")],
)  # fmt: skip
def test_the_type_is_that_of_the_content(tmp_path: Path, content: bytes, media_type: str) -> None:
    found = pack(tmp_path / "p", line("a.png"), image=content)
    assert shown(found)[0].media_type == media_type


def test_another_content_is_another_question(tmp_path: Path) -> None:
    before = pack(tmp_path / "p", line("a.png"))
    was = before.instance("none", 0)
    after = pack(tmp_path / "p", line("a.png"), image=PNG + b"!")
    now = after.instance("none", 0)
    assert was.question_hash != now.question_hash
    assert was.content_hash != now.content_hash
    assert before.scoring_version != after.scoring_version
    assert DATA not in json.dumps(was.as_json())


def test_a_pack_without_images_has_the_hashes_that_it_had(tmp_path: Path) -> None:
    plain = {"question": "What is it?", "answer": "a dot"}
    ignored = f"{TASK}ignore: [image]\n"
    found = pack(tmp_path / "p", {**plain, "image": "elsewhere.png"}, task=ignored)
    assert shown(found) == ()
    assert found.instance("none", 0).question_hash == (
        pack(tmp_path / "q", plain).instance("none", 0).question_hash
    )
    assert pack(tmp_path / "r", plain).scoring_version.endswith("-28da16331bddd86d")


def test_the_key_can_have_another_name(tmp_path: Path) -> None:
    named = f"{TASK}fields: {{image: picture}}\n"
    plain = {"question": "q", "answer": "a", "picture": "a.png"}
    found = pack(tmp_path / "p", plain, task=named)
    assert len(shown(found)) == 1


def test_several_images_are_shown_in_their_order(tmp_path: Path) -> None:
    other = f"data:image/png;base64,{base64.b64encode(PNG + b'!').decode()}"
    found = pack(tmp_path / "p", line(["a.png", other]))
    assert [one.url for one in shown(found)] == [URL, other]
    one, two = (
        pack(tmp_path / name, line(images)).instance("none", 0).question_hash
        for name, images in (("q", ["a.png"]), ("r", [other, "a.png"]))
    )
    assert one == pack(tmp_path / "s", line("a.png")).instance("none", 0).question_hash
    assert len({one, two, found.instance("none", 0).question_hash}) == 3


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("b.png", "image: b.png cannot be read: No such file"),
        ("../p.png", "image: ../p.png is outside of the pack"),
        ("/etc/hostname", "image: /etc/hostname is outside of the pack"),
        ("task.yaml", "image is not an image; allowed: PNG, JPEG, GIF, WebP"),
        ("data:image/png,x", "image is not a data URL in base64"),
        ("data:image/png;base64,???", "image is not a data URL in base64"),
        ("", "image is not a path or a data URL"),
        (3, "image is not a path or a data URL"),
        ("a\0b", "image: a\0b cannot be read: not a path"),
        ("https://example.org/a.png", "image is an address: download it, and give a path below"),
        ([], "image is an empty list"),
        (["a.png", "b.png"], "image[1]: b.png cannot be read: No such file"),
    ],
)
def test_a_bad_image_is_one_line_with_file_and_number(tmp_path: Path, value: Any, why: str) -> None:
    found = pack(tmp_path / "p", line("a.png"), line(value, question="Another"))
    with pytest.raises(TaskError) as caught:
        found.check()
    assert f"instances.jsonl: line 2: {why}" in str(caught.value)
    assert "\n" not in str(caught.value)


TEXT = "What is it?"
SHOWN: dict[str, tuple[str, Sequence[Json]]] = {
    "chat": (
        "content",
        [{"type": "text", "text": TEXT}, {"type": "image_url", "image_url": {"url": URL}}],
    ),
    "responses": (
        "content",
        [{"type": "input_text", "text": TEXT}, {"type": "input_image", "image_url": URL}],
    ),
    "messages": (
        "content",
        [
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": DATA},
            },
            {"type": "text", "text": TEXT},
        ],
    ),
    "gemini": (
        "parts",
        [{"inlineData": {"mimeType": "image/png", "data": DATA}}, {"text": TEXT}],
    ),
}
"""Wire format -> where the content of a question is, and what it is."""


@pytest.mark.parametrize("api", SHOWN)
def test_an_image_is_sent_in_the_form_of_each_wire_format(tmp_path: Path, api: str) -> None:
    task = pack(tmp_path / "p", line("a.png"))
    prompt = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        sent.append(request.body)
        said = WIRE_FORMATS[api].written("a dot")
        return Answer(Completion(said, "stop", "m"), "k", 0.0, 0.0, 0.0, 1)

    instance, model = task.instance("none", 0), Model("m", "p", "m", api=api)
    record = play(task, instance, prompt, PROTOCOLS["none"], model, "none", 0, 1, ask).record
    assert record["success"] is True
    place, content = SHOWN[api]
    body = sent[0]
    message = next(body[name] for name in ("messages", "input", "contents") if name in body)[-1]
    assert [part for part in message[place] if part.get("text", TEXT) != TEXT] == []
    assert message[place] == content
    assert DATA not in json.dumps(without_images(body, 9))
    assert "x" * 9 in json.dumps(without_images(body, 9))
