"""The acts of forgetting, each on rows that were found to belong to one person alone."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.answers import CallOutcome
from hub.models.notices import AttemptState, DeliveryState, NoticeState
from hub.models.people import AddressState
from hub.people.names import name_key
from hub.people.schools import school_key
from hub.sealing import Keyring, UnreadableError
from hub.tables import (
    address,
    answer,
    attempt,
    call_task,
    contact_point,
    copy,
    data_key,
    delivery,
    letter,
    notice,
    notice_version,
    page_link,
    reply,
    reply_attachment,
    reply_choice,
    stop,
    tray_item,
)

Within = AsyncConnection | AsyncSession

DESTROYED = bytes(60)
"""What stands where a data key was: nothing opens it, and all that it sealed stays sealed for ever."""

_OPEN = (DeliveryState.HELD, DeliveryState.ON_THE_WAY, DeliveryState.TO_CALL)
_IN_THE_AIR = (AttemptState.SENDING, AttemptState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a person is called and reached by, read just before it goes; its repr shows none."""

    family_name: str
    first_name: str
    reached_by: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Traits()"

    def stand_in(self, words: str) -> bool:
        """Whether a text speaks of this person: by both names, or by a number or mailbox however written."""
        keyed = f" {name_key(words)} "
        parts = [f" {name_key(part)} " for part in (self.family_name, self.first_name) if part]
        if parts and all(part in keyed for part in parts):
            return True
        digits = "".join(character for character in words if character.isdigit())
        return any(
            value.lower() in words.lower() if "@" in value else value[-9:] in digits for value in self.reached_by
        )


async def destroy_keys(within: Within, ids: ColumnElement[bool]) -> None:
    """Overwrite data keys, so that nothing under them is ever read again, in a copy of the database neither."""
    await within.execute(update(data_key).where(ids).values(wrapped=DESTROYED))


async def forget_addresses(within: Within, ids: Sequence[int], *, now: datetime) -> None:
    """Let addresses end that nobody uses any more: value, key, hash, uses, stops, and what was written from them."""
    if not ids:
        return
    keys = select(address.c.data_key_id).where(address.c.id.in_(ids))
    await destroy_keys(within, data_key.c.id.in_(keys))
    await within.execute(
        update(address)
        .where(address.c.id == bindparam("b_id"))
        .values(
            value_sealed=b"",
            lookup_hash=bindparam("b_hash"),
            kind="",
            state=AddressState.DEAD,
            state_at=now,
            language=None,
            last_sign_of_life=None,
            keep_until=None,
        ),
        [{"b_id": one, "b_hash": secrets.token_bytes(16)} for one in ids],
    )
    for table in (contact_point, stop):
        await within.execute(delete(table).where(table.c.address_id.in_(ids)))
    await forget_replies(within, await _ids(within, reply, reply.c.address_id.in_(ids)))
    await forget_copies(within, await _ids(within, copy, copy.c.address_id.in_(ids)), over=True, now=now)
    await close_matters(within, tray_item.c.address_id.in_(ids), now=now)


async def forget_replies(within: Within, ids: Sequence[int]) -> None:
    """Take words and files out of replies; the provider's key goes too, as a Message-ID may hold a family's domain."""
    if not ids:
        return
    await within.execute(delete(reply_attachment).where(reply_attachment.c.reply_id.in_(ids)))
    await within.execute(delete(reply_choice).where(reply_choice.c.reply_id.in_(ids)))
    await within.execute(
        update(reply)
        .where(reply.c.id == bindparam("b_id"))
        .values(words_sealed=b"", message_id=None, provider_key=bindparam("b_key")),
        [{"b_id": one, "b_key": f"erased.{one}"} for one in ids],
    )


async def forget_copies(within: Within, ids: Sequence[int], *, over: bool, now: datetime) -> None:
    """Take the words out of tries and shut their pages; `over`: nobody else waits for them, so nothing leaves.

    A try in the air cannot be told from another without its words: it is not asked about again.
    """
    if not ids:
        return
    of = attempt.c.copy_id.in_(ids)
    await within.execute(update(attempt).where(of).values(text_sealed=None, text_hash=None))
    ended = (AttemptState.READY, *_IN_THE_AIR) if over else _IN_THE_AIR
    await within.execute(
        update(attempt)
        .where(of, attempt.c.state.in_(ended))
        .values(state=AttemptState.WITHDRAWN, look_at=None, ended_at=now)
    )
    if over:
        await within.execute(update(attempt).where(of).values(look_at=None))
    await within.execute(
        update(page_link).where(page_link.c.copy_id.in_(ids), page_link.c.revoked_at.is_(None)).values(revoked_at=now)
    )


async def forget_notices(within: Within, ids: Sequence[int], *, now: datetime) -> None:
    """Let notices end that were about nobody else: words and key go, and what waits does not leave."""
    if not ids:
        return
    keys = select(notice.c.data_key_id).where(notice.c.id.in_(ids))
    await destroy_keys(within, data_key.c.id.in_(keys))
    await within.execute(update(notice).where(notice.c.id.in_(ids)).values(state=NoticeState.CANCELLED))
    await within.execute(update(notice_version).where(notice_version.c.notice_id.in_(ids)).values(slots_sealed=b""))
    await within.execute(update(answer).where(answer.c.notice_id.in_(ids)).values(words_sealed=None))
    await end_deliveries(within, delivery.c.notice_id.in_(ids), now=now)
    await forget_copies(within, await _ids(within, copy, copy.c.notice_id.in_(ids)), over=True, now=now)


async def end_deliveries(within: Within, which: ColumnElement[bool], *, now: datetime) -> None:
    """Nobody waits for these any more; nobody has to call, and the codes on their letters open nothing."""
    await within.execute(
        update(delivery).where(which, delivery.c.state.in_(_OPEN)).values(state=DeliveryState.CANCELLED, state_at=now)
    )
    theirs = select(delivery.c.id).where(which)
    await within.execute(
        update(call_task)
        .where(call_task.c.delivery_id.in_(theirs), call_task.c.done_at.is_(None))
        .values(done_at=now, outcome=CallOutcome.OTHERWISE)
    )
    await within.execute(delete(letter).where(letter.c.delivery_id.in_(theirs)))


async def close_matters(within: Within, which: ColumnElement[bool], *, now: datetime) -> None:
    """Take the details out of the office's questions and close them."""
    await within.execute(update(tray_item).where(which).values(detail_sealed=None))
    await within.execute(update(tray_item).where(which, tray_item.c.closed_at.is_(None)).values(closed_at=now))


async def forget_matters(
    within: Within, keyring: Keyring, school_id: int, which: ColumnElement[bool], traits: Traits, *, now: datetime
) -> None:
    """Close the questions about a person, also those whose sealed details speak of him or her (a line of a file)."""
    await close_matters(within, which, now=now)
    detailed = await within.execute(
        select(tray_item.c.id, tray_item.c.detail_sealed).where(
            tray_item.c.school_id == school_id, tray_item.c.detail_sealed.is_not(None)
        )
    )
    rows = detailed.all()
    if not rows:
        return
    seal = await school_key(within, keyring, school_id)
    about = []
    for row in rows:
        try:
            words = seal.open(row.detail_sealed, b"tray_item.detail").decode(errors="replace")
        except UnreadableError:
            continue
        if traits.stand_in(words):
            about.append(row.id)
    await close_matters(within, tray_item.c.id.in_(about), now=now)


async def _ids(within: Within, table: Table, which: ColumnElement[bool]) -> list[int]:
    return [int(row.id) for row in await within.execute(select(table.c.id).where(which))]
