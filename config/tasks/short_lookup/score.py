"""A reply is right if it names what is asked for, and not the other thing in the passage."""

import re


def score(reply, row):
    """Return the verdict. `forms` and `others` are forms of one thing each, separated by `|`."""
    right, wrong = named(row["forms"], reply), named(row["others"], reply)
    return {"success": bool(right) and not wrong, "read": " and ".join(right + wrong) or "neither"}


def named(forms, reply):
    """Return the first form that a reply has as a whole word, also in the plural, as a list."""
    patterns = {one: rf"(?<!\w){re.escape(one)}s?\b" for one in forms.split("|")}
    return [one for one, pattern in patterns.items() if re.search(pattern, reply, re.I)][:1]
