"""Opening the year to come, moving pupils up into its classes, and closing the classes of the year that ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.models.notices import NoticeState
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.people.links import holds_on
from hub.people.noting import note
from hub.people.schools import year_on
from hub.ports import Lane
from hub.tables import class_group, enrolment, notice, pupil, school, school_year, staff, staff_right
from hub.years.turning import Year, require, years_at

A_DAY = timedelta(days=1)
SHORTEST, LONGEST = timedelta(days=250), timedelta(days=400)
"""Days of a school year that somebody might mean."""


@dataclass(frozen=True, slots=True)
class Mover:
    """A pupil of a class that ends; `sits_in`: the class of the year to come that he or she is placed in, if any."""

    pupil_id: int
    name: str
    sits_in: str


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing did: how many classes, places in them, and rights to them, ended."""

    classes: int
    pupils: int
    rights: int
    notices: int


async def open_year(
    session: AsyncSession, *, school_id: int, reader: Reader, starts_on: date, ends_on: date, now: datetime
) -> Year:
    """Open the year to come, or move its days; the year that ends then ends the day before it begins.

    Raises InvalidError for days that make no year, NotAllowedError.
    """
    require(reader)
    old, new = await years_at(session, school_id=school_id, day=reader.day)
    if not SHORTEST <= ends_on - starts_on <= LONGEST:
        raise InvalidError("Une année scolaire dure de 9 à 13 mois : vérifiez les deux dates.", field="fin")
    if not SHORTEST <= starts_on - A_DAY - old.starts_on <= LONGEST:
        raise InvalidError("Cette date laisserait une année trop courte ou trop longue avant elle.", field="debut")
    if new and new.starts_on <= reader.day < starts_on:
        raise InvalidError("La nouvelle année a déjà commencé : son premier jour ne va plus après aujourd’hui.")
    if new and starts_on != new.starts_on and await _is_closed(session, school_id, old):
        raise InvalidError(
            "Les classes sont déjà fermées à cette date : ce premier jour ne change plus.", field="debut"
        )
    await _years(session, school_id, old.year_id, {"ends_on": min(old.ends_on, starts_on - A_DAY)})
    year_id = new.year_id if new else await year_on(session, school_id, starts_on + timedelta(days=120))
    await _years(session, school_id, year_id, {"starts_on": starts_on, "ends_on": ends_on})
    await _years(session, school_id, old.year_id, {"ends_on": starts_on - A_DAY})
    await note(session, school_id, reader.staff_id, "open_year", ("school_year", year_id), now, count=1)
    _, opened = await years_at(session, school_id=school_id, day=reader.day)
    if opened is None:
        raise NotFoundError("Cette année n’existe pas.")
    return opened


async def movers(session: AsyncSession, *, school_id: int, class_id: int, reader: Reader) -> tuple[str, list[Mover]]:
    """List the pupils of a class that ends, and where each is placed. Raises NotAllowedError, NotFoundError."""
    require(reader)
    old, new = await years_at(session, school_id=school_id, day=reader.day)
    label = await _label(session, school_id, class_id, old)
    seat, later = enrolment.alias("seat"), class_group.alias("later")
    place = (
        select(func.max(later.c.label))
        .join(seat, and_(seat.c.school_id == school_id, seat.c.class_id == later.c.id))
        .where(later.c.school_id == school_id, later.c.year_id == (new.year_id if new else 0))
        .where(seat.c.pupil_id == pupil.c.id, or_(seat.c.to_on.is_(None), seat.c.to_on >= reader.day))
        .scalar_subquery()
    )
    day = min(reader.day, old.ends_on)
    asked = (
        select(pupil.c.id, pupil.c.first_name, pupil.c.family_name, place.label("place"))
        .join(enrolment, and_(enrolment.c.school_id == school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(pupil.c.school_id == school_id, enrolment.c.class_id == class_id, holds_on(enrolment, day))
        .where(or_(pupil.c.left_on.is_(None), pupil.c.left_on > day))
        .order_by(pupil.c.family_name, pupil.c.first_name, pupil.c.id)
    )
    rows = (await session.execute(asked)).all()
    return label, [Mover(row.id, f"{row.first_name} {row.family_name}", row.place or "") for row in rows]


async def move_up(
    session: AsyncSession,
    *,
    school_id: int,
    class_id: int,
    pupils: Collection[int],
    into: str,
    reader: Reader,
    now: datetime,
) -> int:
    """Place pupils of a class that ends in a class of the year to come, which is opened where it is missing.

    Gives how many changed place; pressing twice changes nothing. Who was placed elsewhere sits only in the last class.
    Raises InvalidError, NotAllowedError, NotFoundError.
    """
    _, theirs = await movers(session, school_id=school_id, class_id=class_id, reader=reader)
    old, new = await years_at(session, school_id=school_id, day=reader.day)
    label = " ".join(into.split())
    if not label or len(label) > 60 or not label.isprintable():
        raise InvalidError("Donnez un nom à la classe, de 60 signes au plus : CE1 A.", field="vers")
    if "@" in label or "," in label or ";" in label:
        raise InvalidError("Le nom d’une classe n’a ni virgule, ni point-virgule, ni arobase.", field="vers")
    if new is None:
        raise InvalidError("Ouvrez d’abord l’année qui vient.")
    chosen = [one.pupil_id for one in theirs if one.pupil_id in set(pupils)]
    if not chosen:
        raise InvalidError("Cochez au moins un élève.", field="eleves")
    target = await _class_of(session, school_id, new, label)
    moved = await seat_in(session, school_id, chosen, target, new, day=reader.day)
    still = (enrolment.c.school_id == school_id, enrolment.c.class_id == class_id, enrolment.c.pupil_id.in_(chosen))
    ends = or_(enrolment.c.to_on.is_(None), enrolment.c.to_on > old.ends_on)
    await session.execute(update(enrolment).where(*still, ends).values(to_on=old.ends_on))
    await note(session, school_id, reader.staff_id, "move_up", ("class_group", target), now, count=moved)
    return moved


async def seat_in(
    session: AsyncSession, school_id: int, pupils: Collection[int], class_id: int, year: Year, *, day: date
) -> int:
    """Give these pupils a place in a class from its first day on, or from today; gives how many had none there.

    A place in another class of that year goes, or ended yesterday.
    """
    siblings = select(class_group.c.id).where(
        class_group.c.school_id == school_id, class_group.c.year_id == year.year_id, class_group.c.id != class_id
    )
    mine = (enrolment.c.school_id == school_id, enrolment.c.pupil_id.in_(pupils))
    elsewhere = (*mine, enrolment.c.class_id.in_(siblings), or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= day))
    begun = set(await session.scalars(select(enrolment.c.pupil_id).where(*elsewhere, enrolment.c.from_on < day)))
    await session.execute(delete(enrolment).where(*elsewhere, enrolment.c.from_on >= day))
    await session.execute(update(enrolment).where(*elsewhere).values(to_on=day - A_DAY))
    there = (*mine, enrolment.c.class_id == class_id, or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= day))
    known = set(await session.scalars(select(enrolment.c.pupil_id).where(*there)))
    new = [
        {
            "school_id": school_id,
            "pupil_id": one,
            "class_id": class_id,
            "from_on": max(day, year.starts_on) if one in begun else year.starts_on,
        }
        for one in pupils
        if one not in known
    ]
    if new:
        await session.execute(insert(enrolment), new)
    return len(new)


async def close_classes(session: AsyncSession, *, school_id: int, reader: Reader, now: datetime) -> Closed:
    """Close the classes of the year that ends: places, rights and what waits for them end on its last day.

    Nobody writes in a closed class from the day after. Pressing twice changes nothing. Raises InvalidError while the
    year to come is not opened, NotAllowedError.
    """
    require(reader)
    old, new = await years_at(session, school_id=school_id, day=reader.day)
    if new is None:
        raise InvalidError("Ouvrez d’abord l’année qui vient.")
    mine = (class_group.c.school_id == school_id, class_group.c.year_id == old.year_id)
    labels = {
        row.id: row.label for row in await session.execute(select(class_group.c.id, class_group.c.label).where(*mine))
    }
    fresh = class_group.c.closed_on.is_(None)
    closing = update(class_group).where(*mine, fresh).values(closed_on=new.starts_on).returning(class_group.c.id)
    classes = (await session.execute(closing)).all()
    counts = []
    for table in (enrolment, staff_right):
        late = or_(table.c.to_on.is_(None), table.c.to_on > old.ends_on)
        ended = update(table).where(table.c.school_id == school_id, table.c.class_id.in_(labels), late)
        done = await session.execute(ended.values(to_on=old.ends_on).returning(table.c.id))
        counts.append(len(done.all()))
    stale = await _let_notices_end(session, school_id, old, set(labels.values()))
    await note(
        session, school_id, reader.staff_id, "close_classes", ("school_year", old.year_id), now, count=len(classes)
    )
    return Closed(len(classes), counts[0], counts[1], stale)


async def give_class(
    session: AsyncSession, *, school_id: int, class_id: int, staff_id: int, reader: Reader, now: datetime
) -> None:
    """Let somebody teach a class of the year to come, from its first day; twice changes nothing.

    Raises NotAllowedError, NotFoundError.
    """
    require(reader)
    _, new = await years_at(session, school_id=school_id, day=reader.day)
    if new is None:
        raise NotFoundError("Cette classe n’est pas de l’année qui vient.")
    await _label(session, school_id, class_id, new)
    known = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.id == staff_id, staff.c.name != "")
    if (await session.execute(known)).first() is None:
        raise NotFoundError("Cette personne n’est pas de l’équipe.")
    right = {"school_id": school_id, "staff_id": staff_id, "role": Role.TEACHER, "class_id": class_id}
    has = select(staff_right.c.id).where(*(staff_right.c[name] == value for name, value in right.items()))
    if (await session.execute(has.where(staff_right.c.to_on.is_(None)))).first() is None:
        await session.execute(insert(staff_right).values(**right, from_on=new.starts_on))
    await note(session, school_id, reader.staff_id, "give_class", ("class_group", class_id), now, count=1)


async def _let_notices_end(session: AsyncSession, school_id: int, old: Year, labels: set[str]) -> int:
    """Let what waits for the closed classes alone grow stale at the end of their last day; nothing urgent waits."""
    zone = (await session.execute(select(school.c.timezone).where(school.c.id == school_id))).scalar_one()
    over = datetime.combine(old.ends_on + A_DAY, time(), ZoneInfo(zone))
    waiting = select(notice.c.id, notice.c.audience).where(
        notice.c.school_id == school_id,
        notice.c.state == NoticeState.PUBLISHED,
        notice.c.lane == Lane.ROUTINE,
        notice.c.created_at < over,
        notice.c.expires_at > over,
    )
    rows = (await session.execute(waiting)).all()
    theirs = [row.id for row in rows if _is_for(row.audience, labels, old.label)]
    await session.execute(update(notice).where(notice.c.id.in_(theirs)).values(expires_at=over))
    return len(theirs)


def _is_for(audience: str, labels: set[str], year: str) -> bool:
    """Whether a notice is for closed classes and for nobody else (`hub.notices.audience` says how it is written)."""
    parts = [part.strip().partition(":") for part in audience.split(";")]
    names = [name.strip().partition("@") for kind, _, of in parts if kind == "class" for name in of.split(",")]
    return all(kind == "class" for kind, _, _ in parts) and all(
        label.strip() in labels and of in ("", year) for label, _, of in names
    )


async def _class_of(session: AsyncSession, school_id: int, year: Year, label: str) -> int:
    here = (class_group.c.school_id == school_id, class_group.c.year_id == year.year_id)
    rows = await session.execute(select(class_group.c.id, class_group.c.label).where(*here))
    known = next((row.id for row in rows if row.label.casefold() == label.casefold()), None)
    if known is not None:
        return int(known)
    row = {"school_id": school_id, "year_id": year.year_id, "label": label, "level": label.partition(" ")[0][:40]}
    return int((await session.execute(insert(class_group).values(row).returning(class_group.c.id))).scalar_one())


async def _label(session: AsyncSession, school_id: int, class_id: int, year: Year) -> str:
    asked = select(class_group.c.label).where(
        class_group.c.school_id == school_id, class_group.c.id == class_id, class_group.c.year_id == year.year_id
    )
    label = (await session.execute(asked)).scalar_one_or_none()
    if label is None:
        raise NotFoundError("Cette classe n’est pas de l’année dont il s’agit.")
    return str(label)


async def _is_closed(session: AsyncSession, school_id: int, year: Year) -> bool:
    closed = select(class_group.c.id).where(
        class_group.c.school_id == school_id,
        class_group.c.year_id == year.year_id,
        class_group.c.closed_on.is_not(None),
    )
    return (await session.execute(closed.limit(1))).first() is not None


async def _years(session: AsyncSession, school_id: int, year_id: int, values: dict[str, date]) -> None:
    await session.execute(
        update(school_year).where(school_year.c.school_id == school_id, school_year.c.id == year_id).values(values)
    )
