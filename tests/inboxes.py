"""A school to which families write: what the tests of the inbox and of its pages begin with."""

from datetime import datetime
from itertools import count
from typing import Any

from factories import NOW, TODAY, SmallSchool
from sqlalchemy import insert, select

from hub.inbox.listing import Line, Pick, Waiting, conversations, waiting
from hub.inbox.reading import Conversation, conversation
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.people.staff import add_staff
from hub.replies.keeping import FILE_BODY, FILE_NAME, WORDS
from hub.replies.threads import thread_for
from hub.tables import address, contact_point, data_key, reply, reply_attachment

_keys = count(1)


class Inbox:
    """A school to which families write."""

    def __init__(self, small: SmallSchool) -> None:
        self.small, self.school_id = small, small.school.key

    async def colleague(self, role: Role, *classes: str, name: str = "Mme Collègue", **more: Any) -> int:
        """Add somebody to the staff."""
        async with self.small.database.school(self.school_id) as session:
            return await add_staff(
                session,
                self.small.keyring,
                self.school_id,
                email=f"c{next(_keys)}@ecole.test",
                name=name,
                role=role,
                classes=classes,
                from_on=more.pop("from_on", TODAY),
                **more,
            )

    async def wrote(
        self,
        words: str,
        *,
        guardian: int | None = None,
        pupils: tuple[int, ...] = (),
        shared: int | None = None,
        owner: int | None = None,
        at: datetime = NOW,
        machine: bool = False,
        files: tuple[tuple[str, bytes], ...] = (),
        answer_within: int = 24,
        **more: Any,
    ) -> tuple[int, int]:
        """A family writes, from its first address or the shared one; gives the conversation and the reply."""
        async with self.small.database.engine() as connection:
            key = (
                await connection.execute(
                    select(address.c.id, data_key.c.wrapped, data_key.c.master_version)
                    .join(data_key, data_key.c.id == address.c.data_key_id)
                    .join(contact_point, contact_point.c.address_id == address.c.id)
                    .where(contact_point.c.guardian_id == guardian if shared is None else address.c.id == shared)
                    .order_by(contact_point.c.position)
                    .limit(1)
                )
            ).one()
            seal = self.small.keyring.seal(key.wrapped, key.master_version)
            number = more.pop("thread_id", None)
            if number is None and not machine:
                number = await thread_for(
                    connection,
                    school_id=self.school_id,
                    guardian_id=guardian,
                    pupils=pupils,
                    address_id=key.id,
                    owner_id=owner,
                    answer_within=answer_within,
                    now=at,
                )
            row = {
                "school_id": self.school_id,
                "sender_id": next(iter(self.small.senders.values())),
                "provider_key": f"SM{next(_keys)}",
                "channel": "sms",
                "thread_id": number,
                "address_id": key.id,
                "guardian_id": guardian,
                "words_sealed": seal.close(words.encode(), WORDS),
                "received_at": at,
                "sense": "words",
                "machine": machine,
                **more,
            }
            made = (await connection.execute(insert(reply).values(row).returning(reply.c.id))).scalar_one()
            for name, body in files:
                await connection.execute(
                    insert(reply_attachment).values(
                        school_id=self.school_id,
                        reply_id=made,
                        content_type="text/html",
                        size=len(body),
                        name_sealed=seal.close(name.encode(), FILE_NAME),
                        body_sealed=seal.close(body, FILE_BODY),
                    )
                )
        return number, made

    async def reader(self, staff_id: int) -> Reader:
        async with self.small.database.reading(self.school_id) as session:
            rights = await rights_on(session, school_id=self.school_id, staff_id=staff_id, day=TODAY)
        return Reader(staff_id, rights, TODAY)

    async def lines(self, staff_id: int, pick: Pick = Pick.ALL, *, now: datetime = NOW, page: int = 1) -> list[Line]:
        reader = await self.reader(staff_id)
        async with self.small.database.reading(self.school_id) as session:
            here = {"school_id": self.school_id, "reader": reader, "now": now}
            found, _ = await conversations(session, self.small.keyring, **here, pick=pick, page=page)
        return list(found)

    async def words(self, staff_id: int, pick: Pick = Pick.ALL, *, now: datetime = NOW) -> list[str | None]:
        """The first words of each conversation that somebody may read."""
        return [line.words for line in await self.lines(staff_id, pick, now=now)]

    async def waiting(self, staff_id: int, *, now: datetime = NOW) -> Waiting:
        reader = await self.reader(staff_id)
        async with self.small.database.reading(self.school_id) as session:
            return await waiting(session, school_id=self.school_id, reader=reader, now=now)

    async def read(self, staff_id: int, thread_id: int, *, now: datetime = NOW) -> Conversation:
        reader = await self.reader(staff_id)
        async with self.small.database.reading(self.school_id) as session:
            here = {"school_id": self.school_id, "thread_id": thread_id, "reader": reader, "now": now}
            return await conversation(session, self.small.keyring, **here)

    async def act(self, what: Any, thread_id: int, staff_id: int, **more: Any) -> Any:
        """Do something with a conversation as somebody."""
        reader = await self.reader(staff_id)
        async with self.small.database.school(self.school_id) as session:
            return await what(session, school_id=self.school_id, thread_id=thread_id, reader=reader, **more)
