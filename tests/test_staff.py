"""Who works in the school, and opening a school in the first place."""

from datetime import date

import pytest
import pytest_asyncio
from factories import NOW, a_school
from sqlalchemy import text

from hub.database import Database
from hub.errors import InvalidError, NotFoundError
from hub.models.school import Role, School
from hub.people.rights import rights_on
from hub.people.schools import add_sender, find_school, open_school, school_key, year_on
from hub.people.sign_in import sign_in
from hub.people.staff import add_staff, find_staff
from hub.ports import ChannelName
from hub.sealing import Keyring

TODAY = date(2026, 11, 24)
LONG = "quatre mots faciles ensemble"


async def opened(database: Database, keyring: Keyring, slug: str = "trois-ponts", **more: object) -> School:
    given = {
        "name": "École des Trois-Ponts",
        "short_name": "Trois-Ponts",
        "phone": "02 61 91 00 00",
        "day": TODAY,
        **more,
    }
    async with database.engine() as connection:
        return await open_school(connection, keyring, slug=slug, **given)


@pytest_asyncio.fixture
async def school(database: Database, keyring: Keyring) -> School:
    return await opened(database, keyring)


async def rows(database: Database, sql: str) -> list[tuple]:
    async with database.engine_reading() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def test_a_school_opens_with_its_key_and_the_year_of_the_day(database: Database, school: School) -> None:
    assert await rows(database, "SELECT subject FROM data_key") == [("school",)]
    years = await rows(database, "SELECT label, starts_on, ends_on FROM school_year")
    assert [tuple(map(str, year)) for year in years] == [("2026-2027", "2026-09-01", "2027-08-31")]
    assert school.id is not None


async def test_the_next_year_opens_by_itself_on_the_first_of_september(database: Database, school: School) -> None:
    async with database.school(school.key) as session:
        this = await year_on(session, school.key, date(2027, 8, 31))
        following = await year_on(session, school.key, date(2027, 9, 1))
        again = await year_on(session, school.key, date(2028, 2, 1))

    assert (this != following, following == again) == (True, True)
    assert [label for (label,) in await rows(database, "SELECT label FROM school_year ORDER BY id")] == [
        "2026-2027",
        "2027-2028",
    ]


async def test_the_only_school_is_found_without_its_name(database: Database, keyring: Keyring, school: School) -> None:
    async with database.engine_reading() as connection:
        assert (await find_school(connection)).id == school.id
        with pytest.raises(NotFoundError, match="n'existe pas"):
            await find_school(connection, "ailleurs")
    await opened(database, keyring, "faux-pont")
    async with database.engine_reading() as connection:
        assert (await find_school(connection, "faux-pont")).slug == "faux-pont"
        with pytest.raises(NotFoundError, match="plusieurs"):
            await find_school(connection)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("short_name", "x" * 21),
        ("short_name", " "),
        ("name", "Deux\nlignes"),
        ("phone", " "),
        ("phone", "le secrétariat"),
        ("phone", "0" * 21),
        ("timezone", "Europe/Orléans"),
        ("timezone", "../etc/passwd"),
        ("zone", "Z"),
        ("slug", "Trois Ponts"),
        ("slug", "trois-ponts"),
    ],
)
@pytest.mark.usefixtures("school")
async def test_a_school_that_cannot_be_is_refused(database: Database, keyring: Keyring, field: str, value: str) -> None:
    with pytest.raises(InvalidError) as refused:
        await opened(database, keyring, **{"slug": "faux-pont", field: value})

    assert refused.value.field == field
    assert str(refused.value).endswith(".")
    assert len(await rows(database, "SELECT id FROM school")) == 1


async def test_a_senders_secret_is_sealed_under_the_schools_key(
    database: Database, keyring: Keyring, school: School
) -> None:
    async with database.school(school.key) as session:
        await add_sender(
            session, keyring, school.key, channel=ChannelName.SMS, provider="twilio", key_name="ours",
            address="+33937000000", login="AC0", secret="the token", two_way=True, rate=10.0, price=700,
        )  # fmt: skip
        seal = await school_key(session, keyring, school.key)
        with pytest.raises(InvalidError):
            await add_sender(
                session,
                keyring,
                school.key,
                channel=ChannelName.SMS,
                provider="twilio",
                key_name="ours",
                address="+33937000001",
            )

    ((secret, dkim, address),) = await rows(database, "SELECT secret_sealed, dkim_sealed, address FROM sender")
    assert (seal.open(secret, b"sender.secret"), dkim, address) == (b"the token", None, "+33937000000")


async def test_staff_are_found_by_a_mailbox_that_is_nowhere_in_clear(
    database: Database, keyring: Keyring, school: School
) -> None:
    async with database.school(school.key) as session:
        added = await add_staff(
            session, keyring, school.key, email="Direction@Trois-Ponts.test", role=Role.DIRECTOR,
            name="Mme Exemple", from_on=TODAY,
        )  # fmt: skip
        found = await find_staff(session, keyring, school.key, "direction@trois-ponts.TEST")
        seal = await school_key(session, keyring, school.key)
        for nobody in ("autre@trois-ponts.test", "pas une adresse"):
            with pytest.raises(NotFoundError):
                await find_staff(session, keyring, school.key, nobody)

    stored = await rows(database, "SELECT name, email_sealed, password_hash FROM staff")
    assert found == added
    assert "trois-ponts.test" not in str(stored).lower()
    assert seal.open(stored[0][1], b"staff.email") == b"Direction@trois-ponts.test"
    assert (stored[0][0], stored[0][2]) == ("Mme Exemple", None)


async def test_the_same_mailbox_again_adds_a_right_and_doubles_nothing(
    database: Database, keyring: Keyring, school: School
) -> None:
    async with database.school(school.key) as session:
        year_id = await year_on(session, school.key, TODAY)
        for label in ("CP A", "CE1 B"):
            await session.execute(
                text("INSERT INTO class_group (school_id, year_id, label, level) VALUES (:school, :year, :label, '')"),
                {"school": school.key, "year": year_id, "label": label},
            )
        who = {"email": "maitre@trois-ponts.test", "role": Role.TEACHER, "from_on": TODAY}
        first = await add_staff(session, keyring, school.key, classes=["CP A"], name="M. Modèle", **who)
        second = await add_staff(session, keyring, school.key, classes=["CP A", "CE1 B"], name="Autre", **who)
        rights = await rights_on(session, school_id=school.key, staff_id=first, day=TODAY)

    assert first == second
    assert await rows(database, "SELECT name FROM staff") == [("M. Modèle",)]
    assert len(await rows(database, "SELECT id FROM staff_right")) == 2
    assert (len(rights.classes), rights.whole_school) == (2, False)


async def test_a_class_that_does_not_exist_is_refused_and_so_is_one_for_a_director(
    database: Database, keyring: Keyring, school: School
) -> None:
    async with database.school(school.key) as session:
        who = {"email": "a@trois-ponts.test", "from_on": TODAY, "classes": ["CP Z"]}
        with pytest.raises(InvalidError, match="CP Z"):
            await add_staff(session, keyring, school.key, role=Role.TEACHER, **who)
        with pytest.raises(InvalidError, match="Seul un enseignant a des classes"):
            await add_staff(session, keyring, school.key, role=Role.DIRECTOR, **who)

    assert await rows(database, "SELECT id FROM staff") == []


@pytest.mark.parametrize("password", ["onze signes", "aaaaaaaaaaaaaa", "tres.longue.adresse", "x" * 300])
async def test_a_password_that_is_quickly_guessed_is_refused(
    database: Database, keyring: Keyring, school: School, password: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        async with database.school(school.key) as session:
            await add_staff(
                session, keyring, school.key, email="tres.longue.adresse@trois-ponts.test", role=Role.OFFICE,
                from_on=TODAY, password=password,
            )  # fmt: skip

    assert refused.value.field == "password"
    assert await rows(database, "SELECT id FROM staff") == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_was_added_with_a_password_comes_in_with_it(
    database: Database, keyring: Keyring, school: School
) -> None:
    async with database.school(school.key) as session:
        await add_staff(
            session,
            keyring,
            school.key,
            email="bureau@trois-ponts.test",
            role=Role.OFFICE,
            from_on=TODAY,
            password=LONG,
        )

    assert await sign_in(database, keyring, email="bureau@trois-ponts.test", password=LONG, where="127.0.0.1")
    assert NOW.date() == TODAY


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (ChannelName.EMAIL, "ecole@trois-ponts.test\r\nBcc: tous@trois-ponts.test"),
        (ChannelName.EMAIL, "pas une adresse"),
        (ChannelName.SMS, "+33639981000"),
        (ChannelName.SMS, "un nom bien trop long"),
        (ChannelName.SMS, "Ecole\nBis"),
    ],
)
async def test_nothing_is_sent_from_what_no_network_would_carry(
    database: Database, keyring: Keyring, channel: ChannelName, address: str
) -> None:
    small = await a_school(database, keyring)
    async with database.school(small.school.key) as session:
        with pytest.raises(InvalidError):
            await add_sender(
                session, keyring, small.school.key, channel=channel, provider="twilio", address=address, secret="s"
            )
