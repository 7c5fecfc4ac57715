"""The pictures of the documentation are taken by a command, at a fixed size."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from dev import pictures
from support.optional import BROWSER, lacking, skip_for

README = pictures.ROOT / "README.md"


def size(picture: Path) -> tuple[int, ...]:
    """Return the width and height of a PNG file."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def test_every_picture_of_the_readme_can_be_taken_again() -> None:
    shown = set(re.findall(r'src="docs/images/([^"]+)"', README.read_text(encoding="utf-8")))
    assert shown == {picture.name for picture in pictures.PICTURES}
    assert {file.name for file in pictures.IMAGES.glob("*.png")} == shown


@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.name)
def test_a_picture_has_its_declared_size(picture: pictures.Picture) -> None:
    assert size(pictures.IMAGES / picture.name) == (pictures.WIDTH, picture.height)


@pytest.mark.browser
def test_a_page_is_photographed_at_the_requested_width(tmp_path: Path) -> None:
    skip_for(lacking(BROWSER))
    for picture in pictures.PICTURES:
        page = tmp_path / "summary" / picture.page
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<body data-ready='yes'>text")
    pictures.photograph(tmp_path / "summary", tmp_path / "out", width=390)
    for picture in pictures.PICTURES:
        assert size(tmp_path / "out" / picture.name) == (390, picture.height)
