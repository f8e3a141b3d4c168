"""How some families of the demo are reached before telephone and mailbox: by Telegram, or by notifications."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select

from cli.assembly import Assembly
from hub.errors import NotFoundError
from hub.models.people import Medium
from hub.models.school import School
from hub.people.joining import add_address
from hub.people.push_lines import push_line
from hub.people.schools import add_sender
from hub.ports import ChannelName
from hub.tables import guardian
from sandbox.box import Sandbox
from sandbox.config import BOT
from sandbox.families import FictionalSchool, Trouble

Joined = Mapping[int, str]
"""The chat or the browser of an adult who chose one, by the adult's place in the invented school."""


async def join(hub: Assembly, opened: School, invented: FictionalSchool, box: Sandbox) -> Joined:
    """Open the school's bot and its line of notifications, and let those who chose them join."""
    joined: dict[int, str] = {}
    now = datetime.now(UTC)
    async with hub.database.school(opened.key) as session:
        here = (session, hub.keyring, opened.key)
        await add_sender(
            *here, channel=ChannelName.CHAT, provider="telegram", address=box.config.bots[BOT], key_name="demo-chat",
            secret=BOT, two_way=True,
        )  # fmt: skip
        await add_sender(
            *here, channel=ChannelName.PUSH, provider="webpush", address="ecole@trois-ponts.test", key_name="demo-push",
        )  # fmt: skip
        line = await push_line(session, opened.key)
        if line is None:
            raise NotFoundError("La ligne de notifications manque.")
        rows = await session.execute(
            select(guardian.c.id, guardian.c.family_name, guardian.c.first_name).where(
                guardian.c.school_id == opened.key
            )
        )
        known = {(row.family_name, row.first_name): int(row.id) for row in rows}
        for place, adult in enumerate(invented.adults):
            if adult.chat is not None:
                box.chats.open(adult.chat)
                medium, value, name = Medium.CHAT, adult.chat, adult.chat
            elif adult.notified:
                browser = box.push.subscribe(line.public_key)
                medium, value, name = Medium.PUSH, browser.value, browser.endpoint
                if adult.trouble is Trouble.LEFT:
                    box.push.unsubscribe(browser)
            else:
                continue
            joined[place] = value
            await add_address(
                session,
                hub.keyring,
                school_id=opened.key,
                guardian_id=known[adult.name, adult.first_name],
                medium=medium,
                value=value,
                name=name,
                now=now,
            )
    return joined
