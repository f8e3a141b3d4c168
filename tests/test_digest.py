"""The evening's digest: what waits is told once to each adult, together; nothing stale, nothing twice, nothing lost."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from desks import on_one_database
from evenings import EVENING, TOMORROW, DeathError, Evenings
from factories import NOW, TODAY, a_school, by_mail, by_sms
from roll_call import Statements

from hub.database import Database
from hub.models.classroom import DiaryTick
from hub.models.home import How
from hub.models.ladders import Occasion
from hub.models.notices import Needs
from hub.models.papers import Signature
from hub.models.people import Link, LinkKind
from hub.patience import BOUNDS
from hub.ports import NoticeKind, Slots
from hub.routing import digest_day, expires_at, is_digest_time
from hub.sealing import Keyring
from scheduler.digests import Digests

HOMEWORK, DOCUMENT, RESULT, DIGEST = NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT, NoticeKind.DIGEST


@pytest_asyncio.fixture
async def day(database: Database, keyring: Keyring) -> Evenings:
    return Evenings(await a_school(database, keyring))


async def test_what_waits_is_told_once_to_each_adult_in_one_notice_that_counts_it(day: Evenings) -> None:
    ada, _ = await day.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"), children=["Lina", "Sami"])
    await day.wish(ada, DOCUMENT, How.EVENING)
    await day.tell(HOMEWORK, await day.homework(), await day.homework(day=TOMORROW + timedelta(days=1)))
    await day.tell(DOCUMENT, await day.document(needs=Needs.ONE), signs=True)
    await day.tell(DOCUMENT, await day.document())
    await day.tell(RESULT, await day.result())

    assert await day.digest() == 2
    assert await day.digest() == 0
    await day.drain()

    [message] = day.sms.sent
    assert message.text == (
        "Trois-Ponts, ce soir :\n"
        "Lina : 2 devoirs, 1 document à signer, 1 document et 1 résultat.\n"
        "Sami : 2 devoirs, 1 document à signer, 1 document et 1 résultat.\n"
        f"Voir : https://hub.test/l/{message.link_code}"
    )
    [mail] = [message.text.replace("\u00a0", " ") for message in day.mail.sent if "ce soir" in message.text]
    assert "Lina : 2 devoirs et 1 résultat." in mail
    assert "Sami : 2 devoirs et 1 résultat." in mail
    assert await day.waiting() == []
    assert await day.small.rows("SELECT count(*) FROM digest_item WHERE notice_id IS NULL") == [(0,)]
    assert await day.said(DIGEST) == [("Ada", "on_the_way"), ("Bob", "on_the_way")]


async def test_two_runs_at_once_tell_it_once(day: Evenings) -> None:
    await day.small.family(*(by_sms(f"+3363998{number:04d}", name=f"Ada {number}") for number in range(4)))
    await day.tell(HOMEWORK, await day.homework())

    told = await asyncio.gather(*(day.digest() for _ in range(3)))

    assert sorted(told) == [0, 0, 4]
    assert len(await day.said(DIGEST)) == 4
    marked = "SELECT count(*), count(DISTINCT notice_id) FROM digest_item WHERE notice_id IS NOT NULL"
    assert await day.small.rows(marked) == [(4, 1)]


async def test_two_adults_on_one_telephone_get_one_text_where_they_hear_the_same(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"), by_sms(name="Bob"))
    await day.tell(HOMEWORK, await day.homework())

    assert await day.digest() == 2
    await day.drain()

    assert len(day.sms.sent) == 1
    assert await day.said(DIGEST) == [("Ada", "on_the_way"), ("Bob", "on_the_way")]


@on_one_database
async def test_what_is_whose_is_said_by_child_and_where_none_may_be_named_only_how_much(day: Evenings) -> None:
    await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"), children=["Lina"])
    await day.small.family(by_sms("+33639981003", name="Eve"), children=["Noé"], class_label="CE1 B")
    ada, noe = (await day.small.rows("SELECT id FROM guardian WHERE first_name = 'Ada'"))[0][0], await day.pupil("Noé")
    joint = {"guardian_id": ada, "pupil_id": noe, "kind": LinkKind.JOINT, "from_on": date(2026, 9, 1)}
    await day.kept(Link(school_id=day.school_id, **joint))
    await day.tell(HOMEWORK, await day.homework())
    await day.tell_class("CE1 B", HOMEWORK, await day.homework(class_label="CE1 B"))
    await day.tell(RESULT, await day.result())

    await day.digest()
    await day.small.write("UPDATE address SET last_sign_of_life = NULL WHERE id = 2")
    await day.drain()

    said = sorted(message.text.partition("\nVoir")[0] for message in day.sms.sent)
    assert said == [
        "Trois-Ponts, ce soir :\nLina : 1 devoir et 1 résultat.\nNoé : 1 devoir.",
        "Trois-Ponts, ce soir : 1 devoir et 1 résultat.",
        "Trois-Ponts, ce soir pour Noé : 1 devoir.",
    ]


@on_one_database
async def test_a_link_that_ends_before_the_digest_leaves_takes_its_child_out_of_it(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"), children=["Lina", "Sami"])
    await day.tell(HOMEWORK, await day.homework())
    await day.tell(RESULT, await day.result())
    await day.digest()

    barred = "UPDATE link SET kind = 'barred' WHERE pupil_id = (SELECT id FROM pupil WHERE first_name = 'Sami')"
    await day.small.write(barred)
    await day.drain()

    [message] = day.sms.sent
    assert message.text.startswith("Trois-Ponts, ce soir pour Lina : 1 devoir et 1 résultat.\n")


@on_one_database
async def test_who_becomes_reachable_the_same_evening_waits_no_day_and_who_was_told_is_not_told_again(
    day: Evenings,
) -> None:
    await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    await day.tell(RESULT, await day.result())
    await day.small.write("UPDATE address SET state = 'stopped' WHERE id = 2")
    assert await day.digest() == 1

    await day.small.write("UPDATE address SET state = 'active'")
    late = await day.result()
    await day.tell(RESULT, late)
    assert await day.digest(EVENING + timedelta(minutes=20)) == 1

    assert await day.said(DIGEST) == [("Ada", "on_the_way"), ("Bob", "on_the_way")]
    assert await day.waiting() == [("Ada", "result")]
    assert await day.digest(EVENING + timedelta(days=1)) == 1
    assert await day.waiting() == []


async def test_a_run_that_dies_midway_leaves_everything_waiting(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))
    await day.tell(HOMEWORK, await day.homework())

    with pytest.raises(DeathError):
        await day.digest(dies=True)

    assert await day.waiting() == [("Ada", "homework")]
    assert await day.said(DIGEST) == []
    assert await day.digest() == 1


@on_one_database
@pytest.mark.parametrize(
    "gone",
    [
        "DELETE FROM diary_entry",
        "UPDATE diary_entry SET day = '2026-11-24'",
        "UPDATE link SET to_on = '2026-11-23'",
        "UPDATE link SET kind = 'barred'",
        "UPDATE enrolment SET class_id = (SELECT id FROM class_group WHERE label = 'CE1 B')",
        "UPDATE pupil SET left_on = '2026-11-24'",
        "UPDATE wish SET how = 'page'",
    ],
)
async def test_what_is_no_news_any_more_is_let_go(day: Evenings, gone: str) -> None:
    [ada] = await day.small.family(by_sms(name="Ada"))
    await day.wish(ada, HOMEWORK, How.EVENING)
    await day.tell(HOMEWORK, await day.homework())

    await day.small.write(gone)

    assert await day.digest() == 0
    assert await day.small.rows("SELECT id FROM digest_item") == []


@on_one_database
async def test_a_piece_that_one_of_the_adults_ticked_is_told_to_neither(day: Evenings) -> None:
    ada, _ = await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    entry, other = await day.homework(), await day.homework()
    await day.tell(HOMEWORK, entry, other)
    tick = {"entry_id": entry, "pupil_id": await day.pupil(), "guardian_id": ada, "at": NOW}
    await day.kept(DiaryTick(school_id=day.school_id, **tick))

    await day.digest()

    assert await day.small.rows("SELECT DISTINCT subject_id FROM digest_item") == [(other,)]


@on_one_database
@pytest.mark.parametrize(("needs", "told"), [(Needs.ONE, []), (Needs.BOTH, ["Bob"])])
async def test_a_signature_ends_the_waiting_of_all_whose_own_is_not_needed(
    day: Evenings, needs: Needs, told: list[str]
) -> None:
    ada, bob = await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    for adult in (ada, bob):
        await day.wish(adult, DOCUMENT, How.EVENING)
    document = await day.document(needs=needs)
    await day.tell(DOCUMENT, document, signs=True)
    signed = {"document_id": document, "pupil_id": await day.pupil(), "guardian_id": ada, "at": NOW, "through": "page"}
    await day.kept(Signature(school_id=day.school_id, **signed))

    await day.digest()

    assert [name for name, _ in await day.said(DIGEST)] == told


@on_one_database
@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        (DOCUMENT, "UPDATE document SET withdrawn_at = '2026-11-24 12:00:00+00:00'"),
        (DOCUMENT, "UPDATE document_for SET class_id = (SELECT id FROM class_group WHERE label = 'CE1 B')"),
        (RESULT, "UPDATE assessment SET published_at = NULL"),
    ],
)
async def test_a_document_or_a_result_that_was_taken_back_is_not_told(
    day: Evenings, kind: NoticeKind, gone: str
) -> None:
    [ada] = await day.small.family(by_sms(name="Ada"))
    await day.wish(ada, DOCUMENT, How.EVENING)
    await day.tell(kind, await (day.document() if kind is DOCUMENT else day.result()))
    assert await day.waiting() == [("Ada", kind.value)]

    await day.small.write(gone)

    assert await day.digest() == 0
    assert await day.waiting() == []


@on_one_database
async def test_whom_nothing_reaches_that_evening_is_told_on_another_within_a_week(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))
    await day.tell(RESULT, await day.result())
    await day.small.write("UPDATE address SET state = 'stopped'")

    assert await day.digest() == 0
    assert await day.waiting() == [("Ada", "result")]
    assert await day.said(DIGEST) == []

    await day.small.write("UPDATE address SET state = 'active'")
    assert await day.digest(EVENING + timedelta(days=2)) == 1


@on_one_database
async def test_after_a_week_only_what_is_to_be_signed_still_waits(day: Evenings) -> None:
    [ada] = await day.small.family(by_sms(name="Ada"))
    await day.wish(ada, DOCUMENT, How.EVENING)
    await day.tell(RESULT, await day.result())
    await day.tell(DOCUMENT, await day.document(needs=Needs.ONE), signs=True)
    await day.small.write("UPDATE address SET state = 'stopped'")

    await day.digest(EVENING + timedelta(days=9))

    assert await day.waiting() == [("Ada", "document")]


@on_one_database
async def test_what_is_told_after_the_hour_waits_for_the_next_evening(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))
    await day.tell(RESULT, await day.result(), now=EVENING)

    assert await day.digest(EVENING + timedelta(minutes=10)) == 0
    assert await day.digest(EVENING + timedelta(days=1)) == 1


async def test_a_digest_that_fails_on_every_way_is_nobodys_call(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))
    await day.tell(HOMEWORK, await day.homework())
    await day.digest()
    await day.small.write("UPDATE address SET state = 'wrong'")

    await day.drain()

    assert await day.said(DIGEST) == [("Ada", "expired")]
    assert await day.small.rows("SELECT id FROM call_task") == []


@on_one_database
async def test_a_digest_takes_as_many_statements_for_many_as_for_one(day: Evenings) -> None:
    async def asked(number: int, evening: datetime) -> int:
        for n in range(number):
            await day.small.family(by_sms(f"+336399820{n:02d}", name=f"Ada {n}"))
        await day.tell(RESULT, await day.result(), now=evening - timedelta(hours=2))
        with Statements(day.small) as counted:
            await day.digest(evening)
        return len(counted.asked)

    assert await asked(1, EVENING) == await asked(12, EVENING + timedelta(days=1))
    assert await day.small.rows("SELECT count(*) FROM notice WHERE kind = 'digest'") == [(14,)]


@on_one_database
async def test_the_clock_of_the_house_tells_it_once_an_evening(day: Evenings, keyring: Keyring) -> None:
    await day.small.family(by_sms(name="Ada"))
    await day.tell(HOMEWORK, await day.homework())
    digests = Digests(day.small.database, keyring)

    assert await digests.look() == 0
    day.small.database._clock = lambda: EVENING
    assert await digests.look() == 1
    assert await digests.look() == 0
    assert await Digests(day.small.database, keyring).look() == 0


@pytest.mark.parametrize(
    ("moment", "leaves", "waits_for"),
    [
        (datetime(2026, 11, 24, 16, 59, tzinfo=NOW.tzinfo), False, TODAY),
        (datetime(2026, 11, 24, 17, 0, tzinfo=NOW.tzinfo), True, TOMORROW),
        (datetime(2026, 11, 24, 18, 59, tzinfo=NOW.tzinfo), True, TOMORROW),
        (datetime(2026, 11, 24, 19, 0, tzinfo=NOW.tzinfo), False, TOMORROW),
        (datetime(2026, 11, 27, 17, 30, tzinfo=NOW.tzinfo), True, date(2026, 11, 30)),
        (datetime(2026, 11, 28, 17, 30, tzinfo=NOW.tzinfo), False, date(2026, 11, 30)),
        (datetime(2026, 7, 6, 16, 0, tzinfo=NOW.tzinfo), True, date(2026, 7, 7)),
    ],
)
def test_a_digest_leaves_on_school_days_between_six_and_eight(
    moment: datetime, waits_for: date, *, leaves: bool
) -> None:
    assert is_digest_time(moment, "Europe/Paris") is leaves
    assert digest_day(moment, "Europe/Paris") == waits_for


@pytest.mark.parametrize(
    ("zone", "day", "stale"),
    [
        ("Europe/Paris", date(2026, 11, 25), datetime(2026, 11, 25, 19, tzinfo=UTC)),
        ("Europe/Paris", date(2027, 3, 29), datetime(2027, 3, 29, 18, tzinfo=UTC)),  # the clocks went forward
        ("Indian/Reunion", date(2026, 11, 25), datetime(2026, 11, 25, 16, tzinfo=UTC)),
    ],
)
def test_homework_is_stale_on_the_evening_of_its_day_by_the_schools_clock(
    zone: str, day: date, stale: datetime
) -> None:
    due = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)

    assert expires_at(NoticeKind.HOMEWORK, due, Slots(day=day), timezone=zone) == stale


def test_a_question_lives_as_long_as_two_ways_at_the_longest_patience() -> None:
    due = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)
    asked = expires_at(NoticeKind.ANNOUNCEMENT, due, Slots(text="?"), timezone="Europe/Paris", asks=True)

    assert asked - due >= 2 * BOUNDS[Occasion.QUESTION][1]
    assert expires_at(NoticeKind.ANNOUNCEMENT, due, Slots(text="!"), timezone="Europe/Paris") < asked
