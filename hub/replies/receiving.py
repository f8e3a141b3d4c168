"""The letter box: keeps whatever a family sends, understands what is clear, and leaves the rest to a person.

Where it goes: what it quotes, else the open question to that address, else the last notice sent there within a
fortnight. An unknown number waits in the office's tray.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.ports import ChannelName, NoticeKind
from hub.replies.answers import Taken, alarm
from hub.replies.calling_back import call_back
from hub.replies.choices import Chosen, ask_which, chosen
from hub.replies.coming_back import come_back
from hub.replies.consent import stop_writing, write_again, write_in
from hub.replies.gathering import gather
from hub.replies.holders import Holder, holder_of, is_theirs, way_in
from hub.replies.keeping import Kept, Letter, Text, ask_a_person, keep, row_of, settle
from hub.replies.links import Served, served_by
from hub.replies.meaning import Meaning, Sense, meaning_of, meaning_of_letter, plain
from hub.replies.placing import heard_at, heard_under, put, turn_of
from hub.replies.proposing import propose
from hub.replies.questions import with_pupils
from hub.replies.saying_back import Back, What, may_say_back
from hub.replies.threads import Turn
from hub.replies.understanding import Heard, Understood, take, understand
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring

OTHER_FROM, BORROWED = "other_from", "unsigned"
"""Why nothing vouches for a mail's author: it is not whom we wrote to, or the mail server says that it is borrowed."""
_ACTS = {Sense.START: What.RESUMED, Sense.LANGUAGE: What.LANGUAGE, Sense.HELP: What.HELP}


@dataclass(frozen=True, slots=True)
class Received:
    """What came of it. `fresh`: not brought before. `back`: what is said back at once, when something is."""

    fresh: bool
    sense: Sense
    address_id: int | None = None
    back: Back | None = None


async def receive_text(connection: AsyncConnection, keyring: Keyring, text: Text, *, now: datetime) -> Received:
    """Put an SMS, or what is written in a chat, where it belongs; a phone that only rang wishes to be called.

    A provider may bring it twice: the second time changes nothing.
    """
    meaning = _meaning(text)
    holder = await holder_of(connection, keyring, text)
    address_id = None if holder is None else holder.address_id
    kept = await keep(
        connection,
        keyring,
        row_of(
            text,
            sender_id=text.sender_id,
            channel=ChannelName.VOICE if text.called else text.channel,
            address_id=address_id,
            now=now,
        ),
        f"[image] {text.words}".strip() if text.pictures else text.words,
        seal=None if holder is None else holder.seal,
        stranger=text.number if holder is None else None,
    )
    if kept is None:
        return Received(fresh=False, sense=meaning.sense, address_id=address_id)
    if holder is None:
        await settle(connection, kept, sense=meaning.sense)
        day = now.date()
        await ask_a_person(connection, kept, proposal=await propose(connection, text.school_id, text.words, day=day))
        return Received(fresh=True, sense=meaning.sense)
    if holder.dead and meaning.sense not in (Sense.STOP, Sense.WRONG_NUMBER):
        await come_back(connection, kept, holder.address_id, timezone=holder.school.timezone)
    return await _from_known(connection, text, meaning, holder, kept, now)


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
        await come_back(connection, kept, served.address_id, timezone=served.school.timezone)
    heard = await heard_under(connection, served, letter.words, meaning, "email", now)
    outcome = await _from_letter(connection, letter, heard, served, believed=not doubt)
    turn = Turn.NOBODYS if letter.machine and not letter.leaving else turn_of(outcome)
    await put(connection, kept, heard, outcome, served.address_id, turn)
    leaves = letter.leaving or (not letter.machine and meaning.sense is Sense.STOP)
    if leaves or (doubt and not letter.machine):
        await ask_a_person(connection, kept, leaves=served.address_id if leaves else None)
    sense = outcome.sense if not doubt else Sense.WORDS
    return Received(fresh=True, sense=sense, address_id=served.address_id)


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
    heard = await heard_under(connection, served, words, meaning, "page", now, guardian_id)
    outcome = await understand(connection, heard)
    await put(connection, kept, heard, outcome, served.address_id, turn_of(outcome))
    return Received(fresh=True, sense=outcome.sense, address_id=served.address_id)


async def _from_known(
    connection: AsyncConnection, text: Text, meaning: Meaning, holder: Holder, kept: Kept, now: datetime
) -> Received:
    """Take a text from an address that we know."""
    school_id, address_id = text.school_id, holder.address_id
    number = meaning.number if plain(text.words).isdigit() else None
    heard = await heard_at(connection, text, meaning, holder, now)
    points_at_one = any(text.quoted in sent.names for sent in heard.copies)
    choice = await chosen(
        connection,
        school_id=school_id,
        address_id=address_id,
        sender_id=text.sender_id,
        number=None if points_at_one else number,
        asked_since=next((sent.sent_at for sent in heard.copies if sent.is_open), None),
        seal=holder.seal,
        now=now,
    )
    back = await _act(connection, text, meaning, holder, now)
    if choice is not None:
        outcome = await _choose(connection, heard, choice)
    elif meaning.sense is Sense.MISSED_CALL:
        await call_back(connection, school_id=school_id, about=heard.about, now=now)
        outcome = Understood(Sense.MISSED_CALL, about=heard.about)
    elif back is not None or meaning.sense in (Sense.STOP, Sense.WRONG_NUMBER, Sense.PICTURE):
        outcome = Understood(meaning.sense, Taken.NOTED if back or meaning.sense is not Sense.PICTURE else None)
    else:
        outcome = await understand(connection, heard)
    thread_id = await put(connection, kept, heard, outcome, address_id, turn_of(outcome))
    if choice is not None:
        await gather(connection, school_id=school_id, reply_id=choice.reply_id, thread_id=thread_id)
    if outcome.which:
        back = await ask_which(connection, kept, outcome.which, language=holder.language, school=holder.school)
        return Received(fresh=True, sense=outcome.sense, address_id=address_id, back=back)
    back = back or _confirmation(text, outcome, holder)
    if (
        text.opted
        or back is None
        or not await may_say_back(
            connection,
            school_id=school_id,
            address_id=address_id,
            thread_id=thread_id,
            reply_id=kept.reply_id,
            unseen=text.pictures and outcome.sense is Sense.WORDS,
            now=now,
        )
    ):
        back = None
    return Received(fresh=True, sense=outcome.sense, address_id=address_id, back=back)


async def _act(connection: AsyncConnection, text: Text, meaning: Meaning, holder: Holder, now: datetime) -> Back | None:
    """Do what needs no notice: stop, start, another language, a stranger's number; gives what is said back to it."""
    school_id, address_id = text.school_id, holder.address_id
    match meaning.sense:
        case Sense.STOP:
            await stop_writing(
                connection, school_id=school_id, address_id=address_id, sender_id=text.sender_id, now=now
            )
        case Sense.WRONG_NUMBER:
            await wrong_number(connection, school_id=school_id, address_id=address_id, now=now)
        case Sense.START:
            if not await write_again(
                connection, school_id=school_id, address_id=address_id, sender_id=text.sender_id, now=now
            ):
                return None
        case Sense.LANGUAGE if meaning.language is not None:
            await write_in(connection, school_id=school_id, address_id=address_id, language=meaning.language)
            return Back(What.LANGUAGE, meaning.language, holder.school)
        case _:
            pass
    what = _ACTS.get(meaning.sense)
    return None if what is None else Back(what, holder.language, holder.school)


async def _choose(connection: AsyncConnection, heard: Heard, choice: Chosen) -> Understood:
    """Let the words that we asked back about answer what was chosen."""
    copies = [sent for sent in heard.copies if sent.copy_id in choice.copies]
    copies = await with_pupils(connection, heard.school_id, copies)
    first = Heard(
        heard.school_id, heard.school, heard.through, choice.words, meaning_of(choice.words), copies, heard.adults,
        heard.now,
    )  # fmt: skip
    outcome = await take(connection, first, copies)
    about = tuple({pupil_id for sent in copies for pupil_id in sent.pupils})
    return outcome if outcome.taken is None else Understood(Sense.CHOICE, outcome.taken, outcome.about, pupils=about)


def _meaning(text: Text) -> Meaning:
    """Say what was said: by the provider's own word, by its silence, or by its words."""
    if text.called:
        return Meaning(Sense.MISSED_CALL)
    if text.stop:
        return Meaning(Sense.STOP)
    return Meaning(Sense.PICTURE) if text.pictures and not text.words.strip() else meaning_of(text.words)


def _confirmation(text: Text, outcome: Understood, holder: Holder) -> Back | None:
    """Choose the one sentence that is said back, if any."""
    what = None
    if outcome.sense in (Sense.STOP, Sense.WRONG_NUMBER):
        return None
    if text.pictures:
        what = What.NO_PICTURES
    elif outcome.sense is Sense.SHOULD_BE_HERE and outcome.taken in (Taken.NOTED, Taken.WHO):
        what = What.CALLING
    elif outcome.done and outcome.taken is not Taken.ALREADY:
        what = What.THANKS
    return None if what is None else Back(what, holder.language, holder.school)
