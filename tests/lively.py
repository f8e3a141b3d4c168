"""A school in the middle of a morning: notices in every state, calls, links of every kind, and whoever may come by."""

from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any

import orjson
from factories import NOW, SINCE, TODAY, Adult, FakeChannel, SmallSchool, a_school, by_mail, by_sms
from gradebook import judge_a_class
from inboxes import Inbox
from lively_appointments import offer_appointments
from lively_diary import note_homework
from lively_letters import print_letters
from lively_papers import give_papers
from lively_plans import plan_ahead

from hub.absences.cases import take, type_in
from hub.absences.rolls import take_roll
from hub.agenda.checking import EventDraft
from hub.agenda.events import note
from hub.agenda.feeds import make_feed
from hub.database import Database
from hub.errors import DeadAddressError
from hub.home.logins import Adult as AtHome
from hub.home.logins import open_login
from hub.inbox.answering import write_back
from hub.inbox.canned import keep_canned
from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from hub.models.notices import AttemptState
from hub.models.people import Matter
from hub.models.rolls import Mark
from hub.models.school import Role
from hub.notices.cancelling import cancel
from hub.notices.digest import tell_digests
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.people.rights import rights_on
from hub.people.schools import add_sender, school_key
from hub.people.second_factor import begin
from hub.people.sign_in import hash_password, sign_in
from hub.people.staff import add_staff
from hub.people.substitutes import let_in
from hub.people.tray import put_in_tray
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Outgoing, Proof, Slots
from hub.replies.answers import answer
from hub.replies.keeping import DETAIL, Text
from hub.replies.texts import receive_text
from hub.routing import TIME_TO_STOP
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from web.house import House

PASSWORD = "trois ponts sur la Loire"
ELSEWHERE = "École du Gué"
DEAD = "+33639987090"
SHARED = "+33639987080"
WORDS = {
    "announcement": "Sortie au musée vendredi, pensez au goûter.",
    "urgent": "Le chauffage est en panne à l’étage.",
    "cancelled": "Kermesse avancée à samedi.",
    "held": "Photos de classe lundi matin.",
    "class": "Le carnet rose revient jeudi.",
}
"""What was written, by notice."""
PUPILS = ("Théodulie", "Apolline")
"""Children of CP A and of CE1 B: names that stand nowhere else."""
ADULTS = ("Odalys", "Noureddine", "Gülizar", "Isaure", "Fulgence", "Léopoldine", "Ysoline", "Barnabé", "Mahaut")
SPARES = 24
"""Families with nothing but a link, for the pages that are seen once."""
VISITORS = ("director", "office", "teacher", "other_teacher", "deputy", "foreign_director", "gone")
"""Who of the staff has a session; nobody and a family with a link have none."""
HOMES = ("parent", "other_parent")
"""Who has opened the family's page: Odalys, whose child is in CP A, and Hildegarde, whose child is in CE1 B."""
SECRETS = (*PUPILS, *ADULTS, *WORDS.values(), "École des Trois-Ponts", "06 39 98", "+3363998")
"""What only this school's people may read."""


def mailbox(visitor: str) -> str:
    """Give the mailbox that a visitor signs in with."""
    return f"{visitor.replace('_', '-')}@{'gue' if visitor == 'foreign_director' else 'ecole'}.test"


@dataclass
class Lively:
    """The school, and what its pages are asked with. `links` by (notice, adult), `sessions` by visitor."""

    small: SmallSchool
    house: House
    notices: dict[str, int] = field(default_factory=dict)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    mail_token: str = ""
    sessions: dict[str, str] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    spares: list[str] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)
    number_of_mahaut: int = 0
    absence: int = 0
    paper: str = ""
    paper_id: int = 0
    gue: SmallSchool = field(init=False)
    events: dict[str, int] = field(default_factory=dict)
    assessments: dict[str, int] = field(default_factory=dict)
    feed: str = ""
    appointments: dict[str, Any] = field(default_factory=dict)
    appointment_uid: str = ""
    tablet: int = 0
    papers: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)
    file: int = 0
    letters: list[int] = field(default_factory=list)
    coupon: str = ""
    letter_code: str = ""
    message: int = 0
    thread: int = 0
    reply: int = 0
    about_absence: int = 0
    tray_item: int = 0
    leaving_item: int = 0
    sms: FakeChannel = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED))

    def link(self, notice: str, adult: str = "Odalys") -> str:
        """Give the address of a link."""
        return f"/l/{self.links[notice, adult]}"

    def spare(self) -> str:
        """Give the address of a link that nobody has used."""
        return f"/l/{self.spares.pop()}"

    async def press(self, name: str, kind: NoticeKind, slots: Slots, **more: object) -> None:
        """Press a notice, let what is due leave, and keep its links."""
        audience = str(more.pop("audience", "school"))
        draft = Draft(kind=kind, audience=audience, slots=slots, seconded_by=self.small.office)
        async with self.small.database.school(self.small.school.key) as session:
            done = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.staff[str(more.pop("author", "director"))],
                draft=replace(draft, **more),  # type: ignore[arg-type]  # of a Draft
                now=NOW,
            )
        self.notices[name] = done.notice_id
        await self.leave(name)

    async def leave(self, name: str) -> None:
        """Let what is due leave, and keep its links; nothing of another name may wait, for no order is promised."""
        for left in await self._drained():
            if left.link_code:
                self.links[name, await self._owner(left)] = left.link_code

    async def _owner(self, left: Outgoing) -> str:
        return str((await self.small.rows(_OWNER, attempt=left.attempt_id))[0][0])

    async def _drained(self) -> list[Outgoing]:
        before = len(self.sms.sent), len(self.mail.sent)
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        wordings = Wordings(self.house.settings, self.small.keyring, render)
        drain = Drain(self.small.database, self.small.keyring, wordings, self.house.settings, channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()
        return self.sms.sent[before[0] :] + self.mail.sent[before[1] :]


_GUARDIANS = "SELECT first_name, school_id, id FROM guardian"
_SENT = (
    "SELECT delivery.id FROM delivery JOIN guardian ON guardian.id = delivery.guardian_id "
    "WHERE notice_id = :notice AND first_name = :name"
)
_TASKS = (
    "SELECT guardian.first_name, call_task.id FROM call_task JOIN delivery ON delivery.id = call_task.delivery_id "
    "JOIN guardian ON guardian.id = delivery.guardian_id WHERE delivery.notice_id = :notice"
)
_NUMBER = (
    "SELECT contact_point.address_id FROM contact_point JOIN guardian ON guardian.id = contact_point.guardian_id "
    "WHERE guardian.first_name = 'Mahaut'"
)
_OWNER = (
    "SELECT guardian.first_name FROM attempt JOIN copy_delivery ON copy_delivery.copy_id = attempt.copy_id "
    "JOIN delivery ON delivery.id = copy_delivery.delivery_id "
    "JOIN guardian ON guardian.id = delivery.guardian_id WHERE attempt.id = :attempt ORDER BY guardian.id LIMIT 1"
)


async def a_lively_school(database: Database, keyring: Keyring, settings: Settings) -> Lively:
    """Set the school up, press its notices, and let families and staff act."""
    lively = Lively(await a_school(database, keyring), House(settings, database, keyring))
    await _people(lively)
    await _staff(lively)
    await _notices(lively)
    await _replies(lively)
    await _roll(lively)
    await _letters(lively)
    await _homes(lively)
    await _agenda(lively)
    await plan_ahead(lively)
    await give_papers(lively)
    await print_letters(lively)
    await note_homework(lively)
    await _results(lively)
    await _evening(lively)
    await offer_appointments(lively)
    return lively


async def _people(lively: Lively) -> None:
    small = lively.small
    async with small.database.school(small.school.key) as session:
        here = session, small.keyring, small.school.key
        await add_sender(*here, channel=ChannelName.PUSH, provider="webpush", address="a@ecole.test")
        await add_sender(
            *here, channel=ChannelName.CHAT, provider="telegram", address="ecole_test_bot", secret=f"1:{'a' * 35}"
        )
    await small.family(
        by_sms("+33639987001", name="Odalys"),
        by_sms("+33639987002", name="Noureddine", language="ar"),
        by_mail("gulizar@familles.test", name="Gülizar", language="tr"),
        children=PUPILS[:1],
    )
    await small.family(by_sms(SHARED, name="Isaure"), by_sms(SHARED, name="Fulgence"), children=("Ondine",))
    await small.family(
        by_sms(DEAD, name="Léopoldine", language="uk"), Adult(name="Ysoline"), children=("Sidonie", "Gontran")
    )
    await small.family(
        by_sms("+33639987091", name="Barnabé"), by_sms("+33639987092", name="Mahaut"), children=("Côme",)
    )
    await small.family(by_sms("+33639987050", name="Hildegarde"), children=PUPILS[1:], class_label="CE1 B")
    for number in range(SPARES):
        await small.family(by_sms(f"+336399871{number:02}", name=f"Adulte{number}"), children=(f"Enfant{number}",))
    lively.sms.answers[DEAD] = DeadAddressError("21211")
    lively.sms.answers["+33639987092"] = DeadAddressError("21211")


async def _staff(lively: Lively) -> None:
    small, keyring = lively.small, lively.small.keyring
    other = lively.gue = await a_school(small.database, keyring, slug="gue")
    await small.write(
        "UPDATE school SET name = :name, short_name = 'Gué' WHERE id = :id", name=ELSEWHERE, id=other.school.key
    )
    roles = {
        "teacher": (Role.TEACHER, ("CP A",)),
        "other_teacher": (Role.TEACHER, ("CE1 B",)),
        "office": (Role.OFFICE, ()),
    }
    for visitor in VISITORS:
        role, classes = roles.get(visitor, (Role.DEPUTY if visitor == "deputy" else Role.DIRECTOR, ()))
        school = other.school.key if visitor == "foreign_director" else small.school.key
        async with small.database.school(school) as session:
            lively.staff[visitor] = await add_staff(
                session, keyring, school, email=mailbox(visitor), role=role, from_on=SINCE, classes=classes,
                name=f"Mme {visitor.replace('_', ' ').title()}",
            )  # fmt: skip
    hashed = await hash_password(PASSWORD)
    await small.write("UPDATE staff SET password_hash = :hashed", hashed=hashed)
    for visitor in VISITORS:
        lively.sessions[visitor] = await sign_in(
            small.database, keyring, email=mailbox(visitor), password=PASSWORD, where="127.0.0.1"
        )
    await _second_factors(lively)
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    await small.write(
        "UPDATE staff_right SET to_on = :day WHERE staff_id = :id", day=yesterday, id=lively.staff["gone"]
    )


async def _homes(lively: Lively) -> None:
    """Two families open their page, and one of the other school."""
    small, gue = lively.small, lively.gue
    await gue.family(by_sms("+33639987060", name="Euphrosine"), children=("Anselme",))
    await gue.family(by_sms("+33639987061", name="Radegonde"), children=("Bertille",))
    known = {str(row[0]): (int(row[1]), int(row[2])) for row in await small.rows(_GUARDIANS)}
    visitors = {"parent": "Odalys", "other_parent": "Hildegarde", "foreign_parent": "Euphrosine"}
    async with small.database.engine() as connection:
        for visitor, name in {**visitors, "tablet": "Odalys"}.items():
            lively.sessions[visitor] = await open_login(
                connection, small.keyring, [AtHome(*known[name])], device="Firefox, Linux", now=NOW
            )
    lively.tablet = int((await small.rows("SELECT max(id) FROM family_login"))[0][0])
    sent = await small.rows(_SENT, notice=lively.notices["absence"], name="Odalys")
    lively.message = int(sent[0][0])


async def _agenda(lively: Lively) -> None:
    """A trip of CP A, a bridge day of the school, and the calendar of Odalys at its address."""
    small = lively.small
    friday, closed = TODAY + timedelta(days=3), TODAY + timedelta(days=30)
    drafts = {
        "trip": EventDraft(
            EventKind.TRIP, "Sortie au musée", friday, friday, time(9), time(11, 30), place="Musée de la Batellerie",
            text="Un pique-nique et des bottes.", class_id=small.classes["CP A"],
        ),
        "fair": EventDraft(EventKind.EVENT, "Marché d’hiver", friday, friday, text="Les gâteaux sont bienvenus."),
        "bridge": EventDraft(EventKind.CLOSED, "Journée de formation", closed, closed),
    }  # fmt: skip
    async with small.database.school(small.school.key) as session:
        director = lively.staff["director"]
        rights = await rights_on(session, school_id=small.school.key, staff_id=director, day=TODAY)
        here = {"school": small.school, "reader": Reader(director, rights, TODAY), "now": NOW}
        for name, draft in drafts.items():
            lively.events[name] = (await note(session, small.keyring, draft=draft, key=name, **here)).event_id
        lively.feed = await make_feed(session, small.keyring, school_id=small.school.key, guardian_id=1, now=NOW)
    await lively.leave("agenda")


async def _results(lively: Lively) -> None:
    """The teacher has judged CP A several times, and is at it; Odalys hears of it at once."""
    await lively.small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) VALUES (:school, 1, 'result', 'at_once')",
        school=lively.small.school.key,
    )
    lively.assessments = await judge_a_class(lively.small, lively.staff["teacher"], lively.staff["director"])
    told = await lively.small.rows("SELECT notice_id FROM assessment WHERE id = :id", id=lively.assessments["told"])
    lively.notices["result"] = int(told[0][0])
    for left in await lively._drained():
        if left.link_code:
            lively.links["result", await lively._owner(left)] = left.link_code


async def _evening(lively: Lively) -> None:
    """Noureddine, who said nothing, hears of homework and results together."""
    small = lively.small
    async with small.database.school(small.school.key) as session:
        await tell_digests(session, small.keyring, school=small.school, now=NOW)
    await lively.leave("digest")


async def _second_factors(lively: Lively) -> None:
    """The director has a second factor, which everybody's session counts as given; a substitute has a code."""
    small = lively.small
    async with small.database.school(small.school.key) as session:
        here = session, small.keyring
        await begin(*here, school_id=small.school.key, staff_id=lively.staff["director"], now=NOW)
        made, lively.paper = await let_in(
            *here, school_id=small.school.key, by=lively.staff["office"], name="Mme Passage",
            classes=[small.classes["CE1 B"]], until=TODAY + timedelta(days=3), today=TODAY, now=NOW,
        )  # fmt: skip
        lively.paper_id = made.code_id
    await small.write("UPDATE staff_factor SET confirmed_at = made_at")
    await small.write("UPDATE staff_session SET second_at = created_at")


async def _notices(lively: Lively) -> None:
    said = {name: Slots(text=text) for name, text in WORDS.items()}
    absent = Slots(day=TODAY, half_day=HalfDay.MORNING)
    meeting = Slots(subject="Réunion de rentrée", starts_at=NOW + timedelta(days=7), place="Salle des Tilleuls")
    await lively.press("announcement", NoticeKind.ANNOUNCEMENT, said["announcement"])
    await lively.press("urgent", NoticeKind.URGENT, said["urgent"])
    await lively.press("absence", NoticeKind.ABSENCE, absent, audience="pupil:1")
    await lively.press("shared_absence", NoticeKind.ABSENCE, absent, audience="pupil:2")
    await lively.press("meeting", NoticeKind.MEETING, meeting, audience="class:CP A")
    await lively.press("class", NoticeKind.ANNOUNCEMENT, said["class"], audience="class:CP A", author="teacher")
    await lively.press("cancelled", NoticeKind.ANNOUNCEMENT, said["cancelled"])
    await lively.press("held", NoticeKind.ANNOUNCEMENT, said["held"], seconded_by=None, due_at=NOW + TIME_TO_STOP)
    await lively.press("crisis", NoticeKind.CRISIS, Slots(phrase="sheltered", exercise=True))
    question = Slots(text="Votre enfant mange-t-il à la cantine vendredi ?", question=True, by_family=True)
    await lively.press("question", NoticeKind.ANNOUNCEMENT, question, audience="class:CP A")
    async with lively.small.database.school(lively.small.school.key) as session:
        await cancel(session, school_id=lively.small.school.key, notice_id=lively.notices["cancelled"], now=NOW)


async def _replies(lively: Lively) -> None:
    small = lively.small
    lively.spares = [lively.links["announcement", f"Adulte{number}"] for number in range(SPARES)]
    lively.mail_token = lively.mail.sent[0].token
    lively.tasks = {row[0]: row[1] for row in await small.rows(_TASKS, notice=lively.notices["urgent"])}
    lively.number_of_mahaut = int((await small.rows(_NUMBER))[0][0])
    await small.write(
        "UPDATE call_task SET owner_id = :mine, taken_at = :now WHERE id = :id",
        mine=lively.staff["teacher"],
        now=NOW.isoformat(sep=" "),
        id=lively.tasks["Mahaut"],
    )
    arrived = [one.attempt_id for one in lively.sms.sent if one.to not in lively.sms.answers][:20]
    async with small.database.engine() as connection:
        receipts = [ReceiptIn(attempt, AttemptState.DELIVERED, "delivered") for attempt in arrived]
        await record_receipts(connection, receipts, now=NOW)
    async with small.database.school(small.school.key) as session:
        connection = await session.connection()
        for name, adult, kind in (
            ("announcement", "Noureddine", AnswerKind.ACKNOWLEDGED),
            ("urgent", "Odalys", AnswerKind.ACKNOWLEDGED),
            ("absence", "Noureddine", AnswerKind.SHOULD_BE_HERE),
            ("meeting", "Noureddine", AnswerKind.YES),
            ("question", "Noureddine", AnswerKind.NO),
        ):
            copy_id = (await small.rows(_COPY, notice=lively.notices[name], name=adult))[0][0]
            await answer(connection, school_id=small.school.key, copy_id=copy_id, kind=kind, through="page", now=NOW)


async def _roll(lively: Lively) -> None:
    """The teacher has taken a roll: a child is missing and looked for, another was told before."""
    small, teacher = lively.small, lively.staff["teacher"]
    pupils = {str(row[0]): int(row[1]) for row in await small.rows("SELECT first_name, id FROM pupil")}
    async with small.database.school(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=teacher, day=TODAY)
        reader = Reader(teacher, rights, TODAY)
        here = {"school": small.school, "reader": reader, "now": NOW}
        await type_in(
            session, pupils=[pupils["Ondine"]], day=TODAY, half_day=HalfDay.DAY, reason=AnswerKind.ILL,
            through="phone", **here,
        )  # fmt: skip
        marks = {pupils["Côme"]: Mark.ABSENT, pupils["Sidonie"]: Mark.LATE}
        await take_roll(
            session, small.keyring, class_id=small.classes["CP A"], day=TODAY, half_day=HalfDay.AFTERNOON,
            marks=marks, complete=True, taken_at=NOW, **here,
        )  # fmt: skip
    asked = "SELECT id FROM absence WHERE pupil_id = :pupil"
    lively.absence = int((await small.rows(asked, pupil=pupils["Côme"]))[0][0])
    async with small.database.school(small.school.key) as session:
        await take(session, absence_id=lively.absence, **here)


async def _letters(lively: Lively) -> None:
    """Families write: to the teacher, to whoever reads the shared phone, about another class; and a stranger does."""
    small, inbox = lively.small, Inbox(lively.small)
    adults = {str(row[0]): int(row[1]) for row in await small.rows("SELECT first_name, id FROM guardian")}
    shared = int((await small.rows(_SHARED, name="Isaure"))[0][0])
    early = NOW - timedelta(hours=30)
    lively.thread, _ = await inbox.wrote(
        "Bonjour, peut-elle arriver à dix heures\u202f?", guardian=adults["Odalys"], pupils=(1,), at=early,
        owner=lively.staff["teacher"], notice_id=lively.notices["class"], files=(("convocation.pdf", b"%PDF-1.7"),),
    )  # fmt: skip
    _, lively.reply = await inbox.wrote(
        "هل يمكن أن تصل في العاشرة؟", guardian=adults["Odalys"], pupils=(1,), channel="email", doubt="other_from"
    )
    await inbox.wrote("Je suis en congé.", guardian=adults["Odalys"], thread_id=lively.thread, machine=True)
    await inbox.wrote("C’est noté", shared=shared, sense="acknowledged")
    await inbox.wrote("Ma fille a oublié son manteau.", guardian=adults["Hildegarde"], pupils=(6,))
    come = int((await small.rows("SELECT pupil_id FROM absence WHERE id = :id", id=lively.absence))[0][0])
    lively.about_absence, _ = await inbox.wrote("Côme a de la fièvre.", guardian=adults["Mahaut"], pupils=(come,))
    _, leaving = await inbox.wrote(
        "", guardian=adults["Odalys"], thread_id=lively.thread, machine=True, channel="email"
    )
    hushed, _ = await inbox.wrote("À vous seule.", guardian=adults["Noureddine"], pupils=(1,))
    await small.write(
        "UPDATE thread SET private_to = :id, topic = topic || ' staff:' || :name WHERE id = :thread",
        id=lively.staff["director"], name=str(lively.staff["director"]), thread=hushed,
    )  # fmt: skip
    async with small.database.school(small.school.key) as session:
        school, keyring = small.school, small.keyring
        rights = await rights_on(session, school_id=school.key, staff_id=lively.staff["office"], day=TODAY)
        here = {"reader": Reader(lively.staff["office"], rights, TODAY), "now": NOW}
        await keep_canned(session, school_id=school.key, label="Merci", text="Merci d’avoir prévenu.", **here)
        stranger = Text(school.key, small.senders[ChannelName.SMS], "SM-stranger", "+33639988123", "La mamie de qui ?")
        await receive_text(await session.connection(), keyring, stranger, now=NOW)
    async with small.database.school(small.school.key) as session:
        await write_back(
            session, keyring, school=school, thread_id=lively.thread, words="Oui, à dix heures.", key="o", **here
        )
    await small.write("UPDATE thread SET state = 'open', due_at = last_at WHERE id = :id", id=lively.thread)
    async with small.database.school(small.school.key) as session:
        seal = await school_key(session, keyring, school.key)
        left = int((await small.rows("SELECT address_id FROM reply WHERE id = :id", id=leaving))[0][0])
        detail = seal.close(orjson.dumps({"reply": leaving, "leaves": left}), DETAIL)
        await put_in_tray(
            session, school.key, Matter.UNMATCHED_REPLY, subject="leaving", now=NOW, address_id=left,
            detail_sealed=detail,
        )  # fmt: skip
    waiting = await small.rows("SELECT id FROM tray_item WHERE matter = 'unmatched_reply' ORDER BY id")
    lively.tray_item, lively.leaving_item = int(waiting[0][0]), int(waiting[1][0])


_SHARED = (
    "SELECT contact_point.address_id FROM contact_point JOIN guardian ON guardian.id = contact_point.guardian_id "
    "WHERE guardian.first_name = :name"
)
_COPY = (
    "SELECT copy_delivery.copy_id FROM copy_delivery JOIN delivery ON delivery.id = copy_delivery.delivery_id "
    "JOIN guardian ON guardian.id = delivery.guardian_id "
    "WHERE delivery.notice_id = :notice AND guardian.first_name = :name LIMIT 1"
)
