"""What a link opens: one notice, for the adults it was sent to and who still have a right to it today."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.models.people import Medium
from hub.outbox.wordings import read_slots, told_of
from hub.people.addresses import masked
from hub.ports import Slots
from hub.replies.codes import find_code
from hub.replies.served import Served, served_by
from hub.sealing import Keyring, UnreadableError
from hub.tables import address, answer, data_key, notice, notice_version, staff

HOME = "home"
"""What is answered on the family's own page: it says nothing of the address that the message went to."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a page shows. `masked`: a number or mailbox, its middle hidden; `noted`: the only adult has answered.

    `through`: how it was opened, by its link ("page") or from the family's own page (`HOME`).
    """

    served: Served
    slots: Slots
    author: str
    masked: str
    noted: bool
    through: str = "page"

    @property
    def pupils(self) -> tuple[str, ...]:
        """First names that may be shown, each once."""
        if not self.served.may_name:
            return ()
        names = {key: name for adult in self.served.adults for key, name in adult.pupils.items()}
        return tuple(names[key] for key in sorted(names))


async def open_link(database: Database, keyring: Keyring, code: str, *, now: datetime) -> LinkView | None:
    """Open a code without changing anything: scanners and previews fetch links too.

    None for a code that is unknown, too old or revoked, or whose family was erased, all alike: who tries codes
    learns nothing.
    """
    found = await find_code(database, keyring, code, now=now)
    return None if found is None else await open_copy(database, keyring, found, now=now)


async def open_copy(database: Database, keyring: Keyring, found: tuple[int, int], *, now: datetime) -> LinkView | None:
    """Read (school, copy) within that school only; None when its family was erased."""
    school_id, copy_id = found
    try:
        async with database.reading(school_id) as session:
            return await _view(await session.connection(), keyring, school_id, copy_id, now)
    except UnreadableError:
        return None


async def _view(
    connection: AsyncConnection, keyring: Keyring, school_id: int, copy_id: int, now: datetime
) -> LinkView | None:
    served = await served_by(connection, school_id=school_id, copy_id=copy_id, now=now)
    if served is None:
        return None
    where = (await connection.execute(_where(served))).one()
    value = keyring.seal(where.wrapped, where.master_version).open(where.value_sealed, b"address.value").decode()
    return await view_of(connection, keyring, served, shown=masked(Medium(where.medium), value))


async def view_of(
    connection: AsyncConnection, keyring: Keyring, served: Served, *, shown: str, through: str = "page"
) -> LinkView:
    """Read the words of what is served, in their newest version. Raises UnreadableError."""
    words = (await connection.execute(_words(served))).one()
    slots = keyring.seal(words.wrapped, words.master_version).open(words.slots_sealed, b"notice_version.slots")
    noted = await _noted(connection, served)
    told = told_of(read_slots(slots), {number for adult in served.adults for number in adult.pupils})
    return LinkView(served, told, words.name, shown, noted, through)


async def _noted(connection: AsyncConnection, served: Served) -> bool:
    if served.alone is None:  # never show one adult what another did
        return False
    said = select(answer.c.id).where(
        answer.c.school_id == served.school_id,
        answer.c.notice_id == served.first_id,
        answer.c.guardian_id == served.alone.guardian_id,
    )
    return (await connection.execute(said.limit(1))).first() is not None


def _words(served: Served) -> Any:  # noqa: ANN401 (a statement)
    """The newest version of the notice: an edit is read by who opens the link after it."""
    return (
        select(notice_version.c.slots_sealed, data_key.c.wrapped, data_key.c.master_version, staff.c.name)
        .join(notice, notice.c.id == notice_version.c.notice_id)
        .join(data_key, data_key.c.id == notice.c.data_key_id)
        .join(staff, staff.c.id == notice.c.author_id)
        .where(notice_version.c.school_id == served.school_id, notice_version.c.notice_id == served.notice_id)
        .order_by(notice_version.c.n.desc())
        .limit(1)
    )


def _where(served: Served) -> Any:  # noqa: ANN401 (a statement)
    return (
        select(address.c.medium, address.c.value_sealed, data_key.c.wrapped, data_key.c.master_version)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(address.c.school_id == served.school_id, address.c.id == served.address_id)
    )
