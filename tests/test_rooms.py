"""An invitation with an answer: the largest number, the places of a room, who waits, and one answer for a family."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from desks import on_one_database
from factories import NOW, by_mail, by_sms
from watching import Watch

from hub.models.answers import AnswerKind
from hub.notices.answered import answers_to
from hub.notices.chairs import Coming, chairs
from hub.notices.publish import Draft, publish
from hub.notices.room import Room, Seat
from hub.outbox.unanswered import climb_unanswered
from hub.ports import NoticeKind, Slots
from hub.reminders.going import remind_of_all
from hub.reminders.rising import tell_who_rose
from hub.replies.answers import Taken, answer_to
from hub.replies.on_paper import served_on_paper

MEETS = datetime(2026, 12, 3, 17, tzinfo=UTC)
EVE = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
AFTER_SILENCE = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


async def invited(watch: Watch, **bounds: Any) -> int:
    """Invite CP A to a meeting; all have read it."""
    slots = Slots(subject="Réunion de classe", starts_at=MEETS, place="Salle 2", **bounds)
    draft = Draft(NoticeKind.MEETING, "class:CP A", slots, key=f"press-{len(bounds)}")
    async with watch.small.database.school(watch.school_id) as session:
        made = await publish(
            session,
            watch.small.keyring,
            school=watch.small.school,
            author_id=watch.small.director,
            draft=draft,
            now=NOW,
        )
    await watch.small.write("UPDATE delivery SET state = 'told'")
    return made.notice_id


async def families(watch: Watch, *names: str) -> None:
    """Add a family of one adult for each name."""
    for number, name in enumerate(names):
        await watch.small.family(by_sms(f"+336399810{number:02}", name=name), children=[f"Enfant {name}"])


async def says(
    watch: Watch, notice_id: int, name: str, number: int | None, *, now: datetime = NOW, yes: bool = False
) -> Taken:
    """Let an adult announce so many; 0 is no, None with `yes` is a bare yes."""
    [(delivery_id, guardian_id)] = await watch.small.rows(
        "SELECT d.id, d.guardian_id FROM delivery d JOIN guardian g ON g.id = d.guardian_id"
        " WHERE g.first_name = :name AND d.notice_id = :notice",
        name=name,
        notice=notice_id,
    )
    kind = AnswerKind.YES if yes else AnswerKind.COUNT if number else AnswerKind.NO
    async with watch.small.database.school(watch.school_id) as session:
        connection = await session.connection()
        served = await served_on_paper(connection, school_id=watch.school_id, delivery_id=delivery_id, now=now)
        assert served is not None
        return await answer_to(
            connection,
            served,
            kind=kind,
            number=number or None,
            guardian_id=guardian_id,
            through="page",
            now=now,
        )


async def held(watch: Watch) -> dict[str, int | None]:
    rows = await watch.small.rows(
        "SELECT g.first_name, a.held FROM answer a JOIN guardian g ON g.id = a.guardian_id ORDER BY g.first_name"
    )
    return dict(rows)


async def board(watch: Watch, notice_id: int, *, by_family: bool = False) -> Any:
    async with watch.small.database.reading(watch.school_id) as session:
        return await answers_to(
            session, school_id=watch.school_id, notice_id=notice_id, day=NOW.date(), by_family=by_family
        )


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def a_room(places: int, *seats: tuple[int, int, str], by_family: bool = False) -> Room:
    return Room(
        places,
        by_family,
        tuple(Seat(at, at, wants, has, frozenset(map(ord, pupils))) for at, (wants, has, pupils) in enumerate(seats)),
    )


@pytest.mark.parametrize(
    ("seats", "risen"),
    [
        ([(2, 2, "a"), (3, 0, "b"), (1, 0, "c")], [2]),  # three do not fit in two, one does
        ([(1, 1, "a"), (3, 0, "b"), (1, 0, "c")], [1]),  # who answered first is taken first
        ([(1, 1, "a"), (1, 0, "b"), (1, 0, "c"), (1, 0, "d"), (1, 0, "e")], [1, 2, 3]),
        ([(4, 4, "a"), (1, 0, "b")], []),
        ([(4, 4, "a"), (3, 0, "a")], [1]),  # the other parent of a family that has four chairs takes none
    ],
)
def test_who_waits_moves_up_in_order_where_there_is_room(
    seats: Sequence[tuple[int, int, str]], risen: list[int]
) -> None:
    assert [one.guardian_id for one in a_room(4, *seats).rising()] == risen


def test_where_one_answer_stands_for_the_family_the_greatest_counts() -> None:
    both = [Coming(None, frozenset({1})), Coming(None, frozenset({1}))]

    assert chairs(both) == 2
    assert chairs(both, by_family=True) == 1
    assert chairs([Coming(3, frozenset({1})), Coming(2, frozenset({1}))], by_family=True) == 3


async def test_more_than_the_largest_number_is_not_written_down_and_may_be_said_again(watch: Watch) -> None:
    await families(watch, "Ada")
    notice_id = await invited(watch, most=4)

    assert await says(watch, notice_id, "Ada", 5) is Taken.TOO_MANY
    assert await held(watch) == {}
    assert await says(watch, notice_id, "Ada", 4) is Taken.NOTED


async def test_who_comes_when_the_room_is_full_waits_and_moves_up_when_places_fall_free(watch: Watch) -> None:
    await families(watch, "Ada", "Bob", "Cyd", "Dan")
    notice_id = await invited(watch, places=4)
    assert await says(watch, notice_id, "Ada", 3) is Taken.NOTED
    assert await says(watch, notice_id, "Bob", 3, now=later(1)) is Taken.WAITS
    assert await says(watch, notice_id, "Cyd", 1, now=later(2)) is Taken.NOTED
    assert await says(watch, notice_id, "Dan", 1, now=later(3)) is Taken.WAITS
    seen = await board(watch, notice_id)
    assert (seen.taken, seen.waiting) == (4, 2)
    assert {one.name for one in seen.listed if one.waits} == {"Bob Exemple", "Dan Exemple"}

    assert await says(watch, notice_id, "Ada", 0, now=later(4)) is Taken.NOTED

    assert await held(watch) == {"Ada": None, "Bob": 3, "Cyd": 1, "Dan": 0}
    seen = await board(watch, notice_id)
    assert (seen.taken, seen.waiting) == (4, 1)


async def test_who_moves_up_is_told_once_however_many_clocks_run(watch: Watch) -> None:
    await families(watch, "Ada", "Bob")
    notice_id = await invited(watch, places=2)
    await says(watch, notice_id, "Ada", 2)
    await says(watch, notice_id, "Bob", 2, now=later(1))
    await says(watch, notice_id, "Ada", 0, now=later(2))

    async def tell() -> int:
        async with watch.small.database.school(watch.school_id) as session:
            return await tell_who_rose(session, watch.small.keyring, school=watch.small.school, now=later(3))

    assert sorted(await asyncio.gather(tell(), tell(), tell())) == [0, 0, 1]
    told = await watch.small.rows(
        "SELECT g.first_name FROM delivery d JOIN guardian g ON g.id = d.guardian_id"
        " JOIN notice n ON n.id = d.notice_id WHERE n.kind = 'reminder'"
    )
    assert told == [("Bob",)]


async def test_who_gave_the_places_back_meanwhile_is_told_nothing(watch: Watch) -> None:
    await families(watch, "Ada", "Bob")
    notice_id = await invited(watch, places=2)
    await says(watch, notice_id, "Ada", 2)
    await says(watch, notice_id, "Bob", 2, now=later(1))
    await says(watch, notice_id, "Ada", 0, now=later(2))
    await says(watch, notice_id, "Bob", 0, now=later(3))

    async with watch.small.database.school(watch.school_id) as session:
        assert await tell_who_rose(session, watch.small.keyring, school=watch.small.school, now=later(4)) == 0


@on_one_database
async def test_who_wants_more_than_there_is_keeps_what_he_has(watch: Watch) -> None:
    await families(watch, "Ada", "Bob")
    notice_id = await invited(watch, places=4)
    await says(watch, notice_id, "Ada", 2)
    await says(watch, notice_id, "Bob", 1)

    assert await says(watch, notice_id, "Ada", 4, now=later(1)) is Taken.WAITS
    assert await held(watch) == {"Ada": 2, "Bob": 1}


async def test_of_fifty_who_answer_at_once_no_more_come_than_there_are_places(watch: Watch) -> None:
    names = [f"Nom{number:02}" for number in range(50)]
    await families(watch, *names)
    notice_id = await invited(watch, places=20)

    became = await asyncio.gather(*(says(watch, notice_id, name, 1 + at % 3) for at, name in enumerate(names)))

    seats = await held(watch)
    assert sum(seat or 0 for seat in seats.values()) <= 20
    assert sum(seat or 0 for seat in seats.values()) >= 18
    assert became.count(Taken.WAITS) == sum(1 for seat in seats.values() if seat == 0)
    seen = await board(watch, notice_id)
    assert seen.taken == sum(seat or 0 for seat in seats.values())


async def test_one_answer_of_a_family_ends_the_chasing_of_the_other_parent(watch: Watch) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"))
    notice_id = await invited(watch, by_family=True)
    await watch.small.write("UPDATE delivery SET state = 'told', look_at = :at", at=stamp(watch, later(60)))

    await says(watch, notice_id, "Ada", 3)

    looks = "SELECT g.first_name, d.look_at FROM delivery d JOIN guardian g ON g.id = d.guardian_id ORDER BY 1"
    assert (await watch.small.rows(looks))[1] == ("Bob", None)
    assert (await board(watch, notice_id, by_family=True)).chairs == 3
    for moment in (AFTER_SILENCE, EVE):
        async with watch.small.database.school(watch.school_id) as session:
            await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=moment)
    assert await reminded(watch) == ["Ada"]  # on the eve, who comes


async def test_who_reads_it_after_the_family_has_answered_is_not_chased(watch: Watch) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"))
    notice_id = await invited(watch, by_family=True)
    await says(watch, notice_id, "Ada", 3)
    await watch.small.write("UPDATE delivery SET look_at = :at WHERE state = 'told'", at=stamp(watch, later(60)))

    async with watch.small.database.engine() as connection:
        assert await climb_unanswered(connection, now=later(61)) == 1

    states = "SELECT g.first_name, d.state, d.chased, d.look_at IS NULL FROM delivery d"
    states += " JOIN guardian g ON g.id = d.guardian_id ORDER BY 1"
    assert [
        (name, state, bool(chased), bool(over)) for name, state, chased, over in await watch.small.rows(states)
    ] == [
        ("Ada", "acknowledged", False, True),
        ("Bob", "told", False, True),
    ]


async def test_an_answer_to_a_reminder_stands_on_the_invitation_and_ends_its_ladder(watch: Watch) -> None:
    await families(watch, "Ada", "Bob")
    notice_id = await invited(watch, places=3)
    async with watch.small.database.school(watch.school_id) as session:
        await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=AFTER_SILENCE)
    [(again,)] = await watch.small.rows("SELECT max(id) FROM notice")
    assert again != notice_id

    assert await says(watch, again, "Ada", 2, now=AFTER_SILENCE) is Taken.NOTED
    assert await says(watch, again, "Bob", 2, now=AFTER_SILENCE + timedelta(minutes=1)) is Taken.WAITS

    assert await watch.small.rows("SELECT DISTINCT notice_id FROM answer") == [(notice_id,)]
    seen = await board(watch, notice_id)
    assert (seen.yes, seen.chairs, seen.taken, seen.waiting) == (2, 4, 2, 1)
    assert await watch.small.rows("SELECT DISTINCT state FROM delivery") == [("acknowledged",)]
    assert await says(watch, notice_id, "Ada", 2, now=AFTER_SILENCE) is Taken.ALREADY


async def reminded(watch: Watch) -> list[str]:
    rows = await watch.small.rows(
        "SELECT g.first_name FROM delivery d JOIN guardian g ON g.id = d.guardian_id"
        " JOIN notice_follow f ON f.notice_id = d.notice_id ORDER BY d.notice_id, g.first_name"
    )
    return [name for (name,) in rows]


def stamp(watch: Watch, moment: datetime) -> Any:
    on_sqlite = "sqlite" in str(watch.small.database.url) if hasattr(watch.small.database, "url") else False
    return moment.replace(tzinfo=None).isoformat(" ") if on_sqlite else moment
