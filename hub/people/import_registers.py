"""What the school knows of its pupils and adults, read once before a file is held against it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.people import LinkKind, Medium
from hub.people.names import name_key
from hub.people.onde import ChildRef
from hub.ports import ChannelName
from hub.tables import address, class_group, contact_point, enrolment, guardian, link, pupil


def person_key(family: str, first: str) -> str:
    """Give the key by which files and registers name somebody; the same as `adults.child_key` and `guardian_key`."""
    return f"{name_key(family)}|{name_key(first)}"


@dataclass(frozen=True, slots=True)
class Place:
    """A pupil's seat in a class, not ended yet."""

    enrolment_id: int
    class_id: int
    label: str


@dataclass(slots=True, eq=False)
class KnownPupil:
    """A pupil of the registers, or one that this import has just written."""

    id: int
    family_name: str
    usage_name: str
    first_name: str
    born_on: date | None = None
    ine_hash: bytes | None = None
    left_on: date | None = None
    places: list[Place] = field(default_factory=list)
    barred: bool = False
    adults: int = 0

    @property
    def key(self) -> str:
        """By what a file names this pupil."""
        return person_key(self.family_name, self.first_name)

    @property
    def name(self) -> str:
        """How the office reads it."""
        return f"{self.family_name} {self.first_name}"

    def sits_in(self, labels: Iterable[str]) -> bool:
        """Whether one of these classes is theirs; one whose class nobody knows may sit anywhere."""
        wanted = {name_key(label) for label in labels}
        seats = {name_key(place.label) for place in self.places}
        return not wanted or bool(wanted & seats) or (not seats and self.left_on is None)


@dataclass(slots=True, eq=False)
class KnownAddress:
    """One phone number or mailbox; `value` is known only when this import brings it, `id` once it is written."""

    medium: Medium
    lookup: bytes
    id: int | None = None
    kind: str = ""
    value: str = ""


@dataclass(slots=True, eq=False)
class Point:
    """An adult's use of an address, in order; `id` None until it is written."""

    address: KnownAddress
    channel: ChannelName
    position: int
    id: int | None = None


@dataclass(slots=True, eq=False)
class KnownAdult:
    """An adult of the registers (`id` set) or of the file; recognised as itself, not by equal values."""

    civility: str
    family_name: str
    usage_name: str
    first_name: str
    id: int | None = None
    linked: set[int] = field(default_factory=set)
    barred: bool = False
    points: list[Point] = field(default_factory=list)

    @property
    def key(self) -> str:
        """By what a file names this adult."""
        return person_key(self.family_name, self.first_name)

    @property
    def name(self) -> str:
        """How the office reads it."""
        return f"{self.family_name} {self.first_name}".strip()


@dataclass(slots=True)
class Registers:
    """Everything an import compares with; it grows while lines are taken."""

    pupils: dict[int, KnownPupil] = field(default_factory=dict)
    adults: dict[str, list[KnownAdult]] = field(default_factory=lambda: defaultdict(list))
    addresses: dict[tuple[Medium, bytes], KnownAddress] = field(default_factory=dict)
    classes: dict[str, tuple[int, str]] = field(default_factory=dict)
    _by_name: dict[str, list[KnownPupil]] = field(default_factory=lambda: defaultdict(list))

    def add_pupil(self, known: KnownPupil) -> None:
        """Enter a pupil under both names."""
        self.pupils[known.id] = known
        for family in {name_key(known.family_name), name_key(known.usage_name)} - {""}:
            self._by_name[f"{family}|{name_key(known.first_name)}"].append(known)

    def called(self, child: ChildRef) -> list[KnownPupil]:
        """Pupils whom these names may mean: by the family name, or by the name of usage when no other is given."""
        key = person_key(child.family_name or child.usage_name, child.first_name)
        alike = dict.fromkeys(self._by_name.get(key, ()))
        return [known for known in alike if not child.family_name or known.key == key]


async def read_registers(session: AsyncSession, school_id: int, *, year_id: int, day: date) -> Registers:
    """Read all people of a school with their seats, links and addresses: seven questions, whatever the number.

    Who was erased (without a name) is not among them.
    """
    registers = Registers()
    await _read_pupils(session, school_id, registers, day)
    groups = select(class_group.c.id, class_group.c.label).where(
        class_group.c.school_id == school_id, class_group.c.year_id == year_id
    )
    registers.classes = {name_key(row.label): (row.id, row.label) for row in await session.execute(groups)}
    await _read_adults(session, school_id, registers, day)
    return registers


async def _read_pupils(session: AsyncSession, school_id: int, registers: Registers, day: date) -> None:
    rows = await session.execute(
        select(
            pupil.c.id,
            pupil.c.family_name,
            pupil.c.usage_name,
            pupil.c.first_name,
            pupil.c.born_on,
            pupil.c.ine_hash,
            pupil.c.left_on,
        )
        .where(pupil.c.school_id == school_id, pupil.c.name_key != "")
        .order_by(pupil.c.id)
    )
    for row in rows:
        registers.add_pupil(KnownPupil(*row))
    seats = await session.execute(
        select(enrolment.c.pupil_id, enrolment.c.id, enrolment.c.class_id, class_group.c.label)
        .join(
            class_group,
            and_(class_group.c.school_id == enrolment.c.school_id, class_group.c.id == enrolment.c.class_id),
        )
        .where(enrolment.c.school_id == school_id, or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= day))
        .order_by(enrolment.c.id)
    )
    for pupil_id, enrolment_id, class_id, label in seats:
        if pupil_id in registers.pupils:
            registers.pupils[pupil_id].places.append(Place(enrolment_id, class_id, label))


async def _read_adults(session: AsyncSession, school_id: int, registers: Registers, day: date) -> None:
    rows = await session.execute(
        select(guardian.c.civility, guardian.c.family_name, guardian.c.usage_name, guardian.c.first_name, guardian.c.id)
        .where(guardian.c.school_id == school_id, guardian.c.name_key != "")
        .order_by(guardian.c.id)
    )
    adults = {row.id: KnownAdult(*row) for row in rows}
    for adult in adults.values():
        registers.adults[adult.key].append(adult)
    await _read_links(session, school_id, registers, adults, day)
    await _read_points(session, school_id, registers, adults)


async def _read_links(
    session: AsyncSession, school_id: int, registers: Registers, adults: dict[int, KnownAdult], day: date
) -> None:
    """Read every link ever made; a barred one counts until its end, also that of somebody erased since."""
    links = await session.execute(
        select(link.c.guardian_id, link.c.pupil_id, link.c.kind, link.c.to_on).where(link.c.school_id == school_id)
    )
    for guardian_id, pupil_id, kind, to_on in links:
        barred = kind == LinkKind.BARRED and (to_on is None or to_on >= day)
        if pupil_id in registers.pupils:
            registers.pupils[pupil_id].adults += 1
            registers.pupils[pupil_id].barred |= barred
        if guardian_id in adults:
            adults[guardian_id].linked.add(pupil_id)
            adults[guardian_id].barred |= barred


async def _read_points(
    session: AsyncSession, school_id: int, registers: Registers, adults: dict[int, KnownAdult]
) -> None:
    rows = await session.execute(
        select(address.c.id, address.c.medium, address.c.lookup_hash, address.c.kind).where(
            address.c.school_id == school_id
        )
    )
    by_id = {row.id: KnownAddress(Medium(row.medium), row.lookup_hash, row.id, row.kind) for row in rows}
    registers.addresses = {(known.medium, known.lookup): known for known in by_id.values()}
    points = await session.execute(
        select(
            contact_point.c.guardian_id,
            contact_point.c.address_id,
            contact_point.c.channel,
            contact_point.c.position,
            contact_point.c.id,
        )
        .where(contact_point.c.school_id == school_id)
        .order_by(contact_point.c.guardian_id, contact_point.c.position, contact_point.c.id)
    )
    for guardian_id, address_id, channel, position, point_id in points:
        if guardian_id in adults:
            adults[guardian_id].points.append(Point(by_id[address_id], ChannelName(channel), position, point_id))
