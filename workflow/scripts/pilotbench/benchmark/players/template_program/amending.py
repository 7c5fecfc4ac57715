"""What a request says the wrong way round and takes back."""

from __future__ import annotations

import re

from pilotbench.benchmark.players.template_program.text import Request

TOPICS = {
    "side": r"sides of the limit|side of the limit counts and|限值的两边",
    "places": r"places? for (?:those that count|what counts|counting [\w ]+) and"
    "|where the ones that"
    r" count go and|符合条件的和其余的去处",
    "rank": r"(?:largest|biggest) and (?:the )?smallest in the answer|答案里的最大和最小",
}
_LEFT = re.compile(
    r"\bnot\b|n't\b|\bno\b|nothing|nobody|in this one, they are right|was yesterday|rejected"
    r"|is wrong\b|are wrong, and|would become|right way round here|usually get .* wrong|nonsense"
    r"|to change .* from the way|没有|不用|没反|勿|别|不对|例外|就是这样|就对了|写对了",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r"nobody here had noticed|usually get .* right|here I did not, so take each|unless you turn"
    r"|so please swap|please swap them back|would be wrong to leave|be wrong to leave|is not right"
    r"|no, yes|not correct in this|exactly reverse|backwards, yes|contrary to|不例外|没写对"
    r"|是的，反了"
    r"|he has right|the answer is yes|yes, mixed|without reversing|should not have|who reads [^.]*"
    r"makes a mistake; read them inverse|就错了|opposite of what it says is right|just now"
    r"|not wanted, please make|do it the other way round\.$|, swap it back|they're right|it's true",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"not turn|don't turn|haven't|so don't|no need|not right\.|not need|is not|am not|he has not"
    r"|not so like|did not, so do not",
    re.IGNORECASE,
)


def is_turned(request: Request, topic: str) -> bool:
    """Return whether a request says that it has a topic the wrong way round."""
    found = re.search(TOPICS[topic], request.text, re.IGNORECASE)
    if found is None:
        return False
    sentence = request.sentence(found.start())
    text = request.text[sentence[0] : request.after(sentence)[1]]
    own = request.text[slice(*sentence)]
    if re.search(r"wrong way round in this message\.$|Checked:|Question:|here\.$|turn them", own):
        own = text
    if _TURNED.search(own) and not re.search("so don't|do not take|not right", own):
        return True
    return not _LEFT.search(own)
