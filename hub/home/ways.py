"""Where one adult wants to be written to, and in which order: set at the family's own page.

A new address counts once a code that was sent to it came back; each change is told at all the others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.models.people import AddressState, Medium
from hub.models.school import School
from hub.notices.publish import Draft, tell
from hub.outbox.conversations import FirstWay
from hub.outbox.rungs import WRITABLE, sender_for, wanted
from hub.people.addresses import find_address, masked, new_address, state_to_read
from hub.people.links import told_about
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.phones import read_phone
from hub.ports import ChannelName, NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import address, contact_point, copy, data_key, notice, sender, stop
from i18n.slots import N_

MOST_WAYS = 8
"""Addresses of one adult; more is a mistake or a nuisance."""
UNPROVED_COUNTS = timedelta(days=1)
"""How long an address counts among them after its last code, where none came back: who mistypes is not shut out."""
UNPROVED = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when an address is unwanted that was typed and whose code never came back: nothing but a code goes there."""


@dataclass(frozen=True, slots=True)
class OwnWay:
    """One address of an adult, masked. `usable`: a message may go there now; `wanted`: the adult wants it to."""

    address_id: int
    channel: ChannelName
    masked: str
    state: AddressState
    usable: bool
    wanted: bool


async def ways_of(session: AsyncSession, keyring: Keyring, *, school_id: int, guardian_id: int) -> tuple[OwnWay, ...]:
    """List the addresses of one adult, in their order; not those that were typed and never proved."""
    rows = await session.execute(
        select(
            contact_point.c.address_id,
            contact_point.c.channel,
            contact_point.c.unwanted_at,
            address.c.medium,
            state_to_read(),
            sender_for().is_not(None).label("sends"),
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(address, and_(address.c.school_id == school_id, address.c.id == contact_point.c.address_id))
        .join(data_key, and_(data_key.c.school_id == school_id, data_key.c.id == address.c.data_key_id))
        .where(_own(school_id, guardian_id), _given())
        .order_by(contact_point.c.position)
    )
    found = []
    for row in rows:
        value = keyring.seal(row.wrapped, row.master_version).open(row.value_sealed, b"address.value").decode()
        state = AddressState(row.state)
        found.append(
            OwnWay(
                address_id=row.address_id,
                channel=ChannelName(row.channel),
                masked=masked(Medium(row.medium), value),
                state=state,
                usable=state in WRITABLE and bool(row.sends),
                wanted=row.unwanted_at is None,
            )
        )
    return tuple(found)


async def put_first(session: AsyncSession, *, school_id: int, guardian_id: int, address_id: int) -> None:
    """Let an address come before the others. Raises NotFoundError, also for one that was never proved."""
    this = and_(_own(school_id, guardian_id), contact_point.c.address_id == address_id, _given())
    lowest = select(func.min(contact_point.c.position)).where(_own(school_id, guardian_id)).scalar_subquery()
    moved = update(contact_point).where(this).values(position=lowest - 1, unwanted_at=None)
    if (await session.execute(moved.returning(contact_point.c.id))).first() is None:
        raise NotFoundError(_NOT_YOURS)
    await _number(session, school_id, guardian_id)


async def want_no_more(
    session: AsyncSession, *, school_id: int, guardian_id: int, address_id: int, now: datetime
) -> None:
    """Let this adult not be written to at an address any more; whoever shares it still is.

    Raises NotFoundError, and InvalidError for the last one at which anything arrives: then nobody would be reached.
    """
    usable = and_(_own(school_id, guardian_id), wanted(), address.c.state.in_(WRITABLE), sender_for().is_not(None))
    where = and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
    left = select(contact_point.c.id).join(address, where).where(usable, contact_point.c.address_id != address_id)
    if (await session.execute(left.limit(1))).first() is None:
        raise InvalidError(N_("Gardez au moins une adresse où l'école peut vous écrire : ajoutez l'autre d'abord."))
    this = and_(_own(school_id, guardian_id), contact_point.c.address_id == address_id)
    closed = update(contact_point).where(this).values(unwanted_at=now).returning(contact_point.c.id)
    if (await session.execute(closed)).first() is None:
        raise NotFoundError(_NOT_YOURS)


async def new_way(
    session: AsyncSession, keyring: Keyring, *, school: School, guardian_id: int, words: str, now: datetime
) -> FirstWay:
    """Take down a number or a mailbox, as typed, that is to be proved by a code; nothing else is written there.

    Gives the way by which the code goes. Raises InvalidError: not to be read, only rings, on file already, or nobody
    may write there.
    """
    channel, medium, kind, value, name = _read(words, school.region)
    lookup = keyring.lookup(medium.value, name)
    known = await find_address(session, school.key, medium, lookup)
    if known is not None and known[1] not in WRITABLE:
        raise InvalidError(N_("L'école ne peut pas écrire à cette adresse : voyez avec elle, ou donnez-en une autre."))
    address_id = known[0] if known else None
    if address_id is None:
        more = {"kind": kind, "state": AddressState.UNVERIFIED}
        address_id = await new_address(session, keyring, school.key, medium, lookup, value=value, more=more)
    await _take_down(session, school.key, guardian_id, address_id, channel, now)
    line = await _line_to(session, school.key, address_id, channel)
    return FirstWay(address_id=address_id, channel=channel, sender_id=line, only=True)


async def proved(session: AsyncSession, *, school_id: int, guardian_id: int, address_id: int, now: datetime) -> None:
    """The code came back: the address is this adult's, lives, and comes first."""
    this = and_(_own(school_id, guardian_id), contact_point.c.address_id == address_id)
    await session.execute(update(contact_point).where(this, ~_given()).values(unwanted_at=None))
    await session.execute(
        update(address)
        .where(address.c.school_id == school_id, address.c.id == address_id, address.c.state.in_(WRITABLE))
        .values(state=AddressState.ACTIVE, state_at=now, last_sign_of_life=now)
    )
    await put_first(session, school_id=school_id, guardian_id=guardian_id, address_id=address_id)


async def tell_the_others(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    author_id: int,
    guardian_id: int,
    but: int | None,
    now: datetime,
    phrase: str = "ways_changed",
) -> int:
    """Tell an adult of a change at every address that was his or hers before, each by itself; gives at how many.

    `but`: the address that the change is about, where it is new. `phrase`: what is said of it. Who did not choose this
    learns of it wherever he or she is reached today.
    """
    linked = told_about(school.key, day_at_school(now, school.timezone), to_come=True).subquery("linked")
    who = select(linked.c.guardian_id, linked.c.pupil_id).where(linked.c.guardian_id == guardian_id).distinct()
    told = 0
    for way in await ways_of(session, keyring, school_id=school.key, guardian_id=guardian_id):
        if not (way.usable and way.wanted) or way.address_id == but:
            continue
        line = await _line_to(session, school.key, way.address_id, way.channel)
        draft = Draft(
            kind=NoticeKind.REMINDER,
            audience=f"guardian:{guardian_id}",
            slots=Slots(phrase=phrase, language=school.language),
        )
        first = FirstWay(way.address_id, way.channel, line, only=True)
        await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now, first=first)
        told += 1
    return told


_NOT_YOURS = "Cette adresse n’est pas la vôtre."


def _own(school_id: int, guardian_id: int) -> ColumnElement[bool]:
    return and_(contact_point.c.school_id == school_id, contact_point.c.guardian_id == guardian_id)


def _given() -> ColumnElement[bool]:
    """Say that the contact point at hand is this adult's: the school had it, or its code came back once."""
    return wanted() | (contact_point.c.unwanted_at > UNPROVED)


def _read(words: str, region: str) -> tuple[ChannelName, Medium, str, str, str]:
    """Read what a family typed: channel, medium, kind, the address, and what it is found again by."""
    try:
        if "@" in words:
            mailbox = read_mailbox(words)
            return ChannelName.EMAIL, Medium.MAILBOX, "", mailbox, mailbox_key(mailbox)
        phone = read_phone(words, region)
    except InvalidError as error:
        raise InvalidError(
            N_("Vérifiez ce numéro ou cette adresse : on ne peut pas la lire."), field="address"
        ) from error
    if not phone.takes_texts:
        raise InvalidError(N_("Ce numéro ne reçoit pas de SMS : donnez un portable, ou un e-mail."), field="address")
    return ChannelName.SMS, Medium.PHONE, phone.kind.value, phone.e164, phone.e164


async def _take_down(
    session: AsyncSession, school_id: int, guardian_id: int, address_id: int, channel: ChannelName, now: datetime
) -> None:
    """Put an unproved address behind the others. Raises InvalidError when it is there, or there are too many."""
    mine = (await session.execute(select(contact_point).where(_own(school_id, guardian_id)))).all()
    same = next((one for one in mine if one.address_id == address_id and one.channel == channel), None)
    if same is not None and same.unwanted_at is None:
        raise InvalidError(N_("L'école vous écrit déjà à cette adresse."), field="address")
    if same is not None:
        return
    counts = select(func.count()).where(_own(school_id, guardian_id), or_(_given(), _lately_asked(now)))
    if (await session.execute(counts)).scalar_one() >= MOST_WAYS:
        raise InvalidError(N_("Vous avez déjà beaucoup d'adresses : voyez avec l'école."), field="address")
    last = max((one.position for one in mine), default=0) + 1
    use = {"school_id": school_id, "guardian_id": guardian_id, "address_id": address_id, "channel": channel}
    await session.execute(insert(contact_point).values(**use, position=last, unwanted_at=UNPROVED))


def _lately_asked(now: datetime) -> ColumnElement[bool]:
    """Say that a code has lately gone to the contact point at hand."""
    code = and_(notice.c.school_id == copy.c.school_id, notice.c.id == copy.c.notice_id)
    return (
        select(copy.c.id)
        .join(notice, code)
        .where(
            copy.c.school_id == contact_point.c.school_id,
            copy.c.address_id == contact_point.c.address_id,
            notice.c.kind == NoticeKind.CODE,
            notice.c.created_at > now - UNPROVED_COUNTS,
        )
        .correlate(contact_point)
        .exists()
    )


async def _line_to(session: AsyncSession, school_id: int, address_id: int, channel: ChannelName) -> int:
    """Choose the sender that writes there. Raises InvalidError when the school has none, or was told to stop."""
    stopped = select(stop.c.id).where(stop.c.address_id == address_id, stop.c.sender_id == sender.c.id)
    found = await session.execute(
        select(func.min(sender.c.id)).where(
            sender.c.school_id == school_id,
            sender.c.channel == channel,
            sender.c.stopped_at.is_(None),
            ~stopped.correlate(sender).exists(),
        )
    )
    line = found.scalar_one_or_none()
    if line is None:
        raise InvalidError(N_("L'école ne peut pas écrire à cette adresse : voyez avec elle, ou donnez-en une autre."))
    return int(line)


async def _number(session: AsyncSession, school_id: int, guardian_id: int) -> None:
    """Number the addresses of one adult anew, from one on."""
    ordered: Any = (
        select(
            contact_point.c.id,
            func.row_number().over(order_by=(contact_point.c.position, contact_point.c.id)).label("place"),
        )
        .where(_own(school_id, guardian_id))
        .subquery("ordered")
    )
    place = select(ordered.c.place).where(ordered.c.id == contact_point.c.id).scalar_subquery()
    await session.execute(update(contact_point).where(_own(school_id, guardian_id)).values(position=place))
