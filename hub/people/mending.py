"""What the office mends: an adult whom nothing reaches gets an address, or one that was dead is tried again."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.models.people import AddressState, LastRung, Medium
from hub.people.addresses import find_address, masked, new_address, state_to_read
from hub.people.links import told_about
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.names import full_name
from hub.people.noting import note
from hub.people.phones import read_phone
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.tables import address, contact_point, data_key, guardian, insert_into, pupil


@dataclass(frozen=True, slots=True)
class Way:
    """One address of an adult, masked, with its state. `number`: in clear, for who asked for it."""

    address_id: int
    channel: ChannelName
    masked: str
    state: AddressState
    number: str = field(default="", repr=False)

    @property
    def can_be_called(self) -> bool:
        """Whether it is a telephone that nobody else answers."""
        return self.channel in (ChannelName.SMS, ChannelName.VOICE) and self.state is not AddressState.WRONG

    @property
    def may_be_retried(self) -> bool:
        """Whether it is a dead number or mailbox; chats and browsers come back by an invitation only."""
        return self.state is AddressState.DEAD and self.channel not in (ChannelName.CHAT, ChannelName.PUSH)


@dataclass(frozen=True, slots=True)
class AdultCard:
    """What the office sees of an adult: name, language, children, ways in their order; `pupils`: (id, first name)."""

    guardian_id: int
    name: str
    language: str
    children: tuple[str, ...]
    ways: tuple[Way, ...]
    pupils: tuple[tuple[int, str], ...] = ()
    last_rung: LastRung = LastRung.CALL

    @property
    def has_chat(self) -> bool:
        """Whether a chat is there already that may be written to."""
        live = (AddressState.UNVERIFIED, AddressState.ACTIVE)
        return any(way.channel is ChannelName.CHAT and way.state in live for way in self.ways)


async def adult_card(
    session: AsyncSession, keyring: Keyring, *, school_id: int, guardian_id: int, day: date, clear: bool = False
) -> AdultCard:
    """Read an adult who is told about a pupil today; `clear`: with the numbers in full. Raises NotFoundError."""
    told = told_about(school_id, day, to_come=True).subquery("told")
    rows = (
        await session.execute(
            select(
                guardian.c.first_name, guardian.c.usage_name, guardian.c.family_name, guardian.c.language,
                guardian.c.last_rung,
                pupil.c.first_name.label("child"), pupil.c.id.label("pupil_id"),
            )
            .join(told, told.c.guardian_id == guardian.c.id)
            .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
            .where(guardian.c.school_id == school_id, guardian.c.id == guardian_id)
            .order_by(pupil.c.id)
        )
    ).all()  # fmt: skip
    if not rows:
        raise NotFoundError("Cet adulte n’est lié à aucun élève aujourd’hui.")
    one = rows[0]
    ways = await _ways(session, keyring, school_id, guardian_id)
    return AdultCard(
        guardian_id=guardian_id,
        name=full_name(one.first_name, one.usage_name, one.family_name),
        language=one.language,
        children=tuple(dict.fromkeys(row.child for row in rows)),
        ways=tuple(way if clear and way.can_be_called else replace(way, number="") for way in ways),
        pupils=tuple(dict.fromkeys((row.pupil_id, row.child) for row in rows)),
        last_rung=LastRung(one.last_rung),
    )


async def set_last_rung(
    session: AsyncSession, *, school_id: int, guardian_id: int, last_rung: LastRung, staff_id: int, now: datetime
) -> None:
    """Note what this adult wishes where no message arrives: a call, a word on paper, a letter, or somebody who relays.

    What waits already follows at once: the lists ask anew. Raises NotFoundError.
    """
    changed = await session.execute(
        update(guardian)
        .where(guardian.c.school_id == school_id, guardian.c.id == guardian_id)
        .values(last_rung=last_rung)
        .returning(guardian.c.id)
    )
    if changed.scalar_one_or_none() is None:
        raise NotFoundError("Cet adulte n’existe pas.")
    await note(session, school_id, staff_id, "last_rung", ("guardian", guardian_id), now)


async def numbers_read(
    session: AsyncSession, *, school_id: int, guardian_id: int, staff_id: int, now: datetime
) -> None:
    """Write down that somebody reads an adult's numbers in full."""
    await note(session, school_id, staff_id, "read_number", ("guardian", guardian_id), now)


async def add_by_office(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    guardian_id: int,
    words: str,
    region: str,
    staff_id: int,
    now: datetime,
) -> None:
    """Give an adult a number or a mailbox, as typed, behind those on file; it names no child until it answers.

    Raises InvalidError with one sentence: not to be read, on file already, or an address that nobody may write to.
    """
    channel, medium, kind, value, name = _read(words, region)
    lookup = keyring.lookup(medium.value, name)
    address_id, state = await find_address(session, school_id, medium, lookup) or (None, AddressState.UNVERIFIED)
    if state in _CLOSED:
        raise InvalidError(_CLOSED[state], field="address")
    if address_id is None:
        more = {"kind": kind, "state": state}
        address_id = await new_address(session, keyring, school_id, medium, lookup, value=value, more=more)
    last = select(func.coalesce(func.max(contact_point.c.position), 0) + 1).where(
        contact_point.c.school_id == school_id, contact_point.c.guardian_id == guardian_id
    )
    use = {"school_id": school_id, "guardian_id": guardian_id, "address_id": address_id, "channel": channel}
    added = await session.execute(
        insert_into(contact_point, session)
        .values(**use, position=last.scalar_subquery())
        .on_conflict_do_nothing()
        .returning(contact_point.c.id)
    )
    if added.scalar_one_or_none() is None and not await _wanted_again(session, **use):
        raise InvalidError("Cette adresse est déjà au dossier de cet adulte.", field="address")
    await note(session, school_id, staff_id, "address_added", ("guardian", guardian_id), now)


async def _wanted_again(session: AsyncSession, **use: object) -> bool:
    """Write again to an address that this adult had closed for himself or herself: the office was asked to."""
    this = and_(*(contact_point.c[name] == value for name, value in use.items()))
    again = update(contact_point).where(this, contact_point.c.unwanted_at.is_not(None)).values(unwanted_at=None)
    return (await session.execute(again.returning(contact_point.c.id))).scalar_one_or_none() is not None


async def try_again(
    session: AsyncSession, *, school_id: int, guardian_id: int, address_id: int, staff_id: int, now: datetime
) -> None:
    """Let a dead number or mailbox be written to once more: its owner said that it works.

    It names no child until it answers. Never one that was stopped, or that somebody else answers. Raises
    NotFoundError when this adult has no such address, InvalidError when it is not dead, or is a chat or a browser:
    those come back by an invitation only.
    """
    mine = (
        select(contact_point.c.id)
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian_id,
            contact_point.c.address_id == address_id,
        )
        .exists()
    )
    here = and_(address.c.school_id == school_id, address.c.id == address_id)
    if (await session.execute(select(address.c.id).where(here, mine))).scalar_one_or_none() is None:
        raise NotFoundError("Cette adresse n’est pas au dossier de cet adulte.")
    mended = await session.execute(
        update(address)
        .where(here, address.c.state == AddressState.DEAD, address.c.medium.in_((Medium.PHONE, Medium.MAILBOX)))
        .values(state=AddressState.UNVERIFIED, state_at=now, last_sign_of_life=None)
        .returning(address.c.id)
    )
    if mended.scalar_one_or_none() is None:
        raise InvalidError("On ne réessaie qu’un numéro ou un e-mail hors service.", field="address")
    await note(session, school_id, staff_id, "address_retried", ("guardian", guardian_id), now)


_CLOSED = {
    AddressState.STOPPED: "Cette adresse a demandé de ne plus recevoir de messages : donnez-en une autre.",
    AddressState.WRONG: "Quelqu’un d’autre répond à cette adresse : donnez-en une autre.",
    AddressState.DEAD: "Cette adresse est hors service : donnez-en une autre.",
}


def _read(words: str, region: str) -> tuple[ChannelName, Medium, str, str, str]:
    """Read what was typed: channel, medium, kind, the address, and what it is found again by."""
    if "@" in words:
        mailbox = read_mailbox(words)
        return ChannelName.EMAIL, Medium.MAILBOX, "", mailbox, mailbox_key(mailbox)
    if not words.strip():
        raise InvalidError("Donnez un numéro de portable ou un e-mail.", field="address")
    phone = read_phone(words, region)
    channel = ChannelName.SMS if phone.takes_texts else ChannelName.VOICE
    return channel, Medium.PHONE, phone.kind.value, phone.e164, phone.e164


async def _ways(session: AsyncSession, keyring: Keyring, school_id: int, guardian_id: int) -> tuple[Way, ...]:
    rows = await session.execute(
        select(
            contact_point.c.address_id,
            contact_point.c.channel,
            address.c.medium,
            state_to_read(),
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(address, and_(address.c.school_id == school_id, address.c.id == contact_point.c.address_id))
        .join(data_key, and_(data_key.c.school_id == school_id, data_key.c.id == address.c.data_key_id))
        .where(contact_point.c.school_id == school_id, contact_point.c.guardian_id == guardian_id)
        .order_by(contact_point.c.position)
    )
    ways = []
    for row in rows:
        value = keyring.seal(row.wrapped, row.master_version).open(row.value_sealed, b"address.value").decode()
        hidden = masked(Medium(row.medium), value)
        ways.append(Way(row.address_id, ChannelName(row.channel), hidden, AddressState(row.state), number=value))
    return tuple(ways)
