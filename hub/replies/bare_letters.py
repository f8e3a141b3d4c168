"""A mail that answers nothing we know: placed by who says that he wrote it, as a text is that quotes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.letters.attachments import Attachment
from hub.models.answers import AnswerKind
from hub.ports import ChannelName, NoticeKind
from hub.replies.answers import alarm
from hub.replies.holders import Holder, holders_of
from hub.replies.keeping import Kept, Received, Text, ask_a_person, keep, row_of, settle
from hub.replies.letters import BORROWED
from hub.replies.meaning import Meaning, Sense, meaning_of_letter
from hub.replies.placing import Put, heard_at, look_around, put, turn_of
from hub.replies.proposing import propose
from hub.replies.served import served_by
from hub.replies.threads import Turn
from hub.replies.understanding import Understood, understand
from hub.sealing import Keyring

_NOT_BY_MAIL = (Sense.STOP, Sense.WRONG_NUMBER)


@dataclass(frozen=True, slots=True)
class BareLetter:
    """A mail without our token, that names no mail of ours. `text.number`: what its From says; no more is known.

    `machine`, `unsigned` and `files` as in `hub.replies.keeping.Letter`. `vouched`: our mail server found that its From
    is its author's.
    """

    text: Text
    machine: bool = False
    unsigned: bool = False
    vouched: bool = False
    files: Sequence[Attachment] = ()


async def receive_bare(connection: AsyncConnection, keyring: Keyring, letter: BareLetter, *, now: datetime) -> Received:
    """Put a mail where a text without quotation would go; from a mailbox that nobody knows, into the office's tray.

    It changes no consent, frees no address and revives none, so that calls go on: whoever knows a family's mailbox can
    write in its name, and nothing here shows that he has read what we wrote. So it answers nothing by itself unless our
    mail server vouches for it: a person reads it. An alarm is believed of anybody; a From that was found borrowed is
    not. A machine's words are kept and open nothing.
    """
    text, meaning = letter.text, meaning_of_letter(letter.text.words)
    [holder] = await holders_of(connection, keyring, [text])
    known = None if holder is None or holder.wrong or letter.unsigned else holder
    row = row_of(
        text,
        sender_id=text.sender_id,
        channel=ChannelName.EMAIL,
        address_id=None if known is None else known.address_id,
        now=now,
    )
    kept = await keep(
        connection,
        keyring,
        {**row, "machine": letter.machine, "doubt": BORROWED if letter.unsigned else ""},
        text.words,
        seal=None if known is None else known.seal,
        stranger=text.number if known is None else None,
        files=letter.files,
    )
    if kept is None:
        return Received(fresh=False, sense=Sense.WORDS)
    if known is not None:
        return await _from_known(connection, letter, meaning, known, kept)
    await settle(connection, (kept, {"sense": Sense.WORDS}))
    if not letter.machine:
        if holder is not None and meaning.reason is AnswerKind.SHOULD_BE_HERE:
            await _alarm(connection, text, meaning, holder, now)
        proposal = await propose(connection, text.school_id, text.words, day=now.date())
        await ask_a_person(connection, kept, proposal=proposal)
    return Received(fresh=True, sense=Sense.WORDS)


async def _from_known(
    connection: AsyncConnection, letter: BareLetter, meaning: Meaning, holder: Holder, kept: Kept
) -> Received:
    around = await look_around(connection, [(letter.text, holder)], now=kept.now)
    heard = heard_at(letter.text, meaning, holder, around, kept.now)
    wishes = meaning.sense in _NOT_BY_MAIL and not letter.machine
    if letter.vouched and not (letter.machine or wishes):
        outcome = await understand(connection, heard)
    else:
        sense = Sense.STOP if wishes and meaning.sense is Sense.STOP else Sense.WORDS
        if not letter.machine and meaning.reason is AnswerKind.SHOULD_BE_HERE:
            await _alarm(connection, letter.text, meaning, holder, kept.now)
            sense = Sense.SHOULD_BE_HERE
        outcome = Understood(sense, about=heard.about)
    turn = Turn.NOBODYS if letter.machine else turn_of(outcome)
    await put(connection, [Put(kept, heard, outcome, holder.address_id, turn)], now=kept.now)
    if wishes:
        await ask_a_person(connection, kept, leaves=holder.address_id if outcome.sense is Sense.STOP else None)
    return Received(fresh=True, sense=outcome.sense, address_id=holder.address_id)


async def _alarm(connection: AsyncConnection, text: Text, meaning: Meaning, holder: Holder, now: datetime) -> None:
    """Call at once about the absence that is open at an address, whoever wrote in its name."""
    around = await look_around(connection, [(text, holder)], now=now)
    heard = heard_at(text, meaning, holder, around, now)
    about = next((sent for sent in heard.copies if sent.kind is NoticeKind.ABSENCE and sent.is_open), None)
    if about is None:
        return
    served = await served_by(connection, school_id=text.school_id, copy_id=about.copy_id, now=now)
    if served is not None:
        await alarm(connection, served, served.adults, now)
