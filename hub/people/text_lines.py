"""The school's lines to Twilio: what its texts leave from, with the secret by which their list may be asked."""

from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.ports import ChannelName
from hub.sealing import Keyring, UnreadableError
from hub.tables import data_key, school, sender

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A sender of texts. `address`: the number, the short code, the name or the service (MG…) that it writes from."""

    sender_id: int
    school_id: int
    key_name: str
    address: str
    login: str
    two_way: bool
    timezone: str
    secret: str = field(repr=False, default="")

    @property
    def can_be_answered(self) -> bool:
        """Nobody can write back to a name."""
        return self.address.startswith("MG") or not any(sign.isalpha() for sign in self.address)

    @property
    def can_be_called(self) -> bool:
        """Nobody rings a name, a short code, or a service, whose numbers we do not know."""
        return self.address.startswith("+")


async def text_lines(within: AsyncConnection, keyring: Keyring) -> list[TextLine]:
    """Give Twilio's senders of all schools, the stopped ones too: what families write to them must still be heard.

    Needs `engine_reading`. One whose secret is missing or cannot be read is left out.
    """
    lines = []
    for row in await within.execute(_LINES):
        try:
            secret = keyring.seal(row.wrapped, row.master_version).open(row.secret_sealed, b"sender.secret").decode()
        except UnreadableError:
            log.error("sender cannot be read", sender=row.id)  # noqa: TRY400 (ids only)
            continue
        line = TextLine(row.id, row.school_id, row.key_name, row.address, row.login, row.two_way, row.timezone, secret)
        if line.login and line.secret:
            lines.append(line)
    return lines


_LINES = (
    select(
        sender.c.id,
        sender.c.school_id,
        sender.c.key_name,
        sender.c.address,
        sender.c.login,
        sender.c.two_way,
        sender.c.secret_sealed,
        school.c.timezone,
        data_key.c.wrapped,
        data_key.c.master_version,
    )
    .join(school, school.c.id == sender.c.school_id)
    .join(data_key, data_key.c.id == sender.c.data_key_id)
    .where(sender.c.channel == ChannelName.SMS, sender.c.provider == "twilio", sender.c.secret_sealed.is_not(None))
    .order_by(sender.c.id)
)
