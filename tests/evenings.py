"""A school day with something new on the page, and its evening: what the tests of wishes and digests begin with."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from factories import NOW, TODAY, FakeChannel, SmallSchool

from hub.models.classroom import Assessment, AssessmentItem, DiaryEntry, EntryKind, Level, Result, Scale
from hub.models.home import How, Wish
from hub.models.papers import Document, DocumentFor
from hub.notices.audience import Audience, members
from hub.notices.digest import tell_digests
from hub.notices.publish import Draft
from hub.notices.wishes import Wished, as_wished, tell_as_wished
from hub.outbox.wordings import Wordings
from hub.people.schools import school_key
from hub.ports import ChannelName, Lane, NoticeKind, Proof, Slots
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain

EVENING = datetime(2026, 11, 24, 17, 5, tzinfo=NOW.tzinfo)
"""Five past six in Paris, on the same Tuesday."""
TOMORROW = TODAY + timedelta(days=1)
SLOTS = {
    NoticeKind.HOMEWORK: Slots(subject="Maths", text="Page 12.", day=TOMORROW),
    NoticeKind.DOCUMENT: Slots(subject="Sortie au musée"),
    NoticeKind.RESULT: Slots(subject="Dictée"),
}


class DeathError(Exception):
    """The process ended here."""


class Evenings:
    """A small school where things are put on the page, told, and gathered in the evening."""

    def __init__(self, small: SmallSchool) -> None:
        self.small, self.school_id = small, small.school.key
        self.sms = FakeChannel()
        self.mail = FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED)
        self._pressed, self._told_class = 0, "CP A"

    async def kept(self, row: Any) -> int:
        """Keep a row; gives its id."""
        async with self.small.database.school(self.school_id) as session:
            session.add(row)
            await session.flush()
            return int(row.key)

    async def homework(self, *, day: date = TOMORROW, class_label: str = "CP A") -> int:
        """Note a piece of homework."""
        sealed = await self._sealed("Page 12.", b"diary_entry.text")
        what = {
            "kind": EntryKind.DUE,
            "subject": "Maths",
            "day": day,
            "text_sealed": sealed,
            "author_id": self._teacher,
        }
        at = {"made_at": NOW, "changed_at": NOW, "class_id": self.small.classes[class_label]}
        return await self.kept(DiaryEntry(school_id=self.school_id, **what, **at))

    async def document(self, **columns: Any) -> int:
        """Give a document to the whole school."""
        title = await self._sealed("Sortie au musée", b"document.title")
        what = {"author_id": self._teacher, "title_sealed": title, "published_at": NOW, **columns}
        document_id = await self.kept(Document(school_id=self.school_id, **what))
        await self.kept(DocumentFor(school_id=self.school_id, document_id=document_id))
        return document_id

    async def result(self) -> int:
        """Show an assessment to the families of CP A."""
        what = {"class_id": self.small.classes["CP A"], "author_id": self._teacher, "subject": "Français", "day": TODAY}
        title = await self._sealed("Dictée", b"assessment.title")
        at = {"made_at": NOW, "changed_at": NOW, "published_at": NOW, "title_sealed": title}
        return await self.kept(Assessment(school_id=self.school_id, **what, **at))

    async def judge(self, assessment_id: int, pupil_id: int) -> int:
        """Note how a child did."""
        item = {"assessment_id": assessment_id, "label": "Accords", "scale": Scale.LEVELS}
        item_id = await self.kept(AssessmentItem(school_id=self.school_id, **item))
        how = {"pupil_id": pupil_id, "level": Level.REACHED, "typed_by": self._teacher, "at": NOW}
        return await self.kept(Result(school_id=self.school_id, item_id=item_id, **how))

    async def _sealed(self, words: str, place: bytes) -> bytes:
        async with self.small.database.reading(self.school_id) as session:
            return (await school_key(session, self.small.keyring, self.school_id)).close(words.encode(), place)

    @property
    def _teacher(self) -> int:
        return self.small.teacher

    async def wish(self, guardian_id: int, kind: NoticeKind, how: How) -> None:
        """Let an adult say how he or she wants to hear of a kind of thing."""
        await self.kept(Wish(school_id=self.school_id, guardian_id=guardian_id, kind=kind, how=how))

    async def tell(
        self,
        kind: NoticeKind,
        *subjects: int,
        key: str = "",
        signs: bool = False,
        due: date = TOMORROW,
        now: datetime = NOW,
    ) -> Wished:
        """Tell the families of CP A of it, as each wishes; `due`: for when homework is."""
        self._pressed += 1
        slots = SLOTS[kind] if not signs else Slots(subject="Sortie au musée", signs=True, day=date(2026, 12, 3))
        if kind is NoticeKind.HOMEWORK:
            slots = replace(slots, day=due)
        draft = Draft(kind=kind, audience="class:CP A", slots=slots, key=key or f"press-{self._pressed}")
        async with self.small.database.school(self.school_id) as session:
            return await tell_as_wished(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self._teacher,
                draft=draft,
                who=self._families(),
                subjects=subjects,
                now=now,
            )

    async def tell_class(self, class_label: str, kind: NoticeKind, *subjects: int) -> Wished:
        """Tell the families of another class of it."""
        self._told_class = class_label
        try:
            return await self.tell(kind, *subjects)
        finally:
            self._told_class = "CP A"

    async def preview(self, kind: NoticeKind, *, signs: bool = False) -> Wished:
        """Count before the press."""
        async with self.small.database.reading(self.school_id) as session:
            return await as_wished(session, school_id=self.school_id, kind=kind, who=self._families(), signs=signs)

    def _families(self) -> Any:
        return members(self.school_id, Audience(classes=frozenset({self.small.classes[self._told_class]})), TODAY)

    async def digest(self, now: datetime = EVENING, *, dies: bool = False) -> int:
        """Let the evening come; gives how many adults are told. `dies`: the process ends before the commit."""
        async with self.small.database.school(self.school_id) as session:
            told = await tell_digests(session, self.small.keyring, school=self.small.school, now=now)
            if dies:
                raise DeathError
        return told

    async def drain(self, now: datetime = EVENING) -> None:
        """Let what is due leave."""
        self.small.database._clock = lambda: now
        settings = Settings(public_url="https://hub.test")
        wordings = Wordings(settings, self.small.keyring, render)
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        drain = Drain(self.small.database, self.small.keyring, wordings, settings, channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    async def said(self, kind: NoticeKind) -> list[tuple[str, str]]:
        """List whom a kind of notice concerns: first name and state, in order."""
        asked = (
            "SELECT g.first_name, d.state FROM delivery d JOIN guardian g ON g.id = d.guardian_id"
            " JOIN notice n ON n.id = d.notice_id WHERE n.kind = :kind ORDER BY g.first_name, d.id"
        )
        return [(name, state) for name, state in await self.small.rows(asked, kind=kind.value)]

    async def waiting(self) -> list[tuple[str, str]]:
        """List what waits for an evening: first name of the adult, and kind."""
        asked = (
            "SELECT g.first_name, i.kind FROM digest_item i JOIN guardian g ON g.id = i.guardian_id"
            " WHERE i.notice_id IS NULL ORDER BY g.first_name, i.kind, i.id"
        )
        return [(name, kind) for name, kind in await self.small.rows(asked)]

    async def pupil(self, name: str = "Capucine") -> int:
        """Find a child."""
        return int((await self.small.rows("SELECT id FROM pupil WHERE first_name = :name", name=name))[0][0])
