"""Opening a school: its row, its key, its year, and what it sends from."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from hub.errors import InvalidError, NotFoundError
from hub.models.school import School, SchoolYear
from hub.models.senders import Sender
from hub.people.chat_lines import check_bot
from hub.people.mailboxes import read_mailbox
from hub.people.push_lines import push_keys, push_subject
from hub.ports import ChannelName, SchoolCard
from hub.sealing import Keyring, Seal
from hub.silence import USUAL
from hub.tables import data_key, insert_into, school, school_year, sender
from i18n.slots import check_school

Within = AsyncConnection | AsyncSession

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LINES = {
    "slug": (40, "Le nom dans l'adresse"),
    "name": (120, "Le nom de l'école"),
    "short_name": (20, "Le nom court"),
    "phone": (20, "Le numéro de l'école"),
}
"""Most characters of each, and what it is called; the short name opens each SMS."""
HOLIDAY_ZONES = ("A", "B", "C")

SMS_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,6}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 _&+-]{1,11}")
"""What SMS may come from: a number, a short code, Twilio's messaging service, a name (one-way)."""
CALLING_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
FRENCH_MOBILES = ("+336", "+337")
"""Automated SMS and calls may not come from them (plan national de numérotation, Arcep)."""


async def open_school(
    connection: AsyncConnection,
    keyring: Keyring,
    *,
    slug: str,
    name: str,
    short_name: str,
    phone: str,
    day: date,
    region: str = "FR",
    timezone: str = "Europe/Paris",
    zone: str = "B",
    language: str = "fr",
    demo: bool = False,
) -> School:
    """Open a school with its key and the school year that `day` is in; needs `Database.engine()`.

    `phone` as families read it aloud. Raises InvalidError when a text is missing, too long or of several lines, when
    the time zone or the holiday zone does not exist, and when another school has this slug. A real school is silent at
    the usual hours (`hub.silence`); a demo is shown at any hour.
    """
    opened = School(
        slug=slug, name=name.strip(), short_name=short_name.strip(), phone=phone.strip(), region=region,
        timezone=timezone, zone=zone, language=language, demo=demo,
        silent_from=None if demo else USUAL.begins, silent_to=None if demo else USUAL.ends,
    )  # fmt: skip
    _check(opened)
    row = opened.model_dump(exclude={"id"})
    made = insert_into(school, connection).values(row).on_conflict_do_nothing().returning(school.c.id)
    opened.id = (await connection.execute(made)).scalar_one_or_none()
    if opened.id is None:
        raise InvalidError("Une école porte déjà ce nom dans son adresse.", field="slug")
    wrapped, version, _ = keyring.new_key()
    key = {"school_id": opened.id, "subject": "school", "wrapped": wrapped, "master_version": version}
    await connection.execute(insert(data_key).values(key))
    await year_on(connection, opened.id, day)
    return opened


async def read_school(session: AsyncSession, school_id: int) -> School:
    """Give the school itself."""
    return (await session.execute(select(School).where(col(School.id) == school_id))).scalar_one()


async def find_school(within: Within, slug: str | None = None) -> School:
    """Find a school by its slug; without one, the only school of this installation. Raises NotFoundError."""
    wanted = select(school).order_by(school.c.id).limit(2)
    if slug is not None:
        wanted = wanted.where(school.c.slug == slug)
    rows = (await within.execute(wanted)).all()
    if not rows:
        raise NotFoundError("Cette école n'existe pas." if slug else "Aucune école n'est ouverte.")
    if len(rows) > 1:
        raise NotFoundError("Il y a plusieurs écoles : dites laquelle.")
    return School(**rows[0]._mapping)  # noqa: SLF001 (the public way to a row's columns by name)


@dataclass(frozen=True, slots=True)
class SenderState:
    """A sender as the caretaker sees it, whatever its school."""

    sender_id: int
    channel: ChannelName
    stopped: bool
    two_way: bool
    has_key: bool
    """Whether a secret is kept for it: a password, a token, the private key of notifications."""


async def installed(within: AsyncConnection) -> tuple[int, tuple[SenderState, ...]]:
    """Say how many schools are open in this installation, and what they send from; needs `engine_reading`."""
    schools = (await within.execute(select(func.count(school.c.id)))).scalar_one()
    kept = sender.c.secret_sealed.is_not(None).label("has_key")
    rows = await within.execute(select(sender.c.id, sender.c.channel, sender.c.stopped_at, sender.c.two_way, kept))
    senders = (
        SenderState(row.id, ChannelName(row.channel), row.stopped_at is not None, row.two_way, bool(row.has_key))
        for row in rows
    )
    return schools, tuple(senders)


async def school_key(within: Within, keyring: Keyring, school_id: int) -> Seal:
    """Open the school's own key: staff mailboxes, senders' secrets and the office tray are sealed under it."""
    _, seal = await _own_key(within, keyring, school_id)
    return seal


async def year_on(within: Within, school_id: int, day: date) -> int:
    """Give the id of the school year that a day is in; opens it (1 September to 31 August) when it is missing."""
    standing = (
        select(school_year.c.id)
        .where(school_year.c.school_id == school_id, school_year.c.starts_on <= day, school_year.c.ends_on >= day)
        .order_by(school_year.c.id)
        .limit(1)
    )
    known = (await within.execute(standing)).scalar_one_or_none()
    if known is not None:
        return int(known)
    first = day.year if day.month >= 9 else day.year - 1
    year = SchoolYear(
        school_id=school_id, label=f"{first}-{first + 1}", starts_on=date(first, 9, 1), ends_on=date(first + 1, 8, 31)
    )
    row = await _beside_others(within, year)
    made = await within.execute(insert(school_year).values(row).returning(school_year.c.id))
    return int(made.scalar_one())


async def add_sender(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    *,
    channel: ChannelName,
    provider: str,
    address: str,
    key_name: str | None = None,
    name: str = "",
    login: str = "",
    secret: str = "",
    dkim: str = "",
    two_way: bool = False,
    receipts: bool = True,
    rate: float | None = None,
    price: int = 0,
) -> int:
    """Add what the school sends from; gives its id. Secrets are sealed under the school's key.

    `key_name` is its opaque public name (made up when not given); `rate` messages a second, `price` hundredths of
    a cent. For notifications a key pair is made (`login` is its public half, `secret` the other), and `address` is
    whom a push service may ask about them. Raises InvalidError for what no family could be written from, or when the
    key name is taken.
    """
    _check_sender(channel, address, name, login)
    if channel is ChannelName.CHAT:
        check_bot(address, secret)
    if channel is ChannelName.PUSH:
        address = push_subject(address)
        login, secret = push_keys(secret)
    data_key_id, seal = await _own_key(session, keyring, school_id)
    added = Sender(
        school_id=school_id, data_key_id=data_key_id, key_name=key_name or secrets.token_hex(8), channel=channel,
        provider=provider, address=address, name=name, login=login, two_way=two_way, receipts=receipts, rate=rate,
        price=price, secret_sealed=seal.close(secret.encode(), b"sender.secret") if secret else None,
        dkim_sealed=seal.close(dkim.encode(), b"sender.dkim") if dkim else None,
    )  # fmt: skip
    row = added.model_dump(exclude={"id"})
    made = insert_into(sender, session).values(row).on_conflict_do_nothing().returning(sender.c.id)
    sender_id = (await session.execute(made)).scalar_one_or_none()
    if sender_id is None:
        raise InvalidError("Une autre ligne d'envoi porte déjà ce nom.", field="key_name")
    return int(sender_id)


@dataclass(frozen=True, slots=True)
class Signer:
    """A sender as its provider's webhooks know it: the secret, in clear, signs what they post."""

    sender_id: int
    school_id: int
    two_way: bool
    secret: str = field(repr=False)


async def find_signer(connection: AsyncConnection, keyring: Keyring, key_name: str, *, provider: str) -> Signer | None:
    """Find a sender of this provider by its opaque name; None when there is none, or it has no secret."""
    asked = (
        select(
            sender.c.id,
            sender.c.school_id,
            sender.c.two_way,
            sender.c.secret_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(data_key, data_key.c.id == sender.c.data_key_id)
        .where(sender.c.key_name == key_name, sender.c.provider == provider, sender.c.secret_sealed.is_not(None))
    )
    row = (await connection.execute(asked)).one_or_none()
    if row is None:
        return None
    secret = keyring.seal(row.wrapped, row.master_version).open(row.secret_sealed, b"sender.secret").decode()
    return Signer(row.id, row.school_id, row.two_way, secret) if secret else None


def _check_sender(channel: ChannelName, address: str, name: str, login: str) -> None:
    """Refuse what would break a header, or what a network would not carry."""
    if not all(value.isprintable() for value in (address, name, login)):
        raise InvalidError(
            "Une ligne d'envoi ne contient ni retour à la ligne ni caractère invisible.", field="address"
        )
    if channel is ChannelName.EMAIL:
        read_mailbox(address)
    elif channel is ChannelName.VOICE:
        _check_calling(address)
    elif channel is ChannelName.SMS:
        if address.startswith(FRENCH_MOBILES):
            raise InvalidError("En France, un 06 ou un 07 ne peut pas envoyer de SMS automatiques.", field="address")
        if not SMS_SENDER.fullmatch(address):
            raise InvalidError(
                "On envoie des SMS d'un numéro (+33937000100), d'un numéro court, ou d'un nom de 11 signes au plus.",
                field="address",
            )


def _check_calling(address: str) -> None:
    if address.startswith(FRENCH_MOBILES):
        raise InvalidError("En France, un 06 ou un 07 ne peut pas appeler par automate.", field="address")
    if not CALLING_NUMBER.fullmatch(address):
        raise InvalidError("On appelle d'un numéro entier, comme +33937000100.", field="address")


async def _own_key(within: Within, keyring: Keyring, school_id: int) -> tuple[int, Seal]:
    standing = (
        select(data_key.c.id, data_key.c.wrapped, data_key.c.master_version)
        .where(data_key.c.school_id == school_id, data_key.c.subject == "school")
        .order_by(data_key.c.id)
        .limit(1)
    )
    row = (await within.execute(standing)).one_or_none()
    if row is None:
        raise NotFoundError("Cette école n'a pas de clé.")
    return row.id, keyring.seal(row.wrapped, row.master_version)


async def _beside_others(within: Within, year: SchoolYear) -> dict[str, object]:
    """Fit a new year between those that stand: the office may have moved their ends by some days."""
    rows = await within.execute(select(school_year).where(school_year.c.school_id == year.school_id))
    for other in rows.all():
        if other.starts_on <= year.starts_on <= other.ends_on:
            year.starts_on = other.ends_on + timedelta(days=1)
        if other.starts_on <= year.ends_on <= other.ends_on:
            year.ends_on = other.starts_on - timedelta(days=1)
        if other.label == year.label:
            year.label = f"{year.label} bis"
    return year.model_dump(exclude={"id"})


def _check(opened: School) -> None:
    """Refuse a school that families could not recognise or call back, and what its row could not hold."""
    for place, (longest, called) in _LINES.items():
        text = str(getattr(opened, place))
        if len(text) > longest or not text.replace("\u00a0", " ").replace("\u202f", " ").isprintable():
            raise InvalidError(f"{called} compte {longest} signes au plus, sur une ligne.", field=place)
    check_school(SchoolCard(opened.name, opened.short_name, opened.phone, opened.timezone))
    if not _SLUG.fullmatch(opened.slug):
        raise InvalidError(
            "Le nom dans l'adresse n'a que des minuscules sans accent, des chiffres et des tirets.", field="slug"
        )
    if opened.zone not in HOLIDAY_ZONES:
        raise InvalidError("La zone de vacances est A, B ou C.", field="zone")
