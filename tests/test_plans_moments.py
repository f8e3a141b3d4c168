"""When what is planned leaves: eight o'clock stays eight o'clock, and every moment is one that a kept library gives."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
from dateutil.rrule import MO, WEEKLY, rrule
from dateutil.tz import gettz, resolve_imaginary
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import InvalidError
from hub.holidays import Override, is_open
from hub.plans.moments import (
    AT_LATEST,
    Rhythm,
    check_near,
    check_plannable,
    check_rhythm,
    coming,
    is_left_out,
    is_twice,
    moment_on,
    moments_after,
    next_look,
    why_too_late,
)
from hub.ports import NoticeKind, Slots

PARIS = "Europe/Paris"
MONDAY, TUESDAY, THURSDAY, SATURDAY = 0, 1, 3, 5
ZONES = (PARIS, "Indian/Reunion", "America/Guadeloupe", "America/Miquelon", "Pacific/Noumea")
"""Where there are French schools: with and without changes of the clock, east and west."""


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def opened(day: date, *said: Override) -> bool:
    return is_open(day, "B", said)


def test_eight_oclock_stays_eight_oclock_when_the_clocks_change() -> None:
    weekly = Rhythm(date(2026, 10, 19), time(8), frozenset({MONDAY}), in_term=False)

    moments = coming(weekly, at(2026, 10, 18, 12), PARIS, 2, is_open=opened)
    spring = coming(weekly, at(2027, 3, 20, 12), PARIS, 2, is_open=opened)

    assert moments == (at(2026, 10, 19, 6), at(2026, 10, 26, 7))
    assert spring == (at(2027, 3, 22, 7), at(2027, 3, 29, 6))


def test_an_hour_that_a_night_leaves_out_is_counted_on_from_before_the_change() -> None:
    sunday = date(2026, 3, 29)

    assert moment_on(sunday, time(1, 59), PARIS) == at(2026, 3, 29, 0, 59)
    assert moment_on(sunday, time(2, 30), PARIS) == at(2026, 3, 29, 1, 30)  # half past three by the clock
    assert moment_on(sunday, time(3, 30), PARIS) == at(2026, 3, 29, 1, 30)
    assert is_left_out(sunday, time(2, 30), PARIS)
    assert not is_left_out(sunday, time(3, 30), PARIS)


def test_an_hour_that_a_night_has_twice_is_the_first_of_the_two() -> None:
    sunday = date(2026, 10, 25)

    assert moment_on(sunday, time(2, 30), PARIS) == at(2026, 10, 25, 0, 30)
    assert is_twice(sunday, time(2, 30), PARIS)
    assert not is_twice(sunday, time(3, 30), PARIS)
    assert not is_twice(date(2026, 3, 29), time(2, 30), PARIS)


def test_what_leaves_once_has_one_moment_and_then_none() -> None:
    once = Rhythm(date(2026, 12, 1), time(7, 30))

    assert next_look(once, at(2026, 11, 24, 6), PARIS) == at(2026, 12, 1, 6, 30)
    assert next_look(once, at(2026, 12, 1, 6, 30), PARIS) is None


def test_every_second_week_is_counted_from_the_week_of_the_first_day_over_a_months_end() -> None:
    often = Rhythm(date(2026, 11, 25), time(8), frozenset({TUESDAY, THURSDAY}), every=2, in_term=False)

    moments = coming(often, at(2026, 11, 20, 0), PARIS, 4, is_open=opened)

    assert [moment.day for moment in moments] == [26, 8, 10, 22]  # Tuesday 24 was before the first day


def test_in_term_leaves_out_holidays_public_holidays_and_what_the_school_closed() -> None:
    weekly = Rhythm(date(2026, 12, 15), time(8), frozenset({TUESDAY}))
    closed = Override(date(2027, 1, 5), date(2027, 1, 5), open=False)

    plain = coming(weekly, at(2026, 12, 14, 12), PARIS, 2, is_open=opened)
    bridged = coming(weekly, at(2026, 12, 14, 12), PARIS, 2, is_open=lambda day: opened(day, closed))

    assert plain == (at(2026, 12, 15, 7), at(2027, 1, 5, 7))
    assert bridged == (at(2026, 12, 15, 7), at(2027, 1, 12, 7))


def test_a_saturday_without_class_leaves_only_where_the_school_opened_it() -> None:
    weekly = Rhythm(date(2026, 11, 24), time(8), frozenset({SATURDAY}), until=date(2026, 12, 31))
    market = Override(date(2026, 12, 5), date(2026, 12, 5), open=True)

    assert coming(weekly, at(2026, 11, 24, 6), PARIS, 3, is_open=opened) == ()
    assert coming(weekly, at(2026, 11, 24, 6), PARIS, 3, is_open=lambda day: opened(day, market)) == (
        at(2026, 12, 5, 7),
    )


def test_the_last_day_counts_and_nothing_comes_after_it() -> None:
    weekly = Rhythm(date(2026, 11, 23), time(8), frozenset({MONDAY}), until=date(2026, 12, 7), in_term=False)

    assert [moment.day for moment in coming(weekly, at(2026, 11, 22, 0), PARIS, 9, is_open=opened)] == [23, 30, 7]
    assert next_look(weekly, at(2026, 12, 7, 7), PARIS) is None


def test_what_is_a_little_late_still_leaves_and_what_makes_no_sense_any_more_does_not() -> None:
    due, meeting = at(2026, 11, 24, 7), Slots(starts_at=at(2026, 11, 24, 9))

    assert why_too_late(Slots(text="x"), due, due + AT_LATEST) == ""
    assert "6 heures" in why_too_late(Slots(text="x"), due, due + AT_LATEST + timedelta(seconds=1))
    assert why_too_late(meeting, due, at(2026, 11, 24, 8, 59)) == ""
    assert "réunion" in why_too_late(meeting, due, at(2026, 11, 24, 9))


@pytest.mark.parametrize(
    ("rhythm", "field"),
    [
        (Rhythm(date(2026, 11, 24), time(7)), "leaves_on"),
        (Rhythm(date(2026, 11, 24), time(9), frozenset({7}), until=date(2026, 12, 1)), "weekdays"),
        (Rhythm(date(2026, 11, 24), time(9), frozenset({1}), every=0, until=date(2026, 12, 1)), "every"),
        (Rhythm(date(2026, 11, 24), time(9), frozenset({1}), until=date(2027, 9, 1)), "until"),
        (Rhythm(date(2026, 11, 24), time(9), frozenset({1}), until=date(2026, 11, 23)), "until"),
        (Rhythm(date(2026, 11, 24), time(9), frozenset({1})), "until"),
    ],
)
def test_what_would_never_leave_or_never_end_is_refused_beside_its_field(rhythm: Rhythm, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_rhythm(rhythm, now=at(2026, 11, 24, 6, 12), year_ends=date(2027, 8, 19), timezone=PARIS)

    assert refused.value.field == field


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2025, 1, 1), date(2028, 1, 1), date(9999, 12, 31)])
def test_a_day_far_away_was_mistyped(day: date) -> None:
    with pytest.raises(InvalidError):
        check_near(day, date(2026, 11, 24))


@pytest.mark.parametrize(
    ("kind", "slots", "weekdays", "field"),
    [
        (NoticeKind.URGENT, Slots(text="x"), (), "when"),
        (NoticeKind.CRISIS, Slots(), (), "when"),
        (NoticeKind.MEETING, Slots(starts_at=at(2027, 1, 5, 17)), (MONDAY,), "when"),
        (NoticeKind.MEETING, Slots(starts_at=at(2026, 12, 1, 8)), (), "leaves_on"),
    ],
)
def test_what_cannot_wait_and_what_is_said_once_is_refused(
    kind: NoticeKind, slots: Slots, weekdays: tuple[int, ...], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        check_plannable(kind, slots, Rhythm(date(2026, 12, 1), time(9), frozenset(weekdays)), PARIS)

    assert refused.value.field == field


@settings(max_examples=3000, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    starts=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    clock=st.times(),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    every=st.integers(1, 8),
    weeks=st.none() | st.integers(0, 60),
    ahead=st.integers(-10, 500),
)
def test_every_moment_is_the_one_that_a_kept_library_gives(
    zone: str, starts: date, clock: time, weekdays: frozenset[int], every: int, weeks: int | None, ahead: int
) -> None:
    clock = clock.replace(second=0, microsecond=0)
    until = None if weeks is None else starts + timedelta(weeks=weeks)
    after = datetime.combine(starts, time(12), tzinfo=UTC) + timedelta(days=ahead)
    rhythm = Rhythm(starts, clock, weekdays, every, until, in_term=False)

    theirs = _theirs(rhythm, after, zone)
    ours = [moment for _, moment in islice(moments_after(rhythm, after, zone), 5)]

    assert ours == theirs


def _theirs(rhythm: Rhythm, after: datetime, zone: str) -> list[datetime]:
    """Ask dateutil for the next five: local days by its rule, each at its hour in its own zones."""
    days = rrule(
        WEEKLY,
        dtstart=datetime.combine(rhythm.starts_on, rhythm.at),
        until=datetime.combine(rhythm.until, rhythm.at) if rhythm.until else None,
        interval=rhythm.every,
        byweekday=sorted(rhythm.weekdays),
        wkst=MO,
    )
    moments = (resolve_imaginary(day.replace(tzinfo=gettz(zone))).astimezone(UTC) for day in days)
    return list(islice((moment for moment in moments if moment > after), 5))
