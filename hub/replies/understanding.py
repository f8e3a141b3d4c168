"""What a family's words do: answer an open question, acknowledge the last notice, say a child absent, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.absences.cases import told_before
from hub.models.answers import AnswerKind
from hub.ports import HalfDay, NoticeKind, SchoolCard
from hub.replies.answers import ABSENT, Taken, answer
from hub.replies.meaning import Meaning, Sense, absence_of, meaning_of
from hub.replies.questions import Sent, open_to, with_pupils
from hub.replies.saying_back import Back, What
from hub.replies.served import Adult
from hub.replies.speakers import names_pupil, says_who
from hub.routing import SUNDAY

LATE_HOUR = 17
"""From this hour on « Lina est malade » may be about tomorrow: a person reads it."""
_SENSES = {
    AnswerKind.ACKNOWLEDGED: Sense.ACKNOWLEDGED,
    AnswerKind.YES: Sense.YES,
    AnswerKind.NO: Sense.NO,
    AnswerKind.COUNT: Sense.COUNT,
    AnswerKind.SHOULD_BE_HERE: Sense.SHOULD_BE_HERE,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, where, and by whom as far as that is known.

    `copies`: what was lately sent there, or the one that the words point at. `adults`: who may have written.
    `guardian_id`: who said that it is he or she.
    """

    school_id: int
    school: SchoolCard
    through: str
    words: str
    meaning: Meaning
    copies: Sequence[Sent]
    adults: Sequence[Adult]
    now: datetime
    guardian_id: int | None = None

    @property
    def about(self) -> Sent | None:
        """What words that answer nothing are about: the newest open question, else the last that was sent.

        But a confidential word that came after the question is what they are about: nobody else is to read them.
        """
        private = self.meaning.sense is not Sense.MISSED_CALL
        asking = next((sent for sent in self.copies if sent.is_open or (private and sent.private)), None)
        return asking or next(iter(self.copies), None)


@dataclass(frozen=True, slots=True)
class Understood:
    """What came of it. `taken` None: nothing was answered. `which`: the questions that it may answer; one must choose.

    `pupils`: whom it is about, where the words say so.
    """

    sense: Sense
    taken: Taken | None = None
    about: Sent | None = None
    guardian_id: int | None = None
    pupils: tuple[int, ...] = ()
    which: tuple[Sent, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nobody needs to read it to act."""
        return self.taken in (Taken.NOTED, Taken.ALREADY, Taken.WAITS) or (
            self.taken is Taken.WHO and self.sense is Sense.REASON
        )


async def understand(connection: AsyncConnection, heard: Heard) -> Understood:
    """Do what is clear; what is not is left for a person to read, and changes nothing."""
    who = says_who(heard.words, heard.adults) if heard.guardian_id is None else None
    if who is not None and who[1]:
        heard = replace(heard, guardian_id=who[0], words=who[1], meaning=meaning_of(who[1]))
    child = names_pupil(heard.words, heard.adults)
    reason = absence_of(child[1]) if child is not None else None
    if child is not None and reason is not None:
        return await _of_a_child(connection, heard, child[0], reason)
    questions = open_to(heard.copies, heard.meaning)
    if not questions:
        return await _acknowledge(connection, heard)
    if len(questions) > 1 and heard.meaning.reason is not AnswerKind.SHOULD_BE_HERE:
        questions = await with_pupils(connection, heard.school_id, questions)
        if any(sent.kind is not NoticeKind.ABSENCE or sent.pupils != questions[0].pupils for sent in questions):
            return Understood(Sense.WORDS, None, questions[0], heard.guardian_id, which=tuple(questions))
    return await take(connection, heard, questions)


async def take(connection: AsyncConnection, heard: Heard, questions: Sequence[Sent]) -> Understood:
    """Let the words answer each of these questions."""
    outcome = Understood(Sense.WORDS, about=heard.about, guardian_id=heard.guardian_id)
    for sent in reversed(questions):
        said = sent.answer_in(heard.meaning)
        if said is None:
            continue
        taken = await _answer(connection, heard, sent, *said)
        better = taken is Taken.NOTED or outcome.taken is None
        outcome = replace(outcome, sense=_sense(said[0], taken), taken=taken if better else outcome.taken, about=sent)
    return outcome


async def _of_a_child(connection: AsyncConnection, heard: Heard, pupil_id: int, reason: AnswerKind) -> Understood:
    """A child is said absent by name: that answers the alert about it, or is told before any alert."""
    meaning = Meaning(Sense.REASON, reason)
    questions = await with_pupils(connection, heard.school_id, open_to(heard.copies, meaning))
    about = [sent for sent in questions if pupil_id in sent.pupils]
    if about:
        return replace(await take(connection, replace(heard, meaning=meaning), about), pupils=(pupil_id,))
    at_school = heard.now.astimezone(ZoneInfo(heard.school.timezone))
    if at_school.hour >= LATE_HOUR or at_school.weekday() == SUNDAY:
        return Understood(Sense.WORDS, about=heard.about, guardian_id=heard.guardian_id, pupils=(pupil_id,))
    alone = heard.adults[0].guardian_id if len(heard.adults) == 1 else None
    await told_before(
        connection,
        school_id=heard.school_id,
        pupils=[pupil_id],
        day=at_school.date(),
        half_day=HalfDay.DAY,
        reason=reason,
        guardian_id=heard.guardian_id or alone,
        typed_by=None,
        through=heard.through,
        now=heard.now,
    )
    return Understood(Sense.TOLD_BEFORE, Taken.NOTED, None, heard.guardian_id, pupils=(pupil_id,))


async def _acknowledge(connection: AsyncConnection, heard: Heard) -> Understood:
    """« OK » acknowledges the last notice, and so does « 1 » where nothing is asked; other words answer nothing."""
    meaning, last = heard.meaning, next(iter(heard.copies), None)
    seen = meaning.sense is Sense.ACKNOWLEDGED or (meaning.sense is Sense.DIGIT and meaning.reason is AnswerKind.ILL)
    if not seen or last is None:
        return Understood(Sense.WORDS, about=heard.about, guardian_id=heard.guardian_id)
    taken = await _answer(connection, heard, last, AnswerKind.ACKNOWLEDGED, None)
    return Understood(_sense(AnswerKind.ACKNOWLEDGED, taken), taken, last, heard.guardian_id)


async def _answer(connection: AsyncConnection, heard: Heard, sent: Sent, kind: AnswerKind, number: int | None) -> Taken:
    return await answer(
        connection,
        school_id=heard.school_id,
        copy_id=sent.copy_id,
        kind=kind,
        number=number,
        guardian_id=heard.guardian_id,
        through=heard.through,
        now=heard.now,
    )


def _sense(kind: AnswerKind, taken: Taken) -> Sense:
    """Say what a reply is kept as. Of several who share a phone each may say why a child is absent."""
    if taken in (Taken.WITHDRAWN, Taken.TOO_MANY) or (taken is Taken.WHO and kind not in ABSENT):
        return Sense.WORDS
    return Sense.REASON if kind in ABSENT - {AnswerKind.SHOULD_BE_HERE} else _SENSES[kind]


BOUNDS = (Taken.TOO_MANY, Taken.WAITS)
"""What is said back plainly, on whatever channel it came: more than may come, or no place left."""


def bounds_back(outcome: Understood, language: str, school: SchoolCard) -> Back | None:
    """Give the sentence about the bounds of an invitation, if an answer met them."""
    if outcome.taken is Taken.WAITS:
        return Back(What.WAITS, language, school)
    if outcome.taken is Taken.TOO_MANY and outcome.about is not None:
        return Back(What.TOO_MANY, language, school, most=outcome.about.most or 0)
    return None
