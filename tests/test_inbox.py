"""The inbox: who reads which family's words today, whose turn it is, and that nothing lies there unanswered."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest
import pytest_asyncio
from factories import NOW, TODAY, Adult, a_school, by_mail, by_sms
from inboxes import Inbox

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.inbox import acts
from hub.inbox.canned import canned_answers, drop_canned, keep_canned
from hub.inbox.going_up import go_up, schools_behind
from hub.inbox.listing import SHOWN, Pick, how_many_new
from hub.inbox.reading import Said, Wrote
from hub.inbox.rights import colleagues
from hub.inbox.searching import AT_ONCE, search
from hub.inbox.whole import attachment
from hub.models.people import LinkKind
from hub.models.school import Role
from hub.models.threads import ThreadState
from hub.outbox.wordings import Wordings
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.rounds import Rounds

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
SHARED = "+33639981080"


@pytest_asyncio.fixture
async def inbox(database: Database, keyring: Keyring) -> Inbox:
    return Inbox(await a_school(database, keyring))


def _day(inbox: Inbox, day: object) -> object:
    return str(day) if inbox.small.database.dialect == "sqlite" else day


async def test_what_is_about_a_pupil_is_read_by_whoever_teaches_there_today(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    await inbox.wrote("Bonjour", guardian=odile, pupils=(1,))
    substitute = await inbox.colleague(Role.TEACHER, "CP A", name="M. Remplaçant")
    other = await inbox.colleague(Role.TEACHER, "CE1 B", name="Mme Voisine")
    deputy = await inbox.colleague(Role.DEPUTY, name="M. Adjoint")
    await inbox.small.write(
        "UPDATE staff_right SET to_on = :day WHERE staff_id = :id",
        day=_day(inbox, YESTERDAY),
        id=inbox.small.teacher,
    )

    seen = {who: await inbox.words(who) for who in (inbox.small.director, inbox.small.office, substitute)}

    assert set(map(tuple, seen.values())) == {("Bonjour",)}
    for nobody in (inbox.small.teacher, other, deputy):
        assert await inbox.words(nobody) == []
        with pytest.raises(NotAllowedError):
            await inbox.read(nobody, 1)


async def test_a_former_teacher_does_not_read_on_as_the_owner(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Bonjour", guardian=odile, pupils=(1,), owner=inbox.small.teacher)
    assert await inbox.words(inbox.small.teacher, Pick.MINE) == ["Bonjour"]

    await inbox.small.write("UPDATE enrolment SET class_id = :other", other=inbox.small.classes["CE1 B"])

    assert await inbox.words(inbox.small.teacher, Pick.MINE) == []
    with pytest.raises(NotAllowedError):
        await inbox.act(acts.set_state, thread, inbox.small.teacher, state=ThreadState.CLOSED, now=NOW)


async def test_a_whole_familys_conversation_is_a_teachers_only_if_all_its_pupils_are(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms(), children=["Capucine", "Elif"])
    await inbox.wrote("Pour les deux", guardian=odile, pupils=(1, 2))
    assert await inbox.words(inbox.small.teacher) == ["Pour les deux"]

    await inbox.small.write(
        "UPDATE enrolment SET class_id = :other WHERE pupil_id = 2", other=inbox.small.classes["CE1 B"]
    )
    divided = await inbox.words(inbox.small.teacher)
    await inbox.small.write("UPDATE link SET kind = 'barred' WHERE pupil_id = 2")

    assert divided == []
    assert await inbox.words(inbox.small.teacher) == ["Pour les deux"]
    assert await inbox.words(inbox.small.office) == ["Pour les deux"]


async def test_a_shared_phone_is_a_teachers_only_if_all_who_share_it_are(inbox: Inbox) -> None:
    await inbox.small.family(by_sms(SHARED, name="Isaure"), children=["Ondine"])
    thread, _ = await inbox.wrote("Qui parle ?", shared=1)
    [line] = await inbox.lines(inbox.small.teacher)

    assert (line.parties.adult, line.parties.shared, line.parties.children) == (
        "",
        ("Isaure Exemple",),
        (("Ondine", "CP A"),),
    )
    await inbox.small.family(by_sms(SHARED, name="Fulgence"), children=["Côme"], class_label="CE1 B")
    assert await inbox.words(inbox.small.teacher) == []
    [line] = await inbox.lines(inbox.small.director)
    assert line.parties.shared == ("Fulgence Exemple", "Isaure Exemple")
    assert line.parties.children == (("Côme", "CE1 B"), ("Ondine", "CP A"))
    assert line.thread_id == thread


async def test_what_is_confidential_is_read_by_its_person_alone(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))

    kept = await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)

    assert kept == thread
    assert await inbox.small.rows("SELECT topic, private_to, owner_id FROM thread") == [
        ("guardian:1 pupil:1 staff:2", 2, 2)
    ]
    assert await inbox.words(inbox.small.teacher) == ["Entre nous"]
    for other in (inbox.small.director, inbox.small.office):
        assert await inbox.words(other) == []
        with pytest.raises(NotAllowedError):
            await inbox.read(other, thread)
    [line] = await inbox.lines(inbox.small.teacher)
    assert line.keeper == "M. Modèle"


async def test_what_was_confided_to_somebody_who_left_falls_to_the_director_and_to_nobody_else(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)

    await inbox.small.write(
        "UPDATE staff_right SET to_on = :day WHERE staff_id = :id",
        day=_day(inbox, YESTERDAY),
        id=inbox.small.teacher,
    )

    assert await inbox.words(inbox.small.director) == ["Entre nous"]
    assert await inbox.words(inbox.small.office) == []
    assert await inbox.words(inbox.small.teacher) == []


async def test_what_a_family_writes_after_something_confidential_begins_an_open_conversation(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)

    beside, _ = await inbox.wrote("Pour tous", guardian=odile, pupils=(1,))

    assert beside != thread
    assert await inbox.words(inbox.small.office) == ["Pour tous"]
    assert sorted(map(str, await inbox.words(inbox.small.teacher))) == ["Entre nous", "Pour tous"]


async def test_opened_to_the_team_again_it_joins_the_open_conversation_and_loses_nothing(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)
    later = NOW + timedelta(hours=1)
    beside, _ = await inbox.wrote("Pour tous", guardian=odile, pupils=(1,), at=later)
    await inbox.act(acts.mark_read, thread, inbox.small.teacher, up_to=1)

    joined = await inbox.act(acts.confide, thread, inbox.small.teacher, to=None, now=later)

    assert joined == beside
    seen = await inbox.read(inbox.small.office, beside)
    assert [turn.words for turn in seen.turns if isinstance(turn, Said)] == ["Entre nous", "Pour tous"]
    assert await inbox.small.rows("SELECT id, topic FROM thread") == [(beside, "guardian:1 pupil:1")]
    with pytest.raises(NotFoundError):
        await inbox.read(inbox.small.teacher, thread)


async def test_it_is_handed_only_to_who_has_these_pupils_today(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Bonjour", guardian=odile, pupils=(1,))
    substitute = await inbox.colleague(Role.TEACHER, "CP A", name="M. Remplaçant")
    stranger = await inbox.colleague(Role.TEACHER, "CE1 B", name="Mme Voisine")
    await inbox.colleague(Role.DEPUTY, name="M. Adjoint")
    reader = await inbox.reader(inbox.small.teacher)
    async with inbox.small.database.reading(inbox.school_id) as session:
        offered = await colleagues(session, school_id=inbox.school_id, thread_id=thread, reader=reader)

    await inbox.act(acts.hand_over, thread, inbox.small.teacher, to=substitute, now=NOW)
    for what in (acts.hand_over, acts.confide):
        with pytest.raises(NotAllowedError, match="n’a pas de droit sur cet élève"):
            await inbox.act(what, thread, inbox.small.teacher, to=stranger, now=NOW)

    assert [name for _, name in offered] == ["M. Remplaçant", "Mme Bureau", "Mme Exemple"]
    for number, _ in offered:
        assert await inbox.read(number, thread)
    assert await inbox.small.rows("SELECT owner_id, private_to FROM thread") == [(substitute, None)]
    assert await inbox.small.rows("SELECT act, subject, subject_id FROM audit") == [
        ("thread_handed_over", "thread", thread)
    ]


async def test_what_is_confidential_is_handed_to_nobody(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)

    with pytest.raises(InvalidError, match="confidentielle"):
        await inbox.act(acts.hand_over, thread, inbox.small.teacher, to=inbox.small.office, now=NOW)


async def test_what_one_has_read_is_new_again_when_the_family_writes_and_new_to_others_still(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, first = await inbox.wrote("Un", guardian=odile, pupils=(1,))
    assert (await inbox.waiting(inbox.small.teacher)).new == 1

    await inbox.act(acts.mark_read, thread, inbox.small.teacher, up_to=first)
    read = (await inbox.waiting(inbox.small.teacher)).new, (await inbox.waiting(inbox.small.office)).new
    _, second = await inbox.wrote("Deux", guardian=odile, pupils=(1,), at=NOW + timedelta(seconds=1))
    again = (await inbox.waiting(inbox.small.teacher)).new
    await inbox.act(acts.mark_read, thread, inbox.small.teacher, up_to=second)
    await inbox.act(acts.mark_read, thread, inbox.small.teacher, up_to=first)

    assert (read, again) == ((0, 1), 1)
    assert (await inbox.waiting(inbox.small.teacher)).new == 0
    reader = await inbox.reader(inbox.small.office)
    async with inbox.small.database.reading(inbox.school_id) as session:
        assert await how_many_new(session, school_id=inbox.school_id, reader=reader) == 1


async def test_what_came_while_one_was_reading_stays_new(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, shown = await inbox.wrote("Vu", guardian=odile, pupils=(1,))
    await inbox.wrote("Pas encore vu", guardian=odile, pupils=(1,), at=NOW + timedelta(seconds=1))

    await inbox.act(acts.mark_read, thread, inbox.small.teacher, up_to=shown)

    assert await inbox.words(inbox.small.teacher, Pick.NEW) == ["Pas encore vu"]


async def test_what_a_machine_answered_is_no_news_and_asks_for_no_answer(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_mail())
    thread, said = await inbox.wrote("Une vraie question", guardian=odile, pupils=(1,), channel="email")
    await inbox.act(acts.mark_read, thread, inbox.small.office, up_to=said)
    await inbox.act(acts.set_state, thread, inbox.small.office, state=ThreadState.WAITING, now=NOW)

    await inbox.wrote(
        "Je suis absente jusqu’à lundi", guardian=odile, machine=True, thread_id=thread, at=NOW + timedelta(hours=1)
    )

    assert (await inbox.waiting(inbox.small.office)).new == 0
    assert await inbox.words(inbox.small.office, Pick.WAITING) == ["Une vraie question"]
    seen = await inbox.read(inbox.small.office, thread)
    assert [(turn.words, turn.machine) for turn in seen.turns if isinstance(turn, Said)] == [
        ("Une vraie question", False),
        ("Je suis absente jusqu’à lundi", True),
    ]


async def test_the_newest_come_first_a_page_at_a_time(inbox: Inbox) -> None:
    adults = [by_sms(f"+336399812{n:02}", name=f"Adulte{n}") for n in range(SHOWN + 2)]
    ids = await inbox.small.family(*adults)
    for n, guardian in enumerate(ids):
        await inbox.wrote(f"Mot {n}", guardian=guardian, pupils=(1,), at=NOW + timedelta(minutes=n))

    first, second = await inbox.lines(inbox.small.office), await inbox.lines(inbox.small.office, page=2)

    assert [line.words for line in first] == [f"Mot {n}" for n in range(SHOWN + 1, 1, -1)]
    assert [line.words for line in second] == ["Mot 1", "Mot 0"]


async def test_a_conversation_shows_what_was_meant_by_whom_and_what_came_with_it(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_mail(name="Odile", language="tr"))
    thread, said = await inbox.wrote(
        "1",
        guardian=odile,
        pupils=(1,),
        channel="email",
        sense="reason",
        doubt="other_from",
        files=(("certificat.pdf", b"%PDF"),),
    )

    seen = await inbox.read(inbox.small.teacher, thread)
    [turn] = seen.turns

    assert isinstance(turn, Said)
    assert (seen.parties.adult, seen.language, seen.newest) == ("Odile Exemple", "tr", said)
    assert (turn.sense, turn.doubt, turn.by) == ("reason", "other_from", "")
    assert [(file.name, file.size) for file in turn.attached] == [("certificat.pdf", 4)]
    reader = await inbox.reader(inbox.small.teacher)
    async with inbox.small.database.reading(inbox.school_id) as session:
        here = {"school_id": inbox.school_id, "reader": reader}
        file = await attachment(session, inbox.small.keyring, **here, thread_id=thread, attachment_id=1)
        with pytest.raises(NotFoundError):
            await attachment(session, inbox.small.keyring, **here, thread_id=thread, attachment_id=2)
    assert file == ("certificat.pdf", b"%PDF")


async def test_on_a_shared_phone_each_reply_says_who_wrote_where_we_know(inbox: Inbox) -> None:
    [isaure, _] = await inbox.small.family(by_sms(SHARED, name="Isaure"), by_sms(SHARED, name="Fulgence"))
    thread, _ = await inbox.wrote("Qui ?", shared=1)
    await inbox.wrote("Moi", shared=1, thread_id=thread, guardian=isaure)

    seen = await inbox.read(inbox.small.office, thread)

    assert [(turn.words, turn.by) for turn in seen.turns if isinstance(turn, Said)] == [
        ("Qui ?", ""),
        ("Moi", "Isaure Exemple"),
    ]


async def test_the_notice_that_was_answered_stands_before_the_answer(inbox: Inbox) -> None:
    from watching import Watch  # noqa: PLC0415 (a school whose notices are pressed)

    [odile] = await inbox.small.family(by_sms())
    notice = await Watch(inbox.small).press(text="Sortie vendredi.")
    thread, _ = await inbox.wrote("D’accord", guardian=odile, pupils=(1,), notice_id=notice)

    first, second = (await inbox.read(inbox.small.teacher, thread)).turns

    assert isinstance(first, Wrote)
    assert (first.answered, first.notice.title) == (True, "Sortie vendredi.")
    assert isinstance(second, Said)


async def test_words_that_were_erased_are_shown_as_such(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Oubliez-moi", guardian=odile, pupils=(1,))
    await inbox.small.write("UPDATE reply SET words_sealed = :none", none=b"")

    assert await inbox.words(inbox.small.office) == [None]
    [turn] = (await inbox.read(inbox.small.office, thread)).turns
    assert isinstance(turn, Said)
    assert turn.words is None


async def test_a_teachers_that_is_late_goes_up_to_the_office_and_then_to_the_director(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    await inbox.wrote("Alors ?", guardian=odile, pupils=(1,), owner=inbox.small.teacher)
    owners = []

    for hours in (23, 24, 25, 47, 48, 49):
        now = NOW + timedelta(hours=hours)
        async with inbox.small.database.school(inbox.school_id) as session:
            lifted = await go_up(session, school_id=inbox.school_id, now=now)
        [(owner,)] = await inbox.small.rows("SELECT owner_id FROM thread")
        owners.append((hours, owner, lifted))

    assert owners == [
        (23, inbox.small.teacher, 0),
        (24, None, 1),
        (25, None, 0),
        (47, None, 0),
        (48, inbox.small.director, 1),
        (49, inbox.small.director, 0),
    ]
    [line] = await inbox.lines(inbox.small.director, Pick.LATE, now=NOW + timedelta(hours=30))
    assert line.late_since == NOW + timedelta(hours=24)
    assert (await inbox.waiting(inbox.small.director, now=NOW + timedelta(hours=30))).late_since == line.late_since
    assert await inbox.small.rows("SELECT act, staff_id FROM audit") == [("thread_went_up", None)] * 2


async def test_the_rounds_lift_what_is_late_once_a_minute(inbox: Inbox, database: Database, keyring: Keyring) -> None:
    [odile] = await inbox.small.family(by_sms())
    await inbox.wrote("Alors ?", guardian=odile, pupils=(1,), owner=inbox.small.teacher, at=NOW - timedelta(days=1))
    settings = Settings()
    rounds = Rounds(database, keyring, Wordings(settings, keyring, render), settings, {})

    await rounds.walk()
    lifted = await inbox.small.rows("SELECT owner_id FROM thread")
    await inbox.small.write("UPDATE thread SET owner_id = :id", id=inbox.small.teacher)
    await rounds.walk()

    assert lifted == [(None,)]
    assert await inbox.small.rows("SELECT owner_id FROM thread") == [(inbox.small.teacher,)]


async def test_what_the_office_took_and_left_is_the_directors(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Alors ?", guardian=odile, pupils=(1,))
    await inbox.act(acts.take, thread, inbox.small.office, now=NOW)

    async with inbox.small.database.school(inbox.school_id) as session:
        assert await go_up(session, school_id=inbox.school_id, now=NOW + timedelta(hours=24)) == 1

    assert await inbox.small.rows("SELECT owner_id FROM thread") == [(inbox.small.director,)]


@pytest.mark.parametrize("state", [ThreadState.WAITING, ThreadState.CLOSED])
async def test_what_waits_for_the_family_or_is_closed_never_goes_up(inbox: Inbox, state: ThreadState) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Merci", guardian=odile, pupils=(1,), owner=inbox.small.teacher)
    async with inbox.small.database.engine_reading() as connection:
        assert await schools_behind(connection, now=NOW + timedelta(days=3)) == (inbox.school_id,)
    await inbox.act(acts.set_state, thread, inbox.small.teacher, state=state, now=NOW)

    async with inbox.small.database.school(inbox.school_id) as session:
        assert await go_up(session, school_id=inbox.school_id, now=NOW + timedelta(days=3)) == 0
    async with inbox.small.database.engine_reading() as connection:
        assert await schools_behind(connection, now=NOW + timedelta(days=3)) == ()
    picked = Pick.WAITING if state is ThreadState.WAITING else Pick.CLOSED
    assert await inbox.words(inbox.small.teacher, picked) == ["Merci"]
    assert await inbox.words(inbox.small.teacher, Pick.LATE, now=NOW + timedelta(days=3)) == []


async def test_what_is_confidential_stays_with_its_person_however_late(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await inbox.act(acts.confide, thread, inbox.small.teacher, to=inbox.small.teacher, now=NOW)

    async with inbox.small.database.school(inbox.school_id) as session:
        assert await go_up(session, school_id=inbox.school_id, now=NOW + timedelta(days=9)) == 0

    assert await inbox.words(inbox.small.teacher, Pick.LATE, now=NOW + timedelta(days=9)) == ["Entre nous"]


async def _found(inbox: Inbox, staff_id: int, words: str, clock: Callable[[], float] = lambda: 0.0) -> object:
    reader = await inbox.reader(staff_id)
    async with inbox.small.database.reading(inbox.school_id) as session:
        here = {"school_id": inbox.school_id, "reader": reader, "now": NOW}
        found = await search(session, inbox.small.keyring, **here, words=words, clock=clock)
    return [line.words for line in found.lines], found.back_to


async def test_a_conversation_is_found_by_the_adult_the_child_or_a_word_whatever_the_accents(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms(name="Élodie"), children=["Théodulie"])
    [bao] = await inbox.small.family(by_sms("+33639981001", name="Bao"), children=["Linh"])
    await inbox.wrote("La piscine est-elle annulée ?", guardian=odile, pupils=(1,))
    await inbox.wrote("Merci", guardian=bao, pupils=(2,))

    assert [await _found(inbox, inbox.small.office, words) for words in ("elodie", "theod", "PISCINE annul")] == [
        (["La piscine est-elle annulée ?"], None)
    ] * 3
    assert await _found(inbox, inbox.small.office, "patinoire") == ([], None)
    with pytest.raises(InvalidError, match="deux lettres"):
        await _found(inbox, inbox.small.office, "%")


async def test_nobody_finds_what_he_or_she_may_not_read(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms(), class_label="CE1 B")
    await inbox.wrote("La piscine", guardian=odile, pupils=(1,))

    assert await _found(inbox, inbox.small.teacher, "piscine") == ([], None)
    assert await _found(inbox, inbox.small.teacher, "odile") == ([], None)


async def test_a_search_that_takes_too_long_says_how_far_back_it_looked(inbox: Inbox) -> None:
    [odile] = await inbox.small.family(by_sms())
    for n in range(AT_ONCE + 1):
        await inbox.wrote("Piscine" if n == 0 else "Rien", guardian=odile, pupils=(1,), at=NOW + timedelta(minutes=n))
    ticking = iter(range(100)).__next__

    assert await _found(inbox, inbox.small.office, "piscine", lambda: float(ticking())) == (
        [],
        NOW + timedelta(minutes=1),
    )
    assert (await _found(inbox, inbox.small.office, "piscine"))[1] is None  # type: ignore[index]  # a pair


async def test_ready_answers_are_the_offices_to_change(inbox: Inbox) -> None:
    async def kept(staff_id: int, label: str, text: str) -> None:
        reader = await inbox.reader(staff_id)
        async with inbox.small.database.school(inbox.school_id) as session:
            await keep_canned(session, school_id=inbox.school_id, label=label, text=text, reader=reader, now=NOW)

    await kept(inbox.small.office, "Merci", "Merci d’avoir prévenu.")
    await kept(inbox.small.director, "Merci", "Merci beaucoup.")
    with pytest.raises(NotAllowedError):
        await kept(inbox.small.teacher, "Non", "Non.")
    for label, text in (("", "Oui"), ("Oui", " "), ("x" * 61, "Oui"), ("Oui", "x" * 1001)):
        with pytest.raises(InvalidError):
            await kept(inbox.small.office, label, text)

    async with inbox.small.database.reading(inbox.school_id) as session:
        [one] = await canned_answers(session, school_id=inbox.school_id)
    assert (one.label, one.text) == ("Merci", "Merci beaucoup.")
    for who, refused in (
        (inbox.small.teacher, NotAllowedError),
        (inbox.small.office, None),
        (inbox.small.office, NotFoundError),
    ):
        reader = await inbox.reader(who)
        async with inbox.small.database.school(inbox.school_id) as session:
            here = {"school_id": inbox.school_id, "answer_id": one.answer_id, "reader": reader, "now": NOW}
            with pytest.raises(refused) if refused else nullcontext():
                await drop_canned(session, **here)
    async with inbox.small.database.reading(inbox.school_id) as session:
        assert await canned_answers(session, school_id=inbox.school_id) == ()


async def test_the_separated_parents_have_a_conversation_each(inbox: Inbox) -> None:
    """The mother's words stand in hers, the father's in his; a barred adult's link changes nothing for the staff."""
    mother, father = await inbox.small.family(
        by_sms(name="Ada"), Adult(name="Bob", reached_by=by_sms("+33639981002").reached_by, kind=LinkKind.INFORMED)
    )
    hers, _ = await inbox.wrote("Elle est chez moi", guardian=mother, pupils=(1,))
    his, _ = await inbox.wrote("Elle est chez sa mère", guardian=father, pupils=(1,))

    seen = {thread: await inbox.read(inbox.small.teacher, thread) for thread in (hers, his)}

    assert [[turn.words for turn in one.turns if isinstance(turn, Said)] for one in seen.values()] == [
        ["Elle est chez moi"],
        ["Elle est chez sa mère"],
    ]
