"""What the engine keeps in mind between messages: senders, schools, and each wording rendered once."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.outbox.conversations import Answered, answered_by
from hub.ports import (
    LINK_CODE,
    Account,
    Body,
    ChannelName,
    Follows,
    HalfDay,
    News,
    NoticeKind,
    SchoolCard,
    Slots,
    Word,
    Wording,
)
from hub.routing import NAMING_KINDS, may_ring
from hub.sealing import Keyring, UnreadableError
from hub.settings import Settings
from hub.tables import data_key, notice, notice_version, school, sender, staff
from i18n.phrases import names_a_child

log = structlog.get_logger(__name__)

Render = Callable[[ChannelName, Wording], Body]
MOST_BODIES = 4096


@dataclass(frozen=True, slots=True)
class SenderCard:
    """A sender, open: how to reach its provider, how fast, at what price (hundredths of a cent)."""

    sender_id: int
    account: Account
    school_id: int
    two_way: bool
    receipts: bool
    rate: float | None
    price: int


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """The words of one version of a notice, and who wrote them."""

    kind: NoticeKind
    slots: Slots
    author: str


class Wordings:
    """A memory of one worker. It learns senders and notices as they come and renders each wording once.

    A version is never changed, only followed by another, so what was rendered for it stays right; which version is
    the newest is read with every batch.
    """

    def __init__(self, settings: Settings, keyring: Keyring, render: Render) -> None:
        self._settings, self._keyring, self._render = settings, keyring, render
        self._senders: dict[int, SenderCard] = {}
        self._schools: dict[int, SchoolCard] = {}
        self._notices: OrderedDict[int, NoticeCard] = OrderedDict()
        self._bodies: OrderedDict[tuple[object, ...], Body] = OrderedDict()
        self.links = settings.public_url is not None

    async def learn(self, connection: AsyncConnection, facts: Sequence[Any]) -> None:
        """Read what these attempts need and this worker does not know yet."""
        await self._learn_senders(connection, {fact.sender_id for fact in facts} - self._senders.keys())
        await self._learn_schools(connection, {fact.school_id for fact in facts} - self._schools.keys())
        await self._learn_notices(connection, {fact.version_id for fact in facts} - self._notices.keys())

    async def sender(self, connection: AsyncConnection, sender_id: int) -> SenderCard:
        """Give a sender, open; read afresh with its school, so that what was changed counts from the next drain on.

        Raises UnreadableError.
        """
        await self._learn_senders(connection, {sender_id})
        card = self._senders.get(sender_id)
        if card is None:
            raise UnreadableError("The secrets of this sender cannot be read.")
        await self._learn_schools(connection, {card.school_id})
        return card

    def account(self, sender_id: int) -> Account:
        """Give a learned sender's account."""
        return self._senders[sender_id].account

    def hears_receipts(self, sender_id: int) -> bool:
        """Say whether a learned sender's provider tells us what arrived."""
        return self._senders[sender_id].receipts

    def may_leave(self, sender_id: int, now: datetime) -> bool:
        """Say that a learned sender may be used at this hour: calls are for the day, all else waits for nobody."""
        if self._senders[sender_id].account.channel is not ChannelName.VOICE:
            return True
        return may_ring(now, self.timezone(sender_id), self._settings.calls_from, self._settings.calls_until)

    def timezone(self, sender_id: int) -> str:
        """Give the time zone of a learned sender's school."""
        return self._schools[self._senders[sender_id].school_id].timezone

    async def answered(self, connection: AsyncConnection, facts: Sequence[Any]) -> dict[int, Answered]:
        """Read what those of these attempts answer that are words in a conversation, by copy."""
        known = self._notices
        copies = [one.copy_id for one in facts if one.version_id in known and known[one.version_id].slots.word]
        found = await answered_by(connection, copies) if copies else {}
        abouts = {each.about for each in found.values() if each.about is not None}
        await self._learn_notices(connection, abouts - known.keys())
        return found

    def message_ids(self, before: Sequence[int | str]) -> tuple[str, ...]:
        """Name the mails before one: copies of ours by our own Message-ID, the others as they came."""
        return tuple(each if isinstance(each, str) else self.message_id(each) for each in before)

    def message_id(self, copy_id: int) -> str:
        """Name a copy for mail: every try of it bears the same Message-ID."""
        return f"<{self._keyring.token('m', copy_id)}@{self._settings.mail_domain}>"

    def body(self, fact: Any, *, pupils: Mapping[int, str], about: int | None = None) -> Body:  # noqa: ANN401 (a row)
        """Give the words of one copy, rendered at most once for all that read alike.

        `pupils`: first names by child, as they may be told of today; they are said where the address may hear them.
        `about`: the version of the notice whose subject a mail takes up again.
        """
        notice_card, sender_card = self._notices[fact.version_id], self._senders[fact.sender_id]
        named = fact.may_name and (notice_card.kind in NAMING_KINDS or names_a_child(notice_card.slots))
        names = tuple(pupils.values()) if named else ()
        slots = told_of(notice_card.slots, pupils)
        key = (fact.version_id, fact.sender_id, fact.language, names, slots.news, about)
        known = self._bodies.get(key)
        if known is not None:
            return known
        wording = Wording(
            kind=notice_card.kind,
            slots=slots,
            school=self._schools[fact.school_id],
            author=notice_card.author,
            language=fact.language,
            pupils=names,
            link=f"{self._settings.public_url}/l/{LINK_CODE}" if self.links else None,
            two_way=sender_card.two_way,
        )
        taken_up = self._notices.get(about) if about is not None else None
        if taken_up and sender_card.account.channel is ChannelName.EMAIL:
            first = self._render(ChannelName.EMAIL, replace(wording, kind=taken_up.kind, slots=taken_up.slots))
            wording = replace(wording, about=first.subject)
        body = self._bodies[key] = self._render(sender_card.account.channel, wording)
        if len(self._bodies) > MOST_BODIES:
            self._bodies.popitem(last=False)
        return body

    async def _learn_senders(self, connection: AsyncConnection, ids: set[int]) -> None:
        if not ids:
            return
        rows = await connection.execute(
            select(sender, data_key.c.wrapped, data_key.c.master_version)
            .join(data_key, data_key.c.id == sender.c.data_key_id)
            .where(sender.c.id.in_(ids))
        )
        for row in rows:
            self._senders.pop(row.id, None)
            try:
                card = self._opened(row)
            except UnreadableError:
                log.error("sender cannot be read", sender=row.id)  # noqa: TRY400 (ids only)
            else:
                self._senders[row.id] = card

    def _opened(self, row: Any) -> SenderCard:  # noqa: ANN401 (a row)
        seal = self._keyring.seal(row.wrapped, row.master_version)
        account = Account(
            key=row.key_name,
            channel=ChannelName(row.channel),
            provider=row.provider,
            address=row.address,
            name=row.name,
            login=row.login,
            secret=seal.open(row.secret_sealed, b"sender.secret").decode() if row.secret_sealed else "",
            dkim_key=seal.open(row.dkim_sealed, b"sender.dkim").decode() if row.dkim_sealed else "",
        )
        return SenderCard(row.id, account, row.school_id, row.two_way, row.receipts, row.rate, row.price)

    async def _learn_schools(self, connection: AsyncConnection, ids: set[int]) -> None:
        if not ids:
            return
        for row in await connection.execute(select(school).where(school.c.id.in_(ids))):
            self._schools[row.id] = SchoolCard(row.name, row.short_name, row.phone, row.timezone)

    async def _learn_notices(self, connection: AsyncConnection, versions: set[int]) -> None:
        if not versions:
            return
        rows = await connection.execute(
            select(
                notice.c.kind,
                notice_version.c.id,
                notice_version.c.slots_sealed,
                data_key.c.wrapped,
                data_key.c.master_version,
                staff.c.name,
            )
            .join(notice, notice.c.id == notice_version.c.notice_id)
            .join(data_key, data_key.c.id == notice.c.data_key_id)
            .join(staff, staff.c.id == notice.c.author_id)
            .where(notice_version.c.id.in_(versions))
        )
        for row in rows:
            try:
                seal = self._keyring.seal(row.wrapped, row.master_version)
                slots = read_slots(seal.open(row.slots_sealed, b"notice_version.slots"))
            except UnreadableError:  # its copies cannot be worded; those beside it can
                log.error("notice cannot be read", version=row.id)  # noqa: TRY400 (ids only)
                continue
            self._notices[row.id] = NoticeCard(NoticeKind(row.kind), slots, row.name)
        while len(self._notices) > MOST_BODIES:
            self._notices.popitem(last=False)


def newest_version(notice_id: ColumnElement[int]) -> ScalarSelect[int]:
    """Give the id of a notice's newest version: an edit is a new version."""
    return select(func.max(notice_version.c.id)).where(notice_version.c.notice_id == notice_id).scalar_subquery()


def read_slots(stored: bytes) -> Slots:
    """Read slots as they were stored: JSON of their fields."""
    raw = orjson.loads(stored)
    return Slots(
        **{
            **raw,
            "day": date.fromisoformat(raw["day"]) if raw["day"] else None,
            "half_day": HalfDay(raw["half_day"]) if raw["half_day"] else None,
            "follows": Follows(raw["follows"]) if raw.get("follows") else None,
            "word": Word(raw["word"]) if raw.get("word") else None,
            "news": _news(raw["news"]) if raw.get("news") else None,
            "starts_at": datetime.fromisoformat(raw["starts_at"]) if raw["starts_at"] else None,
            "hours": tuple((datetime.fromisoformat(at), said) for at, said in raw.get("hours", ())),
        }
    )


def told_of(slots: Slots, pupils: Collection[int]) -> Slots:
    """Keep of a digest what it tells of these children; other notices say the same of whomever they are about."""
    return slots if slots.news is None else replace(slots, news=slots.news.of(pupils))


def _news(raw: Mapping[str, Any]) -> News:
    children = tuple((number, News(**{**each, "children": ()})) for number, each in raw.get("children", ()))
    return News(**{**raw, "children": children})
