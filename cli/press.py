"""The press at the counter: turns what was typed into a draft, and publishes it, or only rehearses."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from cli.desk import Desk
from hub.errors import InvalidError
from hub.notices.publish import Draft, Published, publish
from hub.ports import HalfDay, NoticeKind, Slots

NOON = time(13)
"""Before it, an absence is of the morning when nothing else was said."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed. Moments as ISO 8601; without a zone they are the school's."""

    kind: NoticeKind
    to: str
    text: str | None = None
    subject: str | None = None
    place: str | None = None
    starts_at: str | None = None
    day: date | None = None
    half_day: HalfDay | None = None
    at: str | None = None
    key: str | None = None


async def pressed(desk: Desk, order: Order, *, dry_run: bool) -> Published:
    """Publish, or publish and forget. Raises what `hub.notices.publish` raises."""
    draft = drafted(order, desk)
    if desk.staff_id is None:
        raise InvalidError("Say who writes: --as EMAIL.")
    async with desk.writing(keep=not dry_run) as session:
        return await publish(
            session, desk.keyring, school=desk.school, author_id=desk.staff_id, draft=draft, now=desk.now
        )


def drafted(order: Order, desk: Desk) -> Draft:
    """Fill in what was not said: an absence is of this half-day, the words are in the school's language."""
    zone = desk.school.timezone
    day, half_day = order.day, order.half_day
    if order.kind is NoticeKind.ABSENCE:
        here = desk.now.astimezone(ZoneInfo(zone))
        day = day or desk.today
        half_day = half_day or (HalfDay.MORNING if here.time() < NOON else HalfDay.AFTERNOON)
    slots = Slots(
        text=order.text,
        subject=order.subject,
        place=order.place,
        day=day,
        half_day=half_day,
        starts_at=_moment(order.starts_at, zone, "starts_at"),
        language=desk.school.language,
    )
    draft = Draft(order.kind, order.to, slots, due_at=_moment(order.at, zone, "at"))
    return draft if order.key is None else Draft(order.kind, order.to, slots, order.key, due_at=draft.due_at)


def _moment(words: str | None, zone: str, field: str) -> datetime | None:
    if words is None:
        return None
    try:
        moment = datetime.fromisoformat(words)
    except ValueError as error:
        raise InvalidError("A moment is written 2026-11-25T07:30.", field=field) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
