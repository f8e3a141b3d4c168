"""What a child's file holds: the adults, what each was sent and said, absences, signatures."""

from dataclasses import dataclass, field
from datetime import date, datetime

from hub.models.answers import AnswerKind, CallOutcome
from hub.models.notices import AttemptState, DeliveryState, ErrorKind
from hub.models.people import LinkKind
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Headline
from hub.ports import ChannelName, HalfDay


@dataclass(frozen=True, slots=True)
class Try:
    """One try: by which way, to which address (masked), what was sent. `told_at`: when a provider last spoke of it.

    `proved`: a telephone has it. `words` None: erased, or never left; a code that opens a page is not shown.
    """

    channel: ChannelName
    where: str
    language: str
    state: AttemptState
    due_at: datetime
    sent_at: datetime | None
    told_at: datetime | None
    proved: bool
    error: ErrorKind | None
    words: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was to be made: by whom, when, and how it ended; None: it has not."""

    opened_at: datetime
    by: str
    at: datetime | None
    outcome: CallOutcome | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A letter: who printed it, and who says to have handed it over; None: nobody does."""

    printed_at: datetime
    printed_by: str
    handed_at: datetime | None
    handed_by: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an adult answered, through what; `typed_by`: the colleague who noted it."""

    kind: AnswerKind
    number: int | None
    through: str
    at: datetime
    typed_by: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice as one adult had it. `state`: how far it got with that adult, since `state_at`."""

    at: datetime
    notice: Headline
    state: DeliveryState
    state_at: datetime
    tries: tuple[Try, ...]
    calls: tuple[Call, ...]
    answers: tuple[Told, ...]
    letter: Paper | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """What an adult wrote; `words` None: erased."""

    at: datetime
    thread_id: int
    channel: ChannelName
    words: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """A document that an adult signed for this child."""

    at: datetime
    title: str = field(repr=False)
    through: str
    typed_by: str


Turn = Sent | Wrote | Signed
"""What happened between the school and one adult, at one moment."""


@dataclass(frozen=True, slots=True)
class Tie:
    """What an adult is or was to the child, from and to which day; `waiting`: the office has not agreed yet."""

    kind: LinkKind
    from_on: date
    to_on: date | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class AdultOfChild:
    """One adult, with all that concerned this child in the period, in order of time."""

    guardian_id: int
    name: str
    ties: tuple[Tie, ...]
    turns: tuple[Turn, ...]

    def __repr__(self) -> str:
        return f"AdultOfChild({self.guardian_id})"


@dataclass(frozen=True, slots=True)
class Away:
    """An absence of the child, and what was said of it."""

    day: date
    half_day: HalfDay
    state: AbsenceState
    reason: AnswerKind | None
    through: str
    told_by: str
    typed_by: str
    alarmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Child:
    """Who the file is about. `class_label` of today, or the last there was."""

    pupil_id: int
    name: str
    class_label: str

    def __repr__(self) -> str:
        return f"Child({self.pupil_id})"


@dataclass(frozen=True, slots=True)
class ChildFile:
    """The file."""

    child: Child
    period: Period
    adults: tuple[AdultOfChild, ...]
    absences: tuple[Away, ...]
