"""Small schools for tests: each factory names only what matters, everything else is plausible."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import Database
from hub.models.people import (
    Address,
    AddressState,
    ContactPoint,
    DataKey,
    Enrolment,
    Guardian,
    Link,
    LinkKind,
    Medium,
    Pupil,
)
from hub.models.school import ClassGroup, Role, School, SchoolYear, Staff, StaffRight
from hub.models.senders import Sender
from hub.people.names import name_key
from hub.people.schools import read_school
from hub.people.silences import set_silence
from hub.ports import ChannelName, Limits, Outgoing, Proof, Sent
from hub.sealing import Keyring
from hub.silence import USUAL, Silence

NOW = datetime(2026, 11, 24, 6, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
SINCE = date(2026, 9, 1)


@dataclass
class SmallSchool:
    """One school: a director, an office, a teacher of CP A, an SMS and a mail sender; tests add the families."""

    database: Database
    keyring: Keyring
    school: School
    director: int
    teacher: int
    office: int
    classes: dict[str, int]
    senders: dict[ChannelName, int]
    _number: int = 0

    async def falls_silent(self, silence: Silence = USUAL) -> None:
        """Let the school write nothing that can wait between these hours."""
        async with self.database.school(self.school.key) as session:
            who = {"school_id": self.school.key, "staff_id": self.director}
            await set_silence(session, **who, silence=silence, now=NOW)
            self.school = await read_school(session, self.school.key)

    async def family(
        self,
        *adults: "Adult",
        children: Sequence[str] = ("Capucine",),
        class_label: str = "CP A",
        kind: LinkKind = LinkKind.JOINT,
    ) -> list[int]:
        """Add children of one class and the adults linked to all of them; gives the guardians' ids."""
        async with self.database.school(self.school.key) as session:
            pupils = []
            for name in children:
                pupil = Pupil(
                    school_id=self.school.key,
                    first_name=name,
                    family_name="Exemple",
                    name_key=name_key(f"Exemple {name}"),
                )
                session.add(pupil)
                await session.flush()
                session.add(
                    Enrolment(
                        school_id=self.school.key,
                        pupil_id=pupil.key,
                        class_id=self.classes[class_label],
                        from_on=SINCE,
                    )
                )
                pupils.append(pupil.key)
            ids = []
            for adult in adults:
                guardian = Guardian(
                    school_id=self.school.key,
                    data_key_id=await self._key(session, "guardian"),
                    first_name=adult.name,
                    family_name="Exemple",
                    name_key=name_key(f"Exemple {adult.name}"),
                    language=adult.language,
                )
                session.add(guardian)
                await session.flush()
                ids.append(guardian.key)
                for pupil_id in pupils:
                    session.add(
                        Link(
                            school_id=self.school.key,
                            guardian_id=guardian.key,
                            pupil_id=pupil_id,
                            kind=adult.kind or kind,
                            from_on=SINCE,
                        )
                    )
                for position, (channel, value) in enumerate(adult.reached_by, start=1):
                    address_id = await self._address(session, channel, value, adult)
                    session.add(
                        ContactPoint(
                            school_id=self.school.key,
                            guardian_id=guardian.key,
                            address_id=address_id,
                            channel=channel,
                            position=position,
                        )
                    )
        return ids

    async def _address(self, session: AsyncSession, channel: ChannelName, value: str, adult: "Adult") -> int:
        medium = Medium.MAILBOX if channel is ChannelName.EMAIL else Medium.PHONE
        looked_up = self.keyring.lookup(medium.value, value)
        same = select(Address).where(Address.lookup_hash == looked_up, Address.school_id == self.school.key)
        known = (await session.execute(same)).scalar_one_or_none()
        if known is not None:
            return known.key
        wrapped, version, seal = self.keyring.new_key()
        data_key = DataKey(school_id=self.school.key, subject="address", wrapped=wrapped, master_version=version)
        session.add(data_key)
        await session.flush()
        address = Address(
            school_id=self.school.key,
            data_key_id=data_key.key,
            medium=medium,
            value_sealed=seal.close(value.encode(), b"address.value"),
            lookup_hash=looked_up,
            state=AddressState.ACTIVE if adult.confirmed else AddressState.UNVERIFIED,
            last_sign_of_life=NOW - timedelta(days=3) if adult.confirmed else None,
        )
        session.add(address)
        await session.flush()
        return address.key

    async def _key(self, session: AsyncSession, subject: str) -> int:
        wrapped, version, _ = self.keyring.new_key()
        data_key = DataKey(school_id=self.school.key, subject=subject, wrapped=wrapped, master_version=version)
        session.add(data_key)
        await session.flush()
        return data_key.key

    async def rows(self, sql: str, **values: object) -> list[tuple]:
        """Read across walls, for assertions."""
        async with self.database.engine_reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def write(self, sql: str, **values: object) -> None:
        """Change the world behind the hub's back."""
        async with self.database.engine() as connection:
            await connection.execute(text(sql), values)


@dataclass(frozen=True)
class Adult:
    """An adult to add: `reached_by` in order; `confirmed`: the address answered lately."""

    name: str = "Odile"
    reached_by: tuple[tuple[ChannelName, str], ...] = ()
    language: str = "fr"
    confirmed: bool = True
    kind: LinkKind | None = None


def by_sms(number: str = "+33639981000", **more: Any) -> Adult:
    """An adult reached by SMS only."""
    return Adult(reached_by=((ChannelName.SMS, number),), **more)


def by_mail(mailbox: str = "odile@familles.test", **more: Any) -> Adult:
    """An adult reached by mail only."""
    return Adult(reached_by=((ChannelName.EMAIL, mailbox),), **more)


async def a_school(
    database: Database, keyring: Keyring, *, slug: str = "trois-ponts", rate: float | None = None
) -> SmallSchool:
    """Set up a school."""
    async with database.engine() as connection:
        school_id = (
            await connection.execute(
                School.__table__.insert()
                .values(
                    slug=slug,
                    name="École des Trois-Ponts",
                    short_name="Trois-Ponts",
                    phone="02 61 91 00 00",
                    region="FR",
                    timezone="Europe/Paris",
                    zone="B",
                    language="fr",
                    demo=True,
                )
                .returning(School.__table__.c.id)
            )
        ).scalar_one()
    async with database.school(school_id) as session:
        school = (await session.execute(select(School).where(School.id == school_id))).scalar_one()
        year = SchoolYear(
            school_id=school_id, label="2026-2027", starts_on=date(2026, 8, 20), ends_on=date(2027, 8, 19)
        )
        wrapped, version, seal = keyring.new_key()
        data_key = DataKey(school_id=school_id, subject="school", wrapped=wrapped, master_version=version)
        session.add_all([year, data_key])
        await session.flush()
        groups = [ClassGroup(school_id=school_id, year_id=year.key, label=label) for label in ("CP A", "CE1 B")]
        people = [
            Staff(school_id=school_id, name=name, email_sealed=b"", email_hash=keyring.lookup("staff", name))
            for name in ("Mme Exemple", "M. Modèle", "Mme Bureau")
        ]
        senders = [
            Sender(
                school_id=school_id,
                data_key_id=data_key.key,
                key_name=f"{slug}-sms",
                channel=ChannelName.SMS,
                provider="twilio",
                address="+33937000000",
                login="AC" + "0" * 32,
                two_way=True,
                rate=rate,
                price=700,
                secret_sealed=seal.close(b"token", b"sender.secret"),
            ),
            Sender(
                school_id=school_id,
                data_key_id=data_key.key,
                key_name=f"{slug}-mail",
                channel=ChannelName.EMAIL,
                provider="smtp",
                address="ecole@trois-ponts.test",
                name="École des Trois-Ponts",
                two_way=True,
            ),
        ]
        session.add_all([*groups, *people, *senders])
        await session.flush()
        session.add(StaffRight(school_id=school_id, staff_id=people[0].key, role=Role.DIRECTOR, from_on=SINCE))
        session.add(StaffRight(school_id=school_id, staff_id=people[2].key, role=Role.OFFICE, from_on=SINCE))
        session.add(
            StaffRight(
                school_id=school_id, staff_id=people[1].key, role=Role.TEACHER, class_id=groups[0].key, from_on=SINCE
            )
        )
    return SmallSchool(
        database=database,
        keyring=keyring,
        school=school,
        director=people[0].key,
        teacher=people[1].key,
        office=people[2].key,
        classes={group.label: group.key for group in groups},
        senders={sender.channel: sender.key for sender in senders},
    )


@dataclass
class FakeChannel:
    """A fake of the port: takes what `answers` says for an address (an exception to raise), else accepts."""

    name: ChannelName = ChannelName.SMS
    proof: Proof = Proof.HANDSET
    limits: Limits = field(default_factory=lambda: Limits(text_max=1600, per_second=None, connections=8))
    sent: list[Outgoing] = field(default_factory=list)
    answers: dict[str, Exception] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)

    async def send(self, message: Outgoing) -> Sent:
        self.sent.append(message)
        error = self.answers.get(message.to)
        if error is not None:
            raise error
        return Sent(provider_id=f"SM{message.attempt_id}")

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        assert since.tzinfo is not None
        found = self.known.get(message.text)
        return Sent(provider_id=found) if found and found not in known else None

    async def close(self) -> None:
        """Nothing to let go of."""
