"""Whether a reply follows the instructions of a question in the format of IFEval.

`instruction_id_list` names the instructions and `kwargs` has the arguments of each. A question is a
success if all are followed; the score is the share that is. The metric `loose` is 1 if all are
followed by the reply, or by it without Markdown emphasis, its first line or its last line.
"""

import json
import re
import unicodedata

RELATIONS = {"at least": lambda n, limit: n >= limit, "less than": lambda n, limit: n < limit}
SENTENCE = re.compile(r"[^.!?。！？]*[^\s.!?。！？][^.!?。！？]*(?:[.!?。！？]+|\Z)")
CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def words(text):
    return re.findall(r"\w+", text)


def compared(number, relation, limit):
    return RELATIONS[relation or "at least"](number, limit)


def contains(reply, word):
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", reply, re.IGNORECASE) is not None


def keyword_count(reply, keyword, frequency, relation=None):
    found = re.findall(rf"(?<!\w){re.escape(keyword)}(?!\w)", reply, re.IGNORECASE)
    return compared(len(found), relation, frequency)


def letter_count(reply, letter, let_frequency, let_relation=None):
    return compared(reply.lower().count(letter.lower()), let_relation, let_frequency)


def language(reply, language):
    try:
        from langdetect import DetectorFactory, detect
    except ImportError:
        raise SystemExit("language:response_language needs: pip install langdetect") from None
    DetectorFactory.seed = 0
    return detect(reply) == language


def sentence_count(reply, num_sentences, relation=None):
    return compared(len(SENTENCE.findall(reply)), relation, num_sentences)


def paragraphs(reply, num_paragraphs):
    parts = re.split(r"\s?\*\*\*\s?", reply.strip())
    return len([part for part in parts if part.strip()]) == num_paragraphs


def word_count(reply, num_words, relation=None):
    return compared(len(words(reply)), relation, num_words)


def first_word(reply, num_paragraphs, nth_paragraph, first_word):
    parts = [part for part in re.split(r"\n\s*\n", reply.strip()) if part.strip()]
    if len(parts) != num_paragraphs or nth_paragraph > len(parts):
        return False
    found = words(parts[nth_paragraph - 1])
    return bool(found) and found[0].lower() == first_word.lower()


def placeholders(reply, num_placeholders):
    return len(re.findall(r"\[[^\[\]]*\]", reply)) >= num_placeholders


def postscript(reply, postscript_marker="P.S."):
    marker = r"\s*".join(re.escape(char) for char in postscript_marker.replace(" ", ""))
    return re.search(rf"^\s*{marker}", reply, re.IGNORECASE | re.MULTILINE) is not None


def bullets(reply, num_bullets):
    return len(re.findall(r"^\s*(?:\*(?!\*)|-)\s*\S", reply, re.MULTILINE)) == num_bullets


def constrained(reply):
    return any(answer in reply for answer in CONSTRAINED)


def highlights(reply, num_highlights):
    found = re.findall(r"\*\*([^*\n]+)\*\*|(?<!\*)\*([^*\n]+)\*(?!\*)", reply)
    return len([one for one in found if "".join(one).strip()]) >= num_highlights


def sections(reply, section_spliter, num_sections):
    return len(re.findall(rf"\s?{re.escape(section_spliter)}\s?\d+\s?", reply)) >= num_sections


def is_json(reply):
    text = re.sub(r"^```(?:json)?\s*|\s*```$", "", reply.strip(), flags=re.IGNORECASE)
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def title(reply):
    return any(one.strip() for one in re.findall(r"<<([^\n]+?)>>", reply))


def two_responses(reply):
    parts = [part.strip() for part in reply.split("******")]
    given = [part for part in parts if part]
    return len(given) == 2 and given[0] != given[1] and "" not in parts[1:-1]


def repeats(reply, prompt_to_repeat):
    return reply.strip().lower().startswith(prompt_to_repeat.strip().lower())


def ends(reply, end_phrase):
    return reply.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quoted(reply):
    text = reply.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


def capital_words(reply, capital_frequency, capital_relation=None):
    found = [word for word in words(reply) if word.isupper()]
    return compared(len(found), capital_relation, capital_frequency)


CHECKS = {
    "keywords:existence": lambda r, keywords: all(contains(r, one) for one in keywords),
    "keywords:frequency": keyword_count,
    "keywords:forbidden_words": lambda r, forbidden_words: (
        not any(contains(r, one) for one in forbidden_words)
    ),
    "keywords:letter_frequency": letter_count,
    "language:response_language": language,
    "length_constraints:number_sentences": sentence_count,
    "length_constraints:number_paragraphs": paragraphs,
    "length_constraints:number_words": word_count,
    "length_constraints:nth_paragraph_first_word": first_word,
    "detectable_content:number_placeholders": placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": bullets,
    "detectable_format:constrained_response": constrained,
    "detectable_format:number_highlighted_sections": highlights,
    "detectable_format:multiple_sections": sections,
    "detectable_format:json_format": is_json,
    "detectable_format:title": title,
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeats,
    "startend:end_checker": ends,
    "startend:quotation": quoted,
    "change_case:capital_word_frequency": capital_words,
    "change_case:english_capital": lambda r: r.isupper(),
    "change_case:english_lowercase": lambda r: r.islower(),
    "punctuation:no_comma": lambda r: "," not in r,
}


def followed(name, reply, arguments):
    """Return whether a reply follows one instruction; an unknown one is an error."""
    given = {key: value for key, value in (arguments or {}).items() if value is not None}
    return bool(reply.strip()) and bool(CHECKS[name](reply, **given))


def variants(reply):
    """Return the reply, and the reply without what models put around an answer."""
    lines = reply.strip().split("\n")
    parts = [reply, "\n".join(lines[1:]), "\n".join(lines[:-1]), "\n".join(lines[1:-1])]
    return [*parts, *(part.replace("*", "") for part in parts)]


def score(reply, row):
    reply = unicodedata.normalize("NFC", reply)
    tasks = list(zip(row["instruction_id_list"], row["kwargs"], strict=True))
    strict = [followed(name, reply, given) for name, given in tasks]
    loose = [any(followed(name, one, given) for one in variants(reply)) for name, given in tasks]
    missed = [name for (name, _), kept in zip(tasks, strict, strict=True) if not kept]
    return {
        "success": all(strict),
        "score": sum(strict) / len(strict),
        "loose": all(loose),
        "why": f"not followed: {', '.join(missed)}" if missed else "all instructions are followed",
    }
