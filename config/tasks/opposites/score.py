"""A reply is right if it names one of the opposites as a whole word, in whatever sentence."""

import re


def score(reply, row):
    """Return the verdict; `forms` has the opposites, separated by `|`."""
    named = [one for one in row["forms"].split("|") if re.search(rf"\b{one}\b", reply, re.I)]
    return {"success": bool(named), "read": named[0] if named else "none"}
