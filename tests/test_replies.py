"""Where a family's words go and what they mean: from the press, through each way back, to the conversation."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import NoReturn

import httpx
import pytest
import pytest_asyncio
from factories import NOW, by_mail, by_sms
from family_door import PUBLIC, Door, a_door, a_house_on_the_web, a_letter_door
from inboxes import Inbox
from loopback import served
from roll_call import RollCall
from sqlalchemy.exc import OperationalError
from test_mail_in import a_mail
from test_webhooks import EMPTY, KEY, THANKS, posted, texted

from channels.sms import TwilioSms
from hub.database import Database
from hub.inbox.answering import begin
from hub.models.threads import Thread, ThreadState
from hub.ports import NoticeKind, Slots
from hub.replies.meaning import Sense, absence_of, meaning_of, named
from hub.sealing import Keyring
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from web.house import House

MEETING = Slots(starts_at=NOW.replace(day=26, hour=16), place="Salle 4", text="Merci de venir.")
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring) as opened:
        yield opened


async def mailed(door: Door, words: str, **more: str) -> None:
    """Answer the last mail, through the letter slot."""
    to = f"reponse+{door.mail.sent[-1].reply_token}@hub.test"

    def speak() -> None:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.sendmail("odile@familles.test", [to], a_mail(words, **more))

    await asyncio.to_thread(speak)


async def noted(door: Door, words: str, *, key: str = "k1", **more: str) -> httpx.Response:
    """Write on the page of the last message."""
    return await door.web.post(door.link, data={"act": "words", "words": words, "key": key, **more})


async def rang(door: Door, number: str = "+33639981000", sid: str = "CA1", **fields: str) -> httpx.Response:
    sent = {"CallSid": sid, "From": number, "To": "+33937000000", "CallStatus": "ringing", **fields}
    return await posted(door, f"/webhooks/twilio/{KEY}/voice", sent)


async def senses(door: Door) -> list[str]:
    return [row[0] for row in await door.small.rows("SELECT sense FROM reply ORDER BY id")]


async def threads(door: Door) -> list[tuple]:
    return await door.small.rows("SELECT topic, state FROM thread ORDER BY id")


async def a_while(door: Door) -> None:
    """Let what was said lie an hour back, so that a confirmation may be given again."""
    await door.small.write("UPDATE reply SET received_at = '2026-11-24 05:00:00'")


@dataclass(frozen=True)
class Said:
    """What a family says to a notice, and what comes of it: the answer, the sense, the conversation, who must call."""

    words: str
    kind: NoticeKind
    answer: str | None
    sense: str
    state: str
    calls: int = 0


JOURNEYS = {
    "reason": Said("malade", NoticeKind.ABSENCE, "ill", "reason", "open"),
    "digit": Said("2", NoticeKind.ABSENCE, "other_reason", "reason", "open"),
    "should be at school": Said(
        "Il est parti à l'école ce matin", NoticeKind.ABSENCE, "should_be_here", "should_be_here", "open", 1
    ),
    "yes": Said("Oui, je viendrai", NoticeKind.MEETING, "yes", "yes", "open"),
    "no": Said("Hayır", NoticeKind.MEETING, "no", "no", "open"),
    "how many": Said("nous serons 3", NoticeKind.MEETING, "count", "count", "open"),
    "acknowledgement": Said("Bien reçu, merci", NoticeKind.ANNOUNCEMENT, "acknowledged", "acknowledged", "closed"),
    "free text": Said("Basile viendra à 9 h.", NoticeKind.ANNOUNCEMENT, None, "words", "open"),
}


async def said_by(door: Door, way: str, words: str) -> None:
    if way == "sms":
        await texted(door, words)
    elif way == "mail":
        await mailed(door, words)
    else:
        assert (await noted(door, words)).status_code == 200


@pytest.mark.parametrize("way", ["sms", "mail", "page"])
@pytest.mark.parametrize("journey", list(JOURNEYS))
async def test_from_the_press_to_the_conversation(door: Door, way: str, journey: str) -> None:
    expected = JOURNEYS[journey]
    [odile] = await door.small.family(by_mail() if way == "mail" else by_sms())
    slots = MEETING if expected.kind is NoticeKind.MEETING else None
    await door.press(expected.kind, slots=slots)

    await said_by(door, way, expected.words)
    await said_by(door, way, expected.words)

    through = "email" if way == "mail" else way
    assert [(who, kind, by) for who, _, kind, by in await door.answers()] == (
        [] if expected.answer is None else [(odile, expected.answer, through)]
    )
    assert await senses(door) == [expected.sense]
    assert await threads(door) == [("guardian:1 pupil:1", expected.state)]
    assert await door.count("thread", "due_at IS NOT NULL") == (1 if expected.sense == "words" else 0)
    assert await door.count("reply", "thread_id = 1 AND notice_id = 1 AND guardian_id = 1") == 1
    assert await door.count("call_task", "done_at IS NULL") == expected.calls
    assert await door.count("tray_item") == 0


async def test_how_many_come_is_written_down(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)

    await texted(door, "oui 2")
    await texted(door, "3 personnes", sid="SM2")

    assert await door.small.rows("SELECT kind, number FROM answer") == [("count", 3)]


@pytest.mark.parametrize(("act", "kind", "number"), [("yes", "yes", None), ("no", "no", None), ("count", "count", 2)])
async def test_an_invitation_is_answered_by_a_button_of_its_page(
    door: Door, act: str, kind: str, number: int | None
) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)
    page = await door.web.get(door.link)

    answer = await door.tap(act, number="2")
    await door.tap("acknowledge")

    assert f'value="{act}"' in page.text
    assert answer.status_code == 200
    assert await door.small.rows("SELECT kind, number FROM answer") == [(kind, number)]


@pytest.mark.parametrize("number", ["", "x", "100", "-1", "²"])
async def test_a_number_that_is_none_changes_nothing(door: Door, number: str) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)

    assert (await door.tap("count", number=number)).status_code == 400
    assert await door.answers() == []


async def test_yes_answers_only_what_asks(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    assert (await texted(door, "oui")).text == EMPTY
    assert (await door.tap("yes")).status_code == 410
    assert await door.answers() == []


@pytest.mark.parametrize("act", ["contagion", "family_gathering", "transport", "with_guardians"])
async def test_the_page_takes_each_reason_of_the_law(door: Door, act: str) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    assert f'value="{act}"' in (await door.web.get(door.link)).text
    assert (await door.tap(act)).status_code == 200
    assert [kind for _, _, kind, _ in await door.answers()] == [act]


async def test_what_is_written_on_the_page_without_words_or_too_long_or_under_a_withdrawn_notice(door: Door) -> None:
    await door.small.family(by_sms())
    notice = await door.press()

    empty = await noted(door, "  ")
    unnamed = await noted(door, "Bonjour", key="")
    long = await noted(door, "a" * 5000)
    await door.small.write("UPDATE notice SET state = 'cancelled' WHERE id = :n", n=notice)
    late = await noted(door, "Bonjour", key="k2")

    assert [answer.status_code for answer in (empty, unnamed, long, late)] == [400, 400, 200, 410]
    assert await door.count("reply") == 1


async def test_two_children_missing_are_asked_back_about_once_and_a_number_chooses(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    asked = await texted(door, "malade")
    chose = await texted(door, "2", sid="SM2")
    again = await texted(door, "2", sid="SM2")

    assert "Votre réponse concerne : 1 = Basile, 2 = Lina, 3 = tous. Répondez par le numéro." in asked.text
    assert (chose.text, again.text) == (THANKS, EMPTY)
    assert await door.small.rows("SELECT pupil_id, kind FROM answer") == [(1, "ill")]
    assert await senses(door) == ["words", "choice"]
    assert await door.count("reply_choice", "answered_at IS NOT NULL") == 1


async def test_one_number_may_stand_for_all_children(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    await texted(door, "1")
    await texted(door, "3", sid="SM2")

    assert await door.small.rows("SELECT pupil_id, kind FROM answer ORDER BY pupil_id") == [(1, "ill"), (2, "ill")]


async def test_the_conversation_follows_what_the_family_chose(door: Door) -> None:
    await door.small.family(by_sms(), children=["Élise", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")

    await texted(door, "malade")
    before = await door.small.rows("SELECT topic, due_at FROM thread")
    await texted(door, "3", sid="SM2")

    assert [topic for topic, _ in before] == ["guardian:1 pupil:1"]
    assert await door.small.rows("SELECT topic, state, due_at FROM thread") == [("guardian:1", "open", before[0][1])]
    assert await door.count("reply", "thread_id = (SELECT id FROM thread)") == 2


async def test_what_else_was_said_of_the_first_child_stays_in_its_conversation(door: Door) -> None:
    await door.small.family(by_sms(), children=["Élise", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await texted(door, "Élise viendra à 10 h", sid="SM0")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    await texted(door, "malade")
    await texted(door, "1", sid="SM2")

    told = "SELECT topic, count(*) FROM thread JOIN reply ON reply.thread_id = thread.id GROUP BY topic ORDER BY topic"
    assert await door.small.rows(told) == [("guardian:1 pupil:1", 1), ("guardian:1 pupil:2", 2)]


async def test_a_number_answers_a_later_alert_and_no_question_asked_back_before_it(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")
    await texted(door, "malade")
    await door.small.write("UPDATE reply_choice SET asked_at = '2026-11-24 05:30:00'")
    await door.small.write("UPDATE attempt SET sending_at = '2026-11-24 05:00:00'")
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")

    await texted(door, "3", sid="SM2")

    assert await door.count("answer", "kind = 'ill'") == 0
    assert await door.count("answer", "kind = 'should_be_here' AND pupil_id = 1") >= 1


async def test_nobody_is_asked_back_twice_in_a_day_nor_named_where_no_child_may_be(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.small.write("UPDATE address SET discreet = :yes", yes=True)
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.small.write("UPDATE attempt SET sending_at = '2026-11-24 06:00:00'")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    asked = await texted(door, "malade")
    again = await texted(door, "malade", sid="SM2")

    assert "1 = message du 24/11 à 7 h 12, 2 = message du 24/11 à 7 h 00, 3 = tous" in asked.text
    assert again.text == EMPTY
    assert await door.answers() == []
    assert await door.count("reply_choice") == 1
    assert await door.count("thread", "due_at IS NOT NULL") == 1


async def test_a_name_before_the_reason_says_which_child(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    answer = await texted(door, "Bonjour, Lina est malade.")

    assert answer.text == THANKS
    assert await door.small.rows("SELECT pupil_id, kind FROM answer") == [(1, "ill")]


async def test_a_child_that_should_be_at_school_alarms_for_all_that_are_missing(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina", "Basile"])
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    await texted(door, "3")

    assert await door.count("answer", "kind = 'should_be_here'") == 2
    assert await door.count("call_task", "done_at IS NULL") == 2


@pytest.mark.parametrize(
    "words", ["Lina malade", "Lina est malade aujourd'hui", "Lina is sick", "Lina hasta", "لينا مريضة"]
)
async def test_a_child_said_ill_before_any_alert_is_told_before(door: Door, words: str) -> None:
    name = "لينا" if words.startswith("ل") else "Lina"
    await door.small.family(by_sms(), children=[name])

    answer = await texted(door, words)

    assert answer.text == THANKS
    assert await senses(door) == ["told_before"]
    assert await door.small.rows("SELECT pupil_id, state, reason, told_by, through FROM absence ORDER BY id") != []
    assert await door.count("absence", "state != 'explained' OR reason != 'ill' OR told_by != 1") == 0
    assert await threads(door) == [("guardian:1 pupil:1", "open")]


@on_one_database
@pytest.mark.parametrize("way", ["sms", "mail", "page"])
async def test_an_absence_told_before_in_any_way_raises_no_alert_on_the_roll(door: Door, way: str) -> None:
    await door.small.family(by_mail() if way == "mail" else by_sms(), children=["Lina"])
    await door.press(NoticeKind.ANNOUNCEMENT)
    await said_by(door, way, "Lina est malade")

    taken = await RollCall(door.small).take("Lina", now=NOW)

    assert (taken.alerts, taken.told_before) == (0, 1)
    through = "email" if way == "mail" else way
    assert await door.small.rows("SELECT state, reason, through FROM absence") == [("explained", "ill", through)]


async def test_a_child_of_somebody_else_is_not_told_absent(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina"])
    await door.small.family(by_sms("+33639981002"), children=["Basile"])

    await texted(door, "Basile est malade")

    assert await door.count("absence") == 0
    assert await senses(door) == ["words"]


async def test_on_a_shared_phone_a_name_says_who_speaks(door: Door) -> None:
    _, tiago = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press(NoticeKind.ABSENCE)

    first = await texted(door, "malade")
    explained = await door.small.rows("SELECT state, told_by FROM absence")
    await texted(door, "Tiago : malade", sid="SM2")

    assert (first.text, explained) == (THANKS, [("explained", None)])
    assert [(who, kind) for who, _, kind, _ in await door.answers()] == [(tiago, "ill")]
    assert await threads(door) == [("address:1", "open"), (f"guardian:{tiago} pupil:1", "open")]


async def test_a_foster_home_has_one_conversation_whichever_of_its_phones_it_writes_from(door: Door) -> None:
    await door.small.family(by_sms(name="Foyer"), children=["Lina"])
    await door.small.write("UPDATE guardian SET service = :yes, first_name = ''", yes=True)

    await texted(door, "Lina aura une piqûre demain")

    assert await threads(door) == [("guardian:1 pupil:1", "open")]
    assert await door.count("reply", "guardian_id IS NULL") == 1


async def test_separated_parents_have_a_conversation_each(door: Door) -> None:
    await door.small.family(by_sms(name="Odile"), by_sms("+33639981002", name="Tiago"))
    await door.press()

    await texted(door, "Je passerai à 17 h")
    await texted(door, "Moi aussi", number="+33639981002", sid="SM2")

    assert await threads(door) == [("guardian:1 pupil:1", "open"), ("guardian:2 pupil:1", "open")]


async def test_a_barred_parents_words_wait_with_the_address_and_answer_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.small.write("UPDATE link SET kind = 'barred'")

    answer = await texted(door, "1")

    assert answer.text == EMPTY
    assert await door.answers() == []
    assert await threads(door) == [("address:1", "open")]


async def test_the_author_is_to_answer_as_long_as_the_pupil_is_in_his_class(door: Door) -> None:
    await door.small.family(by_sms(), children=["Lina"])
    await door.small.family(by_sms("+33639981002"), children=["Basile"])
    await door.press()
    await door.small.write("UPDATE notice SET author_id = :teacher", teacher=door.small.teacher)

    await texted(door, "Qui peut l'accompagner ?")
    await door.small.write("UPDATE staff_right SET to_on = '2026-11-20' WHERE role = 'teacher'")
    await texted(door, "Qui peut l'accompagner ?", number="+33639981002", sid="SM2")

    assert await door.small.rows("SELECT owner_id FROM thread ORDER BY id") == [(door.small.teacher,), (None,)]


async def test_a_second_question_is_due_when_the_first_was_and_a_closed_conversation_opens_again(door: Door) -> None:
    await door.small.family(by_sms())
    await texted(door, "À quelle heure ?")
    await door.small.write("UPDATE thread SET due_at = '2026-11-24 08:00:00.000000'")
    await texted(door, "Et où ?", sid="SM2")
    due = await door.small.rows("SELECT due_at FROM thread")
    await door.small.write("UPDATE thread SET state = 'closed', due_at = NULL")
    await texted(door, "Allô ?", sid="SM3")

    assert str(due[0][0]).startswith("2026-11-24 08:00")
    [(state, again)] = await door.small.rows("SELECT state, due_at FROM thread")
    assert state == "open"
    assert str(again).startswith("2026-11-25 06:12")


async def test_a_missed_call_asks_to_be_called_at_once_and_costs_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answer, again = await rang(door), await rang(door)

    assert [one.text for one in (answer, again)] == [
        '<?xml version="1.0" encoding="UTF-8"?><Response><Reject /></Response>'
    ] * 2
    assert await senses(door) == ["missed_call"]
    assert await door.small.rows("SELECT channel FROM reply") == [("voice",)]
    assert await door.count("call_task", "done_at IS NULL AND due_at = opened_at") == 1
    assert await door.answers() == []


async def test_a_forged_call_or_one_from_nobody_changes_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    forged = await door.web.post(f"/webhooks/twilio/{KEY}/voice", data={"From": "+33639981000", "CallSid": "CA1"})
    nobody = await rang(door, number="")

    assert (forged.status_code, nobody.status_code) == (403, 400)
    assert await door.count("reply") == await door.count("call_task") == 0


async def test_pictures_are_refused_once_and_the_words_beside_them_count(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    first = await texted(door, "malade", NumMedia="1")
    second = await texted(door, "", sid="SM2", NumMedia="2")

    assert "Nous ne recevons pas d'images par SMS." in first.text
    assert second.text == EMPTY
    assert await senses(door) == ["reason", "picture"]


async def test_pictures_with_words_are_refused_once_and_never_after_a_stop(door: Door) -> None:
    await door.small.family(by_sms())

    said = ("Voici le mot", "Et un autre", "STOP", "mauvais numéro")
    answers = [(await texted(door, words, sid=f"SM{n}", NumMedia="1")).text for n, words in enumerate(said)]

    assert "Nous ne recevons pas d'images par SMS." in answers[0]
    assert answers[1:] == [EMPTY] * 3


async def test_a_stop_with_a_picture_is_not_answered(door: Door) -> None:
    await door.small.family(by_sms())

    assert (await texted(door, "STOP", NumMedia="1")).text == EMPTY


async def test_stop_start_help_and_a_language_are_understood_in_the_familys_own(door: Door) -> None:
    await door.small.family(by_sms(language="tr"))

    stopped = await texted(door, "DUR")
    stops = await door.count("stop")
    started = await texted(door, "başla", sid="SM2")
    await a_while(door)
    helped = await texted(door, "yardım", sid="SM3")
    await a_while(door)
    spoken = await texted(door, "LANGUE AR", sid="SM4")

    assert (stopped.text, stops) == (EMPTY, 1)
    assert await door.count("stop") == 0
    assert "<Message>" in started.text
    assert "02 61 91 00 00" in helped.text
    assert "<Message>" in spoken.text
    assert await door.small.rows("SELECT language FROM address") == [("ar",)]
    assert await senses(door) == ["stop", "start", "help", "language"]


async def test_what_the_provider_has_answered_itself_is_not_answered_again(door: Door) -> None:
    await door.small.family(by_sms())

    assert (await texted(door, "HELP", OptOutType="HELP")).text == EMPTY


async def test_a_strangers_number_does_not_start_again(door: Door) -> None:
    await door.small.family(by_sms())
    await texted(door, "mauvais numéro")

    answer = await texted(door, "START", sid="SM2")

    assert answer.text == EMPTY
    assert await door.small.rows("SELECT state FROM address") == [("wrong",)]


async def test_a_stranger_who_holds_the_number_tells_no_child_absent(door: Door) -> None:
    await door.small.family(by_sms())
    await texted(door, "mauvais numéro")

    answer = await texted(door, "Capucine est malade", sid="SM2")

    assert answer.text == EMPTY
    assert await door.count("absence") == 0
    assert (await threads(door))[-1] == ("address:1", "open")


async def test_a_stranger_who_holds_the_mailbox_answers_nothing(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    await mailed(door, "wrong number")

    await mailed(door, "malade")

    assert await door.answers() == []
    assert await door.small.rows("SELECT doubt FROM reply ORDER BY id") == [("",), ("other_from",)]


async def test_on_a_page_nobody_speaks_for_an_adult_of_another_address(door: Door) -> None:
    await door.small.family(by_sms(), by_mail(name="Tiago"))
    await door.press()

    await noted(door, "Capucine est malade", guardian="2")

    assert await door.small.rows("SELECT told_by FROM absence") == [(1,)]


async def test_two_machines_that_thank_each_other_stop_at_once(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answers = [(await texted(door, words, sid=f"SM{n}")).text for n, words in enumerate(("1", "2", "1", "2"))]

    assert answers == [THANKS, EMPTY, EMPTY, EMPTY]


async def test_only_so_many_confirmations_a_day(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answers = []
    for n in range(10):
        answers.append((await texted(door, "12"[n % 2], sid=f"SM{n}")).text)
        await a_while(door)

    assert answers == [THANKS] * 8 + [EMPTY] * 2


async def test_who_has_just_been_thanked_is_still_told_that_we_call_about_a_missing_child(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answers = [(await texted(door, words, sid=f"SM{words}")).text for words in ("1", "3", "2")]

    assert answers[0] == THANKS
    assert "L'école vous appelle tout de suite" in answers[1]
    assert answers[2] == EMPTY


async def test_a_text_of_many_parts_is_one_and_kept_whole(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    long = "Capucine a été vue par le médecin. " * 44

    await texted(door, long.strip(), NumSegments="10")

    [(sealed, wrapped, version)] = await door.small.rows(
        "SELECT words_sealed, wrapped, master_version FROM reply JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )
    kept = door.small.keyring.seal(wrapped, version).open(sealed, b"reply.words").decode()
    assert kept == long.strip()


async def test_a_mail_whose_sender_our_server_found_borrowed_is_kept_with_a_doubt(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    await mailed(door, "malade", Authentication_Results="mx.hub.test; dmarc=fail header.from=familles.test")

    assert await door.answers() == []
    assert await door.small.rows("SELECT doubt, sense, address_id FROM reply") == [("unsigned", "words", None)]
    assert await door.count("tray_item", "matter = 'unmatched_reply'") == 1


async def test_two_families_without_a_message_id_may_write_the_same(door: Door) -> None:
    await door.small.family(by_mail(), children=["Lina"])
    await door.small.family(by_mail("tiago@familles.test", name="Tiago"), children=["Basile"])
    await door.press()

    def speak(to: str, author: str) -> None:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.sendmail(author, [to], f"From: {author}\r\nSubject: RE\r\n\r\nOui\r\n".encode())

    for sent, author in zip(door.mail.sent, ("odile@familles.test", "tiago@familles.test"), strict=True):
        for _ in range(2):
            await asyncio.to_thread(speak, f"reponse+{sent.reply_token}@hub.test", author)

    assert await door.count("reply") == 2


async def test_what_is_attached_to_a_mail_is_kept_sealed_and_its_name_to_answer_by(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "odile@familles.test", "RE", "<7@familles.test>"
    mail.set_content("Voici le certificat.")
    mail.add_attachment(b"%PDF-1.4 certificat", maintype="application", subtype="pdf", filename="certificat.pdf")
    to = f"reponse+{door.mail.sent[-1].reply_token}@hub.test"

    def speak() -> None:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.sendmail("odile@familles.test", [to], mail.as_bytes())

    await asyncio.to_thread(speak)

    [(kind, name, body, wrapped, version)] = await door.small.rows(
        "SELECT content_type, name_sealed, body_sealed, wrapped, master_version FROM reply_attachment"
        " JOIN reply ON reply.id = reply_id JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )
    seal = door.small.keyring.seal(wrapped, version)
    assert kind == "application/pdf"
    assert seal.open(name, b"reply_attachment.name") == b"certificat.pdf"
    assert seal.open(body, b"reply_attachment.body") == b"%PDF-1.4 certificat"
    assert await door.small.rows("SELECT message_id FROM reply") == [("7@familles.test",)]


async def test_a_machines_mail_opens_nothing_and_makes_nothing_due(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    await mailed(door, "Je suis absent", Auto_Submitted="auto-replied")

    assert await threads(door) == [("guardian:1 pupil:1", "closed")]
    assert await door.count("thread", "due_at IS NOT NULL") == 0
    assert await door.count("reply", "machine") == 1


async def test_the_answer_to_a_word_of_a_confidential_conversation_goes_back_into_it(door: Door) -> None:
    await door.small.family(by_sms())
    notice = await door.press()
    async with door.small.database.school(door.small.school.key) as session:
        session.add(
            Thread(
                school_id=door.small.school.key,
                topic=f"guardian:1 staff:{door.small.director}",
                guardian_id=1,
                private_to=door.small.director,
                state=ThreadState.WAITING,
                opened_at=NOW,
                last_at=NOW,
            )
        )
    await door.small.write(
        "INSERT INTO thread_notice (school_id, thread_id, notice_id) VALUES (:school, 1, :notice)",
        school=door.small.school.key,
        notice=notice,
    )

    await texted(door, "Merci de m'avoir écrit, pouvons-nous en parler ?")

    assert await door.small.rows("SELECT id, state FROM thread") == [(1, "open")]
    assert await door.count("reply", "thread_id = 1") == 1


async def test_words_after_a_confidential_word_go_back_into_it_though_something_else_is_asked(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)
    inbox, later = Inbox(door.small), NOW + timedelta(hours=3)
    door.small.database._clock = lambda: later
    async with door.small.database.school(door.small.school.key) as session:
        here = {"school": door.small.school, "reader": await inbox.reader(door.small.director), "now": later}
        word = {"subject": "Entre nous", "words": "Tout va bien ?", "key": "k"}
        private = await begin(session, door.small.keyring, guardian_id=odile, private=True, **word, **here)
    await door.drain()

    await texted(door, "Non, j'ai peur, ne le dites à personne")
    await texted(door, "oui", sid="SM2")

    assert await door.small.rows("SELECT thread_id FROM reply WHERE id = 1") == [(private,)]
    assert [kind for _, _, kind, _ in await door.answers()] == ["yes"]
    assert "Non, j'ai peur, ne le dites à personne" not in await inbox.words(door.small.teacher)
    assert "Non, j'ai peur, ne le dites à personne" not in await inbox.words(door.small.office)


@on_one_database
async def test_what_a_shared_phone_answers_to_a_confidential_word_is_for_that_person_alone(door: Door) -> None:
    odile, _ = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    inbox = Inbox(door.small)
    async with door.small.database.school(door.small.school.key) as session:
        here = {"school": door.small.school, "reader": await inbox.reader(door.small.director), "now": NOW}
        word = {"subject": "Entre nous", "words": "Tout va bien ?", "key": "k"}
        await begin(session, door.small.keyring, guardian_id=odile, private=True, **word, **here)
    await door.drain()

    await texted(door, "J'ai peur")

    topic = f"address:1 staff:{door.small.director}"
    assert await door.small.rows("SELECT topic FROM thread JOIN reply ON thread.id = thread_id") == [(topic,)]
    assert "J'ai peur" in await inbox.words(door.small.director)
    assert await inbox.words(door.small.teacher) == await inbox.words(door.small.office) == []


async def test_while_the_database_is_away_a_text_is_asked_for_again_and_taken_once(door: Door) -> None:
    class Away(Database):
        def school(self, school_id: int) -> NoReturn:  # noqa: ARG002 (inherited)
            raise OperationalError("BEGIN", {}, OSError("away"))

    await door.small.family(by_sms())
    await door.press()
    url = door.house.database._writing.url.render_as_string(hide_password=False)
    away, near = Away(url), door.web
    app = a_house_on_the_web(House(door.house.settings, away, door.small.keyring))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as web:
        door.web = web
        refused = [(await texted(door, "OK")).status_code, (await rang(door)).status_code]
        door.web = near
    await away.close()
    taken = [(await texted(door, "OK")).status_code for _ in range(2)]

    assert (refused, taken) == ([503, 503], [200, 200])
    assert await senses(door) == ["acknowledged"]


async def test_an_answer_that_comes_late_or_before_its_receipt_still_counts(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.small.write("UPDATE attempt SET state = 'unknown', provider_id = NULL")

    await texted(door, "malade")

    assert await door.states() == ["acknowledged"]
    assert await door.small.rows("SELECT state FROM attempt") == [("delivered",)]


async def test_after_a_fortnight_words_answer_nothing_but_are_read(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.small.write("UPDATE attempt SET sending_at = '2026-11-10 05:00:00.000000'")

    await texted(door, "1")

    assert await door.answers() == []
    assert await door.small.rows("SELECT sense, notice_id FROM reply") == [("words", None)]
    assert await threads(door) == [("guardian:1 pupil:1", "open")]


@pytest.mark.parametrize("words", ["", " ", "\x00", "\ufffd\ufffd", "a" * 20_000, "0" * 400, "1 " * 800])
async def test_empty_broken_and_enormous_texts_are_kept_and_read_by_a_person(door: Door, words: str) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answer = await texted(door, words)

    assert (answer.status_code, answer.text) == (200, EMPTY)
    assert await senses(door) == ["words"]
    assert await door.answers() == []


async def test_words_in_another_charset_are_read(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.MEETING, slots=MEETING)
    raw = (
        "From: odile@familles.test\r\nSubject: RE\r\nMessage-ID: <8@familles.test>\r\n"
        "Content-Type: text/plain; charset=windows-1254\r\n\r\nEvet, geleceğiz\r\n"
    ).encode("windows-1254")
    to = f"reponse+{door.mail.sent[-1].reply_token}@hub.test"

    def speak() -> None:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.sendmail("odile@familles.test", [to], raw)

    await asyncio.to_thread(speak)

    assert [kind for _, _, kind, _ in await door.answers()] == ["yes"]


async def test_against_the_sandbox_long_texts_pictures_and_a_ring_come_in_as_from_twilio(
    database: Database, keyring: Keyring
) -> None:
    """The whole loop on loopback: our client, a real server, and a family with a telephone."""
    account = "AC" + "0" * 32
    async with a_door(database, keyring) as door, served(a_house_on_the_web(door.house)) as port:
        config = SandboxConfig(
            allow=True,
            accounts={account: "token"},
            inbound_url=f"{PUBLIC}/webhooks/twilio/{KEY}/inbound",
            routes={PUBLIC: f"http://127.0.0.1:{port}"},
        )
        async with Sandbox(config) as box:
            settings = door.house.settings.model_copy(update={"twilio_url": box.twilio_url})
            door.house, door.sms = House(settings, database, keyring), TwilioSms(settings)
            await door.small.family(by_sms("+33639981001"))
            await door.press(NoticeKind.URGENT)
            await box.settled()
            [message] = box.record.messages
            took = [
                await box.phones.answer(message, "Je ne comprends pas. " * 60),
                await box.phones.answer(message, "", pictures=2),
                await box.phones.ring(message),
            ]
            await door.sms.close()

    assert [one.taken for one in took] == [True] * 3
    assert await senses(door) == ["words", "picture", "missed_call"]
    assert await door.count("call_task", "done_at IS NULL") == 1


def test_names_and_what_is_said_of_them() -> None:
    assert named("Bonjour, Lina est malade", {"lina": 5, "li": 6}) == (5, "est malade")
    assert named("Lina", {"lina": 5}) == (5, "")
    assert named("Linate", {"lina": 5}) is None
    assert absence_of("sera absente aujourd'hui") == "other_reason"
    assert absence_of("est malade demain") is None


@pytest.mark.parametrize(
    ("sense", "said"),
    [
        (Sense.YES, ("oui", "Yes!", "نعم", "Evet, geleceğiz", "sim", "Sí", "Так, прийдемо")),
        (Sense.NO, ("non merci", "No", "لا", "Hayır", "Não vou", "No puedo", "Ні, дякую", "0")),
        (
            Sense.COUNT,
            ("2", "2 personnes", "we will be 3", "نعم 2", "2 kişi", "seremos 4", "seremos dos", "нас буде 3"),
        ),
        (
            Sense.SHOULD_BE_HERE,
            ("Elle devrait être en classe !", "he left for school", "okula gitti", "ذهب إلى المدرسة"),
        ),
        (Sense.SHOULD_BE_HERE, ("foi para a escola", "Debe estar en la escuela", "пішла до школи", "où est-il ?")),
        (
            Sense.SHOULD_BE_HERE,
            ("elle est partie à 8h avec sa mère !!", "il est parti vers 7 h 45", "comment ça absent ?"),
        ),
        (
            Sense.SHOULD_BE_HERE,
            ("she left at 8:15", "Are you sure?", "nasıl yok?", "saiu às 8h", "вийшов о 8", "كيف غائب؟"),
        ),
        (Sense.WORDS, ("il n'est pas parti à 8h", "elle est partie à l'hôpital", "êtes-vous sûrs de l'horaire ?")),
        (Sense.START, ("START", "unstop", "reprendre", "başla", "ابدأ", "retomar", "reanudar", "відновити")),
        (Sense.HELP, ("AIDE", "help", "yardım", "مساعدة", "ajuda", "ayuda", "допомога")),
        (Sense.LANGUAGE, ("ENGLISH", "türkçe", "LANGUE AR", "عربي", "Português", "idioma es", "українська")),
        (Sense.REASON, ("Il est malade", "she's sick", "oğlum hasta", "ابني مريض", "está doente", "enferma", "хворіє")),
        (Sense.ACKNOWLEDGED, ("Merci Madame, bonne journée", "ok thanks", "Tamam hocam", "👍")),
        (Sense.WORDS, ("il n'est pas parti à l'école", "Oui mais à 18 h", "2 euros", "merci de me rappeler", "demain")),
    ],
)
def test_few_words_mean_the_same_in_every_language(sense: Sense, said: tuple[str, ...]) -> None:
    wrong = [words for words in said if meaning_of(words).sense not in (sense, Sense.DIGIT)]
    assert wrong == []
