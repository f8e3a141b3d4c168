"""A family's settings: addresses proved by a code and told to the others, their order, language and wishes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urljoin

import pytest
import pytest_asyncio
from desks import on_one_database
from factories import NOW, by_mail, by_sms
from family_door import Door, a_door
from homes import Home, at_home

from hub.database import Database
from hub.home.logins import Adult
from hub.sealing import Keyring

ODALYS, NEW = "+33639987001", "+33639987044"


class Family:
    def __init__(self, door: Door, home: Home, odalys: int, noureddine: int) -> None:
        self.door, self.home, self.odalys, self.noureddine = door, home, odalys, noureddine
        self.path = f"/famille/reglages/{door.small.school.key}/{odalys}"

    async def post(self, end: str, **fields: str) -> object:
        return await self.home.post(f"{self.path}/{end}", seen_on="/famille/reglages", **fields)

    async def give(self, words: str = "06 39 98 70 44") -> tuple[str, str]:
        """Give a new address; gives what names the code, and the digits that arrived."""
        sent = await self.home.post(f"{self.path}/adresses", seen_on="/famille/reglages", adresse=words)
        assert sent.status_code == 303, sent.text
        page = await self.home.web.get(sent.headers["location"])
        asked = re.search(r'name="demande" value="([^"]+)"', page.text)
        assert asked, page.text
        await self.door.drain()
        digits = re.search(r"\d{3}\s?\d{3}", self.door.last.text)
        assert digits
        return asked[1], digits[0]

    async def ways(self) -> list[tuple[int, bool]]:
        """The addresses of Odalys: (id, whether wanted), in their order."""
        rows = await self.door.small.rows(
            "SELECT address_id, unwanted_at IS NULL FROM contact_point WHERE guardian_id = :id ORDER BY position",
            id=self.odalys,
        )
        return [(row[0], bool(row[1])) for row in rows]


@pytest_asyncio.fixture
async def family(database: Database, keyring: Keyring) -> AsyncIterator[Family]:
    async with a_door(database, keyring) as door:
        odalys, noureddine = await door.small.family(
            by_sms(ODALYS, name="Odalys"), by_mail("n@familles.test", name="Noureddine"), children=("Théodulie",)
        )
        async with at_home(door.small, odalys) as home:
            yield Family(door, home, odalys, noureddine)


async def test_a_new_number_counts_once_its_code_came_back_and_the_old_one_is_told(family: Family) -> None:
    asked, digits = await family.give()
    assert [one.to for one in family.door.sms.sent] == [NEW]
    assert await family.ways() == [(1, True), (3, False)]

    done = await family.post("code", demande=asked, code=digits)
    await family.door.drain()

    assert done.status_code == 303  # type: ignore[attr-defined]
    assert await family.ways() == [(3, True), (1, True)]
    told = family.door.sms.sent[1:]
    assert [one.to for one in told] == [ODALYS]
    assert "changé où l'école vous écrit" in told[0].text
    await family.door.press()
    assert family.door.last.to == NEW


async def test_a_number_whose_code_never_came_back_gets_nothing_else(family: Family) -> None:
    await family.give()

    await family.door.press()

    assert [one.to for one in family.door.sms.sent] == [NEW, ODALYS]
    assert NEW[-2:] not in re.sub(r"<[^>]+>", " ", (await family.home.look("/famille/reglages")).text)


async def test_a_code_is_read_at_its_address_and_never_on_the_page(family: Family) -> None:
    await family.give()
    [[delivery_id]] = await family.door.small.rows(
        "SELECT max(id) FROM delivery WHERE guardian_id = :id", id=family.odalys
    )

    page = await family.home.look(f"/famille/messages/{family.door.small.school.key}/{delivery_id}")

    assert page.status_code == 404


async def test_an_address_that_was_never_proved_cannot_be_put_first(family: Family) -> None:
    await family.give()

    refused = await family.post("adresses/3/premier")

    assert refused.status_code == 404  # type: ignore[attr-defined]
    assert await family.ways() == [(1, True), (3, False)]


async def test_nobody_learns_here_whether_the_school_knows_a_number(family: Family) -> None:
    await family.door.small.family(by_sms("+33639987099", name="Zélie"), children=("Ulysse",))

    await family.give("06 39 98 70 99")
    page = (await family.home.look("/famille/reglages")).text

    assert "•• 99" not in page
    assert (await family.post("adresses/3/premier")).status_code == 404  # type: ignore[attr-defined]
    assert await family.ways() == [(1, True), (3, False)]


async def test_a_number_that_is_called_may_also_be_written_to(family: Family) -> None:
    await family.door.small.write(
        "UPDATE contact_point SET channel = 'voice' WHERE guardian_id = :id", id=family.odalys
    )

    asked, digits = await family.give("06 39 98 70 01")
    done = await family.post("code", demande=asked, code=digits)

    assert done.status_code == 303  # type: ignore[attr-defined]
    assert await family.ways() == [(1, True), (1, True)]


@on_one_database
async def test_addresses_that_were_never_proved_count_for_a_day_alone(family: Family) -> None:
    async def give(number: int) -> int:
        where = {"seen_on": "/famille/reglages", "adresse": f"o{number}@familles.test"}
        return (await family.home.post(f"{family.path}/adresses", **where)).status_code

    first = [await give(number) for number in range(8)]
    family.door.small.database._clock = lambda: NOW + timedelta(hours=25)

    assert first == [303] * 7 + [422]
    assert [await give(number) for number in range(8, 16)] == [303] * 7 + [422]


async def test_wrong_digits_are_counted_and_the_fifth_is_the_last(family: Family) -> None:
    asked, digits = await family.give()
    wrong = "000000" if digits.replace(" ", "") != "000000" else "111111"

    pages = [await family.post("code", demande=asked, code=wrong) for _ in range(5)]
    late = await family.post("code", demande=asked, code=digits)

    assert [page.status_code for page in pages] == [422] * 5  # type: ignore[attr-defined]
    assert "plus rien" in late.text  # type: ignore[attr-defined]
    assert await family.ways() == [(1, True), (3, False)]


async def test_the_code_of_another_session_adds_nothing_here(family: Family) -> None:
    asked, digits = await family.give()

    async with at_home(family.door.small, family.noureddine) as other:
        path = f"/famille/reglages/{family.door.small.school.key}/{family.noureddine}/code"
        refused = await other.post(path, seen_on="/famille/reglages", demande=asked, code=digits)

    assert refused.status_code == 422
    assert await family.ways() == [(1, True), (3, False)]


@on_one_database
@pytest.mark.parametrize("words", ["", "pas un numéro", "02 61 91 00 00", "a@b@c", "06 39 98 70 01"])
async def test_what_cannot_be_added_is_said_in_one_sentence_and_stays_typed(family: Family, words: str) -> None:
    answer = await family.home.post(f"{family.path}/adresses", seen_on="/famille/reglages", adresse=words)

    assert answer.status_code == 422
    assert f'value="{words}"' in answer.text
    assert 'class="error"' in answer.text
    assert await family.ways() == [(1, True)]


async def test_an_address_is_left_and_taken_again_but_never_the_last_one(family: Family) -> None:
    alone = await family.post("adresses/1/retirer")
    asked, digits = await family.give("odalys@familles.test")
    await family.post("code", demande=asked, code=digits)
    await family.post("adresses/1/retirer")

    assert alone.status_code == 422  # type: ignore[attr-defined]
    assert await family.ways() == [(3, True), (1, False)]
    await family.door.drain()
    sent = len(family.door.sms.sent)
    await family.door.press()
    assert len(family.door.sms.sent) == sent

    await family.post("adresses/1/premier")
    assert await family.ways() == [(1, True), (3, True)]


async def test_the_address_that_is_left_is_told_so_itself(family: Family) -> None:
    asked, digits = await family.give("odalys@familles.test")
    await family.post("code", demande=asked, code=digits)
    await family.door.drain()
    before = len(family.door.sms.sent), len(family.door.mail.sent)

    await family.post("adresses/1/retirer")
    await family.door.drain()

    assert (len(family.door.sms.sent) - before[0], len(family.door.mail.sent) - before[1]) == (1, 1)


async def test_language_quiet_hours_and_wishes_are_kept(family: Family) -> None:
    wishes = {"langue": "tr", "de": "20:00", "a": "07:00", "homework": "page", "document": "evening"}

    done = await family.post("souhaits", **wishes, result="at_once")

    assert done.status_code == 303  # type: ignore[attr-defined]
    rows = await family.door.small.rows("SELECT kind, how FROM wish ORDER BY kind")
    assert rows == [("document", "evening"), ("homework", "page"), ("result", "at_once")]
    page = (await family.home.look("/famille/reglages")).text
    assert '<option value="tr" lang="tr" selected>' in page
    assert 'value="20:00"' in page


@on_one_database
@pytest.mark.parametrize(
    "amiss", [{"langue": "xx"}, {"de": "20:00", "a": ""}, {"de": "08:00", "a": "07:00"}, {"homework": "never"}]
)
async def test_a_wish_that_makes_no_sense_changes_nothing(family: Family, amiss: dict[str, str]) -> None:
    wishes = {"langue": "tr", "de": "", "a": "", "homework": "page", "document": "evening", "result": "page"}

    answer = await family.post("souhaits", **{**wishes, **amiss})

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert await family.door.small.rows("SELECT * FROM wish") == []
    assert await family.door.small.rows("SELECT DISTINCT language FROM guardian") == [("fr",)]


@on_one_database
async def test_wishes_that_were_refused_stand_in_their_form_with_the_reason_beside_them(family: Family) -> None:
    wishes = {"langue": "tr", "de": "20:00", "a": "", "homework": "page", "document": "at_once", "result": "page"}

    page = await family.home.post(f"{family.path}/souhaits", seen_on="/famille/reglages", **wishes)

    addresses, form = page.text.split('aria-labelledby="s-1"')
    assert ("Donnez les deux heures" in addresses, "Donnez les deux heures" in form) == (False, True)
    assert "aria-invalid" not in addresses
    assert '<option value="tr" lang="tr" selected>' in form
    assert 'value="20:00"' in form
    assert 'name="homework" value="page" checked' in form


@on_one_database
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("adresses", {"adresse": "ni l'un ni l'autre"}),
        ("adresses", {"csrf": "of another session"}),
        ("code", {"demande": "none", "code": "123456"}),
        ("/famille/sortir", {}),
    ],
)
async def test_an_answer_to_a_form_leads_to_another_language_where_a_page_is(
    family: Family, path: str, fields: dict[str, str]
) -> None:
    at = urljoin(f"{family.path}/", path)
    page = await family.home.post(at, seen_on="/famille/reglages", **fields)

    there = re.search(r'<a href="([^"]*)" lang="tr"', page.text)
    assert there
    assert (await family.home.look(urljoin(at, there[1]))).status_code in {200, 303}


async def test_nobody_changes_the_other_parents_settings(family: Family) -> None:
    path = f"/famille/reglages/{family.door.small.school.key}/{family.noureddine}"

    for end, fields in (
        ("adresses", {"adresse": "06 39 98 70 44"}),
        ("adresses/2/retirer", {}),
        ("adresses/2/premier", {}),
        ("code", {"demande": "x", "code": "123456"}),
        ("souhaits", {"langue": "tr", "homework": "page", "document": "page", "result": "page"}),
    ):
        refused = await family.home.post(f"{path}/{end}", seen_on="/famille/reglages", **fields)
        assert refused.status_code == 404, end

    assert await family.door.small.rows("SELECT count(*) FROM contact_point") == [(2,)]


async def test_an_address_of_nobody_here_is_not_ones_own(family: Family) -> None:
    for end in ("adresses/2/premier", "adresses/999/retirer"):
        assert (await family.post(end)).status_code in {404, 422}  # type: ignore[attr-defined]
    assert await family.ways() == [(1, True)]


async def test_who_leaves_an_address_ends_the_sessions_that_it_opened_but_not_this_one(family: Family) -> None:
    asked, digits = await family.give("odalys@familles.test")
    await family.post("code", demande=asked, code=digits)
    await family.door.small.write("UPDATE family_login_guardian SET address_id = 1")

    async with at_home(family.door.small, Adult(family.door.small.school.key, family.odalys, 1)) as other:
        assert (await other.look()).status_code == 200
        await family.post("adresses/1/retirer")
        assert (await other.look()).status_code == 303

    assert (await family.home.look()).status_code == 200


@on_one_database
async def test_the_page_where_a_code_is_given_back_can_be_loaded_again_and_in_another_language(family: Family) -> None:
    asked, digits = await family.give()

    page = await family.home.look(f"{family.path}/code/{asked}", lang="tr")

    assert page.status_code == 200
    assert f'href="{family.path}/code/{asked}?lang=fr"' in page.text
    await family.post("code", demande=asked, code=digits)
    assert len(await family.ways()) == 2
