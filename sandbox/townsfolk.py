"""Who lives in a fictional town: pupils, the adults who answer for them, and what goes wrong with their phones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sandbox.behaviour import Behaviour
from sandbox.habits import Habit


class Trouble(StrEnum):
    """What meets a message to this adult.

    `dead`, `off` and `refuses` befall the mobile, `bounces` the mailbox; `left`: the bot was blocked since, or the
    browser is no more.
    """

    NONE = "none"
    DEAD = "dead"
    OFF = "off"
    REFUSES = "refuses"
    BOUNCES = "bounces"
    LEFT = "left"


BEHAVIOURS: Mapping[Trouble, Behaviour] = {
    Trouble.NONE: Behaviour(),
    Trouble.DEAD: Behaviour(undelivered=30005),
    Trouble.OFF: Behaviour(off=True),
    Trouble.REFUSES: Behaviour(refuse=21614),
    Trouble.BOUNCES: Behaviour(bounce="5.1.1"),
    Trouble.LEFT: Behaviour(answer=403),
}
"""How the sandbox plays each trouble (Twilio: 30005 unknown number, 21614 not a mobile; RFC 3463: no such mailbox;
Telegram: 403, the bot was blocked). A browser that is no more is unsubscribed.
"""


@dataclass(frozen=True, slots=True)
class FictionalPupil:
    """A pupil of the fictional school; `usage_name` is "" for most."""

    family_name: str
    usage_name: str
    first_name: str
    born_on: date
    girl: bool
    ine: str
    level: str
    class_label: str
    class_code: str


@dataclass(frozen=True, slots=True)
class FictionalAdult:
    """An adult, or a service (a foster home: no civility, no first name), with all that ONDE does not hold.

    Numbers in international form. `odd_number` stands in the file where the mobile should: a premium number or
    words. `barred_from`: pupils of `children` about whom this adult may be told nothing, although ONDE's file
    names them. Two adults may hold the same `mobile`. `chat` is the number of a Telegram chat, `notified` says that
    a browser asked for notifications: who has either has a mobile too, which comes after it.
    """

    civility: str
    name: str
    usage_name: str
    first_name: str
    language: str
    street: str
    children: tuple[FictionalPupil, ...]
    mobile: str | None = None
    landline: str | None = None
    work: str | None = None
    mailbox: str | None = None
    odd_number: str | None = None
    chat: str | None = None
    notified: bool = False
    habit: Habit = Habit.ACKNOWLEDGE
    trouble: Trouble = Trouble.NONE
    barred_from: tuple[FictionalPupil, ...] = ()

    @property
    def is_service(self) -> bool:
        """A house with several phones and no personal read mark."""
        return not self.first_name

    @property
    def troubled_address(self) -> str | None:
        """The address that `BEHAVIOURS[trouble]` is to be set for; None when all is well, or it is a browser's."""
        if self.trouble is Trouble.NONE:
            return None
        if self.trouble is Trouble.LEFT:
            return self.chat
        return self.mailbox if self.trouble is Trouble.BOUNCES else self.mobile
