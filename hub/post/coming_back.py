"""A coupon comes back: its code says whose it is and about what, and what was ticked is written down as an answer."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import AnswerKind
from hub.notices.headlines import Headline, Reader
from hub.papers.given import documents_of_notice
from hub.papers.signing import sign_on_paper
from hub.people.names import full_name
from hub.people.noting import note
from hub.ports import NoticeKind
from hub.post import asked
from hub.post.coupons import read_coupon
from hub.post.letters import notice_to_print
from hub.post.printing import coupon_hash
from hub.replies.answers import Taken, answer_to
from hub.replies.on_paper import COUPON, served_on_paper
from hub.replies.served import Adult, Served
from hub.sealing import Keyring
from hub.tables import answer

MOST_PEOPLE = 99
UNKNOWN = "Ce code n’est celui d’aucun coupon de l’école : relisez-le sur le papier."
OVER = "Ce coupon ne compte plus : il est trop ancien, ou l’avis a été arrêté."
NO_RIGHT = "Ce coupon ne compte plus : cet adulte ne doit plus être informé. Voyez avec la direction."
TOO_LATE = "Ce n’est pas une réponse à cet avis, ou il est trop tard pour y répondre."
_REASONS = (AnswerKind.ILL, AnswerKind.OTHER_REASON, AnswerKind.SHOULD_BE_HERE)


@dataclass(frozen=True, slots=True)
class Coupon:
    """Whose coupon it is, and about what. `said`: what this adult has answered already, by whatever way.

    `signs`: to have read it is to sign it. `kinds`: what its boxes say, in their order; the last of three of a question
    asks how many.
    """

    code: str = field(repr=False)
    notice: Headline
    name: str
    children: tuple[str, ...]
    language: str
    asks: bool
    signs: bool
    kinds: tuple[AnswerKind, ...]
    said: tuple[tuple[AnswerKind, int | None, str], ...]


async def open_coupon(
    session: AsyncSession, keyring: Keyring, *, school_id: int, words: str, reader: Reader, now: datetime
) -> Coupon:
    """Read whose coupon a code is, without changing anything.

    Raises InvalidError for a code that was mistyped or does not count any more, NotFoundError for one that nobody
    has, NotAllowedError where its pupils are not this reader's.
    """
    coupon, _ = await _opened(session, keyring, school_id, words, reader, now)
    return coupon


async def answer_by_coupon(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    words: str,
    box: int,
    number: int | None,
    reader: Reader,
    now: datetime,
) -> Taken:
    """Write down the box that was ticked, as this adult's answer on paper, typed by this reader.

    From here on it is as any answer: the ladder stops, calls end, an absence is explained, a document is signed where
    this adult decides. The same again changes nothing. Raises as `open_coupon`, and InvalidError for a box that is not
    there, or a document that was taken back.
    """
    coupon, served = await _opened(session, keyring, school_id, words, reader, now)
    if not 0 < box <= len(coupon.kinds):
        raise InvalidError("Choisissez la case qui est cochée.", field="box")
    kind = coupon.kinds[box - 1]
    if kind is AnswerKind.COUNT:
        if number is None or not 0 <= number <= MOST_PEOPLE:
            raise InvalidError("Donnez le nombre de personnes.", field="number")
        kind, number = (AnswerKind.COUNT, number) if number else (AnswerKind.NO, None)
    if coupon.signs:
        await _sign(session, school_id, coupon, served.adults[0], reader, now)
    taken = await answer_to(
        await session.connection(),
        served,
        kind=kind,
        number=number if kind is AnswerKind.COUNT else None,
        guardian_id=served.adults[0].guardian_id,
        through=COUPON,
        typed_by=reader.staff_id,
        now=now,
    )
    if taken is Taken.WITHDRAWN:
        raise InvalidError(TOO_LATE)
    if taken is Taken.TOO_MANY:
        raise InvalidError(f"Cet avis permet d’annoncer {served.most} personnes au plus.", field="number")
    if taken in (Taken.NOTED, Taken.WAITS):
        about = ("guardian", served.adults[0].guardian_id)
        await note(session, school_id, reader.staff_id, "coupon_typed", about, now)
    return taken


async def _sign(
    session: AsyncSession, school_id: int, coupon: Coupon, adult: Adult, reader: Reader, now: datetime
) -> None:
    """Sign what the notice was about, as far as this adult decides; who is only informed has read it."""
    for number in await documents_of_notice(session, school_id=school_id, notice_id=coupon.notice.notice_id):
        with suppress(NotAllowedError):
            await sign_on_paper(
                session,
                school_id=school_id,
                document_id=number,
                guardian_id=adult.guardian_id,
                pupils=adult.pupils,
                reader=reader,
                now=now,
            )


def boxes_of(kind: NoticeKind, *, asks: bool) -> tuple[AnswerKind, ...]:
    """Say what each box of a coupon means, in the order in which they are printed (`i18n.letters.choices_of`)."""
    if kind is NoticeKind.ABSENCE:
        return _REASONS
    if not asks:
        return (AnswerKind.ACKNOWLEDGED,)
    return (AnswerKind.YES, AnswerKind.NO, *((AnswerKind.COUNT,) if kind is NoticeKind.MEETING else ()))


async def _opened(
    session: AsyncSession, keyring: Keyring, school_id: int, words: str, reader: Reader, now: datetime
) -> tuple[Coupon, Served]:
    code = read_coupon(words)
    which = {"school": school_id, "hash": coupon_hash(keyring, code)}
    row = (await session.execute(asked.by_code(), which)).one_or_none()
    if row is None:
        raise NotFoundError(UNKNOWN)
    await _check_mine(session, school_id, row.delivery_id, reader)
    served = await served_on_paper(
        await session.connection(), school_id=school_id, delivery_id=row.delivery_id, now=now
    )
    if served is None or served.cancelled or row.expires_at <= now:
        raise InvalidError(OVER)
    if not served.adults:
        raise InvalidError(NO_RIGHT)
    seen = await notice_to_print(session, keyring, school_id=school_id, notice_id=row.notice_id, reader=reader)
    adult, asks = served.adults[0], served.kind is NoticeKind.MEETING or seen.slots.question
    coupon = Coupon(
        code=code,
        notice=seen,
        name=full_name(row.first_name, row.usage_name, row.family_name),
        children=tuple(adult.pupils.values()),
        language=served.language,
        asks=asks,
        signs=seen.slots.signs,
        kinds=boxes_of(served.kind, asks=asks),
        said=await _said(session, school_id, served.first_id, row.guardian_id),
    )
    return coupon, served


async def _check_mine(session: AsyncSession, school_id: int, delivery_id: int, reader: Reader) -> None:
    if reader.rights.whole_school:
        return
    which = {"school": school_id, "delivery": delivery_id, "day": reader.day, "classes": list(reader.rights.classes)}
    if (await session.execute(asked.is_mine(), which)).first() is None:
        raise NotAllowedError("Ce coupon concerne un enfant d’une autre classe.")


async def _said(
    session: AsyncSession, school_id: int, notice_id: int, guardian_id: int
) -> tuple[tuple[AnswerKind, int | None, str], ...]:
    rows = await session.execute(
        select(answer.c.kind, answer.c.number, answer.c.through)
        .where(answer.c.school_id == school_id, answer.c.notice_id == notice_id, answer.c.guardian_id == guardian_id)
        .order_by(answer.c.id)
    )
    return tuple(dict.fromkeys((AnswerKind(row.kind), row.number, row.through) for row in rows))
