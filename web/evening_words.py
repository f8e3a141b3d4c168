"""How an evening asks a family when it can come, and what the form that comes back says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.errors import InvalidError
from hub.evenings.wishes import OVER, WHEN, OnDay, ToWish, Window, evenings_for, steps, wish
from hub.models.school import School
from hub.people.kin import Child
from hub.routing import day_at_school
from hub.sealing import Keyring
from i18n.slots import whole_number
from i18n.tongues import Tongue


@dataclass(frozen=True, slots=True)
class DayShown:
    """One evening to come on: `key` names its fields. `hours`: value and words of each; `begins`, `ends`: as chosen."""

    key: str
    name: str
    hours: tuple[tuple[str, str], ...]
    begins: str
    ends: str
    comes: bool


@dataclass(frozen=True, slots=True)
class WishShown:
    """An evening as it asks one family; `until`: a day."""

    school_id: int
    one: ToWish
    until: str
    days: tuple[DayShown, ...]


def wish_shown(speaks: Tongue, school_id: int, one: ToWish, timezone: str) -> WishShown:
    """Say it in one language."""
    until = speaks.day(day_at_school(one.closes_at, timezone))
    return WishShown(school_id, one, until, days_shown(speaks, one.days, timezone, said=one.said))


def days_shown(speaks: Tongue, days: Sequence[OnDay], timezone: str, *, said: bool = False) -> tuple[DayShown, ...]:
    """Say which evenings and hours one may choose; `said`: somebody has answered, and does not come on the others."""
    return tuple(_day(speaks, day, timezone, said=said) for day in days)


async def wish_from(
    session: AsyncSession,
    keyring: Keyring,
    form: FormData,
    *,
    school: School,
    children: Collection[Child],
    now: datetime,
    by: int | None = None,
) -> None:
    """Keep what a form of `family/_evening.html` says for these children, whom the adult may see.

    Raises InvalidError with a word for the family, NotFoundError.
    """
    number = whole_number(str(form.get("soiree", "")))
    seen = await evenings_for(session, keyring, school=school, children=children, now=now)
    one = next((evening for evening in seen if evening.evening_id == number), None)
    if one is None:
        raise InvalidError(OVER)
    ticked = {str(value) for value in form.getlist("enfant")}
    await wish(
        session,
        school=school,
        evening_id=one.evening_id,
        about=one.children,
        wanted=[(each.child.pupil_id, each.round_id) for each in one.children if each.key in ticked],
        windows=windows_of(form, one.days, school.timezone),
        now=now,
        by=by,
    )


def windows_of(form: FormData, days: tuple[OnDay, ...], timezone: str) -> tuple[Window, ...]:
    """Read when somebody can come, on the evenings that are ticked, while there are hours on them.

    Raises InvalidError with a word for the family.
    """
    zone, ticked = ZoneInfo(timezone), {str(value) for value in form.getlist("jour")}
    return tuple(
        (
            max(_at(form, f"de-{one.day}", one.day, zone), one.starts_at),
            min(_at(form, f"a-{one.day}", one.day, zone), one.ends_at),
        )
        for one in days
        if one.day.isoformat() in ticked
    )


def _at(form: FormData, field: str, day: date, zone: ZoneInfo) -> datetime:
    try:
        hour = time.fromisoformat(str(form.get(field, ""))).replace(tzinfo=None)
    except ValueError as error:
        raise InvalidError(WHEN) from error
    return datetime.combine(day, hour, zone).astimezone(UTC)


def _day(speaks: Tongue, one: OnDay, timezone: str, *, said: bool) -> DayShown:
    zone = ZoneInfo(timezone)
    window = one.window or (one.starts_at, one.ends_at)
    moments = sorted({*steps(one), *(at for at in window if one.starts_at <= at <= one.ends_at)})
    hours = tuple((f"{at.astimezone(zone):%H:%M}", speaks.time(at, timezone)) for at in moments)
    begins, ends = (f"{at.astimezone(zone):%H:%M}" for at in window)
    return DayShown(
        one.day.isoformat(), speaks.day(one.day), hours, begins, ends, comes=one.window is not None or not said
    )
