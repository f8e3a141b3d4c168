"""A child's file: what each adult was sent, when, how and with what result; what they said; absences; signatures.

What a director needs when a lawyer writes. Every line is read from the rows that the engine itself goes by.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.inbox import of_child_asked as asked
from hub.inbox.child_file import (
    AdultOfChild,
    Away,
    Call,
    Child,
    ChildFile,
    Paper,
    Period,
    Sent,
    Signed,
    Tie,
    Told,
    Try,
    Turn,
    Wrote,
)
from hub.inbox.envelopes import Envelopes
from hub.inbox.rights import as_reader, scope_of
from hub.models.answers import AnswerKind, CallOutcome
from hub.models.notices import AttemptState, DeliveryState, ErrorKind
from hub.models.people import LinkKind, Medium
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Reader, read_headline
from hub.outbox.prepare import TEXT, VALUE
from hub.papers.words import title_of
from hub.people.addresses import masked
from hub.people.names import full_name
from hub.people.noting import note
from hub.people.schools import school_key
from hub.ports import ChannelName, HalfDay, NoticeKind
from hub.sealing import Keyring, UnreadableError
from hub.tables import school_year

LONGEST = timedelta(days=800)
"""A file of more than two years is asked for in two."""
HANDSET = (ChannelName.SMS, ChannelName.VOICE)
"""Ways whose receipt proves that a telephone has it; of the others a server took it, and nothing came back."""


async def child_of(session: AsyncSession, *, school_id: int, pupil_id: int, reader: Reader) -> Child:
    """Read whose file it is. Raises NotFoundError, and NotAllowedError for all but the director and the office."""
    if not reader.rights.whole_school:
        raise NotAllowedError("Le dossier d’un enfant se montre à la direction et au secrétariat.")
    row = (
        await session.execute(asked.child(), {"school": school_id, "pupil": pupil_id, "day": reader.day})
    ).one_or_none()
    if row is None:
        raise NotFoundError("Cet élève n’existe pas dans cette école.")
    return Child(pupil_id, full_name(row.first_name, row.usage_name, row.family_name), row.label or "")


async def year_so_far(session: AsyncSession, *, school_id: int, day: date) -> Period:
    """Give the school year that a day is in, until that day."""
    of_day = (school_year.c.school_id == school_id, school_year.c.starts_on <= day, school_year.c.ends_on >= day)
    first = (await session.execute(select(func.min(school_year.c.starts_on)).where(*of_day))).scalar_one_or_none()
    return Period(first or day.replace(month=9, day=1, year=day.year - (day.month < 9)), day)


async def open_file(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    pupil_id: int,
    period: Period,
    timezone: str,
    reader: Reader,
    now: datetime,
) -> ChildFile:
    """Open a child's file, and write down who did; twelve questions at most, however much there is.

    Raises NotFoundError, NotAllowedError, InvalidError for a period that is none.
    """
    if period.last < period.first or period.last - period.first > LONGEST:
        raise InvalidError("Le dernier jour vient après le premier, et deux ans plus tard au plus.", field="period")
    child = await child_of(session, school_id=school_id, pupil_id=pupil_id, reader=reader)
    await note(session, school_id, reader.staff_id, "child_file_read", ("pupil", pupil_id), now)
    midnight = ZoneInfo(timezone)
    which: dict[str, Any] = {
        **as_reader(school_id, reader),
        "pupil": pupil_id,
        "first": period.first,
        "last": period.last,
        "since": datetime.combine(period.first, time(), midnight),
        "until": datetime.combine(period.last + timedelta(days=1), time(), midnight),
    }
    links = (await session.execute(asked.adults(), which)).all()
    which["guardians"] = sorted({row.guardian_id for row in links})
    turns: dict[int, list[Turn]] = defaultdict(list)
    await _sent(session, keyring, which, reader, turns)
    await _said(session, keyring, which, reader, turns)
    seal = await school_key(session, keyring, school_id)
    for row in await session.execute(asked.signatures(), which):
        turns[row.guardian_id].append(Signed(row.at, title_of(row, seal), row.through, row.typed_by or ""))
    away = tuple(_away(row) for row in await session.execute(asked.absences(), which))
    return ChildFile(child, period, tuple(_adults(links, turns)), away)


async def _sent(
    session: AsyncSession,
    keyring: Keyring,
    which: dict[str, Any],
    reader: Reader,
    turns: Mapping[int, list[Turn]],
) -> None:
    """Read the notices with their tries, receipts, answers, calls and letters: six questions."""
    rows = (await session.execute(asked.told(**scope_of(reader)), which)).all()
    if not rows:
        return
    of_those = {**which, "deliveries": [row.delivery_id for row in rows]}
    heard: dict[int, Any] = {}
    for row in await session.execute(asked.receipts(), of_those):
        if row.attempt_id not in heard or heard[row.attempt_id].status != AttemptState.DELIVERED:
            heard[row.attempt_id] = row  # the newest word, but none takes « delivered » back
    secret = {row.delivery_id for row in rows if row.kind == NoticeKind.CODE}
    tries: dict[int, list[Try]] = defaultdict(list)
    for row in await session.execute(asked.tries(), of_those):
        tries[row.delivery_id].append(_try(row, heard.get(row.id), keyring, secret=row.delivery_id in secret))
    answers: dict[int, list[Told]] = defaultdict(list)
    for row in await session.execute(asked.answers(), of_those):
        told = Told(AnswerKind(row.kind), row.number, row.through, row.at, row.typed_by or "")
        answers[row.delivery_id].append(told)
    calls: dict[int, list[Call]] = defaultdict(list)
    for row in await session.execute(asked.calls(), of_those):
        ended = CallOutcome(row.outcome) if row.outcome else None
        by = row.done_by or row.owner or ""
        calls[row.delivery_id].append(Call(row.opened_at, by, row.done_at or row.taken_at, ended))
    papers = {row.delivery_id: _paper(row) for row in await session.execute(asked.letters(), of_those)}
    for row in rows:
        number = row.delivery_id
        turns[row.guardian_id].append(
            Sent(
                row.created_at, read_headline(row, keyring), DeliveryState(row.stands), row.state_at,
                tuple(tries[number]), tuple(calls[number]), tuple(answers[number]), papers.get(number),
            )
        )  # fmt: skip


async def _said(
    session: AsyncSession,
    keyring: Keyring,
    which: dict[str, Any],
    reader: Reader,
    turns: Mapping[int, list[Turn]],
) -> None:
    """Read what the adults wrote, from conversations that this reader may read; of a shared phone, by who it was."""
    envelopes = await Envelopes.of(session, keyring, which["school"])
    for row in await session.execute(asked.said(**scope_of(reader)), which):
        author = row.guardian_id or row.of_guardian
        if author is not None:
            wrote = Wrote(row.received_at, row.in_thread, ChannelName(row.channel), envelopes.words(row))
            turns[author].append(wrote)


def _paper(row: Any) -> Paper:  # noqa: ANN401 (a row)
    return Paper(row.printed_at, row.printer, row.handed_at, row.bearer or "")


def _try(row: Any, heard: Any, keyring: Keyring, *, secret: bool) -> Try:  # noqa: ANN401 (rows)
    channel, state = ChannelName(row.channel), AttemptState(row.state)
    seal, medium = keyring.seal(row.wrapped, row.master_version), Medium(row.medium)
    try:
        where = masked(medium, seal.open(row.value_sealed, VALUE).decode())
        sealed = None if secret else row.text_sealed
        words = None if sealed is None else seal.open(sealed, TEXT).decode()
    except UnreadableError:
        where, words = "", None
    return Try(
        channel=channel,
        where=where,
        language=row.language,
        state=state,
        due_at=row.due_at,
        sent_at=row.sending_at,
        told_at=heard.received_at if heard is not None else row.ended_at,
        proved=state is AttemptState.DELIVERED and channel in HANDSET and bool(row.receipts),
        error=ErrorKind(row.error_kind) if row.error_kind else None,
        words=words,
    )


def _adults(links: Sequence[Any], turns: Mapping[int, list[Turn]]) -> Iterable[AdultOfChild]:
    """Give each adult a section, in the order of calling."""
    ties: dict[int, list[Any]] = defaultdict(list)
    for row in links:
        ties[row.guardian_id].append(row)
    for guardian_id, of in ties.items():
        one = of[0]
        yield AdultOfChild(
            guardian_id=guardian_id,
            name=full_name(one.first_name, one.usage_name, one.family_name),
            ties=tuple(Tie(LinkKind(row.kind), row.from_on, row.to_on, row.waiting) for row in of if row.kind),
            turns=tuple(sorted(turns.get(guardian_id, ()), key=lambda turn: turn.at)),
        )


def _away(row: Any) -> Away:  # noqa: ANN401 (a row)
    return Away(
        day=row.day,
        half_day=HalfDay(row.half_day),
        state=AbsenceState(row.state),
        reason=AnswerKind(row.reason) if row.reason else None,
        through=row.through,
        told_by=full_name(row.first_name or "", row.usage_name or "", row.family_name or ""),
        typed_by=row.name or "",
        alarmed_at=row.alarmed_at,
    )
