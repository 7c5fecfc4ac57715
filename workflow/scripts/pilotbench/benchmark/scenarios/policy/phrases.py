"""The sentences of rules, notices and precedence, each in several wordings.

`{c}` is a condition in words that follow the noun, `{s}` the number of another section.
"""

from __future__ import annotations

EFFECTS: dict[str, tuple[str, ...]] = {
    "hold": (
        "{Many} {c} are held.",
        "{Many} {c} are held, whatever the limit says.",
        "Hold every {one} {c}.",
        "Every {one} {c} is held and stays as it is.",
        "The office holds all {many} {c}.",
        "All {many} {c} are on hold.",
        "Put every {one} {c} on hold.",
        "As for {many} {c}, hold them.",
    ),
    "desk": (
        "{Many} {c} go to `{desk}`.",
        "Send every {one} {c} to `{desk}` instead of treating it as requested.",
        "Every {one} {c} is a matter for `{desk}` and goes there.",
        "The desk of `{desk}` receives all {many} {c}.",
        "`{desk}` decides about {many} {c}; they go to that desk.",
        "All {many} {c} are sent to the desk of `{desk}`.",
        "Hand every {one} {c} to `{desk}`.",
        "As for {many} {c}, they go to the desk of `{desk}`.",
    ),
    "rest": (
        "{Many} {c} never qualify.",
        "{Many} {c} never qualify, whatever the limit says.",
        "Treat every {one} {c} as one of the rest.",
        "Every {one} {c} belongs to the rest.",
        "No {one} {c} qualifies.",
        "All {many} {c} are among the rest, on either side of the limit.",
        "Count every {one} {c} among the rest.",
        "As for {many} {c}, they do not qualify in any case.",
    ),
    "act": (
        "{Many} {c} always qualify.",
        "{Many} {c} always qualify, whatever the limit says.",
        "Treat every {one} {c} as one that qualifies.",
        "Every {one} {c} qualifies, on either side of the limit.",
        "Whatever the amount, {many} {c} qualify.",
        "All {many} {c} qualify; the limit is not applied to them.",
        "Count every {one} {c} among those that qualify.",
        "As for {many} {c}, they qualify in any case.",
    ),
    "limit": (
        "For {many} {c} the limit is {limit}.",
        "A limit of {limit} applies to {many} {c}, in place of the general one.",
        "{Many} {c} are measured against a limit of {limit}, not against the general one.",
        "The limit for {many} {c} is {limit}.",
        "Measure every {one} {c} against a limit of {limit}.",
        "Every {one} {c} has a limit of its own, which is {limit}.",
        "Instead of the general limit, {limit} is the limit for {many} {c}.",
        "As for {many} {c}, their limit is {limit}.",
    ),
}

EXEMPT = (
    "This does not apply to {many} {x}.",
    "{Many} {x} are exempt from this section.",
    "Exempt from this section are {many} {x}.",
    "The section does not cover {many} {x}.",
    "An exemption is made for {many} {x}.",
)
EXEMPT_APART = (
    "{Many} {x} are exempt from section {s}.",
    "Section {s} does not apply to {many} {x}.",
    "Section {s} makes no difference to {many} {x}, which are exempt from it.",
    "From section {s}, {many} {x} are exempt.",
)
EVEN_SO = (
    "The exemption does not extend to those {y}, which are treated like all others.",
    "Those of them {y} are not exempt, however.",
    "Among these exempt {many}, those {y} are covered by the section all the same.",
    "This exemption is lost by those {y}.",
    "Even then, those {y} are not exempt.",
)

PERIODS: dict[tuple[bool, bool], tuple[str, ...]] = {
    (True, True): (
        "This section is in force from {first} to {last}, both days included.",
        "The section applies from {first} until the end of {last}.",
        "Its first day in force is {first}, and its last is {last}.",
        "This section has effect from {first} to {last} (both days included) and at no other time.",
    ),
    (True, False): (
        "This section is in force from {first} on.",
        "The section has applied since {first}, and no end is set.",
        "Its first day in force was {first}, and no last day is set.",
    ),
    (False, True): (
        "This section is in force until the end of {last}.",
        "The section expires at the end of {last}.",
        "Its last day in force is {last}.",
        "After {last} this section has no effect.",
    ),
}

OVERRIDE = (
    "This section prevails over section {s}, in spite of the order of their numbers.",
    "Section {s} yields to this section, although the numbers suggest otherwise.",
    "Between this section and section {s}, this one prevails; their numbers do not matter here.",
)

SUSPENDED = (
    "Section {s} is suspended.",
    "Section {s} is suspended until another notice says otherwise.",
    "With this notice, section {s} is no longer in force.",
    "From this day on, section {s} is not applied.",
    "The management suspends section {s}.",
)
RESTORED = (
    "Section {s} is in force.",
    "Section {s} applies, whatever was announced about it before.",
    "With this notice, section {s} is in force again.",
    "The management puts section {s} back into force.",
    "Section {s}, which was suspended for a time, is applied as written again.",
)
GENERAL_LIMIT = (
    "The general limit for {many} is {limit}, whatever limit a request or another note names.",
    "For {many} in general, {limit} is the limit, also where a request or a note names another.",
    "Lists of {many} are decided by a limit of {limit}; limits in requests or other notes are not"
    " used.",
    "The management has set the general limit for {many} at {limit}, and it replaces any limit in"
    " requests or other notes.",
)
FROM_DAY = (
    "This holds for requests made on {first} or later, and changes nothing before that day.",
    "It takes effect on {first}; until then, the previous limit remains.",
    "The first day on which it is used is {first}.",
)

STOP_NAMES = (
    "Data freeze",
    "Stocktaking",
    "Change of systems",
    "Audit stop",
    "Closing of the books",
    "Legal stop",
    "Migration",
    "Recount",
)
STOPS = (
    "From {first} to {last}, both days included, no list of {many} may be worked on, and any"
    " request for one is forbidden.",
    "Because of the {name} for {many}, every request to work on a list of {many} is forbidden from"
    " {first} until the end of {last}.",
    "{A_name} for {many} is in force from {first} until the end of {last}: during this time, a"
    " request that concerns a list of {many} is forbidden as a whole.",
    "All work on lists of {many} rests from {first} to {last} (both days included); requests for it"
    " are forbidden.",
)
OPEN_STOPS = (
    "From {first} on, no list of {many} may be worked on, and any request for one is forbidden.",
    "Because of the {name} for {many}, every request to work on a list of {many} has been forbidden"
    " since {first}.",
    "{A_name} for {many} has been in force since {first}: a request that concerns a list of {many}"
    " is forbidden as a whole.",
    "All work on lists of {many} has rested since {first}; requests for it are forbidden.",
)

MEANING: tuple[tuple[str, ...], ...] = (
    (
        "A request names a list of items and a limit, and it asks for the items above the limit or"
        " for those below it: these qualify, and all others are the rest.",
        "Items on the side of the limit that a request asks for (above it or below it) qualify; all"
        " others are the rest.",
    ),
    (
        "Decide about each item in two steps: find the limit that applies to it, which says whether"
        " it qualifies; then see whether another section says something else about the item, which"
        " replaces the result of the first step.",
        "There are two steps for each item. First, the limit that applies to it decides whether it"
        " qualifies. Second, a section that holds the item, sends it to a desk, or says that it"
        " qualifies or does not, replaces that result.",
    ),
    (
        "The limit of a request or of a notice is general: where a section gives a limit for"
        " certain items, that one applies to them instead.",
        "A limit that a section gives for certain items takes the place of the general limit, which"
        " is that of the request or, if there is one, of a notice.",
    ),
    (
        "An item that is held is left alone: its record is passed on neither with those that"
        " qualify nor with the rest.",
        "To hold an item means to do nothing with it; its record goes neither where the qualifying"
        " ones go nor where the rest goes.",
    ),
    (
        "Where an item goes to a desk, the person at that desk is notified with its record, and"
        " nothing else happens to the item.",
        "To send an item to a desk means to notify the person there with its record, once, and"
        " to do nothing else with it.",
    ),
    (
        "Totals, comparisons and other answers are about the qualifying items alone; items that are"
        " held or went to a desk do not count in them.",
        "Only items that qualify count in the answer to a request, in a total as well as in a"
        " comparison, and never those that are held or went to a desk.",
    ),
    (
        "A notification to a desk quotes no receipt number, and its own receipt is neither quoted"
        " nor given as an answer.",
        "Receipt numbers are quoted as the request says, except that notifications to a desk stay"
        " outside: they quote none and are not quoted.",
    ),
    (
        "An item that qualifies, or belongs to the rest, because a section says so is treated in"
        " every respect like one for which the limit says so.",
        "It makes no difference for what follows whether an item qualifies by a limit or because a"
        " section says so, and the same is true of the rest.",
    ),
)

PRECEDENCE: tuple[tuple[str, ...], ...] = (
    (
        "A section decides only about the kind of item that it names.",
        "What a section says about one kind of item is without effect on other kinds.",
    ),
    (
        "Whether a section is in force is decided by the day of the request, not by dates of the"
        " items.",
        "The day on which a request is made decides which sections are in force; due dates and"
        " slots of items have no part in this.",
    ),
    (
        "For items that are exempt from a section, decide as if that section did not exist; other"
        " sections may still apply to them.",
        "An exempt item is treated as though the section in question were not there, but it remains"
        " subject to all the others.",
    ),
    (
        "Of several notices about the same section or the same limit, only the one with the latest"
        " date counts among those that have taken effect, wherever it is printed.",
        "Notices are not printed in the order of their dates: where two speak about the same"
        " section or the same limit, the later date counts, provided that the notice has taken"
        " effect.",
    ),
    (
        "These rules prevail over the request; where they say nothing, the request is followed.",
        "Where the rules and a request differ, follow the rules, and follow the request in all that"
        " they leave open.",
    ),
    (
        "If a section forbids a request, nothing of it is carried out.",
        "A forbidden request is not even begun: nothing is passed on, written or sent.",
    ),
)

SCHEMES: dict[str, tuple[str, ...]] = {
    "lower": (
        "Where two sections say different things about the same item (one holds it, say, and the"
        " other says that it does not qualify), the section with the lower number prevails, unless"
        " one of them says that it prevails over the other. Sections that give limits are compared"
        " with each other only.",
        "Of two sections that do not say the same about an item, follow the one with the lower"
        " number, except where a section expressly prevails over another. To hold an item, to send"
        " it to a desk, to let it qualify and not to let it qualify are four different things."
        " Limits only contradict other limits.",
    ),
    "higher": (
        "Where two sections say different things about the same item (one holds it, say, and the"
        " other says that it does not qualify), the section with the higher number prevails, unless"
        " one of them says that it prevails over the other. Sections that give limits are compared"
        " with each other only.",
        "Of two sections that do not say the same about an item, follow the one with the higher"
        " number, except where a section expressly prevails over another. To hold an item, to send"
        " it to a desk, to let it qualify and not to let it qualify are four different things."
        " Limits only contradict other limits.",
    ),
    "kind": (
        "Where several sections speak about the same item, holding it prevails over everything"
        " else, sending it to a desk comes next, then the statement that it does not qualify, and"
        " last the statement that it does; of several special limits, the lowest applies. The"
        " numbers of sections do not matter.",
        "If sections say different things about an item, one that holds it is followed first, then"
        " one that sends it to a desk, then one that makes it part of the rest, and only then one"
        " that makes it qualify. Of several special limits, take the lowest. It does not matter in"
        " which order the sections are printed.",
    ),
}

OPENINGS = (
    "These rules bind everybody who works for the house, on paper or by machine. They are printed"
    " as they stand on {today}, the day of the request.",
    "This is the handbook of the house as it stands on {today}, the day on which it was asked for.",
    "House rules, complete, in the version of {today}, which is today.",
)

MEANING_TITLES = ("How a list is decided", "Working through a list", "What the words mean")
PRECEDENCE_TITLES = ("Which rule prevails", "Precedence", "Order among the rules")
RULE_TITLES = (
    "{Many}",
    "{Many}: special cases",
    "Special treatment of {many}",
    "Arrangements for {many}",
    "Instruction about {many}",
    "Agreement about {many}",
    "Handling of {many}",
    "{Many} in particular",
    "Special cases",
    "Instruction of the management",
    "Individual arrangements",
    "Departures from the usual course",
)
EXEMPT_TITLES = ("Exemption", "Relief", "An exception", "Exemption granted")
NOTICE_TITLES = ("Notice of {issued}", "Notice dated {issued}", "Notice issued on {issued}")

CONTEXT = (
    "The reasons are on file with the management.",
    "This was agreed with the heads of the regions.",
    "The works council has been heard.",
    "Questions about this are answered by the office on the {floor} floor.",
    "The section is reviewed once a year.",
    "It goes back to a proposal of the internal audit.",
    "Members of staff have been informed by letter.",
    "The customers concerned know about it.",
    "There is no form for this.",
    "Nobody needs to ask for a confirmation.",
    "The wording was simplified in the last edition.",
    "The legal department has seen the text.",
    "Experience with this has been good.",
    "A similar arrangement exists at the sister house.",
    "New colleagues are told about it in their first week.",
    "The head of the office answers for it.",
    "It was introduced after a long discussion.",
    "Its effect is measured every quarter.",
    "The text replaces an older one that was hard to read.",
    "Suggestions for a better wording are welcome.",
    "It saves about {few} hours of work a week.",
    "The board took note of it in its {nth} meeting.",
    "Trainees may be asked about it in their examination.",
    "Those concerned have a copy in their folder.",
    "The reasons are of a practical nature.",
    "Nothing in it is secret.",
    "An explanation can be had from extension {ext}.",
    "The minutes of the {nth} meeting say more about the background.",
    "Until last year it was part of another handbook.",
    "The heads of department have signed it.",
    "It is meant to spare everybody needless letters.",
    "Those who wrote it have tried to be brief.",
    "The number of complaints has fallen since it was introduced.",
    "A copy hangs next to the copier on the {floor} floor.",
    "Other houses have asked to see the text.",
    "The head of the {nth} department was in favour of it.",
    "Doubts about its wording are discussed with {name}.",
    "It was last reviewed in {month}.",
    "Nobody has objected to it so far.",
    "The auditors from outside approve of it.",
)
