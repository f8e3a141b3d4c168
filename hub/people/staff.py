"""Who works in the school: adding somebody with a right, finding them by mailbox, and their passwords."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.models.school import Role
from hub.people.links import holds_on
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.names import read_words
from hub.people.schools import school_key
from hub.people.sign_in import hash_password
from hub.sealing import Keyring
from hub.tables import class_group, school_year, staff, staff_right

SHORTEST, LONGEST = 12, 256
"""Characters of a password. Length counts, not composition (CNIL, délibération 2022-100; NIST SP 800-63B §5.1.1)."""

EMAIL_SEALED = b"staff.email"
"""What a mailbox is sealed as, under the school’s key."""


async def add_staff(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    *,
    email: str,
    role: Role,
    from_on: date,
    name: str = "",
    classes: Sequence[str] = (),
    password: str | None = None,
) -> int:
    """Give somebody a right in the school from a day on; gives the staff id.

    A mailbox that is known already gets the right added (and the new password, when one is given); nothing is
    doubled, the name stays. `classes` are labels of that day's year, for teachers alone: a director and the office
    have the whole school, a deputy the alarm. Raises InvalidError with one sentence.
    """
    mailbox = read_mailbox(email)
    if password is not None:
        check_password(password, mailbox=mailbox)
    hashed = await hash_password(password) if password is not None else None
    class_ids = await _classes(session, school_id, role, classes, from_on)
    staff_id = await _person(session, keyring, school_id, mailbox, name)
    if hashed is not None:
        mine = (staff.c.school_id == school_id, staff.c.id == staff_id)
        await session.execute(update(staff).where(*mine).values(password_hash=hashed))
    await _give(session, school_id, staff_id, role, class_ids, from_on)
    return staff_id


async def speaks_for(session: AsyncSession, *, school_id: int, day: date) -> int:
    """Give the person in whose name the school says what nobody wrote: its director, else the office, else anybody.

    Whoever last had the right, when nobody has it on that day.
    """
    first = case((staff_right.c.role == Role.DIRECTOR, 0), (staff_right.c.role == Role.OFFICE, 1), else_=2)
    asked = select(staff_right.c.staff_id).where(staff_right.c.school_id == school_id)
    found = await session.execute(asked.order_by(~holds_on(staff_right, day), first, staff_right.c.staff_id).limit(1))
    return int(found.scalar_one())


async def find_staff(session: AsyncSession, keyring: Keyring, school_id: int, email: str) -> int:
    """Find a member of staff by mailbox; raises NotFoundError (also for what is no mailbox)."""
    try:
        looked_up = keyring.lookup("staff", mailbox_key(read_mailbox(email)))
    except InvalidError as error:
        raise NotFoundError("Personne dans l'école n'a cette adresse.") from error
    wanted = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.email_hash == looked_up)
    known = (await session.execute(wanted)).scalar_one_or_none()
    if known is None:
        raise NotFoundError("Personne dans l'école n'a cette adresse.")
    return int(known)


def check_password(password: str, *, mailbox: str) -> None:
    """Refuse what is quickly guessed: short, one's own mailbox, or hardly more than one letter."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidError(f"Le mot de passe compte au moins {SHORTEST} signes.", field="password")
    local = mailbox_key(mailbox).partition("@")[0]
    if len(set(password)) < 5 or (local and password.lower() in {local, mailbox_key(mailbox)}):
        raise InvalidError("Ce mot de passe se devine trop vite : prenez plusieurs mots.", field="password")


async def _person(session: AsyncSession, keyring: Keyring, school_id: int, mailbox: str, name: str) -> int:
    looked_up = keyring.lookup("staff", mailbox_key(mailbox))
    known = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.email_hash == looked_up)
    staff_id = (await session.execute(known)).scalar_one_or_none()
    if staff_id is not None:
        return int(staff_id)
    seal = await school_key(session, keyring, school_id)
    row = {
        "school_id": school_id,
        "name": read_words(name, what="le nom") or mailbox.partition("@")[0],
        "email_sealed": seal.close(mailbox.encode(), EMAIL_SEALED),
        "email_hash": looked_up,
    }
    return int((await session.execute(insert(staff).values(row).returning(staff.c.id))).scalar_one())


async def _classes(
    session: AsyncSession, school_id: int, role: Role, labels: Sequence[str], day: date
) -> list[int | None]:
    if role is not Role.TEACHER and labels:
        raise InvalidError("Seul un enseignant a des classes.", field="classes")
    if not labels:
        return [None]
    rows = await session.execute(
        select(class_group.c.label, class_group.c.id)
        .join(school_year, school_year.c.id == class_group.c.year_id)
        .where(
            class_group.c.school_id == school_id,
            class_group.c.label.in_(labels),
            school_year.c.starts_on <= day,
            school_year.c.ends_on >= day,
        )
    )
    found = {row.label: row.id for row in rows}
    missing = [label for label in labels if label not in found]
    if missing:
        raise InvalidError(f"Cette classe n'existe pas cette année : {', '.join(missing)}.", field="classes")
    return [found[label] for label in dict.fromkeys(labels)]


async def _give(
    session: AsyncSession, school_id: int, staff_id: int, role: Role, classes: Sequence[int | None], from_on: date
) -> None:
    standing = await session.scalars(
        select(staff_right.c.class_id).where(
            staff_right.c.school_id == school_id,
            staff_right.c.staff_id == staff_id,
            staff_right.c.role == role,
            holds_on(staff_right, from_on),
        )
    )
    has = set(standing)
    right = {"school_id": school_id, "staff_id": staff_id, "role": role, "from_on": from_on}
    wanted = [{**right, "class_id": class_id} for class_id in classes if class_id not in has]
    if wanted:
        await session.execute(insert(staff_right), wanted)
