"""The labels that may ask, and the token of each: the client shows it instead of a key."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pilotbench.ground.errors import ConfigError, UserError, hint, of_system
from pilotbench.ground.path_names import to_path

SHORTEST = 16
"""Characters of a token."""


class NotAdmitted(UserError):
    """The token of a request is not that of its label."""


class Labels:
    """The tokens by label; the first label is that of requests that name none."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self.tokens = tokens

    def admitted(self, named: str | None, token: str) -> str:
        """Return the label of a request. Raises NotAdmitted for a wrong token or label."""
        own = [label for label, one in self.tokens.items() if _equal(one, token)]
        if not own:
            raise NotAdmitted(
                "wrong token: send the one that `pilotbench serve` printed, as Authorization: "
                "Bearer TOKEN (the API key of most clients)"
            )
        if named is None:
            return own[0]
        if named not in own:
            raise NotAdmitted(f"label {named}: this token is not its token{hint(named, own)}")
        return named


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))


def from_variable(labels: Iterable[str], name: str, environment: Mapping[str, str]) -> Labels:
    """Return labels with the token that a variable holds. Raises ConfigError if it is unfit."""
    token = environment.get(name, "").strip()
    if len(token) < SHORTEST or not token.isascii() or any(one.isspace() for one in token):
        raise ConfigError(
            f"--token-env {name}: must be set to a token of at least {SHORTEST} characters, "
            "without spaces (for example by: openssl rand -hex 24)"
        )
    return Labels(dict.fromkeys(labels, token))


def generated(labels: Iterable[str], folder: Path) -> Labels:
    """Return labels with generated tokens, kept in a file each that only the user can read."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Labels({label: _kept(folder / f"{to_path(label, 200)}.token") for label in labels})
    except OSError as error:
        raise ConfigError(f"limits_dir: {of_system(error)}") from None


def _kept(file: Path) -> str:
    """Return the token in a file, made the first time."""
    token = f"pb-{secrets.token_hex(24)}"
    own = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(f"{token}\n")
        try:
            os.link(own, file)  # whole or not at all, and only by one process
        except FileExistsError:
            token = file.read_text(encoding="ascii").strip()
    finally:
        own.unlink()
    return token
