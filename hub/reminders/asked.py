"""The questions behind reminders: which notices and documents have some, and who is reminded; each written once."""

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, or_, select

from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import Needs, NoticeState
from hub.notices.answered import ASKED
from hub.notices.audience import who_has
from hub.ports import NoticeKind
from hub.reminders.moments import SILENCES, Why
from hub.tables import answer, data_key, delivery, delivery_pupil, document, notice, notice_version

_SCHOOL, _NOW = bindparam("school", type_=BigId()), bindparam("now", type_=UtcDateTime())


@cache
def notices() -> Select[Any]:
    """Ask for what left and still wants an answer, but for what itself says another notice again.

    Parameters school, now.
    """
    return _notices().where(
        notice.c.state == NoticeState.PUBLISHED,
        notice.c.reminds,
        notice.c.due_at <= _NOW,
        notice.c.expires_at > _NOW,
        notice.c.audience.not_like("notice:%"),
    )


@cache
def one_notice() -> Select[Any]:
    """Ask for one notice that may have reminders: parameters school, notice."""
    return _notices().where(notice.c.id == bindparam("notice", type_=BigId()))


def _notices() -> Select[Any]:
    asks = or_(notice.c.kind == NoticeKind.MEETING, notice.c.needs != Needs.NONE)
    return select(
        notice.c.id,
        notice.c.kind,
        notice.c.needs,
        notice.c.state,
        notice.c.reminds,
        notice.c.audience,
        notice.c.author_id,
        notice.c.due_at,
        notice.c.expires_at,
    ).where(notice.c.school_id == _SCHOOL, notice.c.kind.in_(list(SILENCES)), asks)


@cache
def documents() -> Select[Any]:
    """Ask for the documents that wait for signatures until a day to come: parameters school, first, last."""
    return select(document.c.id, document.c.due_on, document.c.published_at).where(
        document.c.school_id == _SCHOOL,
        document.c.needs != Needs.NONE,
        document.c.reminds,
        document.c.withdrawn_at.is_(None),
        document.c.due_on >= bindparam("first", type_=Date()),
        document.c.due_on <= bindparam("last", type_=Date()),
    )


@cache
def gone() -> Select[Any]:
    """Ask which reminders have gone already, by the keys of their notices: parameters school, keys."""
    return select(notice.c.key_name).where(
        notice.c.school_id == _SCHOOL, notice.c.key_name.in_(bindparam("keys", expanding=True))
    )


@cache
def words() -> Select[Any]:
    """Ask for the newest words of a notice, sealed: parameters school, notice."""
    return (
        select(notice_version.c.slots_sealed, data_key.c.wrapped, data_key.c.master_version)
        .join(notice, and_(notice.c.school_id == notice_version.c.school_id, notice.c.id == notice_version.c.notice_id))
        .join(data_key, and_(data_key.c.school_id == notice.c.school_id, data_key.c.id == notice.c.data_key_id))
        .where(notice_version.c.school_id == _SCHOOL, notice.c.id == bindparam("notice", type_=BigId()))
        .order_by(notice_version.c.n.desc())
        .limit(1)
    )


def whom(school_id: int, notice_id: int, told: Collection[int], why: Why, needs: Needs, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of those whom one reminder is for; `told`: the notice, and what said it again.

    On the eve, all who come or have not answered; after silence, those who have not answered, and not where another
    adult's answer about the same child is enough; nor then on the eve. To have read it is no answer to a question.
    Nobody who has no right any more; who is to be called hears it in the call, and not by a second message beside it.
    """
    who = who_has(school_id, notice_id, day)
    said, later = answer.alias("said"), answer.alias("later")
    own = and_(said.c.school_id == school_id, said.c.notice_id.in_(told), said.c.guardian_id == delivery.c.guardian_id)
    if why is Why.EVE:
        since = select(later.c.id).where(
            later.c.school_id == school_id,
            later.c.notice_id.in_(told),
            later.c.guardian_id == said.c.guardian_id,
            later.c.kind.in_(ASKED),
            later.c.at > said.c.at,
        )
        no = select(said.c.id).where(own, said.c.kind == AnswerKind.NO, ~since.correlate(said).exists())
        who = who.where(~no.correlate(delivery).exists())
        comes = select(said.c.id).where(own, said.c.kind.in_(ASKED)).correlate(delivery).exists()
        return who.where(or_(comes, ~_by_another(school_id, told))) if needs is Needs.ONE else who
    who = who.where(~select(said.c.id).where(own, said.c.kind.in_(ASKED)).correlate(delivery).exists())
    return who.where(~_by_another(school_id, told)) if needs is Needs.ONE else who


def _by_another(school_id: int, told: Collection[int]) -> Any:  # noqa: ANN401 (a condition)
    """Say that some adult has answered about this child."""
    said, other, theirs = answer.alias("anybody"), delivery.alias("other"), delivery_pupil.alias("theirs")
    return (
        select(said.c.id)
        .join(other, and_(other.c.notice_id == said.c.notice_id, other.c.guardian_id == said.c.guardian_id))
        .join(theirs, and_(theirs.c.school_id == other.c.school_id, theirs.c.delivery_id == other.c.id))
        .where(
            said.c.school_id == school_id,
            said.c.notice_id.in_(told),
            said.c.kind.in_(ASKED),
            theirs.c.pupil_id == delivery_pupil.c.pupil_id,
        )
        .correlate(delivery_pupil)
        .exists()
    )
