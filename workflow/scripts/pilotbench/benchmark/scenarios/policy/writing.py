"""Write the sections of a set of rules among those of other matters, in order and numbered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy import phrases
from pilotbench.benchmark.scenarios.policy.conditions import Condition, in_words, phrase
from pilotbench.benchmark.scenarios.policy.handbook import context, topics
from pilotbench.benchmark.scenarios.policy.rules import LimitNotice, Noun, Rule, RuleSet

MARK = "§"
"""Encloses the key of a section in a sentence until the sections have numbers."""


LEAST = 8
"""The words of a short sentence: a text is complete when fewer are missing."""


@dataclass(frozen=True)
class Section:
    """A section before it has a number; `key` names it."""

    key: str
    title: str
    sentences: tuple[str, ...]

    @property
    def words(self) -> int:
        """Return the length in words, with number and title."""
        return 1 + sum(text.count(" ") + 1 for text in (self.title, *self.sentences))


@dataclass
class Writer:
    """Writes sections; no wording is used twice before all others for the same have been used."""

    random: SeededRandom
    desk: str
    context: list[str] = field(default_factory=list)
    decks: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def surroundings(self, most: int) -> list[str]:
        """Return up to so many sentences that decide nothing."""
        count = self.random.whole(0, most)
        if len(self.context) < count:
            self.context = list(self.random.pick(context().variants).sentences)
        return [self.context.pop() for _ in range(count)]

    def next_of(self, wordings: tuple[str, ...]) -> str:
        """Return one of the wordings, none twice before all have been used."""
        if not self.decks.get(wordings):
            self.decks[wordings] = self.random.mixed(wordings)
        return self.decks[wordings].pop()

    def say(self, wordings: tuple[str, ...], noun: Noun, **values: object) -> str:
        """Return one of the wordings with its values."""
        many = noun.many
        return self.next_of(wordings).format(
            one=noun.one,
            many=many,
            Many=many[0].upper() + many[1:],
            amount=noun.amount,
            desk=self.desk,
            **values,
        )

    def such(self, condition: Condition, noun: Noun) -> str:
        """Return a condition in words."""
        return phrase(self.random, condition, noun.amount)

    def rule(self, key: str, rule: Rule, over: str) -> list[Section]:
        """Return the sections of a rule: itself, its notices and perhaps its exemption."""
        noun, random = rule.noun, self.random
        values = {"c": self.such(rule.when, noun), "limit": f"{rule.limit:,}"}
        said = [self.say(phrases.EFFECTS[rule.effect], noun, **values)]
        apart: list[Section] = []
        if rule.unless:
            alone = random.chance(0.4)
            exempt = self.exemption(key, rule, alone)
            if alone:
                title = self.say(phrases.EXEMPT_TITLES, noun)
                apart = [Section(f"{key}x", title, (*exempt, *self.surroundings(2)))]
            else:
                said += exempt
        said += self.period(rule)
        if over:
            said.append(self.say(phrases.OVERRIDE, noun, s=f"{MARK}{over}{MARK}"))
        lines = (*self.surroundings(1), *said, *self.surroundings(2))
        own = Section(key, self.say(phrases.RULE_TITLES, noun), lines)
        return [own, *apart, *self.notices(key, rule)]

    def exemption(self, key: str, rule: Rule, alone: bool) -> list[str]:
        """Return the sentences of an exemption, and of the exemption from it."""
        wordings = phrases.EXEMPT_APART if alone else phrases.EXEMPT
        values = {"x": self.such(rule.unless, rule.noun), "s": f"{MARK}{key}{MARK}"}
        said = [self.say(wordings, rule.noun, **values)]
        if rule.even_so:
            back = self.such(rule.even_so, rule.noun)
            said.append(self.say(phrases.EVEN_SO, rule.noun, y=back))
        return said

    def period(self, rule: Rule) -> list[str]:
        """Return the sentence that says when a rule is in force, if it does not always."""
        wordings = phrases.PERIODS.get((bool(rule.first), bool(rule.last)))
        return [self.say(wordings, rule.noun, **_days(rule))] if wordings else []

    def notices(self, key: str, rule: Rule) -> list[Section]:
        """Return the notices about a section."""
        return [
            self.notice(
                f"{key}n{place}",
                one.issued,
                self.say(
                    phrases.SUSPENDED if one.suspends else phrases.RESTORED,
                    rule.noun,
                    s=f"{MARK}{key}{MARK}",
                ),
            )
            for place, one in enumerate(rule.notices)
        ]

    def notice(self, key: str, issued: str, *said: str) -> Section:
        """Return a notice in the section of its date."""
        title = self.random.pick(phrases.NOTICE_TITLES).format(issued=in_words(issued))
        return Section(key, title, (*said, *self.surroundings(2)))

    def limit(self, key: str, one: LimitNotice) -> Section:
        """Return a notice of the general limit."""
        said = [self.say(phrases.GENERAL_LIMIT, one.noun, limit=f"{one.limit:,}")]
        if one.first:
            said.append(self.say(phrases.FROM_DAY, one.noun, first=in_words(one.first)))
        return self.notice(key, one.issued, *said)

    def stop(self, key: str, name: str, rule: Rule) -> list[Section]:
        """Return the sections of a stop of all work on a kind of item."""
        wordings = phrases.STOPS if rule.last else phrases.OPEN_STOPS
        small = name[0].lower() + name[1:]
        a_name = f"{'An' if small[0] in 'aeiou' else 'A'} {small}"
        said = self.say(wordings, rule.noun, name=small, A_name=a_name, **_days(rule))
        own = Section(key, name, (*self.surroundings(1), said, *self.surroundings(2)))
        return [own, *self.notices(key, rule)]

    def general(self, key: str, titles: Sequence[str], lines: Iterable[Sequence[str]]) -> Section:
        """Return a section about the rules themselves, its sentences in drawn order."""
        said = tuple(self.random.pick(wordings) for wordings in lines)
        return Section(key, self.random.pick(titles), said)

    def filler(self, words: int) -> list[Section]:
        """Return sections of the handbook of so many words in all."""
        random, found = self.random, []
        for place, topic in enumerate(random.some(topics(), min(len(topics()), words // 60 + 5))):
            words -= 3
            if words < LEAST:
                break
            passage = random.pick(topic.variants)
            count = min(len(passage.sentences), random.whole(5, 9))
            while passage.words[count] > words + LEAST and count > 1:
                count -= 1
            words -= passage.words[count]
            title = random.pick(topic.titles)
            found.append(Section(f"f{place}", title, passage.sentences[:count]))
        return found


def _days(rule: Rule) -> dict[str, str]:
    return {
        name: in_words(day) for name, day in (("first", rule.first), ("last", rule.last)) if day
    }


def own_sections(writer: Writer, rules: RuleSet) -> list[Section]:
    """Return the sections of the rules, their notices, and how to read them."""
    found = [
        writer.general("meaning", phrases.MEANING_TITLES, phrases.MEANING),
        writer.general(
            "precedence",
            phrases.PRECEDENCE_TITLES,
            writer.random.mixed((*phrases.PRECEDENCE, phrases.SCHEMES[rules.scheme])),
        ),
    ]
    for place, rule in enumerate(rules.rules):
        over = f"r{place + 1}" if place == rules.override else ""
        found += writer.rule(f"r{place}", rule, over)
    found += [writer.limit(f"l{place}", one) for place, one in enumerate(rules.limits)]
    names = writer.random.some(phrases.STOP_NAMES, len(rules.stops))
    for place, (name, rule) in enumerate(zip(names, rules.stops, strict=True)):
        found += writer.stop(f"s{place}", name, rule)
    return found


def arranged(
    random: SeededRandom, sections: list[Section], rules: RuleSet, in_force: int
) -> list[Section]:
    """Return the sections in drawn order, those in force in the order of the precedence."""
    order = random.mixed(sections)
    if rules.scheme == "kind":
        return order
    keys = [f"r{place}" for place in range(in_force)]
    if rules.override >= 0:
        first = rules.override
        keys[first : first + 2] = keys[first + 1], keys[first]
    if rules.scheme == "higher":
        keys.reverse()
    named = {section.key: section for section in sections}
    waiting = iter(keys)
    return [named[next(waiting)] if section.key in keys else section for section in order]


@dataclass(frozen=True)
class Written:
    """The text of the rules, and the number of each section by its key."""

    text: str
    numbers: dict[str, int]


def write(
    random: SeededRandom, rules: RuleSet, in_force: int, desk: str, today: str, words: int
) -> Written:
    """Return the rules in a text of about so many words; the first rules are those in force."""
    writer = Writer(random, desk)
    opening = random.pick(phrases.OPENINGS).format(today=in_words(today))
    own = own_sections(writer, rules)
    left = words - opening.count(" ") - sum(section.words for section in own)
    order = arranged(random, own + writer.filler(left), rules, in_force)
    numbers = {section.key: number for number, section in enumerate(order, 1)}
    parts = [opening]
    parts += [f"{n}. {one.title}\n{' '.join(one.sentences)}" for n, one in enumerate(order, 1)]
    pieces = "\n\n".join(parts).split(MARK)
    pieces[1::2] = [str(numbers[key]) for key in pieces[1::2]]
    return Written("".join(pieces), numbers)
