"""The reach board: how far a notice got, live, with who is left to call."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError
from hub.models.notices import NoticeState
from hub.notices.answered import Answers, answers_to
from hub.notices.cancelling import cancel
from hub.notices.chain import chain_of
from hub.notices.follow_up import FOLLOWED, may_change, may_release
from hub.notices.headlines import Headline, headline
from hub.notices.minutes import course
from hub.notices.reach import Reach, Tally, pulse, reach
from hub.ports import Follows, NoticeKind
from hub.routing import TIME_TO_STOP
from web.board import Boards, Look, Picture
from web.bridge import Bridge, Piece, bar, bridge
from web.callers import ToCall, for_reader, to_call
from web.minutes import Minutes, minutes
from web.pages import language, printed
from web.staff_reminders import notice_reminders
from web.staff_visit import ReadingDep, StaffDep, Visit, WritingDep
from web.staff_words import ENDED_AS, FOLLOWED_AS, FOLLOWS_AS, WAYS, in_french, title

router = APIRouter()

MOST_LISTED = 30
"""Adults to call on the board itself; the others are in the call list."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart: a name, its adults, and the shares to draw. `icon` empty for a language."""

    name: str
    icon: str
    tally: Tally
    pieces: tuple[Piece, ...]


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
    answers: Answers
    minutes: Minutes | None
    timezone: str
    now: datetime

    @property
    def over(self) -> bool:
        """Nothing more can happen, by itself or by a call."""
        if self.crisis:
            return not self.reach.tally.moving
        return self.reach.tally.settled and not self.to_call and self.reach.asks_at is None

    @property
    def crisis(self) -> bool:
        """An alarm: three planks, nobody to call."""
        return self.notice.kind is NoticeKind.CRISIS

    @property
    def asks(self) -> bool:
        """Whether families were asked something, or answered as if they were."""
        asks = (self.notice.kind is NoticeKind.MEETING or self.notice.slots.question) and not self.repeats
        return asks or bool(self.answers.yes or self.answers.no)

    @property
    def repeats(self) -> bool:
        """A reminder: what answers it stands on the board of what it says again."""
        return self.notice.slots.follows is Follows.REMINDER

    @property
    def ended_as(self) -> str:
        """What became of a notice that counts no more: arrêté, corrigé, retiré, remplacé."""
        return ENDED_AS[self.notice.ended_by]

    @property
    def waits_to_be_read(self) -> bool:
        """Held for the minute in which a second person may let it go, not for its hour or the school's silence."""
        return self.held and self.notice.due_at <= self.notice.created_at + TIME_TO_STOP

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
    chain = await chain_of(session, school_id=visit.school_id, notice_id=seen.notice_id)
    mine = may_change(visit.reader, seen)
    ended = any(how in (Follows.CORRECTION, Follows.WITHDRAWAL) for _, how in chain.after)
    text = printed(
        "staff/board.html",
        visit=visit,
        view=view,
        said=in_french(seen.kind, seen.slots, visit.who.timezone),
        may_stop=mine,
        may_follow=mine and seen.kind in FOLLOWED and seen.slots.phrase != "disregard" and not view.held and not ended,
        reminders=await notice_reminders(visit, session, seen) if mine else None,
        may_release=may_release(visit.reader, seen, view.now),
        chain=[(number, FOLLOWED_AS[how]) for number, how in chain.after],
        before=(chain.before[0], FOLLOWS_AS[chain.before[1]]) if chain.before else None,
        key=secrets.token_hex(16),
        room="suivi",
    )
    return HTMLResponse(for_reader(text, visit.reader.staff_id))


@router.get("/suivi/{notice_id:int}/direct", response_class=EventSourceResponse)
async def live(request: Request, visit: StaffDep, seen: SeenDep) -> AsyncIterator[ServerSentEvent]:
    """For who may see this notice: the board again after each change, as a stream of pieces of the page.

    In between, a sign of life, by which the page knows that the line still holds.
    """
    boards: Boards = request.app.state.boards
    async for picture in boards.follow((visit.school_id, seen.notice_id, visit.classes), _look(visit, seen)):
        if picture is None:
            yield ServerSentEvent(event="encore", raw_data="1")
            continue
        yield ServerSentEvent(raw_data=for_reader(picture.html, visit.reader.staff_id), id=picture.mark)
        if picture.over:
            yield ServerSentEvent(event="fini", raw_data="1")


@router.post("/suivi/{notice_id:int}/arreter")
async def stop(seen: SeenDep, visit: StaffDep, session: WritingDep) -> Response:
    """For the author, the director and the office: stop what has not left yet."""
    if not may_change(visit.reader, seen):
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent arrêter un avis.")
    await cancel(session, school_id=visit.school_id, notice_id=seen.notice_id, now=visit.now)
    return RedirectResponse(f"/suivi/{seen.notice_id}", 303)


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
            fresh = await headline(
                session, visit.house.keyring, school_id=visit.school_id, notice_id=seen.notice_id, reader=visit.reader
            )
            view = await _view(visit, session, fresh)
        return Picture(new_mark, printed("staff/board_live.html", view=view, live=True), view.over)

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
        most=MOST_LISTED,
    )
    answers = await answers_to(
        session,
        school_id=visit.school_id,
        notice_id=seen.notice_id,
        day=day,
        classes=visit.classes,
        by_family=seen.slots.by_family,
    )
    news = await course(session, school_id=visit.school_id, notice_id=seen.notice_id)
    return BoardView(
        notice=seen,
        title=title(seen, timezone),
        reach=found,
        bridge=bridge(found.tally),
        ways=tuple(Bar(WAYS[way][1], WAYS[way][0], tally, bar(tally)) for way, tally in found.channels if tally.adults),
        tongues=tuple(Bar(language(code), "", tally, bar(tally)) for code, tally in found.languages if tally.adults),
        to_call=to_call(found.left, timezone=timezone, day=day, now=now),
        answers=answers,
        minutes=minutes(news, seen, found.tally, timezone=timezone, now=now),
        timezone=timezone,
        now=now,
    )
