"""What an author reads over before the press: whom it reaches, in which words, at what price."""

from datetime import date, timedelta

import pytest
from factories import NOW, TODAY, Adult, by_mail, by_sms
from watching import Watch

from hub.errors import InvalidError
from hub.models.people import LinkKind
from hub.notices.choices import choices
from hub.notices.preview import Preview, preview
from hub.notices.reach import Tally
from hub.people.schools import add_sender
from hub.ports import ChannelName, HalfDay, NoticeKind, Slots
from hub.routing import class_order, last_school_day, next_school_day


async def test_a_preview_counts_what_a_press_does(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada"),
        by_mail(name="Bob", language="ar"),
        Adult(name="Cyd"),
        by_sms("+33639981004"),
    )
    await watch.small.family(by_sms("+33639981005", kind=LinkKind.BARRED), children=["Sami"])
    director = await watch.reader(watch.small.director)

    async with watch.small.database.reading(watch.school_id) as session:
        seen = await preview(
            session,
            school=watch.small.school,
            author="Mme Exemple",
            rights=director.rights,
            kind=NoticeKind.URGENT,
            audience="school",
            slots=Slots(text="Ecole fermee ce matin."),
            now=NOW,
            public_url=None,
        )
        offered = await choices(session, school_id=watch.school_id, rights=director.rights, day=TODAY)
    notice = await watch.press(text="Ecole fermee ce matin.")

    assert (seen.adults, seen.to_call) == (4, 1)
    assert seen.channels == ((ChannelName.SMS, 2), (ChannelName.EMAIL, 1))
    assert seen.languages == (("fr", 3), ("ar", 1))
    assert (seen.segments, seen.cost) == (1, 1400)
    assert (await watch.reach(notice)).tally == Tally(moving=3, to_call=1)
    assert offered.adults == 4
    assert [(each.label, each.adults) for each in offered.classes] == [("CP A", 4)]


@pytest.mark.parametrize(("kind", "called"), [(NoticeKind.URGENT, 1), (NoticeKind.ANNOUNCEMENT, 0)])
async def test_a_landline_is_counted_as_called_where_a_machine_may_call(
    watch: Watch, kind: NoticeKind, called: int
) -> None:
    small = watch.small
    await small.family(Adult(reached_by=((ChannelName.VOICE, "+33261990001"),)), by_sms("+33639981001", name="Ada"))
    async with small.database.school(small.school.key) as session:
        await add_sender(
            session, small.keyring, small.school.key, channel=ChannelName.VOICE, provider="twilio",
            address="+33937000200", login="AC" + "0" * 32, secret="token",
        )  # fmt: skip

    seen = await read_over(watch, kind, Slots(text="Ecole fermee ce matin."))
    notice = await watch.press(kind=kind, text="Ecole fermee ce matin.")

    assert (seen.adults, seen.to_call, len(seen.unreached)) == (2, 1 - called, 1 - called)
    assert dict(seen.channels) == {ChannelName.SMS: 1} | ({ChannelName.VOICE: 1} if called else {})
    assert (await watch.reach(notice)).tally.to_call == 1 - called


async def test_a_teacher_is_offered_own_classes_and_pupils_only(watch: Watch) -> None:
    await watch.small.family(by_sms(), children=["Elif"])
    await watch.small.family(by_sms("+33639981005"), class_label="CE1 B", children=["Sami"])
    teacher = await watch.reader(watch.small.teacher)

    async with watch.small.database.reading(watch.school_id) as session:
        offered = await choices(session, school_id=watch.school_id, rights=teacher.rights, day=TODAY)

    assert offered.adults is None
    assert [each.label for each in offered.classes] == ["CP A"]
    assert [each.name for each in offered.pupils] == ["Exemple Elif"]


async def read_over(watch: Watch, kind: NoticeKind, slots: Slots, public_url: str | None = None) -> Preview:
    director = await watch.reader(watch.small.director)
    async with watch.small.database.reading(watch.school_id) as session:
        return await preview(
            session,
            school=watch.small.school,
            author="Mme Exemple",
            rights=director.rights,
            kind=kind,
            audience="school",
            slots=slots,
            now=NOW,
            public_url=public_url,
        )


async def test_one_reads_over_the_french_and_the_other_language_that_most_adults_read(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada", language="ps"),
        by_sms("+33639981002", name="Bob", language="ps"),
        by_sms("+33639981003", name="Cyd", language="tr"),
        by_mail(name="Dan", language="ar"),
        by_mail("eva@familles.test", name="Eva", language="ar"),
    )

    seen = await read_over(watch, NoticeKind.URGENT, Slots(text="Pas de classe."))

    assert [code for code, _ in seen.readings] == ["fr", "ar"]
    assert seen.readings[0][1].startswith("Trois-Ponts, URGENT : Pas de classe.")
    assert "عاجل" in seen.readings[1][1]


async def test_the_place_of_a_meeting_can_make_its_sms_dear(watch: Watch) -> None:
    await watch.small.family(by_sms())
    slots = Slots(starts_at=NOW + timedelta(days=3), place="Salle des maîtres")

    assert (await read_over(watch, NoticeKind.MEETING, slots)).dear == ("î",)


async def test_an_invitation_to_a_meeting_that_is_over_is_refused_at_both_doors(watch: Watch) -> None:
    await watch.small.family(by_sms())
    slots = Slots(starts_at=NOW - timedelta(minutes=1))

    with pytest.raises(InvalidError, match="déjà passée"):
        await read_over(watch, NoticeKind.MEETING, slots)
    with pytest.raises(InvalidError, match="déjà passée"):
        await watch.press(kind=NoticeKind.MEETING, slots=slots)


async def test_an_invitation_that_would_leave_after_its_meeting_is_refused(watch: Watch) -> None:
    await watch.small.family(by_sms())
    slots = Slots(starts_at=NOW + timedelta(days=1))

    with pytest.raises(InvalidError, match="déjà passée"):
        await watch.press(kind=NoticeKind.MEETING, slots=slots, due_at=NOW + timedelta(days=2))


async def test_no_placeholder_stands_in_what_is_read_over(watch: Watch) -> None:
    await watch.small.family(by_sms())

    seen = await read_over(watch, NoticeKind.URGENT, Slots(text="Pas de classe."), public_url="https://hub.test")

    assert "J'ai lu : https://hub.test/l/xxxxxxxxxxxx" in seen.readings[0][1]


def test_classes_stand_in_the_order_of_a_school() -> None:
    labels = ["CM2", "CE1 B", "ULIS", "CP A", "GS/CP", "CE1 A", "PS"]

    assert sorted(labels, key=class_order) == ["PS", "GS/CP", "CP A", "CE1 A", "CE1 B", "CM2", "ULIS"]


async def test_where_all_read_french_one_reading_is_enough(watch: Watch) -> None:
    await watch.small.family(by_sms())

    seen = await read_over(watch, NoticeKind.URGENT, Slots(text="Pas de classe."))

    assert [code for code, _ in seen.readings] == ["fr"]


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (date(2026, 11, 22), "Il n'y a pas classe le dimanche : donnez le jour de l'absence."),
        (date(2026, 11, 29), "Il n'y a pas classe le dimanche : donnez le jour de l'absence."),
        (date(2026, 12, 2), "Ce jour est à plus d'une semaine : donnez le jour de l'absence."),
        (date(2062, 11, 24), "Ce jour est à plus d'une semaine : donnez le jour de l'absence."),
    ],
)
async def test_an_absence_on_a_day_without_school_is_refused_at_both_doors(
    watch: Watch, day: date, sentence: str
) -> None:
    await watch.small.family(by_sms())
    slots = Slots(day=day, half_day=HalfDay.MORNING)

    with pytest.raises(InvalidError) as at_the_reading:
        await read_over(watch, NoticeKind.ABSENCE, slots)
    with pytest.raises(InvalidError) as at_the_press:
        await watch.press(kind=NoticeKind.ABSENCE, slots=slots)

    assert [(str(each.value), each.value.field) for each in (at_the_reading, at_the_press)] == [(sentence, "day")] * 2
    assert await watch.small.rows("SELECT count(*) FROM notice") == [(0,)]


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 21), date(2026, 11, 6), date(2026, 12, 1)])
async def test_an_absence_may_be_of_a_saturday_of_the_past_and_of_the_coming_week(watch: Watch, day: date) -> None:
    await watch.small.family(by_sms())

    await watch.press(kind=NoticeKind.ABSENCE, slots=Slots(day=day, half_day=HalfDay.MORNING))


def test_an_absence_without_a_day_is_never_of_a_sunday() -> None:
    assert last_school_day(date(2026, 11, 22)) == date(2026, 11, 20)
    assert last_school_day(TODAY) == TODAY


def test_a_closing_is_about_today_and_at_the_weekend_about_monday() -> None:
    friday, saturday, sunday = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)

    assert [next_school_day(day) for day in (friday, saturday, sunday)] == [
        friday,
        date(2026, 11, 23),
        date(2026, 11, 23),
    ]
