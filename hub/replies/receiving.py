"""The letter box: keeps whatever a family sends, understands what is clear, and leaves the rest to a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.models.notices import NoticeState
from hub.models.people import Medium
from hub.people.mailboxes import mailbox_key
from hub.ports import ChannelName, NoticeKind
from hub.replies.answers import POSTED, Taken, alarm, answer, stop_writing, wrong_number
from hub.replies.keeping import Letter, Text, ask_a_person, keep, row_of
from hub.replies.links import Served, served_by
from hub.replies.meaning import Meaning, Sense, first_line, meaning_of
from hub.sealing import Keyring, Seal
from hub.tables import address, attempt, copy, copy_delivery, data_key, delivery, notice
from hub.tables import answer as answers

_MEDIA = {ChannelName.SMS: Medium.PHONE, ChannelName.CHAT: Medium.CHAT}
QUESTION_DAYS = 14
"""A digit answers an absence alert of the last fourteen days, and nothing else."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of it. `fresh`: not brought before. `thanks_in`: the language of a confirmation, when one is due."""

    fresh: bool
    sense: Sense
    address_id: int | None = None
    thanks_in: str | None = None


async def receive_text(connection: AsyncConnection, keyring: Keyring, text: Text, *, now: datetime) -> Received:
    """Put an SMS, or what is written in a chat, where it belongs.

    A provider may bring it twice: the second time changes nothing.
    """
    meaning = Meaning(Sense.STOP) if text.stop else meaning_of(text.words)
    known = await _address(connection, keyring, text)
    address_id = None if known is None else known.id
    copies = [] if known is None else await _sent_lately(connection, text, known.id, now)
    last = await _served(connection, text.school_id, copies[:1], now)
    kept = await keep(
        connection,
        keyring,
        row_of(text, text.channel, last, address_id, now),
        text.words,
        seal=None if known is None else keyring.seal(known.wrapped, known.master_version),
        stranger=text.number if known is None else None,
    )
    if kept is None:
        return Received(fresh=False, sense=meaning.sense, address_id=address_id)
    if address_id is not None and await _clear_act(connection, text, meaning, address_id, now):
        return Received(fresh=True, sense=meaning.sense, address_id=address_id)
    taken = await _answered(connection, text.school_id, meaning, copies, text.channel.value, now)
    if taken not in (Taken.NOTED, Taken.ALREADY):
        await ask_a_person(connection, kept, taken)
    thanks = last.language if last is not None and taken is Taken.NOTED else None
    return Received(fresh=True, sense=meaning.sense, address_id=address_id, thanks_in=thanks)


async def receive_letter(connection: AsyncConnection, keyring: Keyring, letter: Letter, *, now: datetime) -> Received:
    """Put a mail where it belongs. Its token names the copy, not the person.

    Only a From that is the very address we wrote to speaks for the family, and only for what is clear in the first
    line. Mail never changes consent: wishing to leave the list is put before a person (the button in the mail
    program, which posts, acts at once). That a child should be at school alarms whoever says so. A machine's answer
    is kept and never answered. Raises LookupError for a copy that is gone.
    """
    meaning = meaning_of(first_line(letter.words))
    served = await served_by(connection, school_id=letter.school_id, copy_id=letter.copy_id, now=now)
    if served is None:
        raise LookupError("this copy is gone")
    from_them = await _is_theirs(connection, keyring, served, letter.author)
    sender_id, seal = await _way_in(connection, keyring, served)
    kept = await keep(
        connection,
        keyring,
        {
            **row_of(letter, ChannelName.EMAIL, served, served.address_id if from_them else None, now),
            "sender_id": sender_id,
        },
        letter.words,
        seal=seal if from_them else None,
        stranger=None if from_them else letter.author,
    )
    if kept is None or (letter.machine and not letter.leaving):
        return Received(fresh=kept is not None, sense=Sense.WORDS, address_id=served.address_id)
    if from_them and meaning.sense is Sense.WRONG_NUMBER and not letter.leaving:
        await wrong_number(connection, school_id=letter.school_id, address_id=served.address_id, now=now)
        return Received(fresh=True, sense=meaning.sense, address_id=served.address_id)
    taken = None
    if from_them and not letter.leaving:
        taken = await _answered(connection, letter.school_id, meaning, [_Sent.of(served)], "email", now)
    elif meaning.reason is AnswerKind.SHOULD_BE_HERE and served.kind is NoticeKind.ABSENCE:
        await alarm(connection, served, served.adults, now)
    if not from_them or taken not in (Taken.NOTED, Taken.ALREADY):
        await ask_a_person(connection, kept, taken)
    return Received(fresh=True, sense=meaning.sense if from_them else Sense.WORDS, address_id=served.address_id)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A copy that left lately; `answered`: one of its adults has said why."""

    copy_id: int
    kind: NoticeKind
    sent_at: datetime
    answered: bool

    @classmethod
    def of(cls, served: Served) -> "_Sent":
        return cls(served.copy_id, served.kind, served.said_at, answered=False)


async def _clear_act(connection: AsyncConnection, text: Text, meaning: Meaning, address_id: int, now: datetime) -> bool:
    """Do what needs no notice: stop, or a number that is a stranger's."""
    if meaning.sense is Sense.STOP:
        await stop_writing(
            connection, school_id=text.school_id, address_id=address_id, sender_id=text.sender_id, now=now
        )
    elif meaning.sense is Sense.WRONG_NUMBER:
        await wrong_number(connection, school_id=text.school_id, address_id=address_id, now=now)
    return meaning.sense in (Sense.STOP, Sense.WRONG_NUMBER)


async def _answered(
    connection: AsyncConnection,
    school_id: int,
    meaning: Meaning,
    copies: Sequence[_Sent],
    through: str,
    now: datetime,
) -> Taken | None:
    """Answer the open question, or acknowledge the last notice; None when the words answer nothing."""
    copy_id, kind = None, AnswerKind.ACKNOWLEDGED
    if meaning.reason is not None:
        copy_id = _open_question(copies)
        kind = meaning.reason
    if copy_id is None and (meaning.sense is Sense.ACKNOWLEDGED or meaning.reason is AnswerKind.ILL) and copies:
        copy_id, kind = copies[0].copy_id, AnswerKind.ACKNOWLEDGED  # « 1 » under a notice that asks nothing: seen
    if copy_id is None:
        return None
    return await answer(connection, school_id=school_id, copy_id=copy_id, kind=kind, through=through, now=now)


def _open_question(copies: Sequence[_Sent]) -> int | None:
    """Find the absence that a digit answers: the newest not yet answered of the last day of absences.

    When all are answered, a digit corrects the last notice, if that was the alert.
    """
    absences = [sent for sent in copies if sent.kind is NoticeKind.ABSENCE]
    for sent in absences:
        if not sent.answered and sent.sent_at > absences[0].sent_at - timedelta(days=1):
            return sent.copy_id
    return copies[0].copy_id if absences and copies[0] is absences[0] else None


async def _sent_lately(connection: AsyncConnection, text: Text, address_id: int, now: datetime) -> list[_Sent]:
    """List the copies that this sender sent to the address, the newest first, each once."""
    said = (
        select(answers.c.id)
        .join(
            delivery, (delivery.c.notice_id == answers.c.notice_id) & (delivery.c.guardian_id == answers.c.guardian_id)
        )
        .join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id)
        .where(copy_delivery.c.copy_id == copy.c.id, answers.c.pupil_id.is_not(None))
        .exists()
    )
    rows = await connection.execute(
        select(copy.c.id, notice.c.kind, attempt.c.sending_at, said.label("answered"))
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .where(
            copy.c.school_id == text.school_id,
            copy.c.address_id == address_id,
            attempt.c.sender_id == text.sender_id,
            attempt.c.state.in_(POSTED),
            attempt.c.sending_at > now - timedelta(days=QUESTION_DAYS),
            notice.c.state == NoticeState.PUBLISHED,
        )
        .order_by(attempt.c.sending_at.desc(), attempt.c.id.desc())
        .limit(20)
    )
    found: dict[int, _Sent] = {}
    for row in rows:
        found.setdefault(row.id, _Sent(row.id, NoticeKind(row.kind), row.sending_at, bool(row.answered)))
    return list(found.values())


async def _served(connection: AsyncConnection, school_id: int, copies: Sequence[_Sent], now: datetime) -> Served | None:
    return await served_by(connection, school_id=school_id, copy_id=copies[0].copy_id, now=now) if copies else None


async def _address(connection: AsyncConnection, keyring: Keyring, text: Text) -> Any:  # noqa: ANN401 (a row, or None)
    return (
        await connection.execute(
            select(address.c.id, data_key.c.wrapped, data_key.c.master_version)
            .join(data_key, data_key.c.id == address.c.data_key_id)
            .where(
                address.c.school_id == text.school_id,
                address.c.medium == _MEDIA[text.channel],
                address.c.lookup_hash == keyring.lookup(_MEDIA[text.channel], text.number),
            )
        )
    ).one_or_none()


async def _way_in(connection: AsyncConnection, keyring: Keyring, served: Served) -> tuple[int, Seal]:
    """Give the sender that a mail answers, and the key of the address it was sent to."""
    row = (
        await connection.execute(
            select(attempt.c.sender_id, data_key.c.wrapped, data_key.c.master_version)
            .join(copy, copy.c.id == attempt.c.copy_id)
            .join(address, address.c.id == copy.c.address_id)
            .join(data_key, data_key.c.id == address.c.data_key_id)
            .where(attempt.c.school_id == served.school_id, attempt.c.copy_id == served.copy_id)
            .order_by(attempt.c.n.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        raise LookupError("nothing ever left for this copy")
    return row.sender_id, keyring.seal(row.wrapped, row.master_version)


async def _is_theirs(connection: AsyncConnection, keyring: Keyring, served: Served, author: str) -> bool:
    held = select(address.c.lookup_hash).where(
        address.c.school_id == served.school_id, address.c.id == served.address_id
    )
    return bool((await connection.execute(held)).scalar_one() == keyring.lookup("mailbox", mailbox_key(author)))
