"""Before the press: how many adults a notice would reach, by which ways, in which languages, and what it may cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from hub.models.school import School
from hub.notices.audience import Audience, classes_of, members, read_audience, require_right
from hub.outbox.rungs import next_rung
from hub.people.links import holds_on, told_about
from hub.people.rights import Rights
from hub.ports import LINK_CODE, ChannelName, NoticeKind, SchoolCard, Slots, Wording
from hub.routing import check_absent_on, check_still_to_come, class_order, day_at_school
from hub.tables import class_group, contact_point, enrolment, guardian, pupil, sender
from i18n.checks import check_slots
from i18n.languages import best
from i18n.rendering import render_sms
from i18n.segments import count, dear_characters

Key = TypeVar("Key", bound=str)
LINK_SHOWN = "x" * len(LINK_CODE)
"""Stands for a link's code where nothing leaves: letters, for dots would wander in a text that reads from the right."""


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A class to write to, with the number of adults concerned today."""

    class_id: int
    label: str
    adults: int


@dataclass(frozen=True, slots=True)
class PupilChoice:
    """A pupil to write about."""

    pupil_id: int
    name: str
    class_label: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody may choose from today. `adults` of the whole school, None when that is not theirs."""

    adults: int | None
    classes: tuple[ClassChoice, ...]
    pupils: tuple[PupilChoice, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave. `to_call`: adults no message can reach. `cost` in hundredths of a cent, first rung only.

    `segments` of the dearest language's SMS; `dear` are the signs of the author's words and place that make SMS dear.
    `readings`: (language, SMS) to be read over; the school's own first, then the other one that most adults read.
    """

    adults: int
    to_call: int
    channels: tuple[tuple[ChannelName, int], ...]
    languages: tuple[tuple[str, int], ...]
    cost: int
    segments: int
    readings: tuple[tuple[str, str], ...]
    dear: tuple[str, ...]

    @property
    def read_in(self) -> tuple[tuple[str, int], ...]:
        """Adults by the language that they will read."""
        return _summed((best(code).words, adults) for code, adults in self.languages)

    @property
    def without_words(self) -> tuple[tuple[str, int], ...]:
        """Adults by a language of theirs that we do not speak yet: they read French, and the office should know."""
        return tuple((code, adults) for code, adults in self.languages if not best(code).has_words)


async def read_school(session: AsyncSession, school_id: int) -> School:
    """Give the school itself."""
    return (await session.execute(select(School).where(col(School.id) == school_id))).scalar_one()


async def choices(session: AsyncSession, *, school_id: int, rights: Rights, day: date) -> Choices:
    """Give the classes and pupils that somebody may write to today."""
    told = told_about(school_id, day).subquery("told")
    numbers = {
        row.class_id: row.adults
        for row in await session.execute(
            select(told.c.class_id, func.count(func.distinct(told.c.guardian_id)).label("adults")).group_by(
                told.c.class_id
            )
        )
    }
    everybody = (await session.execute(select(func.count(func.distinct(told.c.guardian_id))))).scalar_one()
    pupils = (
        select(pupil.c.id, pupil.c.first_name, pupil.c.family_name, pupil.c.usage_name, enrolment.c.class_id)
        .join(enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(
            pupil.c.school_id == school_id,
            holds_on(enrolment, day),
            or_(pupil.c.left_on.is_(None), pupil.c.left_on > day),
        )
        .order_by(pupil.c.name_key, pupil.c.id)
    )
    groups = select(class_group.c.id, class_group.c.label).where(
        class_group.c.school_id == school_id, class_group.c.id.in_(numbers)
    )
    if not rights.whole_school:
        pupils = pupils.where(enrolment.c.class_id.in_(rights.classes))
        groups = groups.where(class_group.c.id.in_(rights.classes))
    labels = {
        row.id: row.label for row in sorted(await session.execute(groups), key=lambda row: class_order(row.label))
    }
    return Choices(
        adults=everybody if rights.whole_school else None,
        classes=tuple(ClassChoice(number, label, numbers[number]) for number, label in labels.items()),
        pupils=tuple(
            PupilChoice(row.id, f"{row.usage_name or row.family_name} {row.first_name}", labels.get(row.class_id, ""))
            for row in await session.execute(pupils)
        ),
    )


async def preview(
    session: AsyncSession,
    *,
    school: School,
    author: str,
    rights: Rights,
    kind: NoticeKind,
    audience: str,
    slots: Slots,
    now: datetime,
    public_url: str | None,
) -> Preview:
    """Count what a press would do. Raises InvalidError, NotAllowedError as the press itself would."""
    check_slots(kind, slots)
    day = day_at_school(now, school.timezone)
    check_still_to_come(slots.starts_at, now)
    if kind is NoticeKind.ABSENCE:
        check_absent_on(slots.day, day)
    who = await read_audience(session, school_id=school.key, words=audience, day=day)
    require_right(rights, who, await classes_of(session, school_id=school.key, pupils=who.pupils, day=day))
    lines = await _lines(session, school.key, who, day)
    price = await _sms_price(session, school.key)
    card = SchoolCard(school.name, school.short_name, school.phone, school.timezone)
    link = f"{public_url}/l/{LINK_CODE}" if public_url else None
    languages = _summed((language, adults) for language, _, adults in lines)
    named = await _the_child(session, school.key, kind, who)
    texts = {
        language: render_sms(Wording(kind, slots, card, author, language, named, link, price.two_way)).text
        for language in {slots.language, *(language for language, _ in languages)}
    }
    paid = [(count(texts[language]).segments, adults) for language, channel, adults in lines if _is_sms(channel)]
    return Preview(
        adults=sum(adults for _, _, adults in lines),
        to_call=sum(adults for _, channel, adults in lines if channel is None),
        channels=_summed((channel, adults) for _, channel, adults in lines if channel is not None),
        languages=languages,
        cost=price.each * sum(segments * adults for segments, adults in paid),
        segments=max((segments for segments, _ in paid), default=0),
        readings=_readings(texts, slots.language, languages),
        dear=dear_characters(f"{slots.place or ''}{slots.text or ''}"),
    )


@dataclass(frozen=True, slots=True)
class _Price:
    each: int
    two_way: bool


def _readings(texts: Mapping[str, str], own: str, languages: Iterable[tuple[str, int]]) -> tuple[tuple[str, str], ...]:
    """Choose what is read over: what the author can check, and one that shows what becomes of it elsewhere."""
    other = next((code for code, _ in languages if best(code).words != best(own).words), None)
    return tuple((best(code).words, texts[code].replace(LINK_CODE, LINK_SHOWN)) for code in (own, other) if code)


def _is_sms(channel: ChannelName | None) -> bool:
    return channel is ChannelName.SMS


async def _the_child(session: AsyncSession, school_id: int, kind: NoticeKind, who: Audience) -> tuple[str, ...]:
    """Name the one child that an absence is about; of several, each family reads its own."""
    if kind is not NoticeKind.ABSENCE or len(who.pupils) != 1:
        return ()
    named = select(pupil.c.first_name).where(pupil.c.school_id == school_id, pupil.c.id.in_(who.pupils))
    return tuple((await session.execute(named)).scalars())


async def _lines(
    session: AsyncSession, school_id: int, who: Audience, day: date
) -> list[tuple[str, ChannelName | None, int]]:
    """Adults by language and first usable way, None for those who have none."""
    told = members(school_id, who, day).subquery("told_pairs")
    first = next_rung(guardian.c.id, literal(school_id), literal(0)).correlate(guardian).scalar_subquery()
    adults = (
        select(guardian.c.id, guardian.c.language, first.label("position"))
        .where(guardian.c.school_id == school_id, guardian.c.id.in_(select(told.c.guardian_id)))
        .subquery("adults")
    )
    rows = await session.execute(
        select(adults.c.language, contact_point.c.channel, func.count(func.distinct(adults.c.id)).label("number"))
        .outerjoin(
            contact_point,
            and_(
                contact_point.c.school_id == school_id,
                contact_point.c.guardian_id == adults.c.id,
                contact_point.c.position == adults.c.position,
            ),
        )
        .group_by(adults.c.language, contact_point.c.channel)
    )
    return [(row.language, ChannelName(row.channel) if row.channel else None, row.number) for row in rows]


async def _sms_price(session: AsyncSession, school_id: int) -> _Price:
    row = (
        await session.execute(
            select(sender.c.price, sender.c.two_way)
            .where(sender.c.school_id == school_id, sender.c.channel == ChannelName.SMS, sender.c.stopped_at.is_(None))
            .order_by(sender.c.id)
            .limit(1)
        )
    ).one_or_none()
    return _Price(row.price, row.two_way) if row else _Price(0, two_way=False)


def _summed(pairs: Iterable[tuple[Key, int]]) -> tuple[tuple[Key, int], ...]:
    sums: dict[Key, int] = {}
    for key, number in pairs:
        sums[key] = sums.get(key, 0) + number
    return tuple(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
