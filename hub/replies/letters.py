"""The letter box, for mails and what is typed on a page: both name the message that they answer.

Whatever comes is kept; what is clear is understood, and the rest is left to a person.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.ports import ChannelName, NoticeKind
from hub.replies.answers import Taken, alarm
from hub.replies.coming_back import come_back
from hub.replies.holders import is_theirs, way_in
from hub.replies.keeping import Letter, Received, ask_a_person, keep, row_of
from hub.replies.meaning import Sense, meaning_of_letter
from hub.replies.placing import Put, heard_under, put, turn_of
from hub.replies.served import Served, served_by
from hub.replies.threads import Turn
from hub.replies.understanding import Heard, Understood, bounds_back, understand
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring

OTHER_FROM, BORROWED = "other_from", "unsigned"
"""Why nothing vouches for a mail's author: it is not whom we wrote to, or the mail server says that it is borrowed."""


async def receive_letter(connection: AsyncConnection, keyring: Keyring, letter: Letter, *, now: datetime) -> Received:
    """Put a mail where it belongs. Its token names the copy, and so the conversation, not the person.

    Only a From that is the very address we wrote to speaks for the family. Mail never changes consent: wishing to
    leave the list is put before a person (the button in the mail program, which posts, acts at once). That a child
    should be at school alarms whoever says so. A machine's answer is kept and never answered. Raises LookupError for
    a copy that is gone.
    """
    meaning = meaning_of_letter(letter.words)
    served = await served_by(connection, school_id=letter.school_id, copy_id=letter.copy_id, now=now)
    if served is None:
        raise LookupError("this copy is gone")
    from_them = await is_theirs(connection, keyring, served, letter.author)
    doubt = (BORROWED if letter.unsigned else "") if from_them else OTHER_FROM
    sender_id, seal = await way_in(connection, keyring, served)
    row = row_of(
        letter, sender_id=sender_id, channel=ChannelName.EMAIL,
        address_id=None if doubt else served.address_id, now=now,
    )  # fmt: skip
    kept = await keep(
        connection,
        keyring,
        {**row, "doubt": doubt, "machine": letter.machine},
        letter.words,
        seal=None if doubt else seal,
        stranger=letter.author if doubt else None,
        files=letter.files,
    )
    if kept is None:
        return Received(fresh=False, sense=meaning.sense if not doubt else Sense.WORDS, address_id=served.address_id)
    if not (doubt or letter.machine or letter.leaving or meaning.sense in (Sense.STOP, Sense.WRONG_NUMBER)):
        await come_back(connection, kept, served.address_id)
    heard = await heard_under(connection, served, letter.words, meaning, "email", now)
    outcome = await _from_letter(connection, letter, heard, served, believed=not doubt)
    turn = Turn.NOBODYS if letter.machine and not letter.leaving else turn_of(outcome)
    await put(connection, [Put(kept, heard, outcome, served.address_id, turn)], now=now)
    leaves = letter.leaving or (not letter.machine and meaning.sense is Sense.STOP)
    if leaves or (doubt and not letter.machine):
        await ask_a_person(connection, kept, leaves=served.address_id if leaves else None)
    sense = outcome.sense if not doubt else Sense.WORDS
    back, adult = bounds_back(outcome, served.language, served.school), served.adult(outcome.guardian_id)
    whose = None if back is None or adult is None else (served.notice_id, adult.guardian_id)
    return Received(fresh=True, sense=sense, address_id=served.address_id, back=back, whose=whose)


async def _from_letter(
    connection: AsyncConnection, letter: Letter, heard: Heard, served: Served, *, believed: bool
) -> Understood:
    """Do what a mail says, if it is believed to be the family's; an alarm is believed of anybody."""
    sense = heard.meaning.sense
    if believed and not letter.machine and not letter.leaving:
        if sense is Sense.STOP:
            return Understood(Sense.STOP, about=heard.about)
        if sense is not Sense.WRONG_NUMBER:
            return await understand(connection, heard)
        await wrong_number(connection, school_id=served.school_id, address_id=served.address_id, now=heard.now)
        return Understood(Sense.WRONG_NUMBER, Taken.NOTED, heard.about)
    alarms = heard.meaning.reason is AnswerKind.SHOULD_BE_HERE and served.kind is NoticeKind.ABSENCE
    if not alarms or letter.machine:
        return Understood(Sense.WORDS, about=heard.about)
    await alarm(connection, served, served.adults, heard.now)
    return Understood(Sense.SHOULD_BE_HERE, about=heard.about)


async def receive_note(
    connection: AsyncConnection,
    keyring: Keyring,
    served: Served,
    words: str,
    *,
    key: str,
    guardian_id: int | None,
    through: str = "page",
    now: datetime,
) -> Received:
    """Put what was typed on the page of a message where it belongs; `key` names the press, so that two are one.

    Raises LookupError when nothing ever left for that copy.
    """
    if served.adult(guardian_id) is None:
        guardian_id = None  # nobody speaks for somebody whom the message was not for
    sender_id, seal = await way_in(connection, keyring, served)
    note = Letter(served.school_id, served.copy_id, f"page:{served.copy_id}:{key}", "", words)
    row = row_of(note, sender_id=sender_id, channel=served.channel, address_id=served.address_id, now=now)
    kept = await keep(connection, keyring, row, words, seal=seal, stranger=None)
    meaning = meaning_of_letter(words)
    if kept is None:
        return Received(fresh=False, sense=meaning.sense, address_id=served.address_id)
    heard = await heard_under(connection, served, words, meaning, through, now, guardian_id)
    outcome = await understand(connection, heard)
    await put(connection, [Put(kept, heard, outcome, served.address_id, turn_of(outcome))], now=now)
    back = bounds_back(outcome, served.language, served.school)
    return Received(fresh=True, sense=outcome.sense, address_id=served.address_id, back=back)
