"""As a family will read it, before it leaves: one adult of an audience, on each way, in the language that is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.people import AddressState
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.preview import shown
from hub.notices.preview_asked import SenderCard, senders
from hub.outbox.rungs import may_be_written_to, sender_for, wanted
from hub.people.links import holds_on
from hub.people.names import full_name
from hub.ports import LINK_CODE, ChannelName, NoticeKind, SchoolCard, Slots, Wording
from hub.routing import NAMING_KINDS, SILENT_DAYS
from hub.tables import address, class_group, contact_point, enrolment, guardian, pupil
from i18n.languages import best
from i18n.rendering import render
from i18n.segments import count

MOST_READERS = 600
"""Adults that the list offers; a larger audience is looked at by class."""
RENDERED = (ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT)


@dataclass(frozen=True, slots=True)
class Reader:
    """An adult who would read it, by one of the pupils concerned."""

    guardian_id: int
    name: str
    language: str
    child: str
    class_label: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one adult reads on one way: `language` of our words, `subject` of a mail, `buttons` to tap.

    `segments` and `cost` (hundredths of a cent) of an SMS; 0 on ways that cost nothing.
    """

    channel: ChannelName
    language: str
    direction: str
    text: str
    subject: str | None
    buttons: tuple[str, ...]
    segments: int
    cost: int


async def readers(session: AsyncSession, *, school_id: int, who: Audience, day: date) -> tuple[Reader, ...]:
    """List the adults of an audience to choose from, by the names of the pupils; at most MOST_READERS."""
    told = members(school_id, who, day).subquery("told")
    rows = await session.execute(
        select(
            guardian.c.id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.language,
            pupil.c.first_name.label("child"),
            func.max(class_group.c.label).label("class_label"),
        )
        .select_from(told)
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == told.c.guardian_id))
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .outerjoin(
            enrolment,
            and_(enrolment.c.school_id == school_id, enrolment.c.pupil_id == pupil.c.id, holds_on(enrolment, day)),
        )
        .outerjoin(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == enrolment.c.class_id))
        .group_by(guardian.c.id, pupil.c.id)
        .order_by(pupil.c.name_key, pupil.c.id, guardian.c.id)
        .limit(MOST_READERS)
    )
    found: dict[int, Reader] = {}
    for row in rows:
        name = full_name(row.first_name, row.usage_name, row.family_name)
        found.setdefault(row.id, Reader(row.id, name, row.language, row.child, row.class_label or ""))
    return tuple(found.values())


async def read_as(
    session: AsyncSession,
    *,
    school: School,
    author: str,
    kind: NoticeKind,
    slots: Slots,
    who: Audience,
    guardian_id: int,
    day: date,
    now: datetime,
    public_url: str | None,
) -> tuple[Reading, ...]:
    """Say it as this adult will read it, on every way that may be used now, the first one first.

    Raises NotFoundError for an adult who is not of this audience.
    """
    names = await _pupils_of(session, school.key, who, guardian_id, day)
    if not names:
        raise NotFoundError("Cet adulte n’est pas de ceux à qui l’avis s’adresse.")
    cards = await senders(session, school.key)
    wording = Wording(
        kind=kind,
        slots=slots,
        school=SchoolCard(school.name, school.short_name, school.phone, school.timezone),
        author=author,
        language=slots.language,
        link=f"{public_url}/l/{LINK_CODE}" if public_url else None,
    )
    readings = []
    for point in await _ways(session, school.key, guardian_id, now):
        named = names if kind in NAMING_KINDS and point.may_name else ()
        card = cards[point.sender_id]
        readings.append(_read(replace(wording, language=point.language, pupils=named, two_way=card.two_way), card))
    return tuple(readings)


def _read(wording: Wording, card: SenderCard) -> Reading:
    body = render(card.channel, wording)
    sms = card.channel is ChannelName.SMS
    segments = count(body.text).segments if sms else 0
    return Reading(
        channel=card.channel,
        language=body.language,
        direction=best(body.language).direction,
        text=shown(body.text),
        subject=body.subject,
        buttons=tuple(button.label for button in body.buttons),
        segments=segments,
        cost=segments * card.price,
    )


async def _pupils_of(
    session: AsyncSession, school_id: int, who: Audience, guardian_id: int, day: date
) -> tuple[str, ...]:
    told = members(school_id, who, day).subquery("told")
    named = (
        select(pupil.c.first_name)
        .join(told, and_(told.c.pupil_id == pupil.c.id, told.c.guardian_id == guardian_id))
        .where(pupil.c.school_id == school_id)
        .order_by(pupil.c.id)
    )
    return tuple((await session.execute(named)).scalars())


async def _ways(session: AsyncSession, school_id: int, guardian_id: int, now: datetime) -> Sequence[Any]:
    """Read this adult's usable ways, each channel once."""
    may_name = and_(
        address.c.state == AddressState.ACTIVE,
        address.c.discreet.is_(False),
        address.c.last_sign_of_life > now - timedelta(days=SILENT_DAYS),
    )
    rows = await session.execute(
        select(
            contact_point.c.channel,
            sender_for().label("sender_id"),
            func.coalesce(address.c.language, guardian.c.language).label("language"),
            case((may_name, 1), else_=0).label("may_name"),
        )
        .join(address, and_(address.c.school_id == school_id, address.c.id == contact_point.c.address_id))
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == contact_point.c.guardian_id))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian_id,
            contact_point.c.channel.in_(RENDERED),
            wanted(),
            may_be_written_to(),
        )
        .order_by(contact_point.c.position)
    )
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row.channel, row)
    return list(found.values())
