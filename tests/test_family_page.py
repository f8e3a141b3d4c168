"""The family's page: one link, one tap, no account; and who may not open it."""

from collections.abc import AsyncIterator

import pytest_asyncio
from factories import Adult, a_school, by_mail, by_sms
from family_door import ABSENT, Door, a_door, plain

from hub.database import Database
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def test_one_tap_acknowledges_and_says_thanks(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()

    page = await door.web.get(door.link)
    thanks = await door.tap("acknowledge")

    assert page.status_code == 200
    assert "Sortie au musée vendredi." in page.text
    assert "J’ai lu" in page.text
    assert "École des Trois-Ponts" in page.text
    assert "06 39 98 •• 00" in page.text
    assert thanks.status_code == 200
    assert "Merci, c’est noté." in plain(thanks.text)
    assert await door.states() == ["acknowledged"]
    assert await door.answers() == [(odile, None, "acknowledged", "page")]


async def test_opening_a_link_changes_nothing_however_often(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    for path in (door.link, f"{door.link}?act=acknowledge", f"{door.link}/stop", f"/u/{door.last.token}"):
        assert (await door.web.get(path)).status_code == 200
        assert (await door.web.head(path)).status_code == 405

    assert await door.states() == ["on_the_way"]
    assert await door.answers() == []
    assert await door.count("stop") == 0


async def test_a_page_sets_no_cookie_needs_no_script_and_is_not_found_by_search_engines(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    page = await door.web.get(door.link)

    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["cache-control"] == "no-store"


async def test_a_second_tap_changes_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    await door.tap("acknowledge")
    again = await door.tap("acknowledge")
    page = await door.web.get(door.link)

    assert "Merci, c’est noté." in plain(again.text)
    assert len(await door.answers()) == 1
    assert "Votre réponse est bien notée." in plain(page.text)
    assert 'value="acknowledge"' not in page.text


async def test_an_answer_makes_the_address_known_and_ends_the_call(door: Door) -> None:
    await door.small.family(by_sms(confirmed=False))
    await door.press(NoticeKind.URGENT)
    await door.small.write("UPDATE delivery SET state = 'to_call', rung = 0")
    await door.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at)"
        " SELECT school_id, id, state_at, state_at FROM delivery"
    )

    await door.tap("acknowledge")

    assert await door.states() == ["acknowledged"]
    assert await door.count("call_task", "done_at IS NULL") == 0
    assert await door.small.rows("SELECT state FROM address") == [("active",)]
    assert await door.count("address", "last_sign_of_life IS NOT NULL") == 1


async def test_what_is_final_stays(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    await door.small.write("UPDATE delivery SET state = 'expired'")

    assert (await door.tap("acknowledge")).status_code == 200

    assert await door.states() == ["expired"]


async def test_an_absence_offers_three_answers_and_the_last_one_wins(door: Door) -> None:
    [odile] = await door.small.family(by_sms(), children=["Capucine", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="school", slots=ABSENT)

    page = await door.web.get(door.link)
    await door.tap("ill")
    await door.tap("other_reason")

    assert "Capucine et Basile n’étaient pas en classe" in plain(page.text)
    assert "Exemple" not in page.text.replace("Mme Exemple", "")
    for act in ("ill", "other_reason", "should_be_here", "wrong_number"):
        assert f'value="{act}"' in page.text
    assert [(who, kind) for who, _, kind, _ in await door.answers()] == [(odile, "other_reason")] * 2
    assert await door.states() == ["acknowledged"]
    assert await door.count("call_task") == 0


async def test_a_child_who_should_be_at_school_alarms_at_once(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    thanks = await door.tap("should_be_here")
    await door.tap("should_be_here")

    assert "L’école vous appelle tout de suite." in plain(thanks.text)
    assert await door.states() == ["acknowledged"]
    assert await door.count("call_task", "done_at IS NULL AND due_at = opened_at") == 1


async def test_an_alarm_that_the_office_has_dealt_with_does_not_come_back(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.tap("should_be_here")
    await door.small.write("UPDATE call_task SET done_at = opened_at, outcome = 'reached'")

    await door.tap("should_be_here")

    assert await door.count("call_task", "done_at IS NULL") == 0


async def test_on_a_shared_phone_the_tap_says_who_read(door: Door) -> None:
    odile, tiago = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press()

    page = await door.web.get(door.link)
    await door.tap("acknowledge", guardian=str(tiago))

    assert "J’ai lu (Odile)" in plain(page.text)
    assert "J’ai lu (Tiago)" in plain(page.text)
    assert await door.states() == ["told", "acknowledged"]
    assert [row[0] for row in await door.answers()] == [tiago]
    assert "notée" not in (await door.web.get(door.link)).text
    assert odile != tiago


async def test_on_a_shared_phone_an_answer_without_a_name_asks_who_and_still_alarms(door: Door) -> None:
    odile, _ = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press(NoticeKind.ABSENCE)

    asked = await door.tap("should_be_here")
    assert "Qui êtes-vous ?" in plain(asked.text)
    assert await door.answers() == []
    assert await door.count("call_task", "done_at IS NULL") == 2

    await door.tap("should_be_here", guardian=str(odile))
    assert [(row[0], row[2]) for row in await door.answers()] == [(odile, "should_be_here")]
    assert await door.count("call_task", "done_at IS NULL") == 2


async def test_nobody_answers_for_an_adult_of_another_family(door: Door) -> None:
    await door.small.family(by_sms("+33639981001"), children=["Capucine"])
    [other] = await door.small.family(by_sms("+33639981002"), children=["Basile"])
    await door.press(audience="pupil:1")

    answer = await door.tap("acknowledge", guardian=str(other))

    assert answer.status_code == 410
    assert await door.states() == ["on_the_way"]


async def test_a_parent_barred_since_then_is_shown_nothing_and_cannot_answer(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.small.write("UPDATE link SET kind = 'barred'")

    page = await door.web.get(door.link)
    answer = await door.tap("ill")

    assert page.status_code == answer.status_code == 410
    assert "Ce message a été retiré." in plain(page.text)
    assert "Capucine" not in page.text
    assert "02 61 91 00 00" in plain(page.text)
    assert await door.answers() == []


async def test_of_two_adults_on_a_phone_the_one_without_right_is_not_offered(door: Door) -> None:
    odile, tiago = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press()
    await door.small.write("UPDATE link SET to_on = '2026-11-20' WHERE guardian_id = :who", who=tiago)

    page = await door.web.get(door.link)

    assert "Tiago" not in page.text
    assert f'value="{odile}"' in page.text


async def test_a_notice_withdrawn_by_the_school_says_so(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    await door.small.write("UPDATE notice SET state = 'cancelled'")

    assert (await door.web.get(door.link)).status_code == 410
    assert (await door.tap("acknowledge")).status_code == 410
    assert await door.states() == ["on_the_way"]


async def test_unknown_old_and_revoked_links_look_alike_in_the_readers_language(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    turkish = {"Accept-Language": "tr-TR,tr;q=0.9"}
    unknown = await door.web.get("/l/AAAAAAAAAAAA", headers=turkish)
    await door.small.write("UPDATE page_link SET expires_at = '2026-11-01 00:00:00.000000'")
    old = await door.web.get(door.link, headers=turkish)

    assert unknown.status_code == old.status_code == 404
    assert unknown.text == old.text
    assert "Bu bağlantı artık açılmıyor." in plain(old.text)
    assert (await door.web.get("/l/../../etc")).status_code == 404
    assert (await door.tap("acknowledge")).status_code == 404


async def test_an_address_that_never_answered_is_shown_no_childs_name(door: Door) -> None:
    await door.small.family(by_sms(confirmed=False))
    await door.press(NoticeKind.ABSENCE)

    page = await door.web.get(door.link)

    assert "Capucine" not in page.text
    assert "Votre enfant n’était pas en classe" in plain(page.text)


async def test_the_page_speaks_the_familys_language_and_changes_it_at_the_foot(door: Door) -> None:
    await door.small.family(by_sms(language="ar"))
    await door.press(NoticeKind.ABSENCE)

    arabic = await door.web.get(door.link)
    english = await door.web.get(f"{door.link}?lang=en")
    thanks = await door.web.post(f"{door.link}?lang=tr", data={"act": "ill"})

    assert '<html lang="ar" dir="rtl">' in arabic.text
    assert "لم نسجل حضور Capucine" in plain(arabic.text)
    assert "Capucine n’était pas en classe" in plain(arabic.text)
    assert '<a href="?lang=tr" lang="tr" dir="ltr" hreflang="tr">Türkçe</a>' in arabic.text
    assert '<html lang="en" dir="ltr">' in english.text
    assert "Should be at school" in english.text
    assert "Teşekkürler, not edildi." in thanks.text


async def test_the_authors_words_are_escaped_and_keep_their_own_language(door: Door) -> None:
    await door.small.family(by_sms(language="ar"))
    await door.press(slots=Slots(text="<script>alert(1)</script>\n\nÀ demain", subject="Piscine & vélo"))

    page = await door.web.get(door.link)

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert '<div class="words" lang="fr" dir="ltr">' in page.text
    assert "Piscine &amp; vélo" in page.text


async def test_a_wrong_number_is_left_in_peace_and_its_adults_are_reached_otherwise(door: Door) -> None:
    both = Adult(reached_by=((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "odile@familles.test")))
    await door.small.family(both)
    await door.press(NoticeKind.URGENT)
    link = door.link

    answer = await door.web.post(link, data={"act": "wrong_number"})
    await door.drain()

    assert "L’école n’écrira plus ici." in plain(answer.text)
    assert await door.small.rows("SELECT state FROM address ORDER BY id") == [("wrong",), ("active",)]
    assert await door.count("tray_item", "matter = 'wrong_number'") == 1
    assert [message.to for message in door.mail.sent] == ["odile@familles.test"]
    assert (await door.web.get(link)).status_code == 404
    await door.press(NoticeKind.URGENT)
    assert len(door.sms.sent) == 1


async def test_what_reached_a_stranger_told_nobody(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.URGENT)
    await door.small.write("UPDATE attempt SET state = 'delivered', look_at = NULL")
    await door.small.write("UPDATE delivery SET state = 'told'")

    await door.tap("wrong_number")

    assert await door.states() == ["to_call"]
    assert await door.count("call_task", "done_at IS NULL") == 1


async def test_every_school_that_holds_a_wrong_number_is_asked(
    door: Door, database: Database, keyring: Keyring
) -> None:
    other = await a_school(database, keyring, slug="faux-pont")
    await other.family(by_sms("+33639981002"))
    await door.small.family(by_sms("+33639981001"))
    same = keyring.lookup("phone", "+33639981001")
    await door.small.write("UPDATE address SET lookup_hash = :same", same=same)
    await door.press()

    await door.tap("wrong_number")

    asked = await door.small.rows("SELECT school_id FROM tray_item WHERE matter = 'wrong_number' ORDER BY school_id")
    assert asked == [(door.small.school.key,), (other.school.key,)]
    assert await door.small.rows("SELECT state FROM address ORDER BY id") == [("active",), ("wrong",)]


async def test_a_form_of_another_site_is_refused(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await door.web.post(door.link, data={"act": "acknowledge"}, headers={"Sec-Fetch-Site": "cross-site"})
    own = await door.web.post(door.link, data={"act": "acknowledge"}, headers={"Sec-Fetch-Site": "same-origin"})

    assert (answer.status_code, own.status_code) == (403, 200)
    assert (await door.web.post(door.link, data={"act": "explode"})).status_code == 400
    assert (await door.tap("acknowledge", guardian="1 OR 1=1")).status_code == 400


async def test_who_tries_codes_is_sent_away_after_sixty_in_a_minute(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    tries = [(await door.web.get(f"/l/{number:012d}")).status_code for number in range(61)]

    assert tries == [404] * 60 + [429]
    assert (await door.web.get(door.link)).status_code == 429
    assert "Trop d’essais." in plain((await door.web.get(door.link)).text)
    door.clock.seconds += 61.0
    assert (await door.web.get(door.link)).status_code == 200


async def test_a_mail_programs_button_stops_the_mails_at_once(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()
    path = f"/u/{door.last.token}"

    nothing = await door.web.post(path, data={"something": "else"})
    answer = await door.web.post(path, data={"List-Unsubscribe": "One-Click"}, headers={"Sec-Fetch-Site": "cross-site"})
    again = await door.web.post(path, files={"List-Unsubscribe": (None, "One-Click")})

    assert nothing.status_code == 400
    assert (answer.status_code, again.status_code) == (200, 200)
    assert "set-cookie" not in answer.headers
    assert await door.count("stop") == 1
    await door.press()
    assert len(door.mail.sent) == 1
    assert "to_call" in await door.states()


async def test_stopping_from_the_link_in_the_mail_asks_once(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    page = await door.web.get(f"{door.link}/stop")
    assert await door.count("stop") == 0
    done = await door.web.post(f"{door.link}/stop", data={"act": "stop"})

    assert "Ne plus recevoir de messages ici ?" in plain(page.text)
    assert "o•••@familles.test" in page.text
    assert "C’est fait." in plain(done.text)
    assert await door.count("stop") == 1


async def test_an_unsubscription_with_a_forged_token_stops_nobody(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()
    forged = door.last.token[:-1] + ("a" if door.last.token[-1] != "a" else "b")

    answer = await door.web.post(f"/u/{forged}", data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 404
    assert await door.count("stop") == 0


async def test_a_service_has_no_read_mark_of_its_own(door: Door) -> None:
    [home] = await door.small.family(by_sms())
    await door.small.write("UPDATE guardian SET service = :yes, family_name = 'Maison des Exemples'", yes=True)
    await door.press()

    await door.tap("acknowledge")
    page = await door.web.get(door.link)

    assert await door.states() == ["acknowledged"]
    assert 'value="acknowledge"' in page.text
    assert "bien notée" not in page.text
    assert [row[0] for row in await door.answers()] == [home]
