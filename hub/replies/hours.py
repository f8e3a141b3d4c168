"""Appointments by digits: one answers the invitation by 1, gets numbered hours back, and takes one by its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeGuard

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import session_on
from hub.meetings.by_number import Act, Asks, Does, Told, begin, go_on
from hub.models.answers import AnswerKind
from hub.models.people import AddressState
from hub.people.schools import read_school
from hub.ports import ChannelName
from hub.replies.answers import Taken, answer
from hub.replies.holders import Holder
from hub.replies.keeping import Kept, Text
from hub.replies.meaning import Sense, plain
from hub.replies.questions import Sent, open_to, with_pupils
from hub.replies.saying_back import Back, What
from hub.replies.served import Adult
from hub.replies.speakers import says_who
from hub.replies.understanding import Heard, Understood
from hub.routing import SILENT_DAYS
from hub.sealing import Keyring
from hub.tables import address, reply_choice

WAYS = (ChannelName.SMS, ChannelName.CHAT)
"""Where a digit is read at once and answered at once."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """What came of a digit, and what is said back to it, if anything."""

    outcome: Understood
    back: Back | None = None


def is_of_hours(row: Row[Any] | None) -> TypeGuard[Row[Any]]:
    """Say that what was asked back is which hour, not which message."""
    return row is not None and ":" in row.copies


async def by_number(
    connection: AsyncConnection,
    keyring: Keyring,
    kept: Kept,
    text: Text,
    holder: Holder,
    heard: Heard,
    asked: Row[Any] | None,
) -> Numbered | None:
    """Read a digit about appointments, and do what it says; None when it is about something else.

    What was last read counts: hours that were asked back, else the newest invitation to choose. Of an older open
    question that the digit answers too, one must say which is meant. Any other word ends what was asked back.
    """
    speaker, words = says_who(text.words, heard.adults) or (None, text.words)
    said = plain(words)
    number = int(said) if said.isascii() and said.isdigit() and len(said) == 1 else None
    live, acts = await _ended(connection, kept, heard, asked) if is_of_hours(asked) else (False, {})
    if number is None or text.channel not in WAYS or text.called or not heard.adults:
        return None
    offer = next((sent for sent in heard.copies if sent.offers), None)
    act = acts.get(number)
    if act is not None and speaker in (None, act.guardian_id):
        return await told_by(connection, keyring, kept, holder, heard, offer, act=act)
    if offer is None and not live:
        return None
    others = [] if live else open_to(heard.copies, heard.meaning)
    if offer is not None and others:
        if others[0].sent_at > offer.sent_at:
            return None
        which = await with_pupils(connection, kept.school_id, [offer, *others])
        return Numbered(Understood(Sense.WORDS, None, others[0], heard.guardian_id, which=tuple(which)))
    return await told_by(connection, keyring, kept, holder, heard, offer, speaker=speaker, live=live)


async def _ended(
    connection: AsyncConnection,
    kept: Kept,
    heard: Heard,
    asked: Row[Any],
) -> tuple[bool, Mapping[int, Act]]:
    """End what was asked back; give whether it was the last thing that one read, and then what its numbers do."""
    done = update(reply_choice).where(reply_choice.c.school_id == kept.school_id, reply_choice.c.id == asked.id)
    await connection.execute(done.values(answered_at=kept.now))
    newest = next((sent.sent_at for sent in heard.copies if sent.is_open or sent.offers), None)
    live = newest is None or newest <= asked.asked_at
    return live, read_acts(asked.copies) if live else {}


async def told_by(
    connection: AsyncConnection,
    keyring: Keyring,
    kept: Kept,
    holder: Holder,
    heard: Heard,
    offer: Sent | None,
    *,
    act: Act | None = None,
    speaker: int | None = None,
    live: bool = False,
) -> Numbered | None:
    """Do what a number says, or begin; keep what the numbers of the next message do.

    None when nothing is offered any more, and neither the invitation nor hours (`live`) were what one read last.
    """
    adults = [adult for adult in heard.adults if speaker in (None, adult.guardian_id)]
    if act is not None and act.guardian_id not in {adult.guardian_id for adult in adults}:
        act = None
    told = await _told(connection, keyring, kept, adults, offer, act)
    if told.asks is Asks.CLOSED and act is None and not (live or heard.copies[:1] == [offer]):
        return None
    if offer is not None:
        await _has_read(connection, kept, offer, heard, adults)
    if told.numbered:
        await _keep(connection, kept, told.numbered)
    meant = [act] if act is not None else list(told.numbered.values())
    guardians, pupils = {one.guardian_id for one in meant}, {one.pupil_id for one in meant} - {0}
    outcome = Understood(
        Sense.CHOICE,
        Taken.NOTED,
        about=offer,
        guardian_id=next(iter(guardians)) if len(guardians) == 1 else speaker,
        pupils=tuple(sorted(pupils)),
    )
    return Numbered(outcome, Back(What.HOURS, holder.language, holder.school, told=told))


def write_acts(numbered: Mapping[int, Act]) -> str:
    """Write what each number does, for the row that keeps it."""
    return ",".join(
        f"{number}:{act.does}.{act.guardian_id}.{act.pupil_id}.{act.round_id}.{act.number}"
        for number, act in numbered.items()
    )


def read_acts(written: str) -> dict[int, Act]:
    """Read what each number does."""
    found = {}
    for one in written.split(","):
        number, _, act = one.partition(":")
        does, *ids = act.split(".")
        found[int(number)] = Act(Does(does), *map(int, ids))
    return found


async def _has_read(
    connection: AsyncConnection, kept: Kept, offer: Sent, heard: Heard, adults: Sequence[Adult]
) -> None:
    """Who asks for the hours has read the invitation: nobody is asked again whether it arrived."""
    alone = adults[0].guardian_id if len(adults) == 1 else None
    await answer(
        connection,
        school_id=kept.school_id,
        copy_id=offer.copy_id,
        kind=AnswerKind.ACKNOWLEDGED,
        guardian_id=alone,
        through=heard.through,
        now=kept.now,
    )


async def _told(
    connection: AsyncConnection,
    keyring: Keyring,
    kept: Kept,
    adults: Sequence[Adult],
    offer: Sent | None,
    act: Act | None,
) -> Told:
    """Ask the school's rule. Where nobody may be named, the invitation says for which child, or one chooses elsewhere.

    So does a service: its people do not choose for each other.
    """
    if any(adult.service for adult in adults):
        return Told(Asks.ELSEWHERE)
    named = await _may_name(connection, kept)
    async with session_on(connection) as session:
        school = await read_school(session, kept.school_id)
        if act is None:
            only = None if named else await _only(connection, kept, offer)
            those = [(adult.guardian_id, adult.name) for adult in adults]
            told = await begin(session, keyring, school=school, adults=those, pupils=only, now=kept.now)
        else:
            told = await go_on(session, keyring, act, school=school, now=kept.now)
    return told if named or told.asks not in (Asks.WHO, Asks.CHILD) else Told(Asks.ELSEWHERE)


async def _keep(connection: AsyncConnection, kept: Kept, numbered: Mapping[int, Act]) -> None:
    row = {
        "school_id": kept.school_id,
        "address_id": kept.address_id,
        "reply_id": kept.reply_id,
        "copies": write_acts(numbered),
        "asked_at": kept.now,
    }
    await connection.execute(insert(reply_choice).values(row))


async def _only(connection: AsyncConnection, kept: Kept, offer: Sent | None) -> frozenset[int] | None:
    """Take the children of the invitation alone, where none may be named to choose from."""
    if offer is None:
        return None
    [invited] = await with_pupils(connection, kept.school_id, [offer])
    return invited.pupils


async def _may_name(connection: AsyncConnection, kept: Kept) -> bool:
    """Say that somebody may be named at this address: it lived before this word came, and nobody asked for none."""
    here = (address.c.school_id == kept.school_id, address.c.id == kept.address_id)
    asked = select(address.c.discreet, address.c.state, address.c.last_sign_of_life).where(*here)
    row = (await connection.execute(asked)).one()
    lives = row.state == AddressState.ACTIVE and row.last_sign_of_life is not None
    return not row.discreet and lives and bool(row.last_sign_of_life > kept.now - timedelta(days=SILENT_DAYS))
