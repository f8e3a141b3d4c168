"""What a family is told back at once: one short sentence in its language, which repeats no reason and no secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.meetings.by_number import Told
from hub.models.base import BigId, UtcDateTime
from hub.ports import SchoolCard
from hub.replies.hours_words import hours_said
from hub.replies.meaning import Sense
from hub.tables import reply, thread
from i18n.tongues import Tongue, tongue

A_WHILE = timedelta(minutes=1)
"""Who writes again so soon after a confirmation gets no other: two machines would never end."""
MOST_A_DAY = 8
"""Confirmations to one address within a day."""
MOST_OF_HOURS = 40
"""Answers to digits within a day, where one asks, chooses, and changes: each answers a digit, so no machine goes on."""
SILENT = (Sense.WORDS, Sense.STOP, Sense.WRONG_NUMBER, Sense.MISSED_CALL)
"""What is not confirmed, and so never counts as confirmed."""


class What(StrEnum):
    """What is said back."""

    THANKS = "thanks"
    CALLING = "calling"
    RESUMED = "resumed"
    LANGUAGE = "language"
    HELP = "help"
    NO_PICTURES = "no_pictures"
    WHICH = "which"
    HOURS = "hours"
    """Appointments: hours to choose from, or what was chosen."""
    TOO_MANY = "too_many"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Back:
    """What is said back, and in which language. `choices`: what one chooses from, in the order of the numbers.

    `told`: what is said of appointments. `most`: the largest number that may be said.
    """

    what: What
    language: str
    school: SchoolCard
    choices: tuple[str, ...] = ()
    told: Told | None = None
    most: int = 0


def words_back(back: Back, *, typeset: bool = False) -> str:
    """Say it: plain for an SMS, typeset for a chat."""
    speaks = tongue(back.language, typeset=typeset)
    _ = speaks.gettext
    match back.what:
        case What.THANKS:
            return _("Merci, c'est noté.")
        case What.CALLING:
            said = _("L'école vous appelle tout de suite. Vous pouvez aussi l'appeler :")
            return f"{said} {speaks.phone(back.school.phone)}"
        case What.RESUMED:
            return _("L'école vous écrira de nouveau ici.")
        case What.LANGUAGE:
            return _("C'est noté : l'école vous écrira ici dans cette langue.")
        case What.HOURS if back.told is not None:
            return hours_said(back.told, speaks, back.school)
        case _:
            return _explained(back, speaks)


def _explained(back: Back, speaks: Tongue) -> str:
    _ = speaks.gettext
    phone = speaks.phone(back.school.phone)
    match back.what:
        case What.TOO_MANY:
            return too_many(speaks, back.most)
        case What.WAITS:
            return room_full(speaks)
        case What.HELP:
            # TRANSLATORS: an SMS to who asks for help; STOP stays as it is
            said = _("%(school)s vous écrit ici pour vos enfants. Tél. %(phone)s. Pour ne plus recevoir de SMS : STOP")
            return said % {"school": back.school.name, "phone": phone}
        case What.NO_PICTURES:
            said = _("Nous ne recevons pas d'images par SMS. Écrivez-nous quelques mots, ou appelez le %(phone)s.")
            return said % {"phone": phone}
        case _:
            choices = ", ".join(f"{number} = {label}" for number, label in enumerate(back.choices, start=1))
            # TRANSLATORS: %(choices)s is a list of numbers, each with what it stands for: « 1 = Lina, 2 = Basile »
            return _("Votre réponse concerne : %(choices)s. Répondez par le numéro.") % {"choices": choices}


def too_many(speaks: Tongue, most: int) -> str:
    """Say that fewer may come; what was written is not lost."""
    # TRANSLATORS: a family announced more people than the meeting allows; an SMS
    said = speaks.gettext("Le plus grand nombre possible est %(most)s. Votre message est gardé : répondez de nouveau.")
    return said % {"most": most}


def room_full(speaks: Tongue) -> str:
    """Say that the answer waits for a place."""
    # TRANSLATORS: an SMS to a family that wants to come when the room is full
    return speaks.gettext("Plus assez de places : votre réponse est en attente. Nous vous écrirons s'il s'en libère.")


async def may_say_back(
    connection: AsyncConnection,
    *,
    school_id: int,
    address_id: int,
    thread_id: int,
    reply_id: int,
    unseen: bool,
    alarm: bool,
    now: datetime,
    hours: bool = False,
) -> bool:
    """Say whether one more confirmation is no loop: none within the last minute, few within the day.

    Counted over the conversations with the same adult, so that the index by conversation serves. `unseen`: what is
    confirmed (a picture beside words) will not be told from what is not; then everything that was said counts.
    `alarm`: a child may be missing, and who has just confirmed another thing is told that we call. `hours`: a digit
    about appointments is answered at once, for the next digit answers that.
    """
    said = {
        "school": school_id,
        "thread": thread_id,
        "address": address_id,
        "reply": reply_id,
        "since": now - timedelta(days=1),
        "silent": ["", *(() if unseen else SILENT)],
    }
    before = (await connection.execute(_said_before(), said)).one()
    if hours:
        return bool(before.many < MOST_OF_HOURS)
    return before.many < MOST_A_DAY and (alarm or before.last is None or before.last <= now - A_WHILE)


@cache
def _said_before() -> Select[int, Any]:
    school_id, thread_id = bindparam("school", type_=BigId()), bindparam("thread", type_=BigId())
    adult = select(thread.c.guardian_id).where(thread.c.school_id == school_id, thread.c.id == thread_id)
    same = select(thread.c.id).where(
        thread.c.school_id == school_id,
        or_(thread.c.id == thread_id, thread.c.guardian_id == adult.scalar_subquery()),
    )
    return select(func.count(reply.c.id).label("many"), func.max(reply.c.received_at).label("last")).where(
        reply.c.school_id == school_id,
        reply.c.thread_id.in_(same),
        reply.c.address_id == bindparam("address", type_=BigId()),
        reply.c.id != bindparam("reply", type_=BigId()),
        reply.c.sense.not_in(bindparam("silent", expanding=True)),
        reply.c.machine.is_(False),
        reply.c.received_at > bindparam("since", type_=UtcDateTime()),
    )


def labels(named: Sequence[tuple[str, datetime]], *, all_of_them: bool, speaks: Tongue, timezone: str) -> list[str]:
    """Name what one chooses from: by the child, where it may be named, else by when it was written; then « all »."""
    _ = speaks.gettext
    made = [
        # TRANSLATORS: a message, by when it was written; stands in a list of choices in an SMS
        name or _("message du %(when)s") % {"when": speaks.moment(at, timezone, short=True)}
        for name, at in named
    ]
    # TRANSLATORS: the last of a list of choices: all of the children, or of the messages, before it
    return [*made, _("tous")] if all_of_them else made
