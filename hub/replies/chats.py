"""A family in its chat: whose it is, what it chose there, and the buttons under our messages.

The caller is the bot's door, which Telegram alone can enter; a chat is known by its number there.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.meetings.by_number import Act, Asks, Does, Told, begin, go_on
from hub.models.answers import AnswerKind
from hub.models.people import AddressState, Medium
from hub.people.chat_lines import ChatLine
from hub.people.joining import Invited
from hub.people.schools import read_school
from hub.ports import ChannelName, SchoolCard
from hub.replies.answers import Taken, answer
from hub.replies.consent import write_again, write_in
from hub.replies.joining import join
from hub.replies.served import Served, served_by
from hub.replies.speakers import adults_at
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import address, contact_point, guardian

REFUSED = (AddressState.WRONG,)
"""A chat whose owner said that he or she is not the one needs a new invitation."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that a family opened with the bot. `named`: children are named in it. `wrong`: its owner is a stranger."""

    address_id: int
    language: str
    named: bool
    wrong: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of a button: what became of the answer, and the copy as of today."""

    taken: Taken
    served: Served


async def find_chat(connection: AsyncConnection, keyring: Keyring, school_id: int, number: str) -> Chat | None:
    """Find a chat of this school, with the language that its messages are written in; None for a stranger's."""
    first = (
        select(guardian.c.language)
        .join(contact_point, contact_point.c.guardian_id == guardian.c.id)
        .where(contact_point.c.school_id == address.c.school_id, contact_point.c.address_id == address.c.id)
        .order_by(contact_point.c.id)
        .limit(1)
        .correlate(address)
        .scalar_subquery()
    )
    row = (
        await connection.execute(
            select(
                address.c.id,
                func.coalesce(address.c.language, first, "fr").label("language"),
                address.c.discreet,
                address.c.state,
            ).where(
                address.c.school_id == school_id,
                address.c.medium == Medium.CHAT,
                address.c.lookup_hash == keyring.lookup(Medium.CHAT.value, number),
            )
        )
    ).one_or_none()
    return None if row is None else Chat(row.id, row.language, not row.discreet, row.state in REFUSED)


async def join_chat(session: AsyncSession, keyring: Keyring, invited: Invited, number: str, *, now: datetime) -> None:
    """Let an invited adult be reached in this chat. Raises NotFoundError for an invitation that is used up."""
    await join(session, keyring, invited, value=number, name=number, now=now)


async def resume(connection: AsyncConnection, line: ChatLine, chat: Chat, *, now: datetime) -> None:
    """Write here again: whoever stopped us, or seemed gone, has just spoken."""
    await write_again(
        connection, school_id=line.school_id, address_id=chat.address_id, sender_id=line.sender_id, now=now
    )


async def choose_language(connection: AsyncConnection, line: ChatLine, chat: Chat, language: str) -> None:
    """Write in this chat in another language from the next message on."""
    await write_in(connection, school_id=line.school_id, address_id=chat.address_id, language=language)


async def choose_names(connection: AsyncConnection, line: ChatLine, chat: Chat, *, named: bool) -> None:
    """Name children in this chat, or no longer."""
    here = (address.c.school_id == line.school_id, address.c.id == chat.address_id)
    await connection.execute(update(address).where(*here).values(discreet=not named))


async def press(
    connection: AsyncConnection,
    keyring: Keyring,
    line: ChatLine,
    chat: Chat,
    *,
    token: str,
    kind: AnswerKind,
    number: int | None = None,
    guardian_id: int | None,
    now: datetime,
) -> Pressed | None:
    """Take the button under one copy; None when that copy is not this chat's. Pressing twice changes nothing."""
    copy_id = keyring.read_token("c", token)
    if copy_id is None:
        return None
    served = await served_by(connection, school_id=line.school_id, copy_id=copy_id, now=now)
    if served is None or served.address_id != chat.address_id:
        return None
    taken = await answer(
        connection,
        school_id=line.school_id,
        copy_id=copy_id,
        kind=kind,
        number=number,
        guardian_id=guardian_id,
        through=ChannelName.CHAT.value,
        now=now,
    )
    return Pressed(taken, served)


async def press_hours(
    session: AsyncSession, keyring: Keyring, line: ChatLine, chat: Chat, *, token: str, act: Act | None, now: datetime
) -> tuple[Told, SchoolCard] | None:
    """Take a button about appointments: `act`, or to begin.

    None when its copy is not this chat's, or the adult is not one whom that copy serves and who still uses the chat.
    """
    copy_id = keyring.read_token("c", token)
    if copy_id is None:
        return None
    connection = await session.connection()
    served = await served_by(connection, school_id=line.school_id, copy_id=copy_id, now=now)
    if served is None or served.address_id != chat.address_id:
        return None
    school = await read_school(session, line.school_id)
    day, at = day_at_school(now, school.timezone), chat.address_id
    users = await adults_at(connection, school_id=line.school_id, addresses=[at], day=day)
    still = [adult for adult in served.adults if adult.guardian_id in {user.guardian_id for user in users[at]}]
    if not still or (act is not None and act.guardian_id not in {adult.guardian_id for adult in still}):
        return None
    if any(adult.service for adult in still):
        return Told(Asks.ELSEWHERE), served.school
    if act is not None and act.does is not Does.SPEAK:
        told = await go_on(session, keyring, act, school=school, now=now)
    else:
        those = [one for one in still if act is None or one.guardian_id == act.guardian_id]
        pupils = None if chat.named else {pupil_id for one in those for pupil_id in one.pupils}
        adults = [(one.guardian_id, one.name) for one in those]
        told = await begin(session, keyring, school=school, adults=adults, pupils=pupils, now=now)
    await answer(
        connection,
        school_id=line.school_id,
        copy_id=copy_id,
        kind=AnswerKind.ACKNOWLEDGED,
        guardian_id=None if act is None else act.guardian_id,
        through=ChannelName.CHAT.value,
        now=now,
    )
    return Told(Asks.ELSEWHERE) if told.asks is Asks.CHILD and not chat.named else told, served.school
