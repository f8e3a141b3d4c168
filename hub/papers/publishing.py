"""A document is given to families, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.notices import Needs
from hub.models.school import School
from hub.notices.audience import Audience, classes_of, is_to_many, read_audience, require_right
from hub.notices.cancelling import cancel
from hub.notices.headlines import Reader
from hub.notices.publish import Draft
from hub.notices.wishes import Wished, as_wished, no_news, tell_as_wished
from hub.papers.signers import members
from hub.papers.words import TEXT, TITLE
from hub.people.noting import note
from hub.people.schools import school_key
from hub.ports import NoticeKind, Slots
from hub.routing import KEEP, leaves_at
from hub.sealing import Keyring
from hub.tables import (
    diary_file,
    document,
    document_file,
    document_for,
    insert_into,
    notice_follow,
    stored_file,
)
from i18n.checks import check_slots


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What an author presses. `key` names the press; `audience` as `read_audience` reads it; `files` kept before.

    `tells`: the families hear of it, each as it wishes.
    """

    key: str
    title: str
    text: str
    audience: str
    needs: Needs = Needs.NONE
    due_on: date | None = None
    files: tuple[int, ...] = ()
    tells: bool = True

    @property
    def slots(self) -> Slots:
        """What the notice says of it."""
        signs = self.needs is not Needs.NONE
        return Slots(subject=self.title, text=self.text or None, signs=signs, day=self.due_on if signs else None)


@dataclass(frozen=True, slots=True)
class Heard:
    """How many adults would hear of a document in which way; `many`: it is a mass send."""

    wished: Wished
    many: bool


async def check_document(session: AsyncSession, *, school_id: int, reader: Reader, new: NewDocument) -> Audience:
    """Refuse what cannot be given: no title, nothing to read, a day that is over, families that are not one's own.

    Raises InvalidError with the field, NotAllowedError.
    """
    check_slots(NoticeKind.DOCUMENT, new.slots)
    if not new.text and not new.files:
        raise InvalidError("Ajoutez au moins un fichier, ou quelques mots.", field="files")
    if new.needs is not Needs.NONE and new.due_on is not None and new.due_on < reader.day:
        raise InvalidError("Ce jour est passé : donnez-en un qui vient.", field="due_on")
    audience = await read_audience(session, school_id=school_id, words=new.audience, day=reader.day)
    theirs = await classes_of(session, school_id=school_id, pupils=audience.pupils, day=reader.day)
    require_right(reader.rights, audience, theirs)
    if set(new.files) - await loose_files(session, school_id=school_id, staff_id=reader.staff_id, files=new.files):
        raise InvalidError("Un des fichiers n’est plus là : donnez-le de nouveau.", field="files")
    return audience


async def heard_by(session: AsyncSession, *, school_id: int, reader: Reader, new: NewDocument) -> Heard:
    """Say who would hear of it, and how. Raises as `check_document`."""
    audience = await check_document(session, school_id=school_id, reader=reader, new=new)
    who = members(school_id, audience.classes, audience.pupils, reader.day)
    signs = new.needs is not Needs.NONE
    wished = await as_wished(session, school_id=school_id, kind=NoticeKind.DOCUMENT, who=who, signs=signs)
    many = await is_to_many(session, school_id=school_id, audience=audience, day=reader.day)
    return Heard(wished, many)


async def publish_document(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, new: NewDocument, now: datetime
) -> int:
    """Give a document to families, and tell them if asked; the same press again is the same document. Gives its id.

    Raises InvalidError, NotAllowedError.
    """
    before = await pressed_before(session, school_id=school.key, key=new.key)
    if before is not None:
        return before
    audience = await check_document(session, school_id=school.key, reader=reader, new=new)
    seal = await school_key(session, keyring, school.key)
    row = {
        "school_id": school.key,
        "author_id": reader.staff_id,
        "key_name": new.key,
        "title_sealed": seal.close(new.title.encode(), TITLE),
        "text_sealed": seal.close(new.text.encode(), TEXT) if new.text else None,
        "needs": new.needs,
        "due_on": new.slots.day,
        "published_at": now,
        "keep_until": (now + KEEP).date(),
    }
    made = insert_into(document, session).values(row).on_conflict_do_nothing().returning(document.c.id)
    document_id = (await session.execute(made)).scalar_one_or_none()
    if document_id is None:  # a second press overtook this one
        return await pressed_before(session, school_id=school.key, key=new.key) or 0
    one = {"school_id": school.key, "document_id": document_id}
    await session.execute(insert(document_for), [{**one, **each} for each in _targets(audience)])
    if new.files:
        hung = [{**one, "file_id": file_id, "position": n} for n, file_id in enumerate(new.files, start=1)]
        await session.execute(insert(document_file), hung)
    if new.tells:
        await _tell(session, keyring, school, reader, new, document_id, audience, now)
    return int(document_id)


async def is_for_many(session: AsyncSession, *, school_id: int, document_id: int, day: date) -> bool:
    """Whether a document was given to so many that telling of it is a mass send."""
    audience = await audience_of(session, school_id, document_id)
    return await is_to_many(session, school_id=school_id, audience=audience, day=day)


async def pressed_before(session: AsyncSession, *, school_id: int, key: str) -> int | None:
    """Give the document of an earlier press of the same sheet."""
    mine = (document.c.school_id == school_id, document.c.key_name == key)
    found = (await session.execute(select(document.c.id).where(*mine))).scalar_one_or_none()
    return None if found is None else int(found)


async def loose_files(session: AsyncSession, *, school_id: int, staff_id: int, files: Sequence[int]) -> set[int]:
    """Give those of these files that this person laid down and that hang on nothing yet."""
    hung = or_(
        stored_file.c.id.in_(select(document_file.c.file_id).where(document_file.c.school_id == school_id)),
        stored_file.c.id.in_(select(diary_file.c.file_id).where(diary_file.c.school_id == school_id)),
    )
    mine = (stored_file.c.school_id == school_id, stored_file.c.made_by == staff_id, stored_file.c.id.in_(files), ~hung)
    return set(await session.scalars(select(stored_file.c.id).where(*mine)))


async def withdraw_document(
    session: AsyncSession, *, school_id: int, document_id: int, reader: Reader, now: datetime
) -> None:
    """Take a document back: families see it no more, and what has not left stays. Signatures are kept, as proof.

    Raises NotFoundError, NotAllowedError.
    """
    row = await own_document(session, school_id, document_id, reader)
    if row.withdrawn_at is not None:
        return
    await session.execute(update(document).where(document.c.id == document_id).values(withdrawn_at=now))
    await no_news(session, school_id=school_id, kind=NoticeKind.DOCUMENT, subject_id=document_id)
    if row.notice_id is not None:
        again = select(notice_follow.c.notice_id).where(
            notice_follow.c.school_id == school_id, notice_follow.c.before_id == row.notice_id
        )
        for notice_id in (row.notice_id, *await session.scalars(again)):
            await cancel(session, school_id=school_id, notice_id=notice_id, now=now)
    await note(session, school_id, reader.staff_id, "document_withdrawn", ("document", document_id), now)


async def _tell(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    reader: Reader,
    new: NewDocument,
    document_id: int,
    audience: Audience,
    now: datetime,
) -> None:
    many = await is_to_many(session, school_id=school.key, audience=audience, day=reader.day)
    due = leaves_at(NoticeKind.DOCUMENT, new.slots, many=many, asked=None, now=now)
    told = await tell_as_wished(
        session,
        keyring,
        school=school,
        author_id=reader.staff_id,
        draft=Draft(NoticeKind.DOCUMENT, new.audience, new.slots, key=f"document:{document_id}", due_at=due),
        who=members(school.key, audience.classes, audience.pupils, reader.day),
        subjects=[document_id],
        now=now,
    )
    if told.notice_id is not None:
        await session.execute(update(document).where(document.c.id == document_id).values(notice_id=told.notice_id))


def _targets(audience: Audience) -> list[dict[str, int | None]]:
    nobody: dict[str, int | None] = {"class_id": None, "pupil_id": None}
    if audience.whole_school:
        return [nobody]
    return [
        *({**nobody, "class_id": class_id} for class_id in sorted(audience.classes)),
        *({**nobody, "pupil_id": pupil_id} for pupil_id in sorted(audience.pupils)),
    ]


async def audience_of(session: AsyncSession, school_id: int, document_id: int) -> Audience:
    """Read whom a document was given to."""
    mine = (document_for.c.school_id == school_id, document_for.c.document_id == document_id)
    rows = (await session.execute(select(document_for.c.class_id, document_for.c.pupil_id).where(*mine))).all()
    return Audience(
        frozenset(row.class_id for row in rows if row.class_id is not None),
        frozenset(row.pupil_id for row in rows if row.pupil_id is not None),
    )


async def own_document(session: AsyncSession, school_id: int, document_id: int, reader: Reader) -> Any:  # noqa: ANN401 (a row of document)
    """Read a document that this person may change: its author, the director and the office."""
    mine = (document.c.school_id == school_id, document.c.id == document_id)
    row = (await session.execute(select(document).where(*mine))).one_or_none()
    if row is None:
        raise NotFoundError("Ce document n’existe pas.")
    if not reader.rights.whole_school and row.author_id != reader.staff_id:
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent changer un document.")
    return row
