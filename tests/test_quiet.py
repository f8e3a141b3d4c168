"""An adult's own quiet hours: what can wait is held until they end, what is urgent is not, and nothing is lost."""

from datetime import UTC, datetime, time, timedelta

import pytest
from factories import NOW, by_sms
from family_door import a_door

from hub.database import Database
from hub.outbox.quiet import quiet_for_all
from hub.ports import NoticeKind, Slots
from hub.routing import quiet_until
from hub.sealing import Keyring

PARIS = "Europe/Paris"
HEATING = Slots(text="Le chauffage est en panne.")


@pytest.mark.parametrize(
    ("now", "begins", "ends", "until"),
    [
        (datetime(2026, 11, 24, 19, 30, tzinfo=UTC), time(20), time(7), datetime(2026, 11, 25, 6, tzinfo=UTC)),
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), time(20), time(7), datetime(2026, 11, 24, 6, tzinfo=UTC)),
        (datetime(2026, 11, 24, 6, tzinfo=UTC), time(20), time(7), None),
        (datetime(2026, 11, 24, 18, 59, tzinfo=UTC), time(20), time(7), None),
        (datetime(2026, 11, 24, 12, tzinfo=UTC), time(12, 30), time(14), datetime(2026, 11, 24, 13, tzinfo=UTC)),
        (datetime(2026, 11, 24, 11, tzinfo=UTC), time(12, 30), time(14), None),
        # the night of 28 March 2027 has an hour less, that of 25 October 2026 one more
        (datetime(2027, 3, 27, 22, tzinfo=UTC), time(22), time(7), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        (datetime(2026, 10, 24, 21, tzinfo=UTC), time(22), time(7), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (datetime(2026, 12, 31, 22, tzinfo=UTC), time(22), time(7), datetime(2027, 1, 1, 6, tzinfo=UTC)),
        # half past two comes twice in the night of October: it is quiet until the second
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), time(22), time(2, 30), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_the_schools_clock(
    now: datetime, begins: time, ends: time, until: datetime | None
) -> None:
    assert quiet_until(now, PARIS, begins, ends) == until


async def test_what_can_wait_is_held_until_it_is_no_longer_quiet(database: Database, keyring: Keyring) -> None:
    async with a_door(database, keyring) as door:
        await door.small.family(by_sms("+33639987001", name="Odalys"), children=("Lina",))
        await door.small.family(by_sms("+33639987002", name="Isaure"), children=("Noé",))
        await door.small.write(
            "UPDATE guardian SET quiet_from = '20:00:00', quiet_to = '07:30:00' WHERE first_name = 'Odalys'"
            if database.dialect == "postgresql"
            else "UPDATE guardian SET quiet_from = '20:00:00.000000', quiet_to = '07:30:00.000000' "
            "WHERE first_name = 'Odalys'"
        )

        await door.press(NoticeKind.ANNOUNCEMENT)
        await door.press(NoticeKind.URGENT, slots=HEATING)

        assert sorted((one.to, one.urgent) for one in door.sms.sent) == [
            ("+33639987001", True), ("+33639987002", False), ("+33639987002", True),
        ]  # fmt: skip
        held = await door.small.rows("SELECT look_at FROM attempt WHERE state = 'ready'")
        assert [str(row[0])[:16] for row in held] == ["2026-11-24 06:30"]

        database._clock = lambda: NOW.replace(hour=6, minute=31)
        await door.drain()

        assert (door.sms.sent[-1].to, door.sms.sent[-1].urgent) == ("+33639987001", False)
        assert len(door.sms.sent) == 4
        assert await door.count("attempt", "state = 'ready'") == 0


async def test_what_has_become_stale_is_held_no_more(database: Database, keyring: Keyring) -> None:
    async with a_door(database, keyring) as door:
        await door.small.family(by_sms("+33639987001", name="Odalys"), children=("Lina",))
        hours = "" if database.dialect == "postgresql" else ".000000"
        await door.small.write(f"UPDATE guardian SET quiet_from = '07:00:00{hours}', quiet_to = '06:30:00{hours}'")  # noqa: S608 (ours)
        await door.press(NoticeKind.ANNOUNCEMENT)

        database._clock = lambda: NOW + timedelta(days=5)  # at a quarter past seven again: quiet
        await door.drain()

        assert door.sms.sent == []
        assert await door.small.rows("SELECT state FROM delivery") == [("expired",)]
        assert await door.count("attempt", "state = 'ready'") == 0


async def test_a_shared_telephone_is_quiet_while_it_is_for_one_of_them(database: Database, keyring: Keyring) -> None:
    async with a_door(database, keyring) as door:
        await door.small.family(
            by_sms("+33639987001", name="Odalys"), by_sms("+33639987001", name="Noureddine"), children=("Lina",)
        )
        hours = "" if database.dialect == "postgresql" else ".000000"
        await door.small.write(
            f"UPDATE guardian SET quiet_from = '06:00:00{hours}', quiet_to = '08:00:00{hours}' "  # noqa: S608 (ours)
            "WHERE first_name = 'Noureddine'"
        )

        await door.press(NoticeKind.ANNOUNCEMENT)

        assert door.sms.sent == []


@pytest.mark.parametrize(
    ("hour", "hours", "until"),
    [
        (9, [("20:00", "07:00"), ("07:00", "20:00")], None),
        (22, [("20:00", "07:00"), ("07:00", "20:00")], 31),
        (9, [("20:00", "07:00"), ("08:00", "16:00")], 16),
        (18, [("20:00", "07:00"), ("08:00", "16:00")], None),
        (22, [("20:00", "08:00"), ("08:00", "16:00")], 40),
    ],
)
def test_hours_that_leave_no_moment_of_the_day_keep_only_the_night(
    hour: int, hours: list[tuple[str, str]], until: int | None
) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    theirs = [(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in hours]

    ends = quiet_for_all(midnight + timedelta(hours=hour), "UTC", theirs)

    assert ends == (None if until is None else midnight + timedelta(hours=until))
