"""What somebody inside, a stranger with a link, or two colleagues at once try, and what still holds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, by_sms
from push_door import PushDoor, a_push_door
from test_follow_up import ask, pressed
from watching import Watch

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError
from hub.notices.follow_up import correct, remind, withdraw
from hub.ports import NoticeKind, Slots
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring
from web.staff_alert import AlertForm

SHELTERED = Slots(phrase="sheltered")


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[PushDoor]:
    async with a_push_door(database, keyring) as opened:
        yield opened


@on_one_database
async def test_a_teacher_cannot_take_the_key_of_the_next_alarm(desk: Desk) -> None:
    await desk.small.family(by_sms())
    key = AlertForm(step="press", phrase="sheltered", after="0").key(TODAY.isoformat())
    await desk.enter(TEACHER)
    _, form = await desk.read_over(kind="announcement", to="CP A", text="Bonjour.", key=key)
    squat = await desk.web.post("/ecrire", data=form)
    assert squat.status_code == 422
    await desk.enter()

    answer = await desk.post("/alerte", step="press", phrase="sheltered", after="0")

    assert answer.status_code == 303
    assert await desk.small.rows("SELECT count(*) FROM notice WHERE kind = 'crisis'") == [(1,)]


async def test_of_two_alarms_at_once_one_takes_the_place_of_the_other(watch: Watch) -> None:
    await watch.small.family(by_sms())

    await asyncio.gather(
        *(
            pressed(watch, Slots(phrase=phrase), kind=NoticeKind.CRISIS, key=phrase)
            for phrase in ("sheltered", "still_sheltered", "evacuated")
        ),
        return_exceptions=False,
    )

    states = [state for (state,) in await watch.small.rows("SELECT state FROM notice ORDER BY id")]
    assert states == ["cancelled", "cancelled", "published"]


async def test_two_colleagues_who_withdraw_say_so_once(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press()
    await watch.small.write("UPDATE delivery SET state = 'told'")

    made = await asyncio.gather(
        ask(watch, withdraw, first, watch.small.director, tell_them=True, key="one"),
        ask(watch, withdraw, first, watch.small.office, tell_them=True, key="two"),
    )
    assert len({one.notice_id for one in made}) == 1
    assert await watch.small.rows("SELECT count(*) FROM notice_follow") == [(1,)]


async def test_two_colleagues_who_correct_do_not_say_two_things(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press(audience="class:CP A")

    made = await asyncio.gather(
        ask(watch, correct, first, watch.small.director, key="one", slots=Slots(text="Ecole ouverte.")),
        ask(watch, correct, first, watch.small.office, key="two", slots=Slots(text="Ecole ouverte a midi.")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, InvalidError) for one in made) == 1
    assert await watch.small.rows("SELECT count(*) FROM notice_follow") == [(1,)]


@pytest.mark.parametrize("act", [correct, remind])
async def test_an_author_writes_to_a_class_no_more_once_it_is_not_hers(watch: Watch, act: Any) -> None:
    await watch.small.family(by_sms())
    first = (await pressed(watch, audience="class:CP A", author=watch.small.teacher)).notice_id
    await watch.small.write("UPDATE staff_right SET to_on = from_on WHERE role = 'teacher'")
    more = {"slots": Slots(text="Autre chose.")} if act is correct else {}

    with pytest.raises(NotAllowedError):
        await ask(watch, act, first, watch.small.teacher, **more)


async def test_an_invitation_ends_with_the_number_it_was_asked_from(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    code = (await door.invitation(odile)).json()["invitation"]
    async with door.house.database.engine() as connection:
        await wrong_number(connection, school_id=door.small.school.key, address_id=1, now=NOW)

    browser = await door.browser()
    answer = await door.tell("subscriptions", invitation=code, subscription=browser.subscription)

    assert answer.status_code == 404


async def test_what_a_stranger_added_goes_with_the_number_it_was_added_from(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    await door.joined(odile)
    async with door.house.database.engine() as connection:
        await wrong_number(connection, school_id=door.small.school.key, address_id=1, now=NOW)

    assert await door.small.rows("SELECT medium, state FROM address ORDER BY id") == [
        ("phone", "wrong"),
        ("push", "wrong"),
    ]


@on_one_database
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/suivi/99999999999999999999", None),
        ("/suivi/99999999999999999999/direct", None),
        ("/suivi/99999999999999999999/corriger", None),
        ("/suivi/99999999999999999999/retirer", {}),
        ("/familles/99999999999999999999", None),
        ("/familles/99999999999999999999", {"address": "a@b.test"}),
        ("/familles/99999999999999999999/essayer", {"address": "1"}),
        ("/familles/99999999999999999999/invitation", {}),
        ("/familles/invitations", {"classes": "99999999999999999999"}),
        ("/appeler?avis=99999999999999999999", None),
        ("/appeler/99999999999999999999/prendre", {}),
        ("/appeler/1/faux-numero", {"address": "99999999999999999999"}),
        ("/ecrire", {"corrects": "99999999999999999999", "kind": "announcement", "to": "school", "text": "a"}),
        ("/ecrire", {"kind": "announcement", "to": "pupil:99999999999999999999", "text": "a"}),
        ("/ecrire", {"kind": "absence", "pupil": "99999999999999999999", "day": "2026-11-24"}),
        ("/ecrire", {"kind": "announcement", "to": "school", "text": "a", "reader": "99999999999999999999"}),
        ("/alerte", {"step": "press", "phrase": "sheltered", "after": "99999999999999999999"}),
        ("/alerte", {"step": "press", "phrase": "closed"}),
        ("/apparence", {"theme": "light", "vers": "//evil.test"}),
    ],
)
async def test_no_number_breaks_a_room(desk: Desk, path: str, form: Any) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    answer = await (desk.web.get(path) if form is None else desk.post(path, **form))

    assert answer.status_code < 500
