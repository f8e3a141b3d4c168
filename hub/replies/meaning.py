"""What a few words from a family mean, in every language of the house; the same by SMS, mail, chat and page.

Only what is clear is understood: a whole message that is one of these words, but for a greeting before or after it.
Everything else is read by a person. One thing may be said anywhere in a message: that the child should be at school.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.models.answers import AnswerKind
from hub.models.threads import SAID_WHY, TOLD_BEFORE
from hub.people.names import name_key
from hub.replies import lexicon, words_to_us


class Sense(StrEnum):
    """What kind of thing was said; kept with every reply."""

    DIGIT = "digit"
    """One of the three digits of an absence alert; a reply is kept with what it turned out to mean."""
    ACKNOWLEDGED = "acknowledged"
    YES = "yes"
    NO = "no"
    COUNT = "count"
    REASON = SAID_WHY
    SHOULD_BE_HERE = "should_be_here"
    TOLD_BEFORE = TOLD_BEFORE
    """An absence, said by the child's name before anybody asked."""
    WRONG_NUMBER = "wrong_number"
    STOP = "stop"
    START = "start"
    HELP = "help"
    LANGUAGE = "language"
    MISSED_CALL = "missed_call"
    CHOICE = "choice"
    """A number that chose among the questions that we asked back about."""
    PICTURE = "picture"
    """Nothing but a picture, which nobody fetches."""
    WORDS = "words"
    """For a person to read."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was said. `reason`: the answer that it is under an absence alert; `number`: how many; `language`: a code."""

    sense: Sense
    reason: AnswerKind | None = None
    number: int | None = None
    language: str | None = None


REASONS = {"1": AnswerKind.ILL, "2": AnswerKind.OTHER_REASON, "3": AnswerKind.SHOULD_BE_HERE}
"""The three answers of an absence alert, the same digits in every language."""
WORDS = Meaning(Sense.WORDS)
LONG = 1600
"""Characters in which « should be at school » is looked for: what follows is no answer in a hurry."""
_NODS = frozenset("👍👌✅✔☑🆗")
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Sk"})
"""Joiners, variation selectors and skin tones around a sign."""


def meaning_of(words: str) -> Meaning:
    """Read a whole message. Capitals, accents, full stops, and the digits of another script do not matter."""
    words = words[:LONG]
    said = plain(words)
    if not said:
        signs = {sign for sign in words if not sign.isspace() and unicodedata.category(sign) not in _UNSEEN}
        return Meaning(Sense.ACKNOWLEDGED) if signs and signs <= _NODS else WORDS
    for clear in (said, _without_thanks(said), _without_greeting(said)):
        known = _KNOWN.get(clear) or _digit(clear) or _how_many(clear)
        if known is not None:
            return known
    return Meaning(Sense.SHOULD_BE_HERE, AnswerKind.SHOULD_BE_HERE) if _alarms(said) else WORDS


def meaning_of_letter(words: str) -> Meaning:
    """Read a mail: what it answers stands in its first line, but a missing child may be anywhere."""
    words = words.lstrip()[:LONG]
    meaning = meaning_of(first_line(words))
    return meaning_of(words) if meaning.sense is Sense.WORDS else meaning


def first_line(words: str) -> str:
    """Give the first line that says something."""
    return next((line for line in words.splitlines() if line.strip()), "")


def named(words: str, names: Mapping[str, int]) -> tuple[int, str] | None:
    """Find whose name a message begins with, and what follows it: (id, the rest). None when nobody's, or of several."""
    said = _without_greeting(plain(words[:LONG]))
    found = [(key, who) for key, who in names.items() if key and (said == key or said.startswith(f"{key} "))]
    if not found:
        return None
    key, who = max(found, key=lambda one: len(one[0]))
    return who, said[len(key) :].strip()


def absence_of(rest: str) -> AnswerKind | None:
    """Read what is said of a child by name, of today: « est malade aujourd'hui », « absente ». None: it is not that."""
    said = _DAY.sub("", plain(rest)).strip()
    bare = _IS.sub("", said)
    for clear in (said, bare, _without_greeting(bare)):
        reason = _REASON_OF.get(clear)
        if reason is not None:
            return reason
        if clear in _ABSENT:
            return AnswerKind.OTHER_REASON
    return None


def plain(words: str) -> str:
    """Give the key of a message, its digits in ours (١ is 1)."""
    return "".join(str(unicodedata.digit(sign, sign)) for sign in name_key(words))


def _digit(said: str) -> Meaning | None:
    """Read a digit of an absence alert with the words of the question behind it: « 1 malade »."""
    digit, _, rest = said.partition(" ")
    reason = REASONS.get(digit)
    if reason is None or not rest:
        return None
    fits = _alarms(rest) if reason is AnswerKind.SHOULD_BE_HERE else _REASON_OF.get(rest) is reason
    return Meaning(Sense.DIGIT, reason) if fits else None


def _how_many(said: str) -> Meaning | None:
    """Read a number of people, in digits or letters; nobody is the same as no."""
    shape, numbers = [], []
    for token in said.split():
        number = int(token) if token.isascii() and token.isdigit() and len(token) < 3 else _NUMBERS.get(token)
        shape.append(token if number is None else "#")
        numbers += [] if number is None else [number]
    if len(numbers) != 1 or " ".join(shape) not in _HOW_MANY:
        return None
    return Meaning(Sense.COUNT, number=numbers[0]) if numbers[0] else Meaning(Sense.NO)


def _alarms(said: str) -> bool:
    return _SHOULD_BE_HERE.search(_NOT_LEFT.sub(" ", said)) is not None


def _without_thanks(said: str) -> str:
    """Take what is polite away from the end: « merci madame » still says thanks."""
    while (shorter := _POLITE_AFTER.sub("", said)) != said:
        said = shorter
    return said


def _without_greeting(said: str) -> str:
    """Take what is polite away from both ends, if anything is left then."""
    while (shorter := _POLITE_BEFORE.sub("", said)) != said:
        said = shorter
    return _without_thanks(said)


def _any_of(phrases: tuple[str, ...]) -> str:
    return "|".join(sorted(map(re.escape, map(plain, phrases)), key=len, reverse=True))


_SHOULD_BE_HERE = re.compile(rf"(?<!\w)(?:(?:{_any_of(lexicon.SHOULD_BE_HERE)})(?!\w)|(?:{lexicon.LEFT_AT}) \d)")
_NOT_LEFT = re.compile(rf"(?<!\w)(?:{_any_of(lexicon.NOT_LEFT)})(?!\w)")
_POLITE_BEFORE = re.compile(rf"^(?:{_any_of(words_to_us.POLITE)}) ")
_POLITE_AFTER = re.compile(rf" (?:{_any_of(words_to_us.POLITE)})$")
_DAY = re.compile(rf"(?<!\w)(?:{_any_of(lexicon.TODAY)})(?!\w)")
_IS = re.compile(rf"^(?:{_any_of(lexicon.IS)}) ")
_ABSENT = frozenset(map(plain, lexicon.ABSENT))
_NUMBERS = {plain(word): number for word, number in lexicon.NUMBERS.items()}
_HOW_MANY = frozenset(
    "#".join(map(plain, phrase.split("#"))).replace("#", " # ").strip() for phrase in lexicon.HOW_MANY
)
_REASON_OF = {plain(word): kind for kind, words in lexicon.REASONS.items() for word in words}
_KNOWN: dict[str, Meaning] = {
    **{word: Meaning(Sense.REASON, kind) for word, kind in _REASON_OF.items()},
    **{plain(word): Meaning(Sense.LANGUAGE, language=code) for word, code in words_to_us.LANGUAGE.items()},
    **{
        plain(word): Meaning(sense)
        for sense, words in (
            (Sense.NO, lexicon.NO),
            (Sense.YES, lexicon.YES),
            (Sense.ACKNOWLEDGED, lexicon.ACKNOWLEDGED),
            (Sense.HELP, words_to_us.HELP),
            (Sense.START, words_to_us.START),
            (Sense.STOP, words_to_us.STOP),
            (Sense.WRONG_NUMBER, words_to_us.WRONG_NUMBER),
        )
        for word in words
    },
    **{digit: Meaning(Sense.DIGIT, reason, number=int(digit)) for digit, reason in REASONS.items()},
}
