"""The register of absences, a day at a time: who should be at school, who is missing, who told before; and its acts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences import cases
from hub.absences.register import Case, cases_of
from hub.absences.unsaying import unsay
from hub.errors import InvalidError
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.notices.choices import PupilChoice, pupil_choices
from hub.people.names import name_key
from hub.people.schools import read_school
from hub.ports import HalfDay
from hub.routing import half_day_at
from hub.sealing import Keyring
from i18n.tongues import tongue
from web.absence_words import REASONS, THROUGH, VERDICTS
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep
from web.staff_words import HALVES

router = APIRouter()

Through = Literal["phone", "gate", "note", "voicemail"]
TYPED: Mapping[Through, str] = {"phone": "Téléphone", "gate": "Portail", "note": "Mot", "voicemail": "Répondeur"}
"""How the office heard of an absence: the button that notes it."""
FEWEST_LETTERS, MOST_ALIKE = 2, 12
Reason = Annotated[AnswerKind, Form()]


@router.get("/absences")
async def the_day(
    visit: WriterDep,
    session: ReadingDep,
    jour: Annotated[date | None, Query()] = None,
    note: str = "",
    seul: str = "",
    repris: Literal["", "alerte", "ouvert", "rien"] = "",
) -> Response:
    """For the director and the office, all absences of a day; for teachers, those of their classes of today."""
    day = jour or visit.reader.day
    return await _register(visit, session, day, note=bool(note), alone=bool(seul), unsaid=repris)


@router.post("/absences")
async def type_in(
    visit: WriterDep,
    eleve: Annotated[str, Form(max_length=200)] = "",
    demi: Annotated[HalfDay, Form()] = HalfDay.DAY,
    jour: Annotated[date | None, Form()] = None,
    raison: Reason = AnswerKind.OTHER_REASON,
    par: Annotated[Through, Form()] = "phone",
) -> Response:
    """For the director and the office, and for teachers of this pupil: note an absence that was told to somebody."""
    day = jour or visit.reader.day
    if raison not in REASONS:
        raise InvalidError("Cette raison ne se note pas ici.")
    try:
        async with visit.house.database.school(visit.school_id) as session:
            alike = _alike(eleve, await _pupils(visit, session))
            if len(alike) == 1:
                await cases.type_in(
                    session,
                    school=await read_school(session, visit.school_id),
                    pupils=[alike[0].pupil_id],
                    day=day,
                    half_day=demi,
                    reason=raison,
                    through=par,
                    reader=visit.reader,
                    now=visit.now,
                )
                return _back(day, "note=1", "#noter")
            wrong = "Plusieurs élèves ont ce nom : choisissez." if alike else "Aucun élève d’ici ne porte ce nom."
    except InvalidError as error:
        alike, wrong = [], tongue("fr", typeset=True).gettext(str(error))
    typed = {"eleve": eleve, "demi": demi, "raison": raison}
    async with visit.house.database.reading(visit.school_id) as session:
        return await _register(visit, session, day, typed=typed, alike=alike, wrong=wrong)


@dataclass(frozen=True, slots=True)
class Press:
    """A press on one absence: `which` says on which one, by whom and when; `day`: of the page that it stands on."""

    session: AsyncSession
    keyring: Keyring
    day: date
    which: Mapping[str, Any]

    def back(self, query: str = "") -> Response:
        """Go back to where the absence stands."""
        return _back(self.day, query, f"#absence-{self.which['absence_id']}")


async def pressed(visit: WriterDep, session: WritingDep, absence_id: int, jour: Annotated[date, Form()]) -> Press:
    """Read what was pressed, by somebody who writes to families at all."""
    school = await read_school(session, visit.school_id)
    which = {"school": school, "absence_id": absence_id, "reader": visit.reader, "now": visit.now}
    return Press(session, visit.house.keyring, jour, which)


PressDep = Annotated[Press, Depends(pressed)]


@router.post("/absences/{absence_id:int}/prendre")
async def take(press: PressDep) -> Response:
    """For the director and the office, and for teachers of this pupil: look for the child oneself."""
    await cases.take(press.session, **press.which)
    return press.back()


@router.post("/absences/{absence_id:int}/rendre")
async def give_back(press: PressDep) -> Response:
    """For who took it: leave the search to somebody else."""
    await cases.give_back(press.session, **press.which)
    return press.back()


@router.post("/absences/{absence_id:int}/trouve")
async def found(press: PressDep) -> Response:
    """For the director and the office, and for teachers of this pupil: the child is there; who was alarmed is told."""
    await cases.found(press.session, press.keyring, **press.which)
    return press.back()


@router.post("/absences/{absence_id:int}/confie")
async def hand_on(press: PressDep) -> Response:
    """For the director and the office, and for teachers of this pupil: others go on with the search."""
    await cases.hand_on(press.session, **press.which)
    return press.back()


@router.post("/absences/{absence_id:int}/alerter")
async def alert(press: PressDep) -> Response:
    """For the director and the office, and for teachers of this pupil: alert a family that nobody was asked about."""
    leaves = await cases.alert_now(press.session, press.keyring, **press.which)
    return press.back("" if leaves else "seul=1")


@router.post("/absences/{absence_id:int}/reprendre")
async def take_back(press: PressDep) -> Response:
    """For the director and the office, and for teachers of this pupil: it was noted by mistake, and nobody said it."""
    missed = await unsay(press.session, press.keyring, **press.which)
    return _back(press.day, f"repris={'alerte' if missed.alerts else 'ouvert' if missed.unasked else 'rien'}")


def _back(day: date, query: str = "", anchor: str = "") -> Response:
    return RedirectResponse(f"/absences?jour={day.isoformat()}{'&' if query else ''}{query}{anchor}", 303)


async def _pupils(visit: Visit, session: AsyncSession) -> Sequence[PupilChoice]:
    """Give the pupils whom this reader may name today."""
    return await pupil_choices(session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day)


def _label(pupil: PupilChoice) -> str:
    return f"{pupil.name}, {pupil.class_label}" if pupil.class_label else pupil.name


def _alike(words: str, pupils: Iterable[PupilChoice]) -> list[PupilChoice]:
    """Find whom these words name: the very line of the list, the number chosen among several, else beginnings.

    Raises InvalidError for less than FEWEST_LETTERS letters.
    """
    listed, wanted = list(pupils), name_key(words).split()
    exact = [one for one in listed if words in (_label(one), f"{one.pupil_id}")]
    if len(exact) == 1:
        return exact
    if sum(map(len, wanted)) < FEWEST_LETTERS:
        raise InvalidError("Donnez au moins deux lettres du nom de l’élève.", field="eleve")
    begins = [one for one in listed if all(_begins(word, name_key(_label(one)).split()) for word in wanted)]
    return begins[:MOST_ALIKE]


def _begins(word: str, names: Sequence[str]) -> bool:
    return any(name.startswith(word) for name in names)


def _named(pupils: Iterable[PupilChoice]) -> Markup:
    """Set the names to choose from without the template: five hundred of them would cost it half its time."""
    return Markup("\n".join(f'<option value="{escape(_label(one))}">' for one in pupils))  # noqa: S704 (each is escaped)


async def _register(
    visit: Visit,
    session: AsyncSession,
    day: date,
    *,
    note: bool = False,
    alone: bool = False,
    unsaid: str = "",
    typed: Mapping[str, object] | None = None,
    alike: Sequence[PupilChoice] = (),
    wrong: str = "",
) -> Response:
    found = await cases_of(session, school_id=visit.school_id, day=day, reader=visit.reader)
    parts: dict[str, list[Case]] = {"alarms": [], "open": [], "ended": []}
    for case in found:
        still = case.state is AbsenceState.OPEN
        parts["alarms" if still and case.alarmed_at else "open" if still else "ended"].append(case)
    now = half_day_at(visit.now, visit.who.timezone)
    return page(
        "staff/absences.html",
        status=422 if wrong else 200,
        visit=visit,
        **parts,
        day=day,
        day_words=date_words(day),
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        pupils=_named(await _pupils(visit, session)),
        typed=typed or {"eleve": "", "demi": now, "raison": AnswerKind.OTHER_REASON},
        alike=[(one.pupil_id, _label(one)) for one in alike],
        wrong=wrong,
        note=note,
        alone=alone,
        unsaid=unsaid,
        halves=HALVES,
        reasons=REASONS,
        ways=TYPED,
        through=THROUGH,
        verdicts=VERDICTS,
        room="absences",
    )
