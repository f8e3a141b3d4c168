"""Before the press: whom a notice would reach, by which ways and in which languages, at what price, and whom not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.notices import Needs
from hub.models.school import School
from hub.notices import preview_asked
from hub.notices.audience import Audience, classes_of, read_audience, require_right
from hub.notices.ladders import ladder_of
from hub.notices.preview_asked import SenderCard, Some
from hub.notices.publish import check_by_hand
from hub.notices.reasons import Why
from hub.outbox.quiet import check_in_time
from hub.people.rights import Rights
from hub.ports import LINK_CODE, ChannelName, NoticeKind, SchoolCard, Slots, Wording
from hub.routing import check_absent_on, day_at_school
from i18n.languages import best
from i18n.rendering import render_sms
from i18n.segments import Encoding, count, dear_characters, plain_spelling

Key = TypeVar("Key", bound=str)
LINK_SHOWN = "x" * len(LINK_CODE)
"""Stands for a link's code where nothing leaves: letters, for dots would wander in a text that reads from the right."""
RANKS: Mapping[Encoding, int] = {"GSM-7": 0, "UCS-2": 1}


@dataclass(frozen=True, slots=True)
class Price:
    """What one sender's SMS would take: `segments` and `encoding` of the dearest; `cost` in hundredths of a cent."""

    sender: str
    messages: int
    segments: int
    encoding: Encoding
    cost: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """An adult whom no message can reach, and why; `child` and `class_label` of one of the pupils concerned."""

    guardian_id: int
    name: str
    child: str
    class_label: str
    why: Why


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave. `to_call`: adults no message can reach, `unreached` the first of them with the reasons.

    `cost` in hundredths of a cent, first rung only (a crisis: all at once); `prices` by sender. `segments` of the
    dearest language's SMS; `dear` are the signs of the author's words and place that make SMS dear, `saved` what a
    plain spelling of them would save. `readings`: (language, SMS) to be read over; the school's own first, then the
    other one that most adults read.
    """

    adults: int
    to_call: int
    channels: tuple[tuple[ChannelName, int], ...]
    languages: tuple[tuple[str, int], ...]
    cost: int
    prices: tuple[Price, ...]
    segments: int
    readings: tuple[tuple[str, str], ...]
    dear: tuple[str, ...]
    saved: int
    unreached: tuple[Unreached, ...]

    @property
    def read_in(self) -> tuple[tuple[str, int], ...]:
        """Adults by the language that they will read."""
        return _summed((best(code).words, adults) for code, adults in self.languages)

    @property
    def without_words(self) -> tuple[tuple[str, int], ...]:
        """Adults by a language of theirs that we do not speak yet: they read French, and the office should know."""
        return tuple((code, adults) for code, adults in self.languages if not best(code).has_words)


async def preview(
    session: AsyncSession,
    *,
    school: School,
    author: str,
    rights: Rights,
    kind: NoticeKind,
    audience: str,
    slots: Slots,
    now: datetime,
    public_url: str | None,
) -> Preview:
    """Count what a press would do. Raises InvalidError, NotAllowedError as the press itself would."""
    check_by_hand(kind, slots)
    day = day_at_school(now, school.timezone)
    if kind is NoticeKind.MEETING:
        check_in_time(school, slots.starts_at, now)
    if kind is NoticeKind.ABSENCE:
        check_absent_on(slots.day, day)
    who = await read_audience(session, school_id=school.key, words=audience, day=day)
    if kind is not NoticeKind.CRISIS:
        require_right(rights, who, await classes_of(session, school_id=school.key, pupils=who.pupils, day=day))
    rings = (await ladder_of(session, school.key, kind, Needs.NONE)).rings
    everybody = await preview_asked.some(session, school.key, who, day, rings=rings, together=kind is NoticeKind.CRISIS)
    senders = await preview_asked.senders(session, school.key)
    unreached = await preview_asked.unreached(session, school.key, who, day, rings=rings)
    rehearsal = _Rehearsal(
        Wording(
            kind=kind,
            slots=slots,
            school=SchoolCard(school.name, school.short_name, school.phone, school.timezone),
            author=author,
            language=slots.language,
            pupils=await _the_child(session, school.key, kind, who),
            link=f"{public_url}/l/{LINK_CODE}" if public_url else None,
        ),
        tuple(one for one in everybody if one.channel is ChannelName.SMS),
        senders,
    )
    languages = _summed((one.language, one.adults) for one in everybody if one.first)
    prices = rehearsal.prices(slots)
    cost = sum(price.cost for price in prices)
    plain = sum(price.cost for price in rehearsal.prices(replace(slots, plain=True)))
    return Preview(
        adults=sum(one.adults for one in everybody if one.first),
        to_call=sum(one.adults for one in everybody if one.channel is None),
        channels=_summed((one.channel, one.adults) for one in everybody if one.channel is not None),
        languages=languages,
        cost=cost,
        prices=prices,
        segments=max((price.segments for price in prices), default=0),
        readings=rehearsal.readings(slots.language, languages),
        dear=dear_characters(_own_words(slots)),
        saved=cost - plain,
        unreached=tuple(Unreached(*each) for each in unreached),
    )


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """The SMS of a notice, not sent: `texts` are rendered once a language and kind of sender."""

    wording: Wording
    some: tuple[Some, ...]
    senders: Mapping[int, SenderCard]

    def prices(self, slots: Slots) -> tuple[Price, ...]:
        """Add up what each sender's SMS would take with these slots."""
        found: dict[int, Price] = {}
        for one in self.some:
            card = self.senders[one.sender_id or 0]
            taken = count(self._text(slots, one.language, two_way=card.two_way))
            before = found.get(card.sender_id, Price(card.name, 0, 0, "GSM-7", 0))
            found[card.sender_id] = Price(
                sender=card.name,
                messages=before.messages + one.messages,
                segments=max(before.segments, taken.segments),
                encoding=max(before.encoding, taken.encoding, key=RANKS.__getitem__),
                cost=before.cost + one.messages * taken.segments * card.price,
            )
        return tuple(sorted(found.values(), key=lambda price: (-price.cost, price.sender)))

    def readings(self, own: str, languages: Iterable[tuple[str, int]]) -> tuple[tuple[str, str], ...]:
        """Choose what is read over: what the author can check, and one that shows what becomes of it elsewhere."""
        other = next((code for code, _ in languages if best(code).words != best(own).words), None)
        two_way = next((card.two_way for card in self.senders.values() if card.channel is ChannelName.SMS), False)
        return tuple(
            (best(code).words, shown(self._text(self.wording.slots, code, two_way=two_way)))
            for code in (own, other)
            if code
        )

    def _text(self, slots: Slots, language: str, *, two_way: bool) -> str:
        return render_sms(replace(self.wording, slots=slots, language=language, two_way=two_way)).text


def shown(text: str) -> str:
    """Give a text as it may be shown before it leaves: its link leads nowhere yet."""
    return text.replace(LINK_CODE, LINK_SHOWN)


def _own_words(slots: Slots) -> str:
    """Give what the author typed that stands in an SMS, as it would be spelt."""
    words = f"{slots.place or ''}{slots.text or ''}"
    return plain_spelling(words) if slots.plain else words


async def _the_child(session: AsyncSession, school_id: int, kind: NoticeKind, who: Audience) -> tuple[str, ...]:
    """Name the one child that an absence is about; of several, each family reads its own."""
    if kind is not NoticeKind.ABSENCE or len(who.pupils) != 1:
        return ()
    return await preview_asked.first_names(session, school_id, who.pupils)


def _summed(pairs: Iterable[tuple[Key, int]]) -> tuple[tuple[Key, int], ...]:
    sums: dict[Key, int] = {}
    for key, number in pairs:
        sums[key] = sums.get(key, 0) + number
    return tuple(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
