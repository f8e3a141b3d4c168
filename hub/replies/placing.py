"""Where a reply goes: what it is about, who may be writing, and so the conversation that it is put into."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.replies.holders import Holder
from hub.replies.keeping import Kept, Text, settle
from hub.replies.links import Served
from hub.replies.meaning import Meaning, Sense
from hub.replies.questions import Sent, sent_lately, with_pupils
from hub.replies.speakers import adults_at, party_of
from hub.replies.threads import Party, Turn, place
from hub.replies.understanding import Heard, Understood
from hub.routing import day_at_school

_NOTHING_TO_SEE = (Sense.ACKNOWLEDGED, Sense.START, Sense.HELP, Sense.LANGUAGE, Sense.CHOICE)


async def heard_at(connection: AsyncConnection, text: Text, meaning: Meaning, holder: Holder, now: datetime) -> Heard:
    """Read what was lately sent there: what is quoted, or all of it; and who may be writing.

    A number that is a stranger's speaks for none of the adults who had it, and was asked nothing.
    """
    if holder.wrong:
        return Heard(text.school_id, holder.school, text.channel.value, text.words, meaning, (), (), now)
    copies = await _sent_from_there(connection, text, holder.address_id, now)
    quoted = [sent for sent in copies if text.quoted is not None and text.quoted in sent.names]
    day = day_at_school(now, holder.school.timezone)
    adults = await adults_at(connection, school_id=text.school_id, address_id=holder.address_id, day=day)
    return Heard(text.school_id, holder.school, text.channel.value, text.words, meaning, quoted or copies, adults, now)


async def _sent_from_there(connection: AsyncConnection, text: Text, address_id: int, now: datetime) -> list[Sent]:
    """List what lately left from the number that the family writes to; from any when nothing did.

    A phone that only rang asks to be called about what is open, from whatever number it was asked.
    """
    school_id = text.school_id
    copies = await sent_lately(
        connection, school_id=school_id, address_id=address_id, sender_id=text.sender_id, now=now
    )
    if copies and (not text.called or any(sent.is_open for sent in copies)):
        return copies
    return await sent_lately(connection, school_id=school_id, address_id=address_id, sender_id=None, now=now)


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
    adults = await adults_at(connection, school_id=served.school_id, address_id=served.address_id, day=day)
    return Heard(
        served.school_id, served.school, through, words, meaning, [Sent.of(served)], adults or served.adults, now,
        guardian_id,
    )  # fmt: skip


async def put(
    connection: AsyncConnection, kept: Kept, heard: Heard, outcome: Understood, address_id: int, turn: Turn
) -> int:
    """Put a reply into its conversation; gives which."""
    about = outcome.about
    notice_id = None if about is None else about.notice_id
    party = party_of(heard.adults, outcome.guardian_id or heard.guardian_id)
    known = frozenset(outcome.pupils)
    if not known and about is not None:
        [about] = [about] if about.pupils else await with_pupils(connection, heard.school_id, [about])
        known = about.pupils
    pupils = tuple(pupil_id for pupil_id in party.pupils if pupil_id in known) or party.pupils
    thread_id = await place(
        connection,
        school_id=heard.school_id,
        party=Party(party.guardian_id, pupils),
        address_id=address_id,
        notice_id=notice_id,
        turn=turn,
        now=heard.now,
    )
    person = next((one for one in heard.adults if one.guardian_id == party.guardian_id and not one.service), None)
    await settle(
        connection,
        kept,
        thread_id=thread_id,
        notice_id=notice_id,
        guardian_id=None if person is None or kept.address_id is None else person.guardian_id,
        sense=outcome.sense,
    )
    return thread_id


def turn_of(outcome: Understood) -> Turn:
    """Say whose turn it is: ours, for what a person must read to act; nobody's, after a mere « ok »."""
    if not outcome.done and outcome.sense not in (Sense.STOP, Sense.SHOULD_BE_HERE):
        return Turn.OURS
    return Turn.NOBODYS if outcome.sense in _NOTHING_TO_SEE else Turn.READ
