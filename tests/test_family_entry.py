"""The family's door: a code to an address that a school knows, and who is let in by it."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta

import httpx
import pytest
import pytest_asyncio
from desks import Desk, on_one_database
from factories import NOW, SINCE, Adult, SmallSchool, a_school, by_mail, by_sms
from homes import Porch, a_porch

from hub.database import Database
from hub.errors import DeadAddressError
from hub.models.people import LinkKind
from hub.notices.publish import Draft, publish
from hub.ports import ChannelName, NoticeKind, Slots
from hub.replies.keeping import Text
from hub.replies.texts import receive_text
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring
from web.family_entry import device_of

NUMBER, KNOWN, MAILBOX = "+33639981000", "06 39 98 10 00", "odile@familles.test"
BEFORE = date(2026, 11, 23)


@pytest_asyncio.fixture
async def porch(database: Database, keyring: Keyring) -> AsyncIterator[Porch]:
    async with a_porch(await a_school(database, keyring)) as opened:
        yield opened


@pytest.fixture
def later(database: Database) -> Callable[[float], None]:
    """Let minutes pass."""

    def pass_by(minutes: float) -> None:
        database._clock = lambda: NOW + timedelta(minutes=minutes)

    return pass_by


async def count(small: SmallSchool, table: str, where: str = "1 = 1") -> int:
    return int((await small.rows(f"SELECT count(*) FROM {table} WHERE {where}"))[0][0])  # noqa: S608 (our own words)


async def test_a_code_opens_the_page_and_shows_the_children(porch: Porch) -> None:
    await porch.small.family(by_sms(), children=("Capucine", "Basile"))
    await porch.small.family(by_sms("+33639981001", name="Mahaut"), children=("Zélie",))

    asked = await porch.ask(KNOWN)
    entered = await porch.give(porch.code)
    page = await porch.web.get("/famille")

    assert (asked.status_code, asked.headers["location"]) == (303, "/famille/code")
    assert [message.to for message in porch.sms.sent] == [NUMBER]
    assert porch.sms.sent[0].text.startswith("Trois-Ponts : votre code ")
    assert porch.sms.sent[0].urgent
    assert (entered.status_code, entered.headers["location"]) == (303, "/famille")
    assert "Capucine" in page.text
    assert "Basile" in page.text
    assert "Zélie" not in page.text
    assert await porch.small.rows("SELECT kind, lane, audience FROM notice") == [("code", "urgent", "guardian:1")]


async def test_a_code_goes_by_mail_where_the_address_is_a_mailbox_in_its_readers_language(porch: Porch) -> None:
    await porch.small.family(by_mail(language="tr"))

    await porch.come_in(" Odile@Familles.TEST ")
    page = await porch.web.get("/famille")

    assert [message.to for message in porch.mail.sent] == [MAILBOX]
    assert porch.mail.sent[0].body.language == "tr"
    assert '<html lang="tr"' in page.text
    assert "Capucine" in page.text


@on_one_database
async def test_the_session_is_a_cookie_that_no_script_reads(porch: Porch) -> None:
    await porch.small.family(by_sms())

    entered = await porch.come_in(KNOWN)

    cookies = {one.partition("=")[0]: one for one in entered.headers.get_list("set-cookie")}
    assert "HttpOnly" in cookies["passerelle-famille"]
    assert "SameSite=lax" in cookies["passerelle-famille"]
    assert "Max-Age=0" in cookies["passerelle-code"]


@on_one_database
async def test_over_https_the_cookies_come_from_us_alone(database: Database, keyring: Keyring) -> None:
    async with a_porch(await a_school(database, keyring), "https://hub.test") as porch:
        await porch.small.family(by_sms())
        asked = await porch.ask(KNOWN)
        entered = await porch.give(porch.code)
        page = await porch.web.get("/famille")

    for cookie in (*asked.headers.get_list("set-cookie"), *entered.headers.get_list("set-cookie")):
        assert cookie.startswith("__Host-passerelle-")
        assert "; Secure" in cookie
    assert "hub.test" not in porch.sms.sent[0].text
    assert page.status_code == 200


@on_one_database
@pytest.mark.parametrize(
    "adult",
    [
        None,
        by_sms(confirmed=False),
        Adult(reached_by=((ChannelName.VOICE, NUMBER),)),
        by_sms(kind=LinkKind.BARRED),
        by_sms(kind=LinkKind.EMERGENCY),
    ],
    ids=["unknown", "never answered", "only rings", "barred", "emergency only"],
)
async def test_who_may_not_come_in_reads_the_same_and_gets_nothing(porch: Porch, adult: Adult | None) -> None:
    await porch.small.family(by_sms("+33639981001"))
    if adult is not None:
        await porch.small.family(adult)
    known = await porch.ask("06 39 98 10 01", porch.browser())
    web = porch.browser()

    unknown = await porch.ask(KNOWN, web)

    assert [message.to for message in porch.sms.sent] == ["+33639981001"]
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert seen(unknown) == seen(known)
    assert (await web.get("/famille/code")).status_code == 200
    assert await porch.small.rows("SELECT opens, medium, tries, used_at FROM family_code") == 2 * [
        ("login", "phone", 0, None)
    ]


def seen(answer: httpx.Response) -> dict[str, str]:
    """Take the headers, but for the name that each browser is given."""
    return {name: re.sub(r"=[\w-]{43};", "=…;", value) for name, value in answer.headers.items()}


@on_one_database
async def test_an_address_that_was_silent_too_long_gets_no_code(porch: Porch) -> None:
    await porch.small.family(by_sms())
    long_ago = (NOW - timedelta(days=46)).isoformat(sep=" ")
    await porch.small.write("UPDATE address SET last_sign_of_life = :at", at=long_ago)

    await porch.ask(KNOWN)

    assert porch.sms.sent == []


@on_one_database
async def test_whose_link_has_ended_gets_no_code(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.small.write("UPDATE link SET to_on = :day", day=BEFORE.isoformat())

    await porch.ask(KNOWN)

    assert porch.sms.sent == []
    assert await count(porch.small, "family_code") == 1


@on_one_database
async def test_a_number_that_said_stop_gets_no_code_and_nobody_is_to_call(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.small.write(
        "INSERT INTO stop (school_id, sender_id, address_id, at) VALUES (1, 1, 1, :at)", at=NOW.isoformat(sep=" ")
    )

    await porch.ask(KNOWN)

    assert porch.sms.sent == []
    assert await count(porch.small, "notice") == 0


async def test_a_code_that_fails_goes_nowhere_else_and_is_no_call_to_make(porch: Porch) -> None:
    both = Adult(name="Odile", reached_by=((ChannelName.SMS, NUMBER), (ChannelName.EMAIL, MAILBOX)))
    await porch.small.family(both)
    porch.sms.answers[NUMBER] = DeadAddressError("21211")

    await porch.ask(KNOWN)

    assert porch.mail.sent == []
    assert await porch.small.rows("SELECT state FROM delivery") == [("expired",)]
    assert await count(porch.small, "call_task") == 0


@on_one_database
async def test_a_code_that_did_not_leave_in_ten_minutes_never_does(
    porch: Porch, later: Callable[[float], None]
) -> None:
    await porch.small.family(by_sms())
    await porch.web.post("/famille/entrer", data={"address": KNOWN})
    later(11)

    await porch.drain()

    assert porch.sms.sent == []
    assert await porch.small.rows("SELECT state FROM delivery") == [("expired",)]
    assert await count(porch.small, "call_task") == 0


@on_one_database
async def test_what_is_no_address_is_said_so_and_kept(porch: Porch) -> None:
    answer = await porch.ask("06 39 <b>")

    assert answer.status_code == 422
    assert "Ce n’est ni un numéro ni un e-mail" in answer.text
    assert "06 39 &lt;b&gt;" in answer.text
    assert await count(porch.small, "family_code") == 0


async def test_a_wrong_code_may_be_tried_five_times(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.ask(KNOWN)
    wrong = f"{(int(porch.code) + 1) % 10**6:06}"

    said = [(await porch.give(wrong)).text for _ in range(5)]
    right = await porch.give(porch.code)

    assert "il vous reste 4 essais" in said[0]
    assert "il vous reste 1 essai." in said[3]
    assert "Ce code n’ouvre plus rien." in said[4]
    assert right.status_code == 422
    assert await count(porch.small, "family_login") == 0


@on_one_database
async def test_digits_of_any_script_and_with_spaces_are_read(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.ask(KNOWN)
    digits = porch.code.translate({ord(str(n)): 0x0660 + n for n in range(10)})

    entered = await porch.give(f" {digits[:3]} {digits[3:]} ")

    assert entered.headers["location"] == "/famille"


@on_one_database
async def test_a_code_opens_only_in_the_browser_that_asked_for_it(porch: Porch) -> None:
    await porch.small.family(by_sms())
    stranger = porch.browser()
    await porch.ask("06 39 98 10 99", stranger)
    await porch.ask(KNOWN)

    elsewhere = await porch.give(porch.code, stranger)
    nowhere = await porch.browser().post("/famille/code", data={"code": porch.code})

    assert elsewhere.status_code == 422
    assert (nowhere.status_code, nowhere.headers["location"]) == (303, "/famille/entrer")
    assert await count(porch.small, "family_login") == 0


@on_one_database
async def test_a_code_is_over_after_ten_minutes(porch: Porch, later: Callable[[float], None]) -> None:
    await porch.small.family(by_sms())
    await porch.ask(KNOWN)
    later(10)

    answer = await porch.give(porch.code)

    assert answer.status_code == 422
    assert "Ce code n’ouvre plus rien." in answer.text


async def test_a_code_opens_once(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.ask(KNOWN)
    kept = porch.web.cookies["passerelle-code"]
    await porch.give(porch.code)
    again = porch.browser()
    again.cookies.set("passerelle-code", kept)

    answer = await porch.give(porch.code, again)

    assert answer.status_code == 422
    assert await count(porch.small, "family_login") == 1


@on_one_database
async def test_a_fourth_code_in_an_hour_waits_for_known_and_unknown_alike(
    porch: Porch, later: Callable[[float], None]
) -> None:
    await porch.small.family(by_sms())
    for minutes in (0, 1, 2):
        later(minutes)
        await porch.ask(KNOWN)
        await porch.ask("06 39 98 10 99")
    later(40)

    known, unknown = await porch.ask(KNOWN), await porch.ask("06 39 98 10 99")
    later(61)
    after = await porch.ask(KNOWN)

    assert len(porch.sms.sent) == 4
    assert (known.status_code, known.headers["retry-after"]) == (429, "1200")
    assert "Réessayez dans 20 minutes" in known.text
    assert known.text.replace(KNOWN, "") == unknown.text.replace("06 39 98 10 99", "")
    assert after.status_code == 303


@on_one_database
async def test_a_stranger_who_asks_for_somebodys_number_does_not_keep_that_family_out(porch: Porch) -> None:
    await porch.small.family(by_sms())
    stranger, another = porch.browser("2001:db8::1"), porch.browser("2001:db8:0:1::1")
    for _ in range(3):
        await stranger.post("/famille/entrer", data={"address": KNOWN})

    refused = await stranger.post("/famille/entrer", data={"address": KNOWN})
    family = [(await another.post("/famille/entrer", data={"address": KNOWN})).status_code for _ in range(4)]

    assert refused.status_code == 429
    assert family == [303, 303, 303, 429]
    assert len(porch.sms.sent) <= 6


async def test_one_network_asks_for_twenty_codes_an_hour_and_no_more(porch: Porch) -> None:
    here, there = porch.browser("2001:db8::1"), porch.browser("2001:db8:0:1::1")
    for number in range(20):
        await here.post("/famille/entrer", data={"address": f"06 39 98 20 {number:02}"})

    neighbour = await porch.browser("2001:db8::2").post("/famille/entrer", data={"address": KNOWN})

    assert neighbour.status_code == 429
    assert (await there.post("/famille/entrer", data={"address": KNOWN})).status_code == 303


@on_one_database
async def test_who_shares_a_phone_says_who_it_is_and_sees_only_what_is_for_him_or_her(porch: Porch) -> None:
    shared = by_sms(name="Isaure", language="fr"), by_sms(name="Fulgence", language="ar")
    await porch.small.family(shared[0], children=("Capucine",))
    await porch.small.family(shared[1], children=("Basile",))

    entered = await porch.come_in(KNOWN)
    which = await porch.web.get("/famille/qui")
    stranger = await porch.press("/famille/qui", qui=99)
    before = await porch.web.get("/famille")
    chosen = await porch.press("/famille/qui", qui=2)
    page = await porch.web.get("/famille")

    assert len(porch.sms.sent) == 1
    assert entered.headers["location"] == "/famille/qui"
    assert re.findall(r"<bdi>(.+)</bdi></button>", which.text) == ["Fulgence Exemple", "Isaure Exemple"]
    assert "Capucine" not in which.text
    assert stranger.headers["location"] == "/famille/qui"
    assert before.headers["location"] == "/famille/entrer"
    assert chosen.headers["location"] == "/famille"
    assert "Basile" in page.text
    assert "Capucine" not in page.text
    assert (await porch.web.get("/famille/qui")).headers["location"] == "/famille/entrer"


@on_one_database
async def test_one_code_opens_every_school_that_knows_the_address(
    porch: Porch, database: Database, keyring: Keyring
) -> None:
    gue = await a_school(database, keyring, slug="gue")
    await porch.small.family(by_sms(name="Isaure"), by_sms(name="Fulgence"), children=("Capucine",))
    await gue.family(by_sms(name="Isaure"), children=("Basile",))
    await gue.family(by_sms("+33639981001", name="Fulgence"), children=("Zélie",))
    await gue.write("UPDATE address SET last_sign_of_life = :at WHERE school_id = 2", at=NOW.isoformat(sep=" "))

    await porch.come_in(KNOWN)
    await porch.press("/famille/qui", qui=1)
    page = await porch.web.get("/famille")

    assert await porch.small.rows("SELECT school_id FROM notice") == [(2,)]
    assert "Capucine" in page.text
    assert "Basile" in page.text
    assert "Zélie" not in page.text


@on_one_database
async def test_another_address_adds_its_school_to_the_page_that_is_open(
    porch: Porch, database: Database, keyring: Keyring
) -> None:
    gue = await a_school(database, keyring, slug="gue")
    await porch.small.family(by_sms(), children=("Capucine",))
    await gue.family(by_mail(), children=("Basile",))
    await porch.come_in(KNOWN)
    porch.sms.sent.clear()

    added = await porch.come_in(MAILBOX, ajouter="1")
    page = await porch.web.get("/famille")

    assert "passerelle-famille" not in " ".join(added.headers.get_list("set-cookie"))
    assert "Capucine" in page.text
    assert "Basile" in page.text
    assert await count(porch.small, "family_login") == 1


@on_one_database
async def test_another_familys_page_in_this_browser_is_closed_first(porch: Porch) -> None:
    await porch.small.family(by_sms(), children=("Capucine",))
    await porch.small.family(by_sms("+33639981001"), children=("Basile",))
    await porch.come_in(KNOWN)
    first = porch.web.cookies["passerelle-famille"]

    await porch.come_in("06 39 98 10 01")
    page = await porch.web.get("/famille")
    old = porch.browser()
    old.cookies.set("passerelle-famille", first)

    assert "Basile" in page.text
    assert "Capucine" not in page.text
    assert (await old.get("/famille")).headers["location"] == "/famille/entrer"


async def test_a_page_opened_in_a_new_browser_is_told_at_the_other_addresses_once_a_day(
    porch: Porch, later: Callable[[float], None]
) -> None:
    both = ((ChannelName.SMS, "+33639981000"), (ChannelName.EMAIL, MAILBOX))
    await porch.small.family(Adult(reached_by=both))
    said = []
    for browser, minutes in ((porch.browser(), 0), (porch.browser(), 70), (porch.browser(), 25 * 60)):
        later(minutes)
        await porch.come_in(KNOWN, browser)
        await porch.drain()
        said.append(len(porch.mail.sent))
    later(50 * 60)
    await porch.come_in(KNOWN, browser)
    await porch.drain()

    assert (said, len(porch.mail.sent)) == ([1, 1, 2], 2)
    assert porch.mail.sent[0].to == MAILBOX
    assert "a été ouverte sur un autre appareil" in porch.mail.sent[0].text
    assert all("autre appareil" not in one.text for one in porch.sms.sent)


async def test_a_strangers_number_closes_the_page_that_it_opened(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.come_in(KNOWN)
    async with porch.small.database.engine() as connection:
        await wrong_number(connection, school_id=1, address_id=1, now=NOW)

    page = await porch.web.get("/famille")

    assert page.headers["location"] == "/famille/entrer"


@on_one_database
async def test_a_page_closes_with_the_address_that_is_this_adults_no_more(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.come_in(KNOWN)
    await porch.small.write("DELETE FROM contact_point")

    assert (await porch.web.get("/famille")).headers["location"] == "/famille/entrer"


@on_one_database
async def test_an_address_typed_by_somebody_else_and_never_proved_opens_nothing_of_theirs(porch: Porch) -> None:
    await porch.small.family(by_sms(name="Isaure"), children=("Capucine",))
    await porch.small.family(by_mail(name="Fulgence"), children=("Basile",))
    await porch.small.write(
        "INSERT INTO contact_point (school_id, guardian_id, address_id, channel, position, unwanted_at) "
        "VALUES (1, 2, 1, 'sms', 2, :at)",
        at=NOW.isoformat(sep=" "),
    )

    entered = await porch.come_in(KNOWN)
    page = await porch.web.get("/famille")

    assert entered.headers["location"] == "/famille"
    assert "Basile" not in page.text


@on_one_database
async def test_a_code_that_came_back_is_a_sign_of_life(porch: Porch) -> None:
    await porch.small.family(by_sms())
    await porch.small.write(
        "UPDATE address SET last_sign_of_life = :at", at=(NOW - timedelta(days=44)).isoformat(sep=" ")
    )

    await porch.come_in(KNOWN)

    assert await count(porch.small, "address", "last_sign_of_life >= '2026-11-24'") == 1


@on_one_database
async def test_a_form_of_another_site_asks_for_nothing_and_opens_nothing(porch: Porch) -> None:
    await porch.small.family(by_sms())
    far = {"Sec-Fetch-Site": "cross-site"}

    asked = await porch.web.post("/famille/entrer", data={"address": KNOWN}, headers=far)
    await porch.ask(KNOWN)
    given = await porch.web.post("/famille/code", data={"code": porch.code})
    sent = await porch.web.post("/famille/code", data={"code": porch.code}, headers=far)

    assert (asked.status_code, given.status_code, sent.status_code) == (403, 403, 403)
    assert "Ce formulaire ne vient pas de cette page" in given.text
    assert len(porch.sms.sent) == 1
    assert await count(porch.small, "family_login") == 0


@on_one_database
async def test_a_code_stands_on_no_board_and_in_no_log(porch: Porch, capsys: pytest.CaptureFixture[str]) -> None:
    await porch.small.family(by_sms())
    await porch.small.write("UPDATE staff_right SET to_on = :day", day=SINCE.isoformat())

    await porch.come_in(KNOWN)

    said = capsys.readouterr()
    assert porch.code not in said.out + said.err
    assert "639981000" not in said.out + said.err
    assert await count(porch.small, "notice", "author_id = 1") == 1


@on_one_database
async def test_a_code_stands_on_no_board(desk: Desk) -> None:
    await desk.small.family(by_sms())
    desk.web.headers["Sec-Fetch-Site"] = "same-origin"
    porch = Porch(desk.small, desk.app.state.house, desk.app, desk.web)
    await desk.enter()

    await porch.ask(KNOWN)
    start, board = await desk.web.get("/"), await desk.web.get("/suivi/1")

    assert len(porch.sms.sent) == 1
    assert "/suivi/1" not in start.text
    assert board.status_code == 404


@on_one_database
async def test_words_after_a_code_answer_what_was_said_before_it(porch: Porch) -> None:
    small = porch.small
    await small.family(by_sms())
    draft = Draft(NoticeKind.ANNOUNCEMENT, "class:CP A", Slots(text="Sortie au musée vendredi."))
    async with small.database.school(small.school.key) as session:
        await publish(session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW)
    await porch.drain()
    await porch.ask(KNOWN)

    async with small.database.school(small.school.key) as session:
        text = Text(small.school.key, small.senders[ChannelName.SMS], "SM-ok", NUMBER, "ok")
        await receive_text(await session.connection(), small.keyring, text, now=NOW)

    assert await small.rows(
        "SELECT notice.kind, delivery.state FROM delivery JOIN notice ON notice.id = notice_id"
    ) == [
        ("announcement", "acknowledged"),
        ("code", "on_the_way"),
    ]


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        ("Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox, Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) Version/17.6 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-A145R) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
            "Samsung Internet, Android",
        ),
        ("curl/8.5.0", ""),
    ],
)
def test_a_browser_is_named_so_that_its_owner_knows_it(agent: str, named: str) -> None:
    assert device_of(agent) == named
