"""Files of a Hugging Face hub, at one revision; a download that broke off is resumed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pilotbench.ground.errors import UserError
from pilotbench.ground.scrubber import Scrubber
from pilotbench.ground.variables import variable

if TYPE_CHECKING:
    import httpx2

ENDPOINT = "https://huggingface.co"
FORM = "OWNER/NAME@REVISION"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_HUB = re.compile(rf"({_WORD}/{_WORD})@([A-Za-z0-9][A-Za-z0-9._-]*)")
ATTEMPTS = 5
PAUSE_S = 2.0
TIMEOUT_S, CONNECT_S = 60, 10


class _Broken(Exception):
    """A transfer that another attempt may continue; its text is one line."""


def is_hub(text: str) -> bool:
    """Return whether `text` is a repository of a hub at one revision."""
    return _HUB.fullmatch(text) is not None


def download(hub: str, file: str, part: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Complete `part`, which may have the beginning of `file` of the repository `hub`.

    The hub is that of HF_ENDPOINT, and HF_TOKEN is sent if it is set; .env may have both. Raises
    UserError, one line; what has arrived stays in `part`, and the next call continues there.
    """
    import httpx2

    match = _HUB.fullmatch(hub)
    if match is None:
        raise UserError(f"weights.hub: must be {FORM}")
    endpoint = (variable("HF_ENDPOINT") or ENDPOINT).rstrip("/")
    url = f"{endpoint}/{match[1]}/resolve/{match[2]}/{quote(file)}"
    headers = _authorization(variable("HF_TOKEN"))
    timeout = httpx2.Timeout(TIMEOUT_S, connect=CONNECT_S)
    with httpx2.Client(headers=headers, follow_redirects=True, timeout=timeout) as client:
        _completed(client, url, f"{hub}: {file}", part, sleep)


def _authorization(token: str) -> dict[str, str]:
    """Return the header for a token, if there is one. The error of a bad one does not show it."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UserError("HF_TOKEN: must be one word of ASCII characters")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _completed(
    client: httpx2.Client, url: str, named: str, part: Path, sleep: Callable[[float], None]
) -> None:
    """Attempt it again as long as it gets further; give up after ATTEMPTS that did not."""
    import httpx2

    final = httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects
    failed, furthest = 0, _size(part)
    while True:
        try:
            return _attempt(client, url, named, part)
        except (_Broken, httpx2.RequestError, httpx2.InvalidURL) as error:
            failed = 0 if _size(part) > furthest else failed + 1
            furthest = max(furthest, _size(part))
            if failed >= ATTEMPTS or isinstance(error, (*final, httpx2.InvalidURL)):
                why = str(error) or type(error).__name__
                where = Scrubber().scrub(url)
                raise UserError(f"{named}: cannot be downloaded from {where}: {why}") from None
            sleep(PAUSE_S)


def _attempt(client: httpx2.Client, url: str, named: str, part: Path) -> None:
    import httpx2

    begun = _size(part)
    # Without compression, so that a range counts the bytes of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            return  # all of it is there: its SHA-256 decides
        _check(answer, named)
        goes_on = answer.status_code == httpx2.codes.PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as target:
            for chunk in answer.iter_raw():
                target.write(chunk)


def _check(answer: httpx2.Response, named: str) -> None:
    """Raise UserError, or _Broken if another attempt may succeed."""
    status = answer.status_code
    if status < 300:
        return
    if status == 429 or status >= 500:
        raise _Broken(f"HTTP {status}")
    if status in (401, 403):
        advice = "accept the licence of the model there, and set HF_TOKEN, here or in .env"
        raise UserError(f"{named}: the hub refuses access (HTTP {status}): {advice}")
    if status == 404:
        raise UserError(f"{named}: the hub has no such file at this revision (HTTP 404)")
    raise UserError(f"{named}: the hub answers HTTP {status}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
