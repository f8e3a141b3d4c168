"""Taking a school's register: everybody once, nobody loosened, nobody guessed."""

import asyncio
import csv
import io
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson
import pytest
import pytest_asyncio
from factories import NOW
from sqlalchemy import text

from hub.database import Database
from hub.errors import InvalidError
from hub.models.school import School
from hub.people.difference import Difference, File, Remark
from hub.people.importing import import_onde
from hub.people.schools import open_school, school_key
from hub.sealing import Keyring
from sandbox.families import FictionalSchool, make_school

TODAY, YESTERDAY = "2026-11-24", "2026-11-23"


@dataclass
class Office:
    """A school's office: hands files to the import and looks into the registers."""

    database: Database
    keyring: Keyring
    school: School

    async def take(self, pupils: bytes, guardians: bytes, *, full: bool = False, days: int = 0) -> Difference:
        async with self.database.school(self.school.key) as session:
            return await import_onde(
                session,
                self.keyring,
                self.school,
                pupils=pupils,
                guardians=guardians,
                full=full,
                now=NOW + timedelta(days=days),
            )

    async def rows(self, sql: str, **values: object) -> list[tuple]:
        async with self.database.engine_reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def one(self, sql: str, **values: object) -> object:
        return (await self.rows(sql, **values))[0][0]

    async def write(self, sql: str, **values: object) -> None:
        async with self.database.engine() as connection:
            await connection.execute(text(sql), values)

    async def counts(self) -> dict[str, int]:
        tables = (
            "pupil",
            "enrolment",
            "guardian",
            "link",
            "address",
            "contact_point",
            "data_key",
            "tray_item",
            "class_group",
        )
        return {table: await self.one(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608 (names from above)

    async def ways(self, first_name: str) -> list[tuple]:
        """(position, channel, last digits) of an adult."""
        rows = await self.rows(
            "SELECT position, channel, value_sealed, wrapped, master_version FROM contact_point c "
            "JOIN address a ON a.id = c.address_id JOIN data_key k ON k.id = a.data_key_id "
            "JOIN guardian g ON g.id = c.guardian_id WHERE g.first_name = :name ORDER BY position",
            name=first_name,
        )
        return [
            (position, channel, self.keyring.seal(wrapped, version).open(sealed, b"address.value").decode())
            for position, channel, sealed, wrapped, version in rows
        ]


class OnlyTryingError(Exception):
    """Rolls a trial run back."""


@pytest_asyncio.fixture
async def office(database: Database, keyring: Keyring) -> Office:
    async with database.engine() as connection:
        school = await open_school(
            connection,
            keyring,
            slug="trois-ponts",
            name="École des Trois-Ponts",
            short_name="Trois-Ponts",
            phone="02 61 91 00 00",
            day=NOW.date(),
        )
    return Office(database, keyring, school)


@pytest.fixture(scope="module")
def town() -> FictionalSchool:
    return make_school(pupils=40)


PUPIL_TITLES = ["Nom élève", "Nom d'usage élève", "Prénom élève", "Date naissance", "INE", "Niveau", "Libellé classe"]
ADULT_TITLES = [
    "Civilité Responsable", "Nom usage responsable", "Nom responsable", "Prénom responsable", "Courriel",
    "Téléphone domicile", "Téléphone travail", "Téléphone portable",
]  # fmt: skip
CHILD_TITLES = ["Nom d'usage enfant", "Nom de famille enfant", "Prénom enfant", "Classes enfants"]


def pupils_csv(*rows: tuple[str, str, str, str, str]) -> bytes:
    """Each row: family name, first name, birthday, INE, class."""
    lines = [[family, "", first, born, ine, "CP", label] for family, first, born, ine, label in rows]
    return _csv([PUPIL_TITLES, *lines])


@dataclass(frozen=True)
class Line:
    """A line of the guardians' file."""

    first: str = "Odile"
    family: str = "EXEMPLE"
    mobile: str = ""
    mail: str = ""
    home: str = ""
    usage: str = ""
    children: tuple[tuple[str, str, str], ...] = (("EXEMPLE", "Capucine", "CP A"),)


def guardians_csv(*lines: Line) -> bytes:
    width = max(len(line.children) for line in lines)
    rows = []
    for line in lines:
        row = ["MME", line.usage, line.family, line.first, line.mail, line.home, "", line.mobile]
        for family, first, label in line.children:
            row += ["", family, first, label]
        rows.append(row + [""] * 4 * (width - len(line.children)))
    return _csv([ADULT_TITLES + CHILD_TITLES * width, *rows])


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8")


CAPUCINE = ("EXEMPLE", "Capucine", "03/09/2020", "000000001ZZ", "CP A")
BASILE = ("MODELE", "Basile", "04/10/2019", "000000002ZZ", "CE1 B")
ODILE = Line(mobile="06 39 98 10 00", mail="odile@familles.test")


async def test_a_whole_school_adds_up(office: Office) -> None:
    town = make_school()

    difference = await office.take(town.pupils_csv, town.guardians_csv, full=True)

    counts = await office.counts()
    assert (counts["pupil"], counts["enrolment"], counts["class_group"]) == (300, 300, 12)
    assert counts["guardian"] == len(town.adults) == len(difference.new_adults)
    assert counts["link"] == sum(len(adult.children) for adult in town.adults)
    mobiles = {adult.mobile for adult in town.adults if adult.mobile} | {a.work for a in town.adults if a.work}
    assert await office.one("SELECT count(*) FROM address WHERE kind = 'mobile'") == len(mobiles)
    assert await office.one("SELECT count(*) FROM address WHERE medium = 'mailbox'") == sum(
        a.mailbox is not None for a in town.adults
    )
    assert await office.one("SELECT count(*) FROM contact_point WHERE channel = 'voice'") == sum(
        a.landline is not None for a in town.adults
    )
    assert difference.refused == ()
    assert (
        sorted(remark.reason.partition(" : ")[0] for remark in difference.doubts) == ["Dans le téléphone portable"] * 2
    )
    assert (difference.left, difference.matters) == ((), ())


async def test_the_same_files_again_change_nothing(office: Office, town: FictionalSchool) -> None:
    first = await office.take(town.pupils_csv, town.guardians_csv, full=True)
    before = await office.counts()

    again = await office.take(town.pupils_csv, town.guardians_csv, full=True, days=1)

    assert not first.changes_nothing
    assert again.changes_nothing
    assert again.unchanged_pupils == 40
    assert again.known_adults == len(town.adults)
    assert again.old_addresses == ()
    assert await office.counts() == before


async def test_a_trial_run_leaves_nothing(office: Office, town: FictionalSchool) -> None:
    async def try_it() -> None:
        async with office.database.school(office.school.key) as session:
            difference = await import_onde(
                session,
                office.keyring,
                office.school,
                pupils=town.pupils_csv,
                guardians=town.guardians_csv,
                full=False,
                now=NOW,
            )
            raise OnlyTryingError(difference)

    with pytest.raises(OnlyTryingError) as tried:
        await try_it()

    (difference,) = tried.value.args
    assert difference.counts()["new_pupils"] == 40
    assert await office.one("SELECT count(*) FROM pupil") == 0


async def test_two_imports_at_once_enter_everybody_once(office: Office, town: FictionalSchool) -> None:
    both = await asyncio.gather(
        office.take(town.pupils_csv, town.guardians_csv), office.take(town.pupils_csv, town.guardians_csv)
    )

    assert sorted(len(difference.new_pupils) for difference in both) == [0, 40]
    assert await office.one("SELECT count(*) FROM pupil") == 40
    assert await office.one("SELECT count(*) FROM guardian") == len(town.adults)


async def test_bad_lines_are_named_and_the_good_ones_taken(office: Office) -> None:
    town = make_school(pupils=40, bad_lines=True)

    difference = await office.take(town.pupils_csv, town.guardians_csv)

    assert len(difference.new_pupils) == 40
    assert [(remark.file, remark.line) for remark in difference.refused if remark.file is File.PUPILS] == [
        (File.PUPILS, line) for line in (42, 43, 44, 45, 46)
    ]
    assert len([remark for remark in difference.refused if remark.file is File.GUARDIANS]) == 3
    assert "EXEMPLE" not in str(difference.refused)


async def test_a_wrong_file_changes_nothing(office: Office) -> None:
    with pytest.raises(InvalidError, match="celui des responsables"):
        await office.take(guardians_csv(ODILE), guardians_csv(ODILE))

    assert await office.one("SELECT count(*) FROM pupil") == 0


async def test_the_national_number_is_only_kept_as_a_hash(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))

    stored = await office.rows("SELECT * FROM pupil")
    assert "000000001ZZ" not in str(stored)
    assert await office.one("SELECT ine_hash FROM pupil") == office.keyring.lookup("ine", "000000001ZZ")


async def test_another_class_begins_today_and_the_old_one_ended_yesterday(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE), days=-10)

    moved = replace(ODILE, children=(("EXEMPLE", "Capucine", "CE1 B"),))
    difference = await office.take(pupils_csv((*CAPUCINE[:4], "CE1 B")), guardians_csv(moved))

    rows = await office.rows(
        "SELECT label, from_on, to_on FROM enrolment e JOIN class_group c ON c.id = e.class_id ORDER BY e.id"
    )
    assert [(label, str(begun), str(ended)) for label, begun, ended in rows] == [
        ("CP A", "2026-11-14", YESTERDAY),
        ("CE1 B", TODAY, "None"),
    ]
    assert difference.joined == ("EXEMPLE Capucine (CE1 B)",)
    assert difference.ended == ("EXEMPLE Capucine (CP A)",)
    assert (difference.unchanged_pupils, difference.doubts) == (0, ())


async def test_a_part_of_the_school_says_of_nobody_that_they_left(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE))

    difference = await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE), full=False)

    assert difference.left == ()
    assert await office.one("SELECT count(*) FROM tray_item") == 0


async def test_a_pupil_missing_from_the_whole_school_is_asked_about_and_nothing_else(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE))

    difference = await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE), full=True)
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE), full=True)

    assert difference.left == ("MODELE Basile",)
    assert await office.rows("SELECT matter, closed_at FROM tray_item") == [("left", None)]
    assert await office.rows("SELECT left_on FROM pupil WHERE first_name = 'Basile'") == [(None,)]
    assert await office.one("SELECT count(*) FROM enrolment WHERE to_on IS NULL") == 2


async def test_a_pupil_who_is_in_the_file_again_is_no_longer_asked_about(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE))
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE), full=True)

    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE), full=True)

    assert await office.one("SELECT count(*) FROM tray_item WHERE closed_at IS NULL") == 0


async def test_a_departure_that_the_office_noted_is_not_undone_by_a_file(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))
    await office.write("UPDATE pupil SET left_on = '2026-11-20'")

    difference = await office.take(pupils_csv((*CAPUCINE[:4], "CE1 B")), guardians_csv(ODILE), full=True)

    assert str(await office.one("SELECT left_on FROM pupil")) == "2026-11-20"
    assert (difference.joined, difference.left) == ((), ())
    assert [remark.line for remark in difference.doubts if remark.file is File.PUPILS] == [2]


async def test_a_name_corrected_in_the_register_is_the_same_pupil_by_the_number(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))

    renamed = replace(ODILE, children=(("EXEMPLE-MODELE", "Capucine", "CP A"),))
    difference = await office.take(pupils_csv(("EXEMPLE-MODELE", *CAPUCINE[1:])), guardians_csv(renamed))

    assert await office.rows("SELECT family_name, name_key FROM pupil") == [
        ("EXEMPLE-MODELE", "exemple modele capucine")
    ]
    assert difference.changed_pupils == ("EXEMPLE-MODELE Capucine",)
    assert (difference.known_adults, difference.new_adults, difference.new_links) == (1, (), ())


async def test_homonyms_of_two_birthdays_stay_two_and_their_adults_go_by_the_class(office: Office) -> None:
    other = ("EXEMPLE", "Capucine", "01/01/2019", "", "CE1 B")
    theirs = Line(first="Basile", mobile="06 39 98 10 01", children=(("EXEMPLE", "Capucine", "CE1 B"),))

    difference = await office.take(pupils_csv(CAPUCINE, other), guardians_csv(ODILE, theirs))

    assert len(difference.new_pupils) == 2
    links = await office.rows(
        "SELECT g.first_name, p.born_on FROM link l JOIN guardian g ON g.id = l.guardian_id "
        "JOIN pupil p ON p.id = l.pupil_id ORDER BY g.first_name"
    )
    assert [(name, str(born)) for name, born in links] == [("Basile", "2019-01-01"), ("Odile", "2020-09-03")]


async def test_an_adult_is_never_linked_to_a_homonym_in_another_class(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))
    stranger = Line(first="Gaspard", mobile="06 39 98 10 09", children=(("EXEMPLE", "Capucine", "CM2 A"),))

    difference = await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE, stranger))

    assert difference.new_adults == ()
    assert difference.refused == (
        Remark(File.GUARDIANS, 3, "Aucun enfant de cette ligne n'est dans la classe nommée."),
    )


async def test_a_pupil_whom_only_the_name_recognises_is_left_to_the_office(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))

    difference = await office.take(
        pupils_csv(("EXEMPLE", "Capucine", "", "", "CM2 A")), guardians_csv(ODILE), full=True
    )

    assert [(remark.file, remark.line) for remark in difference.refused] == [(File.PUPILS, 2)]
    assert difference.left == ()
    assert await office.one("SELECT count(*) FROM pupil") == 1


async def test_the_same_pupil_on_two_lines_is_taken_once(office: Office) -> None:
    again = ("EXEMPLE", "Capucine", "03/09/2020", "", "CP A")

    difference = await office.take(pupils_csv(CAPUCINE, again), guardians_csv(ODILE))

    assert difference.refused == (Remark(File.PUPILS, 3, "Cet élève est déjà à la ligne 2."),)
    assert await office.one("SELECT count(*) FROM pupil") == 1


async def test_a_changed_number_comes_first_and_the_old_one_stays_last(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))

    changed = guardians_csv(replace(ODILE, mobile="06 39 98 20 00"))
    difference = await office.take(pupils_csv(CAPUCINE), changed)
    again = await office.take(pupils_csv(CAPUCINE), changed)

    assert await office.ways("Odile") == [
        (1, "sms", "+33639982000"),
        (2, "email", "odile@familles.test"),
        (3, "sms", "+33639981000"),
    ]
    assert difference.new_addresses == ("EXEMPLE Odile : 06 39 98 •• 00",)
    assert difference.old_addresses == ("EXEMPLE Odile : un portable n'est plus dans le fichier",)
    assert again.changes_nothing


async def test_an_order_that_the_family_chose_is_kept(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))
    await office.write("UPDATE contact_point SET position = 3 - position")

    await office.take(pupils_csv(CAPUCINE), guardians_csv(replace(ODILE, home="02 61 91 12 34")))
    await office.take(pupils_csv(CAPUCINE), guardians_csv(replace(ODILE, home="02 61 91 12 34")))

    assert [(position, channel) for position, channel, _ in await office.ways("Odile")] == [
        (1, "email"),
        (2, "sms"),
        (3, "voice"),
    ]


async def test_a_text_comes_before_a_mail_and_a_landline_only_rings(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(Line(mail="odile@familles.test", home="02 61 91 12 34")))

    await office.take(pupils_csv(CAPUCINE), guardians_csv(replace(ODILE, home="02 61 91 12 34")))

    assert await office.ways("Odile") == [
        (1, "sms", "+33639981000"),
        (2, "email", "odile@familles.test"),
        (3, "voice", "+33261911234"),
    ]
    assert await office.rows("SELECT DISTINCT state FROM address") == [("unverified",)]


async def test_two_adults_on_one_phone_share_one_address(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE, Line(first="Basile", mobile="+33 6 39 98 10 00")))

    assert await office.one("SELECT count(*) FROM address WHERE medium = 'phone'") == 1
    assert await office.one("SELECT count(*) FROM contact_point WHERE channel = 'sms'") == 2


async def test_a_number_that_was_wrong_stays_wrong(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))
    await office.write("UPDATE address SET state = 'wrong' WHERE medium = 'phone'")

    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE, Line(first="Basile", mobile="06 39 98 10 00")))

    assert await office.rows("SELECT state FROM address WHERE medium = 'phone'") == [("wrong",)]


async def test_an_import_never_loosens_a_link(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(replace(ODILE, children=(
        ("EXEMPLE", "Capucine", "CP A"), ("MODELE", "Basile", "CE1 B")))))  # fmt: skip
    await office.write("UPDATE link SET kind = 'barred', may_be_told = false WHERE id = 1")
    await office.write("UPDATE link SET to_on = '2026-11-01', may_collect = false WHERE id = 2")
    columns = "SELECT kind, may_be_told, may_decide, may_collect, waiting, from_on, to_on FROM link ORDER BY id"
    before = await office.rows(columns)

    difference = await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(replace(ODILE, children=(
        ("EXEMPLE", "Capucine", "CP A"), ("MODELE", "Basile", "CE1 B")))), full=True)  # fmt: skip

    assert await office.rows(columns) == before
    assert difference.changes_nothing


async def test_an_unknown_adult_of_a_barred_pupil_waits_for_the_office(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))
    await office.write("UPDATE link SET kind = 'barred'")
    files = pupils_csv(CAPUCINE), guardians_csv(ODILE, Line(first="Basile", mobile="06 39 98 10 01"))

    difference = await office.take(*files)
    await office.take(*files)

    assert await office.rows("SELECT kind, waiting FROM link ORDER BY id") == [("barred", False), ("joint", True)] or (
        await office.rows("SELECT kind, waiting FROM link ORDER BY id") == [("barred", 0), ("joint", 1)]
    )
    assert await office.rows("SELECT matter, guardian_id, pupil_id FROM tray_item") == [("adult_of_barred_pupil", 2, 1)]
    assert difference.matters == ("EXEMPLE Basile – EXEMPLE Capucine : une interdiction existe, le bureau décide.",)


async def test_an_adult_whom_only_the_name_recognises_is_neither_merged_nor_made(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE))
    namesake = Line(mobile="06 39 98 77 77", children=(("MODELE", "Basile", "CE1 B"),))

    difference = await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE, namesake))
    await office.take(pupils_csv(CAPUCINE, BASILE), guardians_csv(ODILE, namesake))

    assert await office.one("SELECT count(*) FROM guardian") == 1
    assert await office.one("SELECT count(*) FROM link") == 1
    assert [way[2] for way in await office.ways("Odile")] == ["+33639981000", "odile@familles.test"]
    assert difference.matters == ("EXEMPLE Odile : est-ce quelqu'un que l'école connaît ?",)
    rows = await office.rows("SELECT matter, guardian_id, detail_sealed FROM tray_item")
    assert [row[:2] for row in rows] == [("ambiguous_adult", 1)]
    async with office.database.reading(office.school.key) as session:
        seal = await school_key(session, office.keyring, office.school.key)
    detail = orjson.loads(seal.open(rows[0][2], b"tray_item.detail"))
    assert (detail["family_name"], detail["mobile"], detail["pupils"]) == ("EXEMPLE", "06 39 98 77 77", [2])


async def test_an_adult_who_moved_house_and_phone_is_known_by_the_child(office: Office) -> None:
    await office.take(pupils_csv(CAPUCINE), guardians_csv(ODILE))

    difference = await office.take(
        pupils_csv(CAPUCINE), guardians_csv(Line(mobile="06 39 98 20 00", usage="MODELE", mail="o@parents.example"))
    )

    assert (difference.known_adults, difference.changed_adults) == (1, ("EXEMPLE Odile",))
    assert await office.rows("SELECT usage_name, civility FROM guardian") == [("MODELE", "MME")]


async def test_a_foster_home_looks_after_and_decides_nothing(office: Office) -> None:
    await office.take(
        pupils_csv(CAPUCINE), guardians_csv(Line(first="", family="FOYER DES EXEMPLES", mobile="0639981000"))
    )

    assert await office.rows("SELECT kind FROM link") == [("service",)]
    assert await office.one("SELECT count(*) FROM link WHERE may_decide") == 0
    assert await office.one("SELECT count(*) FROM guardian WHERE service") == 1


async def test_the_difference_is_plain_json_for_the_command_line(office: Office) -> None:
    difference = await office.take(pupils_csv(CAPUCINE), guardians_csv(replace(ODILE, mobile="à demander")))

    told = orjson.loads(orjson.dumps(difference.as_dict()))
    assert told["counts"]["new_pupils"] == 1
    assert told["names"]["new_pupils"] == ["EXEMPLE Capucine (CP A)"]
    assert (told["doubts"][0]["file"], told["doubts"][0]["line"]) == ("guardians", 2)
    assert "EXEMPLE" not in repr(difference)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_two_thousand_pupils_take_seconds(office: Office) -> None:
    town = make_school(pupils=2000)
    started = time.process_time()

    await office.take(town.pupils_csv, town.guardians_csv, full=True)

    assert await office.one("SELECT count(*) FROM pupil") == 2000
    assert time.process_time() - started < 15  # some 4 on an idle machine


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_once_the_classes_are_closed_a_file_is_about_the_year_to_come(
    office: Office, town: FictionalSchool
) -> None:
    await office.take(town.pupils_csv, town.guardians_csv)
    classes = await office.one("SELECT count(*) FROM class_group")
    await office.write(
        "INSERT INTO school_year (school_id, label, starts_on, ends_on) "
        "VALUES (1, '2027-2028', '2027-09-01', '2028-08-31')"
    )
    await office.write("UPDATE class_group SET closed_on = '2027-09-01'")
    await office.write("UPDATE enrolment SET to_on = '2027-08-31'")

    found = await office.take(town.pupils_csv, town.guardians_csv, days=220)  # in July
    again = await office.take(town.pupils_csv, town.guardians_csv, days=221)

    assert len(found.joined) == 40
    assert again.changes_nothing
    rows = await office.rows(
        "SELECT y.label, e.from_on, e.to_on, count(*) FROM enrolment e JOIN class_group c ON c.id = e.class_id "
        "JOIN school_year y ON y.id = c.year_id GROUP BY y.label, e.from_on, e.to_on ORDER BY 1"
    )
    assert rows == [("2026-2027", TODAY, "2027-08-31", 40), ("2027-2028", "2027-09-01", None, 40)]
    assert await office.one("SELECT count(*) FROM class_group") == 2 * classes
