"""Where an adult is reached, as a line of the file says, and in which order; an order that a family chose is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from hub.errors import InvalidError
from hub.models.people import Medium
from hub.people.difference import File, Findings
from hub.people.import_registers import KnownAddress, KnownAdult, Point, Registers
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.onde import GuardianRow
from hub.people.phones import Phone, masked, read_phones
from hub.ports import ChannelName
from hub.sealing import Keyring

_ORDER = (ChannelName.SMS, ChannelName.EMAIL, ChannelName.VOICE)
"""While nobody has chosen: a text reaches a phone in a pocket, a letter waits, a landline only rings."""

_OLD = {
    ChannelName.SMS: "un portable n'est plus dans le fichier",
    ChannelName.EMAIL: "un courriel n'est plus dans le fichier",
    ChannelName.VOICE: "un fixe n'est plus dans le fichier",
}

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Given:
    """An address as a line gives it, read; its repr shows none."""

    channel: ChannelName
    medium: Medium
    kind: str
    value: str
    lookup: bytes

    def __repr__(self) -> str:
        return f"Given({self.channel})"

    @property
    def shown(self) -> str:
        """How the office reads it, without the means to use it."""
        return "courriel" if self.medium is Medium.MAILBOX else masked(self.value)


@dataclass(frozen=True, slots=True)
class Reached:
    """What becomes of an adult's addresses: rows to write, uses to write, uses that move, those no longer named."""

    addresses: tuple[KnownAddress, ...]
    points: tuple[Point, ...]
    moved: tuple[Point, ...]
    old: tuple[str, ...]


def read_given(row: GuardianRow, keyring: Keyring, region: str, findings: Findings) -> list[Given]:
    """Read the addresses of a line: texts first, then mail, then what only rings.

    A cell that cannot be read is a doubt, and costs nothing but itself.
    """
    cells = (
        ("le téléphone portable", row.mobile_raw),
        ("le téléphone du domicile", row.home_raw),
        ("le téléphone du travail", row.work_raw),
    )
    numbers: list[Phone] = []
    for what, cell in cells:
        numbers += _read(partial(read_phones, cell, region), row.line, what, findings) or ()
    given = [_phone(number, keyring) for number in dict.fromkeys(numbers)]
    if row.mailbox_raw:
        mailbox = _read(partial(read_mailbox, row.mailbox_raw), row.line, "le courriel", findings)
        if mailbox:
            lookup = keyring.lookup(Medium.MAILBOX.value, mailbox_key(mailbox))
            given.append(Given(ChannelName.EMAIL, Medium.MAILBOX, "", mailbox, lookup))
    return sorted(given, key=lambda one: _ORDER.index(one.channel))


def reach(adult: KnownAdult, given: Mapping[bytes, Given], registers: Registers) -> Reached:
    """Add the addresses that this adult does not use yet, and put them in order. Nothing is taken away."""
    addresses: list[KnownAddress] = []
    points: list[Point] = []
    used = {(point.address.lookup, point.channel) for point in adult.points}
    for one in given.values():
        if (one.lookup, one.channel) in used:
            continue
        address = registers.addresses.get((one.medium, one.lookup))
        if address is None:
            address = KnownAddress(one.medium, one.lookup, kind=one.kind, value=one.value)
            registers.addresses[one.medium, one.lookup] = address
            addresses.append(address)
        points.append(Point(address, one.channel, 0))
    gone = [p for p in adult.points if p.channel in _ORDER and p.address.lookup not in given]
    moved = _ordered(adult, points, gone) if points else ()
    return Reached(tuple(addresses), tuple(points), tuple(moved), tuple(_OLD[point.channel] for point in gone))


def _read(read: Callable[[], Read], line: int, what: str, findings: Findings) -> Read | None:
    try:
        return read()
    except InvalidError as error:
        findings.doubt(File.GUARDIANS, line, f"Dans {what} : {error}")
        return None


def _phone(number: Phone, keyring: Keyring) -> Given:
    channel = ChannelName.SMS if number.takes_texts else ChannelName.VOICE
    return Given(channel, Medium.PHONE, number.kind.value, number.e164, keyring.lookup(Medium.PHONE.value, number.e164))


def _ordered(adult: KnownAdult, new: Sequence[Point], gone: Sequence[Point]) -> list[Point]:
    """Give new addresses their places; gives the known ones that moved.

    A new one takes the place of the one that it follows; that one goes behind all others and stays usable, for the
    new number may be mistyped. Else it stands by its channel, unless the family's order is one of its own.
    """
    order, behind, left = list(adult.points), [], list(gone)
    ranks = [_rank(point) for point in order if point not in gone]
    for one in new:
        old = next((point for point in left if point.channel is one.channel), None)
        if old is not None:
            left.remove(old)
            behind.append(old)
            order[order.index(old)] = one
        elif ranks == sorted(ranks):
            ahead = [n for n, p in enumerate(order, start=1) if p not in gone and _rank(p) <= _rank(one)]
            order.insert(max(ahead, default=0), one)
        else:
            order.append(one)
    adult.points = [*order, *behind]
    return _numbered(adult.points)


def _numbered(points: Sequence[Point]) -> list[Point]:
    moved = []
    for position, point in enumerate(points, start=1):
        if point.id is not None and point.position != position:
            moved.append(point)
        point.position = position
    return moved


def _rank(point: Point) -> int:
    return _ORDER.index(point.channel) if point.channel in _ORDER else len(_ORDER)
