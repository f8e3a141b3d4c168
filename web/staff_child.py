"""A child's file, to read and to print: opened by a press, for that is written down, and never by a mere look."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import InvalidError
from hub.inbox.child_file import Call, ChildFile, Paper, Period, Sent, Signed, Told, Try, Turn
from hub.inbox.of_child import child_of, open_file, year_so_far
from hub.models.answers import AnswerKind, CallOutcome
from hub.models.notices import AttemptState, DeliveryState, ErrorKind
from hub.models.people import LinkKind
from hub.models.rolls import AbsenceState
from hub.routing import day_at_school
from web.absence_words import REASONS, THROUGH
from web.pages import date_words, hour, page
from web.staff_visit import ReadingDep, Visit, WriterDep
from web.staff_words import WAYS, title

router = APIRouter()

TIES: Mapping[LinkKind, str] = {
    LinkKind.JOINT: "autorité parentale conjointe",
    LinkKind.SOLE: "autorité parentale exclusive",
    LinkKind.INFORMED: "droit d’être informé",
    LinkKind.DELEGATED: "autorité déléguée",
    LinkKind.SERVICE: "service de garde",
    LinkKind.EMERGENCY: "à joindre en urgence",
    LinkKind.BARRED: "écarté",
}
STANDS: Mapping[DeliveryState, str] = {
    DeliveryState.HELD: "retenu, pas encore parti",
    DeliveryState.ON_THE_WAY: "en route",
    DeliveryState.TOLD: "reçu",
    DeliveryState.ACKNOWLEDGED: "confirmé",
    DeliveryState.TO_CALL: "personne n’a pu être joint par écrit, à appeler",
    DeliveryState.CANCELLED: "arrêté",
    DeliveryState.EXPIRED: "périmé avant d’arriver",
}
FAILED: Mapping[ErrorKind | None, str] = {
    None: "sans raison donnée",
    ErrorKind.TEMPORARY: "injoignable, après plusieurs essais",
    ErrorKind.DEAD_ADDRESS: "adresse hors service",
    ErrorKind.STOPPED: "ne veut plus de messages",
    ErrorKind.REJECTED: "refusé par l’opérateur",
    ErrorKind.MISCONFIGURED: "l’école ne pouvait pas envoyer par cette voie",
    ErrorKind.UNKNOWN: "sort inconnu",
}
ENDED: Mapping[CallOutcome | None, str] = {
    None: "à passer",
    CallOutcome.REACHED: "joint",
    CallOutcome.NO_ANSWER: "sans réponse",
    CallOutcome.WRONG_NUMBER: "faux numéro",
    CallOutcome.OTHERWISE: "prévenu autrement",
}
SAID: Mapping[AnswerKind, str] = {
    **REASONS,
    AnswerKind.ACKNOWLEDGED: "a confirmé",
    AnswerKind.YES: "a répondu oui",
    AnswerKind.NO: "a répondu non",
    AnswerKind.COUNT: "a répondu un nombre",
    AnswerKind.SHOULD_BE_HERE: "a répondu que l’enfant devrait être à l’école",
}
CASES: Mapping[AbsenceState, str] = {
    AbsenceState.OPEN: "sans nouvelles",
    AbsenceState.EXPLAINED: "expliquée",
    AbsenceState.FOUND: "l’enfant était là",
    AbsenceState.HANDED_ON: "confiée à d’autres",
}
_LINK = re.compile(r"/l/[0-9A-Za-z]{12}")
"""The code in a link opens a family's page, so nobody else reads it here."""


class InWords:
    """Puts what a file holds in French; `timezone` is the school's."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone

    def date(self, one: date) -> str:
        """Write a day with its year: a file outlives it."""
        return f"{date_words(one)} {one.year}"

    def moment(self, at: datetime) -> str:
        """Write a day and an hour."""
        return f"{self.date(day_at_school(at, self._timezone))} à {hour(at, self._timezone)}"

    def kind(self, turn: Turn) -> str:
        """Say what a turn is, for the template."""
        return "sent" if isinstance(turn, Sent) else "signed" if isinstance(turn, Signed) else "wrote"

    def title(self, sent: Sent) -> str:
        """Name a notice."""
        return title(sent.notice, self._timezone)

    def ended(self, one: Try) -> str:
        """Say how a try ended, and when."""
        told = self.moment(one.told_at) if one.told_at else ""
        match one.state:
            case AttemptState.DELIVERED if one.proved:
                return f"reçu par le téléphone le {told}"
            case AttemptState.DELIVERED | AttemptState.ACCEPTED:
                return f"accepté par l’opérateur, sans retour{f', le {told}' if told else ''}"
            case AttemptState.FAILED:
                return f"échoué{f' le {told}' if told else ''}\u00a0: {FAILED[one.error]}"
            case AttemptState.WITHDRAWN:
                return "pas parti\u00a0: il ne fallait plus"
            case AttemptState.READY:
                return f"pas encore parti, prévu le {self.moment(one.due_at)}"
        return "parti, sort inconnu"

    def called(self, call: Call) -> str:
        """Say what became of a call."""
        by = f" par {call.by}" if call.by else ""
        at = f", le {self.moment(call.at)}" if call.at else ""
        return f"Appel{by}{at}\u00a0: {ENDED[call.outcome]}"

    def on_paper(self, letter: Paper) -> str:
        """Say what became of a letter; that it was handed over proves nothing by itself."""
        printed = f"Lettre préparée le {self.moment(letter.printed_at)}, par {letter.printed_by}"
        if letter.handed_at is None:
            return f"{printed}, pas remise"
        return f"{printed}\u00a0; remise le {self.moment(letter.handed_at)}, par {letter.handed_by}"

    def answered(self, told: Told) -> str:
        """Say what was answered, how and when."""
        number = f"\u00a0: {told.number}" if told.number is not None else ""
        noted = f", noté par {told.typed_by}" if told.typed_by else ""
        return f"{SAID[told.kind]}{number}, {self.through(told.through)}{noted}, le {self.moment(told.at)}"

    def through(self, way: str) -> str:
        """Say through what something was said or signed."""
        return THROUGH.get(way, {"link": "par le lien", "paper": "sur papier"}.get(way, way))

    def words(self, text: str) -> str:
        """Give a text as it was sent, without the code of its link."""
        return _LINK.sub("/l/…", text)


@router.get("/familles/eleves/{pupil_id:int}/dossier")
async def ask(visit: WriterDep, session: ReadingDep, pupil_id: int) -> Response:
    """For the director and the office: whose file, and of which days; nothing of it is shown yet."""
    child = await child_of(session, school_id=visit.school_id, pupil_id=pupil_id, reader=visit.reader)
    period = await year_so_far(session, school_id=visit.school_id, day=visit.reader.day)
    first, last = period.first.isoformat(), period.last.isoformat()
    return page("staff/child.html", visit=visit, child=child, first=first, last=last, wrong="", room="familles")


@router.post("/familles/eleves/{pupil_id:int}/dossier")
async def show(
    visit: WriterDep,
    pupil_id: int,
    du: Annotated[str, Form(max_length=10)] = "",
    au: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """For the director and the office: the file of these days, which is written down."""
    try:
        period = Period(_day(du), _day(au))
        async with visit.house.database.school(visit.school_id) as session:
            found = await open_file(
                session,
                visit.house.keyring,
                school_id=visit.school_id,
                pupil_id=pupil_id,
                period=period,
                timezone=visit.who.timezone,
                reader=visit.reader,
                now=visit.now,
            )
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            child = await child_of(session, school_id=visit.school_id, pupil_id=pupil_id, reader=visit.reader)
        return page(
            "staff/child.html", status=422, visit=visit, child=child, first=du, last=au, wrong=str(error),
            room="familles",
        )  # fmt: skip
    return _printed(visit, found)


def _printed(visit: Visit, found: ChildFile) -> Response:
    return page(
        "staff/child_file.html",
        visit=visit,
        file=found,
        say=InWords(visit.who.timezone),
        ways=WAYS,
        ties=TIES,
        stands=STANDS,
        cases=CASES,
        reasons=REASONS,
        room="familles",
    )


def _day(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise InvalidError("Donnez le premier et le dernier jour.", field="period") from error
