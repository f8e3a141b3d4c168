"""One conversation as staff read it: what we had said, what the family answers, what we wrote, and how far that got."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.inbox import listing_asked as asked
from hub.inbox.begun import begun_about
from hub.inbox.envelopes import Envelopes, replies
from hub.inbox.listing import Parties, parties
from hub.inbox.rights import SCHOOL, THREAD, as_reader, own_thread, scope_of, several
from hub.models.answers import AnswerKind
from hub.models.notices import DeliveryState
from hub.models.threads import ThreadState
from hub.notices.headlines import Headline, Reader, read_headline
from hub.notices.headlines_asked import headlines
from hub.people.names import full_name
from hub.ports import ChannelName
from hub.replies.coming_back import CAME_BACK
from hub.replies.keeping import FILE_NAME
from hub.sealing import Keyring
from hub.tables import (
    answer,
    audit,
    copy,
    copy_delivery,
    data_key,
    delivery,
    guardian,
    notice,
    reply,
    reply_attachment,
    thread,
    thread_notice,
)

MOST_TURNS = 200
"""Replies that a page shows, the newest; a school year of one family has rarely half as many."""
FIRST_SHOWN = 4000
"""Characters of a reply that the page shows; `hub.inbox.whole` reads the rest: a mail may have ten million."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a reply; `size` in bytes. `name` None: it was erased."""

    attachment_id: int
    name: str | None
    size: int

    def __repr__(self) -> str:
        return f"Attached({self.attachment_id})"


@dataclass(frozen=True, slots=True)
class Said:
    """What a family wrote. `words` None: they were erased. `by`: who, where several might have written.

    `answer`: what it stands as today in the register, on the last reply to a notice: a digit alone says little.
    `number`: how many. `longer`: these are its first words only. `came_back`: it proved that a dead address lives.
    """

    reply_id: int
    at: datetime
    channel: ChannelName
    words: str | None
    sense: str
    machine: bool
    doubt: str
    by: str
    answer: AnswerKind | None = None
    number: int | None = None
    attached: tuple[Attached, ...] = ()
    longer: bool = False
    came_back: bool = False

    def __repr__(self) -> str:
        return f"Said({self.reply_id})"


@dataclass(frozen=True, slots=True)
class Wrote:
    """What we wrote. `answered`: a notice to which the family replied, not a word of this conversation.

    `reached`: how many adults stand where with it, for a word of this conversation; `channel`: by which way.
    """

    at: datetime
    notice: Headline
    answered: bool
    reached: tuple[DeliveryState, ...] = ()
    channel: ChannelName | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, the oldest first. `earlier`: how many replies are not shown.

    `newest`: the last reply, which is what one has read when one has read it all. `subject`: what we began it about.
    """

    thread_id: int
    parties: Parties
    guardian_id: int | None
    language: str
    state: ThreadState
    owner_id: int | None
    owner: str | None
    private_to: int | None
    keeper: str | None
    unread: bool
    late_since: datetime | None
    newest: int | None
    turns: tuple[Said | Wrote, ...]
    earlier: int = 0
    subject: str = ""

    def __repr__(self) -> str:
        return f"Conversation({self.thread_id})"


async def conversation(
    session: AsyncSession, keyring: Keyring, *, school_id: int, thread_id: int, reader: Reader, now: datetime
) -> Conversation:
    """Read one conversation; reading changes nothing. Raises NotFoundError, NotAllowedError."""
    await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    which = {**as_reader(school_id, reader), "thread": thread_id, "most": MOST_TURNS}
    row = (await session.execute(asked.conversations(**scope_of(reader)).where(_HERE), which)).one()
    who = await parties(session, [row], school_id=school_id, day=reader.day)
    rows = (await session.execute(_REPLIES, which)).all()[::-1]
    envelopes = await Envelopes.of(session, keyring, school_id)
    which["answered"] = sorted({each.notice_id for each in rows if each.notice_id is not None})
    said = await _said(session, envelopes, which, rows, named=row.guardian_id is None)
    wrote = await _wrote(session, keyring, which)
    turns: list[Said | Wrote] = [*said, *wrote]
    late = row.state == ThreadState.OPEN and row.due_at is not None and row.due_at <= now
    return Conversation(
        thread_id=thread_id,
        parties=who[row.id],
        guardian_id=row.guardian_id,
        language=row.language or "fr",
        state=ThreadState(row.state),
        owner_id=row.owner_id,
        owner=row.owner,
        private_to=row.private_to,
        keeper=row.keeper,
        unread=bool(row.unread),
        late_since=row.due_at if late else None,
        newest=rows[-1].id if rows else None,
        turns=tuple(sorted(turns, key=lambda turn: (turn.at, isinstance(turn, Said)))),
        earlier=rows[0].number - len(rows) if rows else 0,
        subject=(await begun_about(session, keyring, school_id=school_id, threads=[thread_id])).get(thread_id, ""),
    )


async def _said(
    session: AsyncSession, envelopes: Envelopes, which: Mapping[str, Any], rows: Sequence[Any], *, named: bool
) -> list[Said]:
    """Open replies; `named`: several might have written, so each says who did, where we know."""
    files: dict[int, list[Attached]] = defaultdict(list)
    which = {**which, "replies": [row.id for row in rows]}
    back = set((await session.execute(_CAME_BACK, which)).scalars())
    for row in await session.execute(_FILES, which):
        files[row.reply_id].append(
            Attached(row.attachment_id, envelopes.text(row, row.name_sealed, FILE_NAME), row.size)
        )
    answers = {(row.notice_id, row.guardian_id): row for row in await session.execute(_ANSWERS, which)}
    last = {(row.notice_id, row.guardian_id): row.id for row in rows if not row.machine}
    stands = {last[one]: answer for one, answer in answers.items() if one in last}
    words = {row.id: envelopes.words(row) for row in rows}
    longer = {number for number, said in words.items() if said is not None and len(said) > FIRST_SHOWN}
    words |= {number: (words[number] or "")[:FIRST_SHOWN] for number in longer}
    return [
        Said(
            reply_id=row.id,
            at=row.received_at,
            channel=ChannelName(row.channel),
            words=words[row.id],
            sense=row.sense,
            machine=row.machine,
            doubt=row.doubt,
            by=full_name(row.first_name, row.usage_name, row.family_name) if named and row.guardian_id else "",
            answer=AnswerKind(stands[row.id].kind) if row.id in stands else None,
            number=stands[row.id].number if row.id in stands else None,
            attached=tuple(files[row.id]),
            longer=row.id in longer,
            came_back=row.id in back,
        )
        for row in rows
    ]


async def _wrote(session: AsyncSession, keyring: Keyring, which: Mapping[str, Any]) -> list[Wrote]:
    """Read our words in the conversation, and the notices that were answered in it."""
    ours = set((await session.execute(_OURS, which)).scalars())
    wanted = {**which, "notices": sorted(ours | set(which["answered"]))}
    reached: dict[int, list[Any]] = defaultdict(list)
    for row in await session.execute(_REACHED, {**wanted, "notices": sorted(ours)}):
        reached[row.notice_id].append(row)
    return [
        Wrote(
            at=row.created_at,
            notice=read_headline(row, keyring),
            answered=row.id not in ours,
            reached=tuple(DeliveryState(each.state) for each in reached[row.id]),
            channel=next((ChannelName(each.channel) for each in reached[row.id] if each.channel), None),
        )
        for row in await session.execute(_NOTICES, wanted)
    ]


_HERE = thread.c.id == THREAD
_IN = reply.c.thread_id == THREAD
_REPLIES = (
    replies()
    .add_columns(
        guardian.c.first_name, guardian.c.usage_name, guardian.c.family_name, func.count().over().label("number")
    )
    .outerjoin(guardian, and_(guardian.c.school_id == reply.c.school_id, guardian.c.id == reply.c.guardian_id))
    .where(_IN)
    .order_by(reply.c.id.desc())
    .limit(bindparam("most", type_=Integer()))
)
_WITH_FILE = and_(reply_attachment.c.school_id == reply.c.school_id, reply_attachment.c.reply_id == reply.c.id)
_FILES = (
    replies()
    .join(reply_attachment, _WITH_FILE)
    .with_only_columns(
        reply_attachment.c.id.label("attachment_id"),
        reply_attachment.c.reply_id,
        reply_attachment.c.size,
        reply_attachment.c.name_sealed,
        data_key.c.wrapped,
        data_key.c.master_version,
        maintain_column_froms=True,
    )
    .where(reply_attachment.c.reply_id.in_(several("replies")))
    .order_by(reply_attachment.c.id)
)
_CAME_BACK = select(audit.c.subject_id).where(
    audit.c.school_id == SCHOOL,
    audit.c.subject == "reply",
    audit.c.act == CAME_BACK,
    audit.c.subject_id.in_(several("replies")),
)
_ANSWERS = (
    select(answer.c.notice_id, answer.c.guardian_id, answer.c.kind, answer.c.number)
    .where(
        answer.c.school_id == SCHOOL,
        answer.c.notice_id.in_(several("answered")),
        answer.c.typed_by.is_(None),
    )
    .order_by(answer.c.id)
)
_OURS = select(thread_notice.c.notice_id).where(
    thread_notice.c.school_id == SCHOOL, thread_notice.c.thread_id == THREAD
)
_NOTICES = headlines().where(notice.c.id.in_(several("notices")))
_REACHED = (
    select(delivery.c.notice_id, delivery.c.state, func.max(copy.c.channel).label("channel"))
    .outerjoin(
        copy_delivery,
        and_(
            copy_delivery.c.school_id == delivery.c.school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            copy_delivery.c.rung == delivery.c.rung,
        ),
    )
    .outerjoin(copy, and_(copy.c.school_id == copy_delivery.c.school_id, copy.c.id == copy_delivery.c.copy_id))
    .where(
        delivery.c.school_id == SCHOOL,
        delivery.c.notice_id.in_(several("notices")),
    )
    .group_by(delivery.c.id)
    .order_by(delivery.c.id)
)
