"""What a sentence states: `The result is 42, because …` says 42."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilotbench.benchmark.scorers.languages import LANGUAGES, REASONS, RETRACTS, denied
from pilotbench.benchmark.scorers.marks import SECOND

LONGEST = 300
_SENTENCES = re.compile(r"(?<=[.!])\s+|(?<=[。！])")
_REASON = re.compile(rf",?\s+(?:{REASONS})\b[^;?]*$", re.IGNORECASE)
_UNSPACED = "|".join(one.reasons for one in LANGUAGES.values() if not one.spaced)
_UNSPACED_REASON = re.compile(rf"[,，、]?(?:{_UNSPACED})[^;；?？]*$")
_EMPHASIS = re.compile(r"(\*\*|__)(.+?)\1")
_EQUALS = "[=≈]"


def _longest_first(words: str) -> str:
    return "|".join(sorted(words.split("|"), key=len, reverse=True))


_VERBS = {
    name: re.compile(
        rf"(?<![^\W_])(?:{_longest_first(one.states)})(?![^\W_])\s*:?|{_EQUALS}", re.IGNORECASE
    )
    for name, one in LANGUAGES.items()
    if one.spaced
}
_VERBS["ru"] = re.compile(rf"(?<=\s)[—–]\s+(?:это\s)?|{_VERBS['ru'].pattern}", re.IGNORECASE)
_VERBS["zh"] = re.compile(rf"(?:{LANGUAGES['zh'].states})+[:：]?|{_EQUALS}")
_JAPANESE = re.compile(r"(?:^|は|=)([^は=]+?)(?:です|だ|である|になります|となります)?$")
_KOREAN = re.compile(r"[은는]\s*(\S[^은는]*?)(?:입니다|이다|이에요)?$")
_KANA, _HANGUL, _HAN = (
    re.compile(f"[{a}]") for a in ("\u3040-\u30ff", "\uac00-\ud7af", "\u3400-\u9fff")
)
_NUMBER = re.compile(r"[-−]?\$?\d[\d.,']*")
_END = " .。!！;；*_"


def statements(line: str) -> list[str]:
    """Return what the last sentence of a line states, as each language would read it.

    That is what follows its verb (`is`, `beträgt`, `是`, `=`), up to a reason (`because …`). A
    sentence that denies, asks, bounds or offers an alternative states nothing, and neither does
    one that states two things.
    """
    sentences = _sentences(line)
    if not sentences:
        return []
    head = without_reason(_EMPHASIS.sub(r"\2", sentences[-1]))
    if denied(f"{head} {sentences[-1][-1:]}"):
        return []
    return list(dict.fromkeys(_stated(head)))


def first_sentence(line: str) -> str | None:
    """Return the first sentence of what a mark announces, without a reason.

    None where what follows it denies something or takes it back.
    """
    sentences = _sentences(line)
    rest = " ".join(sentences[1:])
    if not sentences or denied(rest) or RETRACTS.search(rest) or SECOND.match(rest):
        return None
    return without_reason(sentences[0])


def without_reason(sentence: str) -> str:
    """Return a sentence up to `because …`, without its final mark."""
    return _UNSPACED_REASON.sub("", _REASON.sub("", sentence)).rstrip(_END)


def _sentences(line: str) -> list[str]:
    if len(line) > LONGEST:
        return []
    return [one for one in map(str.strip, _SENTENCES.split(line)) if one]


def _stated(head: str) -> Iterator[str]:
    if _KANA.search(head):
        yield from (match[1].strip() for match in _JAPANESE.finditer(head))
    elif _HANGUL.search(head):
        yield from (match[1].strip() for match in _KOREAN.finditer(head))
    elif _HAN.search(head):
        yield from _complement(_VERBS["zh"], head)
    else:
        for name, verb in _VERBS.items():
            if name != "zh":
                yield from _complement(verb, head)


def _complement(verb: re.Pattern[str], head: str) -> Iterator[str]:
    verbs = list(verb.finditer(head))
    said = head[verbs[-1].end() :].strip() if verbs else ""
    if said and (len(verbs) == 1 or _agree(head, verbs)):
        yield said


def _agree(head: str, verbs: list[re.Match[str]]) -> bool:
    """Return whether the verbs of a sentence state the same number, or make one equation."""
    if not re.search(r"[^\W\d_]|[,;，；]", head):
        return True
    values = [_NUMBER.match(head[one.end() :].lstrip(" *_")) for one in verbs]
    return all(values) and len({one[0].rstrip(".,") for one in values if one}) == 1
