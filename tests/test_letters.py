"""Letters: who is told on paper, what stands on it, and what the coupon that comes back does."""

import os
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from desks import TEACHER, Desk, a_browser, on_one_database
from factories import NOW, TODAY, Adult, by_sms
from pypdf import PdfReader
from watching import Watch

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import AnswerKind
from hub.models.notices import Needs
from hub.models.people import LinkKind
from hub.notices.follow_up import remind
from hub.notices.headlines import headline
from hub.papers.publishing import NewDocument, publish_document
from hub.people.erasure import erase_guardian
from hub.people.purge import purge
from hub.ports import HalfDay, NoticeKind, SchoolCard, Slots
from hub.post.asked import Whom
from hub.post.coming_back import NO_RIGHT, OVER, answer_by_coupon, boxes_of, open_coupon
from hub.post.coupons import as_printed, coupon_code, letter_link, read_coupon
from hub.post.handing import hand_over, take_back
from hub.post.letters import how_many_to_print, letters_of, waiting
from hub.post.press import NO_PANGO, NoPressError, may_print, pressed
from hub.post.printing import Batch, coupon_hash, prepare
from hub.replies.answers import Taken
from hub.replies.on_paper import open_letter
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.languages import SPOKEN
from i18n.letters import OnPaper, PaperNotice, choices_of, letters_html
from i18n.tongues import tongue
from web.house import House

MEETING = Slots(starts_at=NOW + timedelta(days=7), place="Salle 4", text="Merci de venir.")
ROOT = Path(__file__).parents[1]
CARD = SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00")
PUBLIC = "https://hub.test"


class Post:
    """A school whose letters are printed, handed over and come back."""

    def __init__(self, watch: Watch, keyring: Keyring) -> None:
        self.watch, self.small, self.keyring = watch, watch.small, keyring

    async def family(self, *adults: Adult, wish: str = "letter", **more: Any) -> list[int]:
        ids = await self.small.family(*adults, **more)
        await self.small.write(f"UPDATE guardian SET last_rung = '{wish}' WHERE id IN ({','.join(map(str, ids))})")  # noqa: S608 (numbers of ours)
        return ids

    async def press(self, kind: NoticeKind = NoticeKind.MEETING, slots: Slots = MEETING, **more: Any) -> int:
        return await self.watch.press(kind=kind, slots=slots, **{"audience": "class:CP A", **more})

    async def act(self, what: Any, *, staff_id: int | None = None, now: datetime = NOW, **more: Any) -> Any:
        reader = await self.watch.reader(staff_id or self.small.office)
        async with self.small.database.school(self.watch.school_id) as session:
            return await what(session, self.keyring, school_id=self.watch.school_id, reader=reader, now=now, **more)

    async def ask(self, what: Any, *, staff_id: int | None = None, **more: Any) -> Any:
        reader = await self.watch.reader(staff_id or self.small.office)
        async with self.small.database.reading(self.watch.school_id) as session:
            return await what(session, school_id=self.watch.school_id, reader=reader, now=NOW, **more)

    async def print(self, notice_id: int, whom: Whom = Whom.WAITING, **more: Any) -> Batch:
        return await self.act(prepare, notice_id=notice_id, whom=whom, **more)

    async def to_print(self, notice_id: int) -> list[str]:
        found = await self.ask(letters_of, notice_id=notice_id)
        return [one.name for one in found if one.waits and one.printed_at is None]

    async def type(self, code: str, box: int, number: int | None = None, **more: Any) -> Taken:
        return await self.act(answer_by_coupon, words=code, box=box, number=number, **more)

    async def states(self) -> list[tuple[str, str]]:
        return await self.small.rows(
            "SELECT guardian.first_name, delivery.state FROM delivery JOIN guardian ON guardian.id = guardian_id "
            "ORDER BY delivery.id"
        )

    async def answers(self) -> list[tuple]:
        return await self.small.rows("SELECT kind, number, through, typed_by FROM answer ORDER BY id")


@pytest.fixture
def post(watch: Watch, keyring: Keyring) -> Post:
    return Post(watch, keyring)


async def pdf_of(html: str) -> bytes:
    return b"".join([piece async for piece in pressed(html)])


def said(pdf: bytes) -> list[str]:
    """The text of each page, its gaps single."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]


def a_notice(kind: NoticeKind = NoticeKind.MEETING, **slots: Any) -> PaperNotice:
    words = Slots(**slots) if slots else MEETING
    return PaperNotice(kind, words, CARD, "Mme Exemple", TODAY, asks=kind is NoticeKind.MEETING)


def a_letter(language: str = "fr", **more: Any) -> OnPaper:
    fields = {"to": "Mme Ada Exemple", "pupils": ("Capucine",), "bag": ("Capucine (CP A)",), "named": True}
    return OnPaper(**{**fields, "language": language, "code": "ABC-DEF-GHJ", "link": None, **more})


async def test_whom_nothing_reaches_and_who_wants_paper_stands_in_the_letters_and_not_in_the_calls(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    await post.family(Adult(name="Bob"), wish="write_only", children=("Basile",))
    await post.family(Adult(name="Cyd"), wish="call", children=("Cléo",))
    await post.family(Adult(name="Dan"), wish="relay", children=("Dario",))
    await post.family(by_sms(name="Eve"), children=("Elise",))
    notice = await post.press()

    assert await post.to_print(notice) == ["Ada Exemple", "Bob Exemple"]
    assert [one.name for one in await post.watch.left()] == ["Cyd Exemple", "Dan Exemple"]
    assert await post.watch.how_many() == 2
    board = await post.watch.reach(notice)
    assert (board.tally.to_call, board.letters, board.calls, len(board.left)) == (4, 2, 2, 2)
    assert await post.act(how_many_to_print) == 2


async def test_a_child_who_may_be_missing_is_never_left_to_a_letter(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    absent = Slots(day=TODAY, half_day=HalfDay.MORNING)
    urgent = await post.press(NoticeKind.URGENT, Slots(text="Pas de car ce soir."))
    absence = await post.press(NoticeKind.ABSENCE, absent, audience="pupil:1")

    assert await post.to_print(urgent) == await post.to_print(absence) == []
    assert [one.name for one in await post.watch.left()] == ["Ada Exemple", "Ada Exemple"]
    batch = await post.print(absence, Whom.ALL)
    assert [one.to for one in batch.letters] == ["Ada Exemple"], "the office may print one all the same"


async def test_the_office_prints_for_whom_nothing_written_reaches_or_for_a_whole_class(post: Post) -> None:
    await post.family(by_sms(name="Ada"), Adult(name="Bob"), wish="call")
    await post.family(Adult(name="Zoe"), class_label="CE1 B", children=("Zita",))
    notice = await post.press()

    unwritten = await post.print(notice, Whom.UNWRITTEN)
    everybody = await post.print(notice, Whom.ALL)

    assert [one.to for one in unwritten.letters] == ["Bob Exemple"]
    assert [one.to for one in everybody.letters] == ["Ada Exemple"], "who has one already gets no second"
    with pytest.raises(InvalidError, match="tout est imprimé"):
        await post.print(notice, Whom.ALL)
    again = await post.print(notice, Whom.ALL, again=True)
    assert [one.code for one in again.letters] == [everybody.letters[0].code, unwritten.letters[0].code]


async def test_each_parent_has_a_letter_of_ones_own_that_reveals_nothing_of_the_other(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob", language="ar"), children=("Capucine", "Cléo"))
    batch = await post.print(await post.press())

    ada, bob = batch.letters
    assert (ada.to, ada.pupils, ada.bag) == ("Ada Exemple", ("Capucine", "Cléo"), ("Capucine (CP A)", "Cléo (CP A)"))
    assert (bob.to, bob.language) == ("Bob Exemple", "ar")
    assert ada.code != bob.code
    assert "Bob" not in letters_html(batch.notice, [ada])
    assert "Ada" not in letters_html(batch.notice, [bob])


async def test_beside_a_barred_adult_a_letter_travels_in_no_schoolbag_and_the_barred_one_has_none(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob", kind=LinkKind.BARRED))
    notice = await post.press()

    batch = await post.print(notice, Whom.ALL)

    assert [(one.to, one.bag) for one in batch.letters] == [("Ada Exemple", ())]
    assert "cartable" not in letters_html(batch.notice, batch.letters)
    assert [one.by_hand for one in await post.ask(letters_of, notice_id=notice)] == [True]


async def test_a_teacher_prints_for_the_own_class_and_names_its_pupils_alone(post: Post) -> None:
    (ada,) = await post.family(Adult(name="Ada"))
    await post.family(Adult(name="Bob"), class_label="CE1 B", children=("Basile",))
    await post.small.write(
        "INSERT INTO link (school_id, guardian_id, pupil_id, kind, may_be_told, may_decide, may_collect, waiting, "
        "call_order, from_on) SELECT school_id, :ada, 2, kind, may_be_told, may_decide, may_collect, waiting, "
        "call_order, from_on FROM link WHERE guardian_id <> :ada",
        ada=ada,
    )
    notice = await post.press(audience="school")
    other = await post.press(audience="class:CE1 B")

    mine = await post.print(notice, Whom.ALL, staff_id=post.small.teacher)

    assert [(one.to, one.pupils) for one in mine.letters] == [("Ada Exemple", ("Capucine",))]
    with pytest.raises(NotAllowedError):
        await post.print(other, Whom.ALL, staff_id=post.small.teacher)
    assert [one.headline.notice_id for one in await post.act(waiting, staff_id=post.small.teacher)] == [notice]


async def test_a_coupon_becomes_an_answer_on_paper_typed_by_the_office_and_the_ladder_stops(post: Post) -> None:
    (ada,) = await post.family(Adult(name="Ada"))
    notice = await post.press()
    (letter,) = (await post.print(notice)).letters

    found = await post.act(open_coupon, words=letter.code.lower().replace("-", " "))
    assert (found.name, found.children, found.said) == ("Ada Exemple", ("Capucine",), ())
    assert await post.answers() == [], "looking changes nothing"
    first = await post.type(letter.code, 1)
    again = await post.type(letter.code, 1)

    assert (first, again) == (Taken.NOTED, Taken.ALREADY)
    assert await post.answers() == [("yes", None, "coupon", post.small.office)]
    assert await post.states() == [("Ada", "acknowledged")]
    assert await post.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(0,)]
    assert await post.to_print(notice) == []
    typed = "SELECT act, subject_id, count(*) FROM audit WHERE act = 'coupon_typed' GROUP BY act, subject_id"
    assert await post.small.rows(typed) == [("coupon_typed", ada, 1)]


async def test_another_box_replaces_the_answer_and_three_asks_how_many(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    (letter,) = (await post.print(await post.press())).letters

    await post.type(letter.code, 1)
    await post.type(letter.code, 3, 4)
    assert await post.answers() == [("count", 4, "coupon", post.small.office)]
    await post.type(letter.code, 3, 0)
    assert await post.answers() == [("no", None, "coupon", post.small.office)]
    with pytest.raises(InvalidError, match="nombre de personnes"):
        await post.type(letter.code, 3)
    with pytest.raises(InvalidError, match="case"):
        await post.type(letter.code, 7)


async def test_an_absence_is_explained_by_a_coupon_and_should_be_at_school_alarms(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press(NoticeKind.ABSENCE, Slots(day=TODAY, half_day=HalfDay.MORNING), audience="pupil:1")
    (letter,) = (await post.print(notice, Whom.ALL)).letters

    await post.type(letter.code, 3)

    assert await post.answers() == [("should_be_here", None, "coupon", post.small.office)]
    assert await post.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(1,)]


async def test_an_answer_elsewhere_takes_the_letter_away_before_printing_and_is_shown_after(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await post.press()
    letter = (await post.print(notice, only=1)).letters[0]
    answered = (
        "INSERT INTO answer (school_id, notice_id, guardian_id, kind, through, at) "
        "SELECT school_id, notice_id, guardian_id, 'yes', 'page', state_at FROM delivery"
    )
    await post.small.write(answered)
    await post.small.write("UPDATE delivery SET state = 'acknowledged'")

    assert await post.to_print(notice) == []
    with pytest.raises(InvalidError):
        await post.print(notice, Whom.ALL)
    assert (await post.act(open_coupon, words=letter.code)).said == ((AnswerKind.YES, None, "page"),)


async def test_the_coupon_of_a_reminder_shows_what_was_answered_to_the_notice_that_it_says_again(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press()
    await post.small.write("UPDATE delivery SET state = 'told'")
    reader = await post.watch.reader(post.small.director)
    async with post.small.database.school(post.watch.school_id) as session:
        seen = await headline(session, post.keyring, school_id=post.watch.school_id, notice_id=notice, reader=reader)
        again = await remind(
            session, post.keyring, school=post.small.school, seen=seen, reader=reader, key="again", now=NOW
        )
    (letter,) = (await post.print(again.notice_id, Whom.ALL)).letters

    await post.type(letter.code, 2)

    assert (await post.act(open_coupon, words=letter.code)).said == ((AnswerKind.NO, None, "coupon"),)


async def test_a_code_that_was_mistyped_says_so_in_one_sentence(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    (letter,) = (await post.print(await post.press())).letters
    wrong = letter.code[:-1] + ("A" if letter.code[-1] != "A" else "B")

    with pytest.raises(InvalidError, match="mal recopié"):
        await post.act(open_coupon, words=wrong)
    with pytest.raises(InvalidError, match="neuf signes"):
        await post.act(open_coupon, words="ABC")
    with pytest.raises(NotFoundError, match="aucun coupon"):
        await post.act(open_coupon, words=coupon_code(post.keyring, 999))


async def test_a_coupon_of_another_school_or_of_another_class_opens_nothing(post: Post) -> None:
    await post.family(Adult(name="Ada"), class_label="CE1 B")
    notice = await post.press(audience="class:CE1 B")
    (letter,) = (await post.print(notice)).letters

    with pytest.raises(NotAllowedError):
        await post.act(open_coupon, words=letter.code, staff_id=post.small.teacher)
    with pytest.raises(NotAllowedError):
        await post.type(letter.code, 1, staff_id=post.small.teacher)
    reader = await post.watch.reader(post.small.office)
    async with post.small.database.school(post.watch.school_id + 1) as session:
        with pytest.raises(NotFoundError):
            await open_coupon(
                session, post.keyring, school_id=post.watch.school_id + 1, words=letter.code, reader=reader, now=NOW
            )
    assert await post.answers() == []


async def test_a_coupon_ends_with_its_time_its_notice_and_the_right_of_its_adult(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await post.press()
    ada, bob = (await post.print(notice)).letters

    with pytest.raises(InvalidError, match=OVER):
        await post.act(open_coupon, words=ada.code, now=NOW + timedelta(days=31))
    with pytest.raises(InvalidError, match="trop tard"):
        await post.type(ada.code, 1, now=NOW + timedelta(days=8))
    await post.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = 2")
    with pytest.raises(InvalidError, match=NO_RIGHT):
        await post.type(bob.code, 1)
    await post.small.write("UPDATE notice SET state = 'cancelled'")
    with pytest.raises(InvalidError, match=OVER):
        await post.type(ada.code, 1)
    assert await post.answers() == []


async def test_who_is_barred_since_the_press_gets_no_letter(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await post.press()
    await post.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = 1")

    assert [one.to for one in (await post.print(notice, Whom.ALL)).letters] == ["Bob Exemple"]


async def test_handed_over_counts_as_told_says_who_and_when_and_can_be_taken_back(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press()
    with pytest.raises(InvalidError):
        await post.act(hand_over, notice_id=notice)
    await post.print(notice)

    assert await post.act(hand_over, notice_id=notice) == 1
    assert await post.states() == [("Ada", "told")]
    (one,) = await post.ask(letters_of, notice_id=notice)
    assert (one.handed_at, one.handed_by) == (NOW, "Mme Bureau")
    assert (await post.watch.reach(notice)).letters == 0

    await post.act(take_back, notice_id=notice, delivery_id=1, now=NOW + timedelta(hours=1))
    assert await post.states() == [("Ada", "to_call")]
    assert (await post.watch.reach(notice, now=NOW + timedelta(hours=1))).letters == 1
    (one,) = await post.ask(letters_of, notice_id=notice)
    assert one.handed_at is None


async def test_taking_back_leaves_alone_whom_something_else_has_told_since(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press()
    (letter,) = (await post.print(notice)).letters
    await post.act(hand_over, notice_id=notice)
    await post.type(letter.code, 2)

    await post.act(take_back, notice_id=notice, delivery_id=1)

    assert await post.states() == [("Ada", "acknowledged")]
    assert await post.watch.left() == ()


async def test_nothing_that_opens_a_letter_is_kept_in_clear(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    (letter,) = (await post.print(await post.press(), public_url=PUBLIC)).letters

    stored = str(await post.small.rows("SELECT * FROM letter"))

    assert letter.link is not None
    assert letter.link.removeprefix(f"{PUBLIC}/lettre/") not in stored
    assert letter.code.replace("-", "") not in stored
    assert letter.code not in repr(letter)


async def test_a_code_that_is_taken_is_drawn_anew(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await post.press()
    first = (await post.print(notice, only=1)).letters[0]
    await post.small.write("UPDATE letter SET code_hash = :taken", taken=coupon_hash(post.keyring, _drawn(post, 2, 0)))

    second = (await post.print(notice, only=2)).letters[0]

    assert second.code == as_printed(_drawn(post, 2, 1)) != first.code
    assert (await post.act(open_coupon, words=second.code)).name == "Bob Exemple"


def _drawn(post: Post, delivery_id: int, salt: int) -> str:
    return coupon_code(post.keyring, delivery_id, salt)


async def test_an_erased_adults_letter_opens_nothing_and_the_night_takes_old_ones(post: Post, tmp_path: Path) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await post.press()
    ada, _ = (await post.print(notice)).letters
    async with post.small.database.school(post.watch.school_id) as session:
        which = {"school_id": post.watch.school_id, "guardian_id": 1, "register": tmp_path / "erasures", "by": None}
        await erase_guardian(session, post.keyring, **which, now=NOW)

    with pytest.raises(NotFoundError):
        await post.act(open_coupon, words=ada.code)
    assert await post.small.rows("SELECT delivery_id FROM letter") == [(2,)]

    later = {"today": date(2028, 1, 1), "now": NOW + timedelta(days=500)}
    await post.small.write("UPDATE notice SET keep_until = '2027-11-24'")
    async with post.small.database.school(post.watch.school_id) as session:
        await purge(session, post.keyring, school_id=post.watch.school_id, register=tmp_path / "erasures", **later)
    assert await post.small.rows("SELECT count(*) FROM letter") == [(0,)]


async def test_the_square_opens_the_notice_for_one_adult_until_it_is_over(post: Post) -> None:
    await post.family(Adult(name="Ada"), Adult(name="Bob"))
    await post.print(await post.press())
    code = letter_link(post.keyring, 1)

    view = await open_letter(post.small.database, post.keyring, code, now=NOW)

    assert view is not None
    assert [adult.name for adult in view.served.adults] == ["Ada"]
    assert await open_letter(post.small.database, post.keyring, code, now=NOW + timedelta(days=31)) is None
    assert await open_letter(post.small.database, post.keyring, letter_link(post.keyring, 7), now=NOW) is None


def test_one_wrong_sign_or_two_exchanged_neighbours_are_noticed(keyring: Keyring) -> None:
    code = coupon_code(keyring, 42)
    assert read_coupon(f" {code[:3].lower()}-{code[3:6]} {code[6:]}") == code
    for place in range(len(code)):
        for sign in "ABCDEFGHJKLMNPQRSTUVWXYZ23456789":
            if sign != code[place]:
                with pytest.raises(InvalidError):
                    read_coupon(code[:place] + sign + code[place + 1 :])
    assert len({coupon_code(keyring, number) for number in range(5000)}) == 5000


async def test_the_coupon_of_a_document_signs_it_for_each_child_of_who_decides(post: Post) -> None:
    ada, bob = await post.family(Adult(name="Ada"), Adult(name="Bob"), children=("Lina", "Sami"))
    await post.small.write("UPDATE link SET kind = 'informed' WHERE guardian_id = :bob", bob=bob)
    given = {"school": post.small.school, "reader": await post.watch.reader(post.small.director), "now": NOW}
    new = NewDocument("k", "Sortie", "Au musée.", "class:CP A", Needs.BOTH, TODAY + timedelta(days=9), ())
    async with post.small.database.school(post.watch.school_id) as session:
        document_id = await publish_document(session, post.keyring, new=new, **given)
    ((notice,),) = await post.small.rows("SELECT notice_id FROM document WHERE id = :id", id=document_id)

    batch = await post.print(notice, Whom.UNWRITTEN)
    codes = {one.to.split()[0]: one.code for one in batch.letters}
    html = letters_html(batch.notice, batch.letters)
    taken = [await post.type(codes[name], 1) for name in ("Ada", "Bob", "Ada")]

    assert html.count("J’ai lu et je signe") == 2
    assert taken == [Taken.NOTED, Taken.NOTED, Taken.ALREADY]
    signed = await post.small.rows("SELECT guardian_id, pupil_id, through, typed_by FROM signature ORDER BY pupil_id")
    assert signed == [(ada, 1, "paper", post.small.office), (ada, 2, "paper", post.small.office)]
    assert [state for _, state in await post.states()] == ["acknowledged", "acknowledged"]


@pytest.mark.parametrize("kind", [NoticeKind.ABSENCE, NoticeKind.MEETING, NoticeKind.ANNOUNCEMENT])
@pytest.mark.parametrize("question", [False, True])
def test_the_boxes_on_paper_are_those_that_the_office_types(kind: NoticeKind, *, question: bool) -> None:
    asks = kind is NoticeKind.MEETING or question
    for language in SPOKEN:
        printed = choices_of(tongue(language, typeset=True), kind, asks=asks)
        assert [number for number, _, _ in printed] == list(range(1, len(boxes_of(kind, asks=asks)) + 1))
        assert [counts for _, _, counts in printed] == [kind is AnswerKind.COUNT for kind in boxes_of(kind, asks=asks)]


async def test_a_batch_in_every_language_is_one_tagged_pdf_whose_words_can_be_read() -> None:
    letters = [a_letter(language, link=f"{PUBLIC}/lettre/{'a' * 11}{place}") for place, language in enumerate(SPOKEN)]

    pdf = await pdf_of(letters_html(a_notice(), letters))

    pages = said(pdf)
    assert len(pages) == len(SPOKEN)
    assert all("ABC-DEF-GHJ" in page for page in pages)
    assert all(f"/lettre/{'a' * 11}{place}" in page for place, page in enumerate(pages))
    assert "Coupon à découper et à rendre à l’école" in pages[0]
    assert "Mme Ada Exemple Dans le cartable de Capucine (CP A)" in pages[0]
    assert "نعم" in pages[SPOKEN.index("ar")]
    assert "Так" in pages[SPOKEN.index("uk")]
    reader = PdfReader(BytesIO(pdf))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    assert "pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()


def test_a_letter_in_arabic_runs_from_the_right_and_carries_the_french() -> None:
    html = letters_html(a_notice(), [a_letter("ar")])

    assert '<section class="letter" lang="ar" dir="rtl">' in html
    assert "L’école vous invite à une réunion, mardi 1er décembre à 7\u00a0h\u00a012." in html
    assert "Merci de venir." in html


def test_a_letter_without_a_public_address_has_no_square() -> None:
    html = letters_html(a_notice(), [a_letter()])
    assert "photographiez" not in html
    assert "data:image" not in html


def test_a_name_on_a_letter_is_never_markup() -> None:
    evil = '<img src="https://evil.test/x">'
    html = letters_html(a_notice(NoticeKind.ANNOUNCEMENT, text=evil), [a_letter(to=evil, pupils=(evil,))])
    assert "<img" not in html


async def test_what_is_printed_fetches_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    pdf = await pdf_of(f"<!doctype html><html lang=fr><title>x</title><img src='file://{secret}' alt='x'><p>Bonjour")
    assert "SECRET" not in said(pdf)[0]
    assert "Bonjour" in said(pdf)[0]


@on_one_database
async def test_a_class_is_printed_on_the_page_handed_over_and_its_coupon_typed(desk: Desk) -> None:
    await desk.small.family(Adult(name="Ada"), Adult(name="Bob", language="ar"))
    notice = await _a_meeting(desk)
    await desk.enter()
    await desk.post("/familles/1/recours", recours="letter")
    assert "1 lettre à imprimer" in (await desk.web.get("/")).text
    assert "1 à imprimer" in (await desk.web.get("/courrier")).text
    assert "Ada" not in _main((await desk.web.get("/appeler")).text)
    assert f"/courrier/{notice}" in (await desk.web.get(f"/suivi/{notice}")).text

    printed = await desk.post(f"/courrier/{notice}/imprimer", pour="all")

    assert printed.headers["content-type"] == "application/pdf"
    pages = said(printed.content)
    assert len(pages) == 2
    code = coupon_code(desk.small.keyring, 1)
    assert as_printed(code) in pages[0]
    assert "Ada Exemple" in pages[0]
    assert "Bob" not in pages[0]

    page = (await desk.web.get(f"/courrier/{notice}")).text
    assert "Rien à imprimer" in page
    assert "Préparée le mardi 24 novembre à 7\u00a0h\u00a012, par Mme Exemple." in page
    await desk.post(f"/courrier/{notice}/remettre")
    page = (await desk.web.get(f"/courrier/{notice}")).text
    assert page.count("Remise le mardi 24 novembre à 7\u00a0h\u00a012, par Mme Exemple.") == 2
    await desk.post(f"/courrier/{notice}/reprendre", lettre="2")
    assert (await desk.web.get(f"/courrier/{notice}")).text.count("Remise le") == 1

    found = await desk.post("/courrier/coupon", code=code)
    assert "Le coupon de Ada Exemple" in found.text
    assert await desk.count("answer") == 0
    nothing = await desk.post("/courrier/coupon/reponse", code=code)
    assert (nothing.status_code, "Choisissez la case" in nothing.text) == (422, True)
    done = await desk.post("/courrier/coupon/reponse", code=code, case="3", nombre="2")
    assert done.headers["location"] == "/courrier?fait=noted"
    assert code not in done.headers["location"]
    again = await desk.post("/courrier/coupon/reponse", code=code, case="3", nombre="2")
    assert again.headers["location"] == "/courrier?fait=already"
    assert "rien n’a changé" in (await desk.web.get(again.headers["location"])).text
    shown = await desk.post("/courrier/coupon", code=code)
    assert "Cet adulte a déjà répondu\u00a0: a répondu un nombre\u00a0: 2, par un coupon" in _plain(shown.text)
    file = _plain((await desk.post("/familles/eleves/1/dossier", du="2026-09-01", au=TODAY.isoformat())).text)
    handed = "par Mme Exemple\u00a0; remise le mardi 24 novembre 2026 à 7\u00a0h\u00a012, par Mme Exemple."
    assert f"Lettre préparée le mardi 24 novembre 2026 à 7\u00a0h\u00a012, {handed}" in file
    assert "a répondu un nombre\u00a0: 2, par un coupon, noté par Mme Exemple" in file


@on_one_database
async def test_a_wrong_code_is_said_beside_the_box(desk: Desk) -> None:
    await desk.enter()
    wrong = await desk.post("/courrier/coupon", code="ABC-DEF-GHJ")
    assert wrong.status_code == 422
    assert "mal recopié" in wrong.text
    assert 'value="ABC-DEF-GHJ"' in wrong.text


@on_one_database
async def test_a_teacher_of_another_class_neither_prints_nor_types(desk: Desk) -> None:
    await desk.small.family(Adult(name="Ada"), class_label="CE1 B")
    notice = await _a_meeting(desk, "class:CE1 B")
    await desk.enter(TEACHER)

    assert (await desk.web.get(f"/courrier/{notice}")).status_code == 403
    assert (await desk.post(f"/courrier/{notice}/imprimer", pour="all")).status_code == 403
    assert (await desk.post(f"/courrier/{notice}/remettre")).status_code == 403
    assert (await desk.post("/familles/1/recours", recours="letter")).status_code == 403
    assert await desk.count("letter") == 0


@on_one_database
async def test_the_square_is_answered_with_one_tap_and_a_look_changes_nothing(desk: Desk) -> None:
    await desk.small.family(Adult(name="Ada"), Adult(name="Bob"))
    notice = await _a_meeting(desk)
    async with a_browser(House(Settings(public_url="http://hub.test"), desk.small.database, desk.small.keyring)) as (
        app,
        web,
    ):
        here = Desk(desk.small, app, web)
        await here.enter()
        printed = await here.post(f"/courrier/{notice}/imprimer", pour="all")
        path = f"/lettre/{letter_link(desk.small.keyring, 1)}"
        assert f"http://hub.test{path}" in said(printed.content)[0]
        seen = await web.get(path)
        assert "Salle 4" in seen.text
        assert "wrong_number" not in seen.text
        assert await desk.count("answer") == 0
        taken = await web.post(path, data={"act": "yes"}, headers={"Sec-Fetch-Site": "same-origin"})
        foreign = await web.post(path, data={"act": "no"}, headers={"Sec-Fetch-Site": "cross-site"})
        other = await web.get(f"/lettre/{'a' * 12}")

    assert (taken.status_code, foreign.status_code, other.status_code) == (200, 403, 404)
    assert await desk.small.rows("SELECT guardian_id, kind, through FROM answer") == [(1, "yes", "letter")]


async def _a_meeting(desk: Desk, audience: str = "class:CP A") -> int:
    post = Post(Watch(desk.small), desk.small.keyring)
    return await post.press(audience=audience)


def _main(text: str) -> str:
    return text.partition("<main")[2]


def _plain(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html.replace("&nbsp;", "\u00a0"))


async def test_what_nobody_is_called_about_rests_again_when_its_letter_was_not_handed_over(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press(NoticeKind.ANNOUNCEMENT, Slots(text="Le carnet revient jeudi."))
    await post.small.write("UPDATE notice SET kind = 'homework'")
    await post.small.write("UPDATE delivery SET state = 'expired'")
    await post.print(notice, Whom.UNWRITTEN)

    await post.act(hand_over, notice_id=notice)
    assert await post.states() == [("Ada", "told")]
    await post.act(take_back, notice_id=notice, delivery_id=1)
    assert await post.states() == [("Ada", "expired")]


def test_a_machine_that_lacks_what_draws_letters_ends_the_press_with_a_sign_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    paths = f"{tmp_path}{os.pathsep}{ROOT}"

    ended = subprocess.run(
        [sys.executable, "-P", ROOT / "hub" / "post" / "press.py"],
        input=b"<p>Bonjour",
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (NO_PANGO, b"")


async def test_this_machine_prints() -> None:
    assert await may_print() is None


async def test_a_batch_that_takes_too_long_is_ended() -> None:
    with pytest.raises(NoPressError, match="trop de temps"):
        async for _ in pressed(letters_html(a_notice(), [a_letter()] * 20), patience=0.2):
            pass


async def test_letters_come_class_by_class_and_address_people_as_one_does(post: Post) -> None:
    await post.family(Adult(name="Ada"), class_label="CE1 B")
    await post.family(Adult(name="Bob"), Adult(name="Cyd"))
    await post.small.write("UPDATE guardian SET civility = CASE first_name WHEN 'Bob' THEN 'M.' ELSE 'MME' END")

    batch = await post.print(await post.press(audience="class:CE1 B,CP A"))

    assert [one.to for one in batch.letters] == ["M. Bob Exemple", "Mme Cyd Exemple", "Mme Ada Exemple"]


async def test_what_is_over_is_offered_no_letter(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    notice = await post.press()
    assert await post.to_print(notice) == ["Ada Exemple"]

    await post.small.write("UPDATE notice SET expires_at = created_at")

    assert await post.to_print(notice) == []
    assert await post.act(how_many_to_print) == 0


@on_one_database
async def test_letters_that_were_not_drawn_are_still_to_be_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.small.family(Adult(name="Ada"))
    notice = await _a_meeting(desk)
    await desk.enter()

    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")  # the press cannot start
        refused = await desk.post(f"/courrier/{notice}/imprimer", pour="all")

    assert refused.status_code == 503
    assert await desk.count("letter") == 0
    assert (await desk.post(f"/courrier/{notice}/imprimer", pour="all")).content.startswith(b"%PDF")
    assert await desk.count("letter") == 1


async def test_a_family_reads_no_letter_of_a_notice_that_was_stopped(post: Post) -> None:
    await post.family(Adult(name="Ada"))
    await post.print(await post.press())
    await post.small.write("UPDATE notice SET state = 'cancelled'")

    view = await open_letter(post.small.database, post.keyring, letter_link(post.keyring, 1), now=NOW)

    assert view is not None
    assert not view.served.is_open
