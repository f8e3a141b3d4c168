"""The family's door: which adults stand behind an address, the code that goes there, and the session that it opens.

Nothing here tells a visitor whether an address is known before its code has come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import LargeBinary, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.database import Database
from hub.errors import InvalidError
from hub.home.codes import Place, Proof, Wrong, tell_code, use
from hub.home.logins import Adult, AtHome, add_to_login, end_login, open_login
from hub.home.ways import tell_the_others
from hub.models.base import BigId, UtcDateTime
from hub.models.people import AddressState, Medium
from hub.outbox.conversations import FirstWay
from hub.outbox.rungs import same, sender_for, wanted
from hub.people.kin import children_of
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.names import full_name
from hub.people.noting import note
from hub.people.phones import read_phone
from hub.people.schools import read_school
from hub.people.staff import speaks_for
from hub.ports import ChannelName
from hub.routing import SILENT_DAYS, day_at_school
from hub.sealing import Keyring
from hub.tables import address, audit, contact_point, guardian, school
from i18n.slots import N_

ADDRESS_MAX = 254
"""Characters of what is typed as an address."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """One adult of one school who uses the address today. `sender_id`: from which a code can leave, if any can."""

    school_id: int
    timezone: str
    guardian_id: int
    address_id: int
    channel: ChannelName
    sender_id: int | None
    name: str
    name_key: str


@dataclass(frozen=True, slots=True)
class Person:
    """One of several who share an address: a name to choose, and by whom it is chosen."""

    guardian_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Entered:
    """The page is open. `token`: of a new session; None when the present one shows more.

    `fresh`: the adults whose page was not open in this browser before.
    """

    token: str | None
    fresh: tuple[Known, ...] = ()


async def read_place(connection: AsyncConnection, keyring: Keyring, words: str) -> Place:
    """Read a number or a mailbox as a family types it. Raises InvalidError.

    A number without its country is read as the first school of this installation would.
    """
    try:
        if "@" in words:
            return _place(keyring, Medium.MAILBOX, mailbox_key(read_mailbox(words[: ADDRESS_MAX + 1])))
        region = (await connection.execute(select(school.c.region).order_by(school.c.id).limit(1))).scalar() or "FR"
        return _place(keyring, Medium.PHONE, read_phone(words, region).e164)
    except InvalidError as error:
        sentence = N_("Ce n'est ni un numéro ni un e-mail que nous savons lire : vérifiez ce que vous avez tapé.")
        raise InvalidError(sentence, field="address") from error


async def known_at(database: Database, place: Place, *, now: datetime) -> list[Known]:
    """List the adults who may come in by an address, of all schools; the one with the latest sign of life first.

    The address has answered lately, it is no stranger's, the adult wants it, and has a child here today.
    """
    asked = {"medium": place.medium, "lookup": place.lookup, "since": now - timedelta(days=SILENT_DAYS)}
    async with database.engine_reading() as connection:
        rows = (await connection.execute(_known(), asked)).all()
    found = [
        Known(
            row.school_id,
            row.timezone,
            row.guardian_id,
            row.address_id,
            ChannelName(row.channel),
            row.sender_id,
            full_name(row.first_name, row.usage_name, row.family_name),
            row.name_key,
        )
        for row in rows
    ]
    linked: set[int] = set()
    for (school_id, zone), theirs in groupby(
        sorted(found, key=attrgetter("school_id")), key=attrgetter("school_id", "timezone")
    ):
        guardians = [one.guardian_id for one in theirs]
        async with database.reading(school_id) as session:
            day = day_at_school(now, zone)
            children = await children_of(session, school_id=school_id, guardians=guardians, day=day)
        linked |= {child.guardian_id for child in children}
    return [one for one in found if one.guardian_id in linked]


async def send_code(database: Database, keyring: Keyring, place: Place, code: str, *, now: datetime) -> None:
    """Send the digits to an address, once, by the school that last heard from it; to nobody when none may write there.

    Done after the visitor has been answered, so that the answer takes as long for everybody.
    """
    one = next((each for each in await known_at(database, place, now=now) if each.sender_id is not None), None)
    if one is None or one.sender_id is None:
        return
    async with database.school(one.school_id) as session:
        home = await read_school(session, one.school_id)
        way = FirstWay(one.address_id, one.channel, one.sender_id, only=True)
        await tell_code(session, keyring, code, school=home, guardian_id=one.guardian_id, first=way, now=now)


async def come_in(
    database: Database, keyring: Keyring, proof: Proof, *, who: int | None, here: AtHome | None, device: str
) -> Entered | Sequence[Person] | Wrong:
    """Open the page to whoever proved an address; to choose among those who share it, when that was not said yet.

    `who`: one of the persons offered. `here`: the session that is open in this browser; it ends, unless what was proved
    was to be added to it.
    """
    known = await known_at(database, proof.place, now=proof.now)
    persons = sharing(known)
    if persons:
        chosen = next((one.name_key for one in known if one.guardian_id == who), None)
        if chosen is None:
            return persons
        known = [one for one in known if one.name_key == chosen]
    adults = [Adult(one.school_id, one.guardian_id, one.address_id) for one in known]
    async with database.engine() as connection:
        if not adults or not await use(connection, proof):
            return Wrong(0)
        lives = {"b_medium": proof.place.medium, "b_lookup": proof.place.lookup, "b_now": proof.now}
        await connection.execute(_answered(), lives)
        if here is not None and here.login_id == proof.login_id:
            await add_to_login(connection, here.login_id, adults)
            return Entered(None, _fresh(known, here))
        if here is not None:
            await end_login(connection, here.login_id)
        token = await open_login(connection, keyring, adults, device=device, now=proof.now)
        return Entered(token, _fresh(known, here))


async def tell_of_opening(database: Database, keyring: Keyring, fresh: Sequence[Known], *, now: datetime) -> None:
    """Tell adults at their other addresses that their page was opened in a browser that is new; once a day at most.

    Who read a code over somebody's shoulder does not stay unseen. One school tells it, the first that knows another
    address. Done after the visitor has been answered.
    """
    for one in fresh:
        async with database.school(one.school_id) as session:
            if await _told_today(session, one, now):
                return
            home = await read_school(session, one.school_id)
            told = await tell_the_others(
                session,
                keyring,
                school=home,
                author_id=await speaks_for(session, school_id=one.school_id, day=day_at_school(now, one.timezone)),
                guardian_id=one.guardian_id,
                but=one.address_id,
                now=now,
                phrase=_OPENED,
            )
            if told:
                await note(session, one.school_id, None, _OPENED, ("guardian", one.guardian_id), now)
                return


_OPENED = "page_opened"


def _fresh(known: Sequence[Known], here: AtHome | None) -> tuple[Known, ...]:
    seen = {adult.guardian_id for adult in here.adults} if here is not None else set()
    return () if any(one.guardian_id in seen for one in known) else tuple(known)


async def _told_today(session: AsyncSession, one: Known, now: datetime) -> bool:
    which = {"school": one.school_id, "guardian": one.guardian_id, "since": now - A_DAY}
    return (await session.execute(_told_since(), which)).first() is not None


@cache
def _told_since() -> Select[Any]:
    """Ask whether an adult was told of an opened page: parameters school, guardian, since."""
    return (
        select(audit.c.id)
        .where(
            audit.c.school_id == bindparam("school", type_=BigId()),
            audit.c.subject == "guardian",
            audit.c.subject_id == bindparam("guardian", type_=BigId()),
            audit.c.act == _OPENED,
            audit.c.at > bindparam("since", type_=UtcDateTime()),
        )
        .limit(1)
    )


def sharing(known: Sequence[Known]) -> list[Person]:
    """List those to choose from where two adults of one school share the address; nobody else has to say who it is."""
    schools: dict[int, set[str]] = {}
    for one in known:
        schools.setdefault(one.school_id, set()).add(one.name_key)
    if all(len(names) == 1 for names in schools.values()):
        return []
    persons = {one.name_key: Person(one.guardian_id, one.name) for one in reversed(known)}
    return [persons[name] for name in sorted(persons)]


def _place(keyring: Keyring, medium: Medium, name: str) -> Place:
    return Place(medium, keyring.lookup(medium.value, name))


@cache
def _known() -> Select[Any]:
    """Ask who uses an address that has lately answered: parameters medium, lookup, since."""
    return (
        select(
            address.c.school_id,
            address.c.id.label("address_id"),
            school.c.timezone,
            contact_point.c.guardian_id,
            contact_point.c.channel,
            sender_for().label("sender_id"),
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.name_key,
        )
        .join(contact_point, same(contact_point, address, "address_id"))
        .join(guardian, same(contact_point, guardian, "guardian_id"))
        .join(school, school.c.id == address.c.school_id)
        .where(
            address.c.medium == bindparam("medium", type_=address.c.medium.type),
            address.c.lookup_hash == bindparam("lookup", type_=LargeBinary()),
            address.c.state == AddressState.ACTIVE,
            address.c.last_sign_of_life > bindparam("since", type_=UtcDateTime()),
            contact_point.c.channel.in_((ChannelName.SMS, ChannelName.EMAIL)),
            wanted(),
        )
        .order_by(address.c.last_sign_of_life.desc(), address.c.school_id, contact_point.c.guardian_id)
    )


@cache
def _answered() -> Any:  # noqa: ANN401 (a statement)
    """Write that an address gave its code back, in every school: parameters b_medium, b_lookup, b_now."""
    return (
        update(address)
        .where(
            address.c.medium == bindparam("b_medium", type_=address.c.medium.type),
            address.c.lookup_hash == bindparam("b_lookup", type_=LargeBinary()),
            address.c.state == AddressState.ACTIVE,
        )
        .values(last_sign_of_life=bindparam("b_now", type_=UtcDateTime()))
    )
