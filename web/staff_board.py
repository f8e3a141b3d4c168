"""The reach board: how far a notice got, live, with who is left to call."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError
from hub.models.notices import NoticeState
from hub.notices.headlines import Headline, headline
from hub.notices.left import Left
from hub.notices.publish import cancel
from hub.notices.reach import Reach, Tally, pulse, reach
from hub.people.phones import masked
from web.board import Boards, Look, Picture
from web.bridge import Bridge, Piece, bar, bridge
from web.pages import language, page, printed
from web.staff_visit import ReadingDep, StaffDep, Visit, WritingDep
from web.staff_words import WAYS, title, way_of, why

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart: a name, its adults, and the shares to draw. `icon` empty for a language."""

    name: str
    icon: str
    tally: Tally
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ToCall:
    """An adult to call, as the board shows it: numbers masked, the reason in words."""

    one: Left
    numbers: tuple[str, ...]
    why: tuple[str, ...]
    icon: str

    @property
    def first(self) -> bool:
        """A child may be missing, or nobody of the family knows."""
        return self.one.alarm or self.one.nobody_knows


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the board shows; it holds nothing of the visitor, for all who may see the same names share it."""

    notice: Headline
    title: str
    reach: Reach
    bridge: Bridge
    ways: tuple[Bar, ...]
    tongues: tuple[Bar, ...]
    to_call: tuple[ToCall, ...]
    timezone: str
    now: datetime

    @property
    def over(self) -> bool:
        """Nothing more can happen, by itself or by a call."""
        return self.reach.tally.settled and not self.to_call

    @property
    def held(self) -> bool:
        """Not yet due: it can still be stopped before anybody reads it."""
        return self.notice.state is NoticeState.PUBLISHED and self.notice.due_at > self.now


async def _seen(notice_id: int, visit: StaffDep, session: ReadingDep) -> Headline:
    """Refuse before a stream begins, while the answer can still say so."""
    return await headline(
        session, visit.house.keyring, school_id=visit.school_id, notice_id=notice_id, reader=visit.reader
    )


SeenDep = Annotated[Headline, Depends(_seen)]


@router.get("/suivi/{notice_id:int}")
async def board(seen: SeenDep, visit: StaffDep, session: ReadingDep) -> Response:
    """For who may see this notice: its board; with JavaScript it stays live."""
    view = await _view(visit, session, seen)
    return page("staff/board.html", visit=visit, view=view, may_stop=_may_stop(visit, seen), room="suivi")


@router.get("/suivi/{notice_id:int}/direct", response_class=EventSourceResponse)
async def live(request: Request, visit: StaffDep, seen: SeenDep) -> AsyncIterator[ServerSentEvent]:
    """For who may see this notice: the board again after each change, as a stream of pieces of the page."""
    boards: Boards = request.app.state.boards
    async for picture in boards.follow((visit.school_id, seen.notice_id, visit.classes), _look(visit, seen)):
        yield ServerSentEvent(raw_data=picture.html, id=picture.mark)
        if picture.over:
            yield ServerSentEvent(event="fini", raw_data="1")


@router.post("/suivi/{notice_id:int}/arreter")
async def stop(seen: SeenDep, visit: StaffDep, session: WritingDep) -> Response:
    """For the author, the director and the office: stop what has not left yet."""
    if not _may_stop(visit, seen):
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent arrêter un avis.")
    await cancel(session, school_id=visit.school_id, notice_id=seen.notice_id, now=visit.now)
    return RedirectResponse(f"/suivi/{seen.notice_id}", 303)


def _may_stop(visit: Visit, seen: Headline) -> bool:
    return visit.reader.rights.whole_school or seen.author_id == visit.reader.staff_id


def _look(visit: Visit, seen: Headline) -> Look:
    async def look(mark: str) -> Picture | None:
        async with visit.house.database.reading(visit.school_id) as session:
            now = await visit.house.database.now(await session.connection())
            beat = await pulse(
                session, school_id=visit.school_id, notice_id=seen.notice_id, day=visit.reader.day, now=now
            )
            new_mark = hashlib.blake2b(repr(beat).encode(), digest_size=8).hexdigest()
            if new_mark == mark:
                return None
            view = await _view(visit, session, seen)
        return Picture(new_mark, printed("staff/board_live.html", view=view), view.over)

    return look


async def _view(visit: Visit, session: AsyncSession, seen: Headline) -> BoardView:
    timezone, day = visit.who.timezone, visit.reader.day
    now = await visit.house.database.now(await session.connection())
    found = await reach(
        session,
        school_id=visit.school_id,
        notice_id=seen.notice_id,
        day=day,
        now=now,
        classes=visit.classes,
        keyring=visit.house.keyring,
    )
    return BoardView(
        notice=seen,
        title=title(seen, timezone),
        reach=found,
        bridge=bridge(found.tally),
        ways=tuple(Bar(WAYS[way][1], WAYS[way][0], tally, bar(tally)) for way, tally in found.channels if tally.adults),
        tongues=tuple(Bar(language(code), "", tally, bar(tally)) for code, tally in found.languages if tally.adults),
        to_call=tuple(
            ToCall(one, tuple(masked(number.e164) for number in one.numbers), why(one, timezone, day), way_of(one))
            for one in found.left
        ),
        timezone=timezone,
        now=now,
    )
