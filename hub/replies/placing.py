"""Where a reply goes: what it is about, who may be writing, and so the conversation that it is put into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.replies.choices import asked_back
from hub.replies.holders import Holder
from hub.replies.keeping import Kept, Text, settle
from hub.replies.meaning import Meaning, Sense
from hub.replies.questions import Sent, sent_lately, with_pupils
from hub.replies.served import Adult, Served
from hub.replies.speakers import adults_at, party_of
from hub.replies.threads import Party, Place, Turn, place
from hub.replies.understanding import Heard, Understood
from hub.routing import day_at_school

_NOTHING_TO_SEE = (Sense.ACKNOWLEDGED, Sense.START, Sense.HELP, Sense.LANGUAGE, Sense.CHOICE)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands at some addresses: what was lately sent there, who may be writing, and what we asked back (rows)."""

    copies: Mapping[int, Sequence[Sent]]
    adults: Mapping[int, Sequence[Adult]]
    asked: Mapping[tuple[int, int], Any]


async def look_around(connection: AsyncConnection, texts: Sequence[tuple[Text, Holder]], *, now: datetime) -> Around:
    """Read it for texts to one school, at most one from each address."""
    if not texts:
        return Around({}, {}, {})
    [school_id] = {text.school_id for text, _ in texts}
    addresses = [holder.address_id for _, holder in texts]
    asked = [holder.address_id for _, holder in texts if holder.asked]
    return Around(
        await sent_lately(connection, school_id=school_id, addresses=addresses, now=now),
        await adults_at(
            connection,
            school_id=school_id,
            addresses=addresses,
            day=day_at_school(now, texts[0][1].school.timezone),
        ),
        await asked_back(connection, school_id=school_id, addresses=asked, now=now) if asked else {},
    )


def heard_at(text: Text, meaning: Meaning, holder: Holder, around: Around, now: datetime) -> Heard:
    """Take what was lately sent there: what is quoted, or all of it; and who may be writing.

    A number that is a stranger's speaks for none of the adults who had it, and was asked nothing.
    """
    copies = [] if holder.wrong else _from_there(text, around.copies[holder.address_id])
    adults = () if holder.wrong else around.adults[holder.address_id]
    quoted = [sent for sent in copies if text.quoted is not None and text.quoted in sent.names]
    return Heard(text.school_id, holder.school, text.channel.value, text.words, meaning, quoted or copies, adults, now)


def _from_there(text: Text, copies: Sequence[Sent]) -> Sequence[Sent]:
    """Take what left from the number that the family writes to; from any when nothing did.

    A phone that only rang asks to be called about what is open, from whatever number it was asked.
    """
    mine = [sent for sent in copies if text.sender_id in sent.senders]
    return mine if mine and (not text.called or any(sent.is_open for sent in mine)) else copies


async def heard_under(
    connection: AsyncConnection,
    served: Served,
    words: str,
    meaning: Meaning,
    through: str,
    now: datetime,
    guardian_id: int | None = None,
) -> Heard:
    """Read what is said under one copy, which the words point at."""
    day = day_at_school(now, served.school.timezone)
    at = served.address_id
    adults = (await adults_at(connection, school_id=served.school_id, addresses=[at], day=day))[at]
    return Heard(
        served.school_id, served.school, through, words, meaning, [Sent.of(served)], adults or served.adults, now,
        guardian_id,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Put:
    """A reply that is kept, what came of it, and whose turn it makes it."""

    kept: Kept
    heard: Heard
    outcome: Understood
    address_id: int
    turn: Turn


async def put(connection: AsyncConnection, replies: Sequence[Put], *, now: datetime) -> list[int]:
    """Put replies to one school into their conversations; gives which."""
    if not replies:
        return []
    school_id = replies[0].kept.school_id
    unknown = {
        one.outcome.about.copy_id: one.outcome.about
        for one in replies
        if one.outcome.about is not None and not one.outcome.pupils and not one.outcome.about.pupils
    }
    about = await with_pupils(connection, school_id, list(unknown.values())) if unknown else []
    pupils = {sent.copy_id: sent.pupils for sent in about}
    places = [_place(one, pupils) for one in replies]
    threads = await place(connection, school_id=school_id, places=places, now=now)
    await settle(
        connection,
        *(
            (
                one.kept,
                {
                    "thread_id": thread_id,
                    "notice_id": there.notice_id,
                    "guardian_id": _person(one, there.party),
                    "sense": one.outcome.sense,
                },
            )
            for one, there, thread_id in zip(replies, places, threads, strict=True)
        ),
    )
    return threads


def _place(one: Put, pupils: Mapping[int, frozenset[int]]) -> Place:
    about, party = one.outcome.about, party_of(one.heard.adults, one.outcome.guardian_id or one.heard.guardian_id)
    known = frozenset(one.outcome.pupils)
    if not known and about is not None:
        known = about.pupils or pupils.get(about.copy_id, frozenset())
    those = tuple(pupil_id for pupil_id in party.pupils if pupil_id in known) or party.pupils
    return Place(Party(party.guardian_id, those), one.address_id, None if about is None else about.notice_id, one.turn)


def _person(one: Put, party: Party) -> int | None:
    """Say who wrote, where that is a person whom we know for the author."""
    if one.kept.address_id is None:
        return None
    those = (each for each in one.heard.adults if each.guardian_id == party.guardian_id and not each.service)
    return next((each.guardian_id for each in those), None)


def turn_of(outcome: Understood) -> Turn:
    """Say whose turn it is: ours, for what a person must read to act; nobody's, after a mere « ok »."""
    if not outcome.done and outcome.sense not in (Sense.STOP, Sense.SHOULD_BE_HERE):
        return Turn.OURS
    return Turn.NOBODYS if outcome.sense in _NOTHING_TO_SEE else Turn.READ
