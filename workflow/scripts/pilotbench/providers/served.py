"""Whether the model that answered is the one that was requested."""

from __future__ import annotations

import re

_DATED = re.compile(r"-\d{4}(-?\d{2}-?\d{2})?")


def wanted(deployment: str, reports: str | None) -> str:
    """Return the name that an answer should report: `reports` of the entry, else the deployment."""
    return deployment if reports is None else reports


def as_asked(deployment: str, reports: str | None, answered: str | None) -> bool:
    """Return whether `answered` names the model that was requested.

    Without `reports`, the name may be followed by a date, or be missing.
    """
    if reports is not None:
        return answered == reports
    rest = (answered or deployment).removeprefix(deployment)
    return rest == "" or _DATED.fullmatch(rest) is not None


def complaint(deployment: str, reports: str | None, answered: str | None) -> str | None:
    """Return what is wrong with the name that an answer reports, None where it is right."""
    if as_asked(deployment, reports, answered):
        return None
    asked = wanted(deployment, reports)
    return f"answered as {answered}, asked for {asked}; if that is right, write reports: {answered}"
