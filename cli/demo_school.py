"""The invented school of the demo: its senders and staff, its people from ONDE files, and what ONDE does not say."""

from datetime import UTC, datetime

from sqlalchemy import bindparam, select, update

from cli.assembly import Assembly
from cli.demo_class import live
from cli.demo_rolls import take_rolls
from cli.demo_ways import Joined
from hub.database import Database
from hub.models.people import LinkKind
from hub.models.school import Role, School
from hub.people.importing import import_onde
from hub.people.names import full_name
from hub.people.schools import add_sender, find_school, open_school
from hub.people.staff import add_staff, find_staff
from hub.ports import ChannelName
from hub.routing import day_at_school
from hub.tables import guardian, link, pupil
from sandbox.box import Sandbox
from sandbox.calls import Answering, PicksUp
from sandbox.config import ACCOUNT, SECRET, Label
from sandbox.families import BEHAVIOURS, FictionalAdult, FictionalSchool
from sandbox.habits import Habit

SANDBOX_RATE = 200.0
"""Messages a second: the sandbox takes them sooner than a network would, and whoever watches has a minute."""
AT_HOME = (Answering(keys="1"), Answering(PicksUp.MACHINE), Answering(), Answering(PicksUp.NOBODY))
"""How landlines are answered in turn: by who presses a key, by a machine, by who only listens, not at all."""
SLUG = "trois-ponts"
DIRECTOR, TEACHER = "directrice@trois-ponts.test", "maitresse@trois-ponts.test"
OFFICE, DEPUTY = "secretariat@trois-ponts.test", "suppleante@circonscription.test"
PASSWORD = "trois-ponts-demo"  # noqa: S105 (the demo's, printed when it opens; nothing else has a default)


async def settle_in(hub: Assembly, invented: FictionalSchool) -> School:
    """Open the school, import its families from the two ONDE files, and take its rolls."""
    now = datetime.now(UTC)
    day = day_at_school(now, "Europe/Paris")
    async with hub.database.engine() as connection:
        await open_school(
            connection,
            hub.keyring,
            slug=SLUG,
            name="École des Trois-Ponts",
            short_name="Trois-Ponts",
            phone="02 61 91 10 00",
            day=day,
            demo=True,
        )
        opened = await find_school(connection, SLUG)
    async with hub.database.school(opened.key) as session:
        here = (session, hub.keyring, opened.key)
        await add_sender(
            *here, channel=ChannelName.SMS, provider="twilio", address="+33937000100", key_name="demo-sms",
            login=ACCOUNT, secret=SECRET, two_way=True, price=700, rate=SANDBOX_RATE,
        )  # fmt: skip
        await add_sender(
            *here, channel=ChannelName.VOICE, provider="twilio", address="+33937000101", key_name="demo-voice",
            login=ACCOUNT, secret=SECRET, price=1300, rate=SANDBOX_RATE,
        )  # fmt: skip
        await add_sender(
            *here, channel=ChannelName.EMAIL, provider="smtp", address="ecole@trois-ponts.test", key_name="demo-mail",
            name="École des Trois-Ponts", two_way=True,
        )  # fmt: skip
        await import_onde(
            session,
            hub.keyring,
            opened,
            pupils=invented.pupils_csv,
            guardians=invented.guardians_csv,
            full=True,
            now=now,
        )
        first_class = invented.pupils[0].class_label
        for email, role, name, classes in (
            (DIRECTOR, Role.DIRECTOR, "Mme Exemple", ()),
            (TEACHER, Role.TEACHER, "Mme Modèle", (first_class,)),
            (OFFICE, Role.OFFICE, "M. Échantillon", ()),
            (DEPUTY, Role.DEPUTY, "Mme Secours", ()),
        ):
            await add_staff(*here, email=email, role=role, name=name, classes=classes, password=PASSWORD, from_on=day)
        director = await find_staff(*here, DIRECTOR)
    await _tell_what_onde_does_not(hub.database, opened.key, invented)
    await take_rolls(hub.database, hub.keyring, opened, staff_id=director, now=now)
    await live(hub, opened, staff_id=director, now=now)
    return opened


def bring_to_life(invented: FictionalSchool, box: Sandbox, joined: Joined) -> None:
    """Give every phone, mailbox, chat and browser of the box its owner, its habit and its trouble."""
    for number, adult in enumerate(invented.adults):
        name = full_name(adult.first_name, adult.usage_name, adult.name)
        delay = 0.5 + (number * 37 % 60) / 20  # between half a second and three and a half, never all at once
        for value in (adult.mobile, adult.mailbox, joined.get(number)):
            if value is not None:
                box.directory[value] = Label(name, adult.language)
                # acceptance proves nothing: in the demo, whoever a mail, a chat or a notification reaches confirms
                habit = adult.habit if value == adult.mobile else Habit.ACKNOWLEDGE
                box.set_habit(value, habit, delay=delay)
        if adult.landline is not None:
            box.directory.setdefault(adult.landline, Label(name, adult.language))
            box.calls.answer(adult.landline, AT_HOME[number % len(AT_HOME)])
        if adult.troubled_address is not None:
            box.behave(BEHAVIOURS[adult.trouble], adult.troubled_address)


async def _tell_what_onde_does_not(database: Database, school_id: int, invented: FictionalSchool) -> None:
    """Languages, and which adult is barred from which pupil: the office types these in after an import."""
    adult = (guardian.c.family_name == bindparam("b_name")) & (guardian.c.first_name == bindparam("b_first"))
    child = (pupil.c.family_name == bindparam("b_child")) & (pupil.c.first_name == bindparam("b_child_first"))
    async with database.engine() as connection:
        await connection.execute(
            update(guardian).where(guardian.c.school_id == school_id, adult).values(language=bindparam("b_language")),
            [{**_name(one), "b_language": one.language} for one in invented.adults],
        )
        await connection.execute(
            update(link)
            .where(
                link.c.school_id == school_id,
                link.c.guardian_id == select(guardian.c.id).where(adult).scalar_subquery(),
                link.c.pupil_id == select(pupil.c.id).where(child).scalar_subquery(),
            )
            .values(kind=LinkKind.BARRED, may_be_told=False),
            [
                {**_name(one), "b_child": barred.family_name, "b_child_first": barred.first_name}
                for one in invented.adults
                for barred in one.barred_from
            ],
        )


def _name(adult: FictionalAdult) -> dict[str, str]:
    return {"b_name": adult.name, "b_first": adult.first_name}
