"""The first page of the day: what needs doing, most urgent first; then the newest notices, and how far each one got."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Response

from hub.inbox.to_do import ToDo, to_do
from hub.notices.follow_up import FOLLOWED, may_release
from hub.notices.headlines import Headline, Recent, recent
from hub.post.letters import how_many_to_print
from web.pages import page
from web.staff_visit import ReadingDep, StaffDep, Visit
from web.staff_words import ENDED_AS, title

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Task:
    """One line of what needs doing: in words, and where one does it. `marked`: a child may be missing."""

    icon: str
    words: str
    path: str
    marked: bool = False


@router.get("/")
async def start(visit: StaffDep, session: ReadingDep) -> Response:
    """For all staff: what is theirs to do, and the notices that are theirs to see."""
    reader, now = visit.reader, visit.now
    found = await recent(session, visit.house.keyring, school_id=visit.school_id, reader=reader, now=now)
    waiting, letters = ToDo(), 0
    if reader.rights.writes:
        waiting = await to_do(session, school_id=visit.school_id, timezone=visit.who.timezone, reader=reader, now=now)
        letters = await how_many_to_print(session, visit.house.keyring, **visit.acting)

    def releases(seen: Headline) -> bool:
        return may_release(reader, seen, now)

    return page(
        "staff/start.html",
        visit=visit,
        tasks=tuple(_tasks(visit, waiting, found, letters)),
        notices=[(one, title(one.headline, visit.who.timezone)) for one in found],
        may_release=releases,
        ended_as=ENDED_AS,
        room="suivi",
    )


def _tasks(visit: Visit, waiting: ToDo, found: Iterable[Recent], letters: int) -> Iterator[Task]:
    """Put what waits in words, most urgent first."""
    if visit.alarms:
        should = "enfants devraient" if visit.alarms > 1 else "enfant devrait"
        yield Task("warn", f"{visit.alarms} {should} être à l’école", "/absences#alarmes", marked=True)
    if waiting.cases:
        yield Task("cal", f"{_many(waiting.cases, 'absence')} sans nouvelles", "/absences")
    if waiting.rolls:
        yield Task("roll", f"L’appel manque en {', '.join(waiting.rolls)}", "/presences")
    if waiting.calls:
        yield Task("voice", f"{_many(waiting.calls, 'appel')} à passer", "/appeler")
    yield from _plans(waiting)
    yield from _replies(visit, waiting)
    if waiting.tray:
        yield Task("tray", f"{_many(waiting.tray, 'chose')} au bac du secrétariat", "/bac")
    held = [one.headline for one in found if one.headline.kind in FOLLOWED and _releases(visit, one.headline)]
    if held:
        yield Task("clock", f"{len(held)} avis à relire, et à laisser partir", f"/suivi/{held[0].notice_id}")
    yield from _on_paper(waiting, letters)


def _on_paper(waiting: ToDo, letters: int) -> Iterator[Task]:
    if letters:
        yield Task("letter", f"{_many(letters, 'lettre')} à imprimer", "/courrier")
    if waiting.papers:
        yield Task("pen", f"{_many(waiting.papers, 'document')} à signer d’ici trois jours", "/classe/documents")


def _plans(waiting: ToDo) -> Iterator[Task]:
    if waiting.plans:
        gone = "avis prévus ne sont pas partis" if waiting.plans > 1 else "avis prévu n’est pas parti"
        yield Task("clock", f"{waiting.plans} {gone}", "/prevus")
    if waiting.evenings:
        gone = "soirées attendent leur plan" if waiting.evenings > 1 else "soirée attend son plan"
        yield Task("people", f"{waiting.evenings} {gone}", "/classe/rendez-vous")


def _replies(visit: Visit, waiting: ToDo) -> Iterator[Task]:
    if waiting.late:
        yield Task(
            "mail",
            f"{_many(waiting.late, 'conversation')} sans réponse depuis trop longtemps",
            "/messages?voir=sans-reponse",
        )
    if visit.unread:
        yield Task("mail", f"{_many(visit.unread, 'conversation')} à lire", "/messages")


def _releases(visit: Visit, seen: Headline) -> bool:
    return may_release(visit.reader, seen, visit.now)


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"
