"""The staff's pages: who may come in, what the browser is told, and that a press is one press."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from desks import EMAIL, PASSWORD, TEACHER, Desk, a_browser, on_one_database
from factories import NOW, Adult, by_mail, by_sms
from fastapi import FastAPI

from hub.models.answers import AnswerKind
from hub.notices.reach import Tally
from hub.replies.answers import answer
from hub.settings import Settings
from web.board import Boards, Picture
from web.bridge import bar, bridge
from web.house import House
from web.pages import STATIC, euros, hour, language

VENDOR = Path(__file__).parents[1] / "web" / "vendor"
OLD_DAY, YESTERDAY = "2026-11-23", date(2026, 11, 23)

OPEN_TO_EVERYBODY = {
    ("GET", "/presences/sw.js"),
    ("GET", "/entrer"),
    ("POST", "/entrer"),
    ("GET", "/entrer/code"),
    ("POST", "/entrer/code"),
    ("GET", "/entrer/remplacant"),
    ("POST", "/entrer/remplacant"),
    ("GET", "/static/{name:path}"),
}
DOORS_WITH_KEYS_OF_THEIR_OWN = {
    "web.calendar_feed",
    "web.calls",
    "web.files",
    "web.health",
    "web.help_pages",
    "web.invitations",
    "web.push",
    "web.webhooks",
}
"""Families come with a link or a session, providers with a signature, a proxy with nothing; tested on their own."""


def doors(app: FastAPI) -> set[tuple[str, str, str]]:
    """Every (method, path, room) of the app."""
    found = set()
    for route in app.router.routes:
        for one in getattr(getattr(route, "original_router", None), "routes", [route]):
            endpoint = getattr(one, "endpoint", None)
            assert endpoint is not None, f"a door that nobody knows: {one}"
            methods = getattr(one, "methods", None) or {"GET"}
            found |= {(method, one.path, endpoint.__module__) for method in methods - {"HEAD"}}
    return found


@on_one_database
async def test_whoever_is_not_signed_in_is_refused_everywhere_but_at_the_door(desk: Desk) -> None:
    known = doors(desk.app)
    guarded = {
        (method, path)
        for method, path, room in known
        if (method, path) not in OPEN_TO_EVERYBODY and room.startswith(("web.staff_", "web.pages"))
    }
    others = {room for *_, room in known if not room.startswith(("web.staff_", "web.pages", "web.family"))}
    assert others <= DOORS_WITH_KEYS_OF_THEIR_OWN
    assert len(guarded) >= 11

    for method, path in sorted(guarded):
        answer = await desk.web.request(method, re.sub(r"\{[^}]*\}", "1", path))
        assert answer.status_code == (303 if method == "GET" else 401), (method, path)
        assert method == "POST" or answer.headers["location"].startswith("/entrer?vers=/"), path


@on_one_database
async def test_signing_in_leads_back_to_where_one_wanted_to_go_and_never_elsewhere(desk: Desk) -> None:
    there = await desk.enter(vers="/suivi/3")
    elsewhere = [
        await desk.enter(vers=path) for path in ("https://ailleurs.test/", "//ailleurs.test", "/\\ailleurs.test")
    ]

    assert (there.status_code, there.headers["location"]) == (303, "/suivi/3")
    assert [answer.headers["location"] for answer in elsewhere] == ["/", "/", "/"]
    assert re.fullmatch(
        r"passerelle=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", there.headers["set-cookie"]
    )


@on_one_database
async def test_a_refused_sign_in_says_one_sentence_and_keeps_the_mailbox(desk: Desk) -> None:
    refused = await desk.enter(password="autre chose")

    assert refused.status_code == 401
    assert "Cette adresse et ce mot de passe ne vont pas ensemble." in refused.text
    assert f'value="{EMAIL}"' in refused.text
    assert "set-cookie" not in refused.headers


@on_one_database
async def test_signing_in_anew_ends_the_session_before(desk: Desk) -> None:
    await desk.enter()
    before = desk.web.cookies["passerelle"]
    await desk.enter()

    desk.web.cookies.set("passerelle", before)
    assert (await desk.web.get("/")).status_code == 303
    assert await desk.count("staff_session") == 1


async def test_signing_out_ends_the_session(desk: Desk) -> None:
    await desk.enter()

    answer = await desk.post("/sortir")

    assert (answer.status_code, answer.headers["location"]) == (303, "/entrer")
    assert await desk.count("staff_session") == 0


@on_one_database
@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://ailleurs.test"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_form_of_another_site_is_refused(desk: Desk, sent: dict[str, str]) -> None:
    await desk.enter()
    token = await desk.token()

    foreign = await desk.web.post("/sortir", data={"csrf": token}, headers=sent)
    at_the_door = await desk.web.post("/entrer", data={"email": EMAIL, "password": PASSWORD}, headers=sent)

    assert (foreign.status_code, at_the_door.status_code) == (403, 403)
    assert await desk.count("staff_session") == 1


@on_one_database
async def test_a_form_without_this_sessions_word_is_refused(desk: Desk) -> None:
    await desk.enter()

    assert (await desk.post("/sortir", token="")).status_code == 403
    assert (await desk.post("/sortir", token="0" * 32)).status_code == 403
    assert (await desk.web.post("/entrer", data={"email": EMAIL, "password": PASSWORD})).status_code == 403


@on_one_database
async def test_pages_say_what_they_may_load_and_are_kept_in_no_cache(desk: Desk) -> None:
    await desk.enter()

    await desk.small.family(by_sms())
    await desk.press()
    for path in ("/", "/ecrire", "/appeler", "/suivi/1", "/nulle-part", "/static/passerelle.css"):
        headers = (await desk.web.get(path)).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == ("public, max-age=300" if "static" in path else "no-store")


@on_one_database
async def test_no_page_has_a_script_or_a_style_of_its_own(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(), Adult(name="Bob"))
    await desk.press()

    for path in ("/", "/ecrire", "/appeler", "/suivi/1"):
        text = (await desk.web.get(path)).text
        assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=|javascript:", text), path


@on_one_database
async def test_the_look_never_changes_under_its_fingerprint(desk: Desk) -> None:
    address = re.search(r"/static/passerelle\.css\?v=\w+", (await desk.web.get("/entrer")).text)
    assert address

    answer = await desk.web.get(address[0])

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await desk.web.get(address[0], headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    assert (await desk.web.get("/static/../app.py")).status_code == 404


def test_htmx_is_the_package_byte_for_byte() -> None:
    kept = {name: hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() for name in FROM_HTMX}
    package = json.loads((VENDOR / "package-lock.json").read_text())["packages"]["node_modules/htmx.org"]

    assert kept == {name: digest for name, (_, digest) in FROM_HTMX.items()}
    assert package["version"] == "4.0.1"
    assert package["integrity"].startswith("sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu")
    installed = VENDOR / "node_modules" / "htmx.org"
    for name, (inside, _) in FROM_HTMX.items():
        assert not installed.exists() or (installed / inside).read_bytes() == (STATIC / "vendor" / name).read_bytes()


FROM_HTMX = {
    "htmx.min.js": ("dist/htmx.min.js", "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"),
    "hx-sse.min.js": ("dist/ext/hx-sse.min.js", "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103"),
}
"""By name here: the file in htmx.org 4.0.1 and its SHA-256; `npm ci` in web/vendor lets the test compare the bytes."""


@on_one_database
async def test_over_https_the_cookie_is_bound_to_this_host_and_a_foreign_host_is_refused(desk: Desk) -> None:
    house: House = desk.app.state.house
    public = replace(house, settings=Settings(public_url="https://hub.test"))
    async with a_browser(public, "https://hub.test") as (_, web):
        form = {"email": EMAIL, "password": PASSWORD}
        entered = await web.post("/entrer", data=form, headers={"Origin": "https://hub.test"})
        foreign = await web.get("/entrer", headers={"Host": "ailleurs.test"})

    assert entered.headers["set-cookie"].startswith("__Host-passerelle=")
    assert "; Secure" in entered.headers["set-cookie"]
    assert entered.headers["strict-transport-security"] == "max-age=31536000"
    assert foreign.status_code == 400


@on_one_database
async def test_a_body_that_is_too_large_is_refused(desk: Desk) -> None:
    answer = await desk.web.post("/entrer", content=b"email=" + b"x" * 1_100_000, headers=FORM)

    assert answer.status_code == 413
    assert "trop grand" in answer.text

    async def without_saying_its_weight() -> AsyncIterator[bytes]:
        yield b"email="
        for _ in range(11):
            yield b"x" * 100_000

    answer = await desk.web.post("/entrer", content=without_saying_its_weight(), headers=FORM)

    assert answer.status_code == 413


FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@on_one_database
async def test_what_breaks_says_nothing_of_its_inside(desk: Desk) -> None:
    @desk.app.get("/casse")
    async def broken() -> None:
        raise RuntimeError("Odile Exemple, 06 39 98 10 00")

    answer = await desk.web.get("/casse")

    assert answer.status_code == 500
    assert "Odile" not in answer.text
    assert "Quelque chose s’est cassé chez nous" in answer.text
    assert "content-security-policy" in answer.headers


async def test_a_press_is_read_over_first_and_made_once(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), by_mail(), Adult(name="Cyd"))

    read, form = await desk.read_over(kind="urgent", to="CP A", text="Ecole fermee ce matin.")
    assert await desk.count("notice") == 0
    first = await desk.web.post("/ecrire", data=form)
    again = await desk.web.post("/ecrire", data=form)

    assert "Cet avis part à 2 adultes sur 3, pour 0,07" in read.text
    assert "Prévenir 3 adultes" in read.text
    assert read.headers["cache-control"] == "no-store"
    assert (first.status_code, first.headers["location"]) == (303, "/suivi/1")
    assert again.headers["location"] == "/suivi/1"
    assert await desk.count("notice") == 1


@on_one_database
async def test_whoever_comes_back_to_a_pressed_sheet_sees_what_became_of_it(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="meeting", to="CP A", meeting_day="2026-12-01", meeting_time="17:30", text="")
    await desk.web.post("/ecrire", data=form)

    again = await desk.web.post("/ecrire", data={**form, "step": "read", "seen": ""})

    assert (again.status_code, again.headers["location"]) == (303, "/suivi/1")
    assert await desk.count("notice") == 1


@on_one_database
async def test_other_words_on_a_pressed_sheet_are_another_notice_and_are_read_over_first(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="urgent", to="CP A", text="Ecole fermee.")
    await desk.web.post("/ecrire", data=form)

    other, pressing = await desk.read_over(**{**form, "text": "Ecole ouverte."})
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', other.text))

    assert "Un avis est déjà parti de cette page" in other.text
    assert '<a href="/suivi/1">voir son suivi</a>' in other.text
    assert hidden["key"] != form["key"]
    assert await desk.count("notice") == 1
    pressed = await desk.web.post("/ecrire", data={**pressing, "key": hidden["key"]})
    assert pressed.headers["location"] == "/suivi/2"


@on_one_database
async def test_a_colleague_with_the_same_key_is_not_shown_anothers_notice(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="urgent", to="CP A", text="Ecole fermee.")
    await desk.web.post("/ecrire", data=form)
    await desk.enter(TEACHER)

    read, _ = await desk.read_over(**{**form, "csrf": await desk.token()})

    assert read.status_code == 200
    assert "déjà parti" not in read.text


async def test_what_was_changed_after_reading_is_read_again(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="announcement", to="CP A", text="Sortie au musée.")

    answer = await desk.web.post("/ecrire", data={**form, "to": "school"})

    assert answer.status_code == 200
    assert "60 secondes pour l’arrêter" in answer.text
    assert await desk.count("notice") == 0


async def test_own_words_to_the_whole_school_can_be_stopped_for_a_minute(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(), Adult(name="Cyd"))
    _, form = await desk.read_over(kind="urgent", to="school", text="École fermée.")

    board = await desk.web.get((await desk.web.post("/ecrire", data=form)).headers["location"])
    stopped = await desk.post("/suivi/1/arreter")

    assert "Part à 7\u00a0h\u00a013" in board.text
    assert 'jusque-là on peut <a href="#arreter">' in board.text
    assert "Cyd" not in board.text
    assert "Personne à appeler." in (await desk.web.get("/appeler")).text
    assert '<form method="post" id="arreter"' in board.text
    assert stopped.status_code == 303
    assert await desk.small.rows("SELECT state FROM notice") == [("cancelled",)]
    assert "Avis arrêté" in (await desk.web.get("/suivi/1")).text


@on_one_database
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "urgent", "to": "CP A", "text": ""}, "Il manque le texte du message."),
        ({"kind": "urgent", "to": "CP A", "text": "a" * 20_001}, "Le texte est trop long"),
        ({"kind": "urgent", "text": "Bonjour"}, "Dites à qui"),
        ({"kind": "urgent", "to": "CM9", "text": "Bonjour"}, "Cette classe n’existe pas cette année"),
        ({"kind": "meeting", "to": "CP A", "text": "Bonjour"}, "Il manque le jour et l’heure de la réunion."),
        ({"kind": "meeting", "to": "CP A", "meeting_day": "31/12", "text": "Bonjour"}, "Ce jour n’existe pas"),
        ({"kind": "absence", "text": "Bonjour"}, "Dites quel enfant est absent."),
        (
            {"kind": "absence", "pupil": "1", "day": "2026-11-22", "half_day": "morning", "text": "Bonjour"},
            "Il n’y a pas classe le dimanche\u00a0: donnez le jour de l’absence.",
        ),
        (
            {"kind": "absence", "pupil": "1", "day": "2027-11-24", "half_day": "morning", "text": "Bonjour"},
            "Ce jour est à plus d’une semaine\u00a0: donnez le jour de l’absence.",
        ),
        ({"kind": "crisis", "to": "school", "text": "Bonjour"}, "Dites d’abord de quoi il s’agit."),
    ],
)
async def test_an_error_stands_beside_its_field_and_nothing_is_lost(
    desk: Desk, fields: dict[str, str], sentence: str
) -> None:
    await desk.enter()
    await desk.small.family(by_sms())

    answer, _ = await desk.read_over(**fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert fields["text"] in answer.text
    assert fields.get("day", "") in answer.text
    assert 'value="1" selected' in answer.text or "pupil" not in fields
    assert await desk.count("notice") == 0


async def test_an_absence_is_written_for_one_child(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(), children=["Elif", "Sami"])

    read, form = await desk.read_over(kind="absence", pupil="1", day="2026-11-24", half_day="morning")
    await desk.web.post("/ecrire", data=form)

    assert "Elif n&#39;était pas en classe mardi 24 novembre matin." in read.text
    assert await desk.small.rows("SELECT kind, audience FROM notice") == [("absence", "pupil:1")]
    assert "Absence du mardi 24 novembre matin\u00a0: Elif" in (await desk.web.get("/suivi/1")).text
    assert "Absence du mardi 24 novembre matin\u00a0: Elif" in (await desk.web.get("/")).text


async def test_who_teaches_an_absent_child_no_more_reads_its_name_no_more(desk: Desk) -> None:
    await desk.enter(TEACHER)
    await desk.small.family(by_sms(), children=["Elif"])
    _, form = await desk.read_over(kind="absence", pupil="1", day="2026-11-24", half_day="morning")
    await desk.web.post("/ecrire", data=form)

    before = (await desk.web.get("/")).text
    await desk.small.write("UPDATE enrolment SET to_on = :day", day=YESTERDAY)
    after = (await desk.web.get("/")).text

    assert "Absence du mardi 24 novembre matin\u00a0: Elif" in before
    assert "Absence du mardi 24 novembre matin" in after
    assert "Elif" not in after


async def test_a_meeting_that_would_be_over_is_refused_before_anybody_is_told(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())

    answer, _ = await desk.read_over(kind="meeting", to="school", meeting_day="2026-11-23", meeting_time="18:00")

    assert answer.status_code == 422
    assert "Cette réunion serait déjà passée" in answer.text
    assert 'id="e-meeting_day"' in answer.text


async def test_the_preview_does_not_claim_languages_that_nobody_wrote(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(language="fr"), by_sms("+33639981002", language="ro"), by_mail(language="tr"))

    read, _ = await desk.read_over(kind="urgent", to="school", text="École fermée.")

    assert "en 2 langues" in read.text
    assert "<p>2 en français, 1 en turc.</p>" in read.text
    assert "Pas encore traduit, ils lisent le français&nbsp;: 1 en roumain." in read.text


async def test_in_the_preview_a_line_runs_as_on_the_phone_that_reads_it(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(language="ar"))

    read, _ = await desk.read_over(kind="urgent", to="school", text="École fermée !")

    assert '<p dir="auto">Trois-Ponts, URGENT : École fermée !</p>' in read.text


async def test_a_stopped_notice_says_that_nobody_had_it_and_shows_no_empty_sheet(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.press()
    await desk.enter()
    await desk.post("/suivi/1/arreter")

    text = (await desk.web.get("/suivi/1")).text

    assert "personne ne l’avait reçu." in text
    assert "0 adulte" not in text
    assert "Par canal" not in text


async def test_only_who_may_stop_a_notice_is_shown_the_button(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    _, form = await desk.read_over(kind="announcement", to="CP A", text="Sortie mardi.")
    await desk.web.post("/ecrire", data=form)
    director = (await desk.web.get("/suivi/1")).text
    await desk.enter(TEACHER)
    teacher = (await desk.web.get("/suivi/1")).text

    assert 'id="arreter"' in director
    assert "Sortie mardi." in teacher
    assert 'id="arreter"' not in teacher


async def test_who_has_no_number_is_taken_in_hand_and_not_called(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"))
    await desk.press(key="one")
    await desk.nobody_answers()
    await desk.small.family(Adult(name="Bob"), children=["Sami"])
    await desk.press(key="two")
    await desk.enter()

    text = (await desk.web.get("/appeler")).text

    assert 'aria-label="Appeler Ada Exemple"' in text
    assert 'aria-label="Je m’en charge\u00a0: Bob Exemple"' in text


async def test_the_board_says_first_that_a_child_may_be_missing(desk: Desk) -> None:
    await desk.small.family(by_sms(name="Ada"), children=["Elif"])
    await desk.enter()
    _, form = await desk.read_over(kind="absence", pupil="1", day="2026-11-24", half_day="morning")
    await desk.web.post("/ecrire", data=form)
    async with desk.small.database.school(desk.small.school.key) as session:
        await answer(
            await session.connection(),
            school_id=desk.small.school.key,
            copy_id=1,
            kind=AnswerKind.SHOULD_BE_HERE,
            guardian_id=1,
            through="page",
            now=NOW,
        )

    board = (await desk.web.get("/suivi/1")).text

    assert "D’abord&nbsp;: des enfants qui manquent peut-être" in board
    assert "Un enfant manque peut-être</span>" in board


async def test_calls_of_several_notices_are_counted_as_calls(desk: Desk) -> None:
    await desk.small.family(Adult(name="Bob"))
    await desk.press(key="one")
    await desk.press(key="two")
    await desk.enter()

    pages = [(await desk.web.get(path)).text for path in ("/", "/appeler", "/appeler?avis=1")]

    assert [re.findall(r"\d+ (?:appel|personne)s? à \w+", text)[0] for text in pages] == [
        "2 appels à passer",
        "2 appels à passer",
        "1 personne à appeler",
    ]


async def test_the_preview_names_the_language_that_it_shows(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(language="tr"))

    read, _ = await desk.read_over(kind="absence", pupil="1", day="2026-11-24", half_day="morning")

    assert "SMS en turc" in read.text
    assert '<div class="words" lang="tr" dir="ltr">' in read.text


async def test_a_long_title_ends_between_two_words(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    text = "Le chauffage est en panne. L'école est fermée ce matin. Les enfants qui ne peuvent pas être gardés."
    _, form = await desk.read_over(kind="urgent", to="CP A", text=text)
    await desk.web.post("/ecrire", data=form)

    board = (await desk.web.get("/suivi/1")).text

    assert "qui ne peuvent pas…&#8239;»." in board


async def test_a_teacher_writes_to_own_classes_and_sees_own_notices_only(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.press()
    await desk.enter(TEACHER)

    refused, _ = await desk.read_over(kind="announcement", to="school", text="Bonjour")
    allowed, form = await desk.read_over(kind="announcement", to="CP A", text="Bonjour")
    await desk.web.post("/ecrire", data=form)

    assert "Vous ne pouvez écrire qu’aux classes qui sont les vôtres aujourd’hui." in refused.text
    assert allowed.status_code == 200
    assert (await desk.web.get("/suivi/1")).status_code == 403
    assert (await desk.web.get("/suivi/1/direct")).status_code == 403
    assert (await desk.web.get("/suivi/2")).status_code == 200


async def test_who_has_no_right_any_more_is_refused_at_once(desk: Desk) -> None:
    await desk.enter(TEACHER)
    await desk.small.write("UPDATE staff_right SET to_on = :day", day=OLD_DAY if desk.on_sqlite else YESTERDAY)

    assert (await desk.web.get("/")).status_code == 403


async def test_a_number_is_in_clear_only_for_who_took_the_call(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002"))
    await desk.press()
    await desk.nobody_answers()
    await desk.enter()

    before = (await desk.web.get("/appeler")).text
    taken = await desk.post("/appeler/1/prendre")
    after = (await desk.web.get("/appeler")).text

    assert "06 39 98 •• 02" in before
    assert "39981002" not in before
    assert taken.headers["location"] == "/appeler#appel-1"
    assert "06 39 98 10 02" in after
    assert await desk.small.rows("SELECT act, subject FROM audit") == [("read_number", "guardian")]


@on_one_database
async def test_the_lists_say_why_somebody_must_be_called_and_what_was_tried_last(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"), Adult(name="Bob"))
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'to_call'")
    await desk.small.write("UPDATE attempt SET state = 'accepted', sending_at = due_at, look_at = NULL")
    await desk.small.write("UPDATE guardian SET last_rung = 'write_only' WHERE first_name = 'Bob'")
    await desk.enter()

    for page in ("/appeler", "/suivi/1"):
        text = (await desk.web.get(page)).text
        assert "SMS envoyé, mais rien ne dit qu’il est arrivé. Dernier essai\u00a0: SMS, 7\u00a0h\u00a012." in text, (
            page
        )
        assert "Ni numéro ni e-mail au dossier. Ne veut pas d’appel\u00a0: un mot écrit." in text, page

    await desk.small.write("UPDATE attempt SET sending_at = '2026-11-23 06:12:00.000000'")

    assert "Dernier essai\u00a0: SMS, lundi 23 novembre à 7\u00a0h\u00a012." in (await desk.web.get("/appeler")).text


async def test_the_first_page_the_list_and_the_board_say_the_same_number(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002", name="Ada"), Adult(name="Bob"), Adult(name="Cyd"))
    await desk.press()
    await desk.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = 3")
    await desk.small.write("UPDATE delivery SET state = 'acknowledged' WHERE guardian_id = 1")
    await desk.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
        "SELECT school_id, id, state_at, state_at FROM delivery WHERE guardian_id = 1"
    )
    await desk.enter()

    pages = [(await desk.web.get(path)).text for path in ("/", "/appeler", "/suivi/1")]

    assert [re.findall(r"(\d+) (?:personne|appel)s? à", text)[0] for text in pages] == ["2"] * 3
    assert [text.count("Cyd") for text in pages] == [0, 0, 0]


async def test_a_wrong_number_is_written_to_no_more(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981002"))
    await desk.press()
    await desk.nobody_answers()
    await desk.enter()
    await desk.post("/appeler/1/prendre", avis="1")

    answer = await desk.post("/appeler/1/faux-numero", address="1", avis="1")

    assert answer.headers["location"] == "/appeler?avis=1#appel-1"
    assert await desk.small.rows("SELECT state FROM address") == [("wrong",)]
    assert "Faux numéro" in (await desk.web.get("/appeler")).text
    assert (await desk.post("/appeler/1/fini", outcome="otherwise")).status_code == 303
    assert await desk.small.rows("SELECT state FROM delivery") == [("told",)]


@on_one_database
async def test_the_board_says_the_state_in_a_sentence(desk: Desk) -> None:
    await desk.small.family(by_sms(name="Ada"), by_mail(name="Bob"), Adult(name="Cyd", language="tr"))
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'told' WHERE id = 1")
    await desk.enter()

    text = (await desk.web.get("/suivi/1")).text

    assert "1 adulte sur 3 sait&nbsp;: «&#8239;École fermée&#8239;»." in text
    assert "1 message est en route." in text
    assert "1 personne à appeler" in text
    assert "Cyd Exemple" in text
    assert "parle turc" in text
    assert 'hx-sse:connect="/suivi/1/direct"' in text


@on_one_database
async def test_first_load_of_the_board_is_light(desk: Desk) -> None:
    for number in range(60):
        await desk.small.family(by_sms(f"+336399820{number:02}"), by_mail(f"m{number}@familles.test"), Adult())
    await desk.press()
    await desk.enter()

    page = await desk.web.get("/suivi/1", headers={"Accept-Encoding": "gzip"})
    parts = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
    weights = [int((await desk.web.get(part)).headers["content-length"]) for part in sorted(parts)]

    assert page.headers["content-encoding"] == "gzip"
    assert len(parts) + 2 <= 8  # the page itself and its stream
    assert int(page.headers["content-length"]) + sum(weights) < 60_000


def test_the_bridge_lays_one_plank_an_adult_and_its_deck_stops_at_who_must_be_called() -> None:
    laid = bridge(Tally(acknowledged=8, told=2, moving=1, to_call=2))

    assert laid.each == 1
    assert [[shape for shape, _ in span] for span in laid.spans] == [
        ["f-ack", "f-delivered", "f-deck"],
        ["f-way", "f-call", "f-deck"],
    ]
    assert laid.spans[1] == (
        ("f-way", "M3 23h4v5h-4z"),
        ("f-call", "M9.8 2.8h2.4v24.4h-2.4zM15.8 2.8h2.4v24.4h-2.4z"),
        ("f-deck", "M-0.3 29h8.3v2.4h-8.3z"),
    )


def test_beyond_a_thousand_adults_a_plank_is_ten() -> None:
    laid = bridge(Tally(acknowledged=1980, to_call=21))

    assert (laid.each, len(laid.spans)) == (10, 21)


def test_a_bar_fills_its_line() -> None:
    pieces = bar(Tally(acknowledged=3, to_call=1))

    assert [(piece.shape, piece.x, piece.width) for piece in pieces] == [("f-ack", 0.0, 224.4), ("f-call", 226.0, 73.2)]


def test_figures_read_as_one_writes_them_here() -> None:
    assert hour(NOW, "Europe/Paris") == "7\u00a0h\u00a012"
    assert euros(475_330) == "47,53\u00a0€"
    assert [language(code) for code in ("ar", "tr", "xx")] == ["arabe", "turc", "xx"]


async def test_one_look_serves_all_who_watch_and_none_is_taken_when_nobody_does() -> None:
    boards, looks = Boards(every=0.0), []

    async def look(mark: str) -> Picture | None:
        looks.append(mark)
        return Picture(str(len(looks)), "", over=len(looks) == 3)

    first = [picture.mark async for picture in boards.follow("a", look)]

    assert first[-1] == "3"
    assert looks == ["", "1", "2"]
    assert boards.watched == 0


async def test_closing_lets_every_watcher_go() -> None:
    boards = Boards()

    async def look(mark: str) -> Picture | None:
        return None if mark else Picture("1", "ici", over=False)

    watching = boards.follow("a", look)
    assert (await anext(watching)).html == "ici"
    boards.close()

    assert [picture async for picture in watching] == []
    assert [picture async for picture in boards.follow("a", look)] == []


async def test_a_watcher_must_ask_again_after_its_time() -> None:
    boards = Boards()

    async def look(mark: str) -> Picture | None:
        return None if mark else Picture("1", "", over=False)

    assert [picture.mark async for picture in boards.follow("a", look, seconds=0.05)] == ["1"]
