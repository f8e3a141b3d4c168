"""Opens what families wrote: each reply under the key of its address, a stranger's under the school's."""

from functools import cache
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.inbox.rights import SCHOOL
from hub.people.schools import school_key
from hub.replies.keeping import WORDS
from hub.sealing import Keyring, Seal, UnreadableError
from hub.tables import address, data_key, reply


class Envelopes:
    """The keys that one look at the inbox needs."""

    def __init__(self, keyring: Keyring, school: Seal) -> None:
        self._keyring, self._school = keyring, school

    @classmethod
    async def of(cls, session: AsyncSession, keyring: Keyring, school_id: int) -> "Envelopes":
        """Take the keys of a school in hand."""
        return cls(keyring, await school_key(session, keyring, school_id))

    def words(self, row: Any) -> str | None:  # noqa: ANN401 (a row of `replies`)
        """Read the words of a reply; None when they were erased."""
        return self.text(row, row.words_sealed, WORDS)

    def text(self, row: Any, sealed: bytes, what: bytes) -> str | None:  # noqa: ANN401 (a row of `replies`)
        """Read a text that came with a reply; None when it was erased."""
        clear = self.bytes(row, sealed, what)
        return None if clear is None else clear.decode("utf-8", "replace")

    def bytes(self, row: Any, sealed: bytes, what: bytes) -> bytes | None:  # noqa: ANN401 (a row of `replies`)
        """Read what came with a reply; None when it was erased."""
        try:
            seal = self._school if row.wrapped is None else self._keyring.seal(row.wrapped, row.master_version)
            return seal.open(sealed, what)
        except UnreadableError:
            return None


@cache
def replies() -> Select[Any]:
    """Ask for replies with the key that opens them: parameter school."""
    return (
        select(reply, data_key.c.wrapped, data_key.c.master_version)
        .outerjoin(address, and_(address.c.school_id == reply.c.school_id, address.c.id == reply.c.address_id))
        .outerjoin(data_key, and_(data_key.c.school_id == address.c.school_id, data_key.c.id == address.c.data_key_id))
        .where(reply.c.school_id == SCHOOL)
    )
