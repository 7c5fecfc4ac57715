"""A reply is right if it names the right word and not the other one, in whatever sentence."""

import re

WORDS = ("positive", "negative")
DENIED = r"(?:\bnot|n't)\s+(?:\w+\s+)?"


def score(reply, row):
    """Return the verdict; a word behind "not" is not named."""
    plain = re.sub(rf"{DENIED}(?:{'|'.join(WORDS)})", "", reply.lower())
    named = [word for word in WORDS if re.search(rf"\b{word}(?:ly)?\b", plain)]
    return {"success": named == [row["answer"]], "read": " and ".join(named) or "neither"}
