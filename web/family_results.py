"""The results on a family's page: each child's, the newest first, in words; and how it went over the year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from hub.classroom.results import ALWAYS, Outcome, results_of
from i18n.tongues import Tongue
from web.family_part import Opened, Part
from web.family_visit import HOME, AtSchool, FamilyDep, Glance, Visitor
from web.result_words import Course, Told, courses, told

router = APIRouter()

AT = f"{HOME}/resultats"
NEW = timedelta(days=7)
"""For how long a result is called new."""
AT_FIRST = 6
"""Assessments of a child that stand open; older ones behind a fold."""


@dataclass(frozen=True, slots=True)
class OfChild:
    """What is shown of one child. `school`: its name, where the family has several."""

    pupil_id: int
    first_name: str
    school: str
    latest: tuple[Told, ...]
    older: tuple[Told, ...]
    courses: tuple[Course, ...]


@router.get(AT)
async def results(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: the results of its children, and of no other child."""
    children: list[OfChild] = []
    fresh = 0
    several = len(visitor.at_home.schools) > 1
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as here:
            found = await _of(visitor, here)
        fresh += sum(_is_new(one, visitor.now) for one in found)
        children += _children(visitor.speaks, here, found, several=several)
    return visitor.page("results", children=children, fresh=fresh)


async def result_glances(visitor: Visitor, here: AtSchool) -> Sequence[Glance]:
    """Say on the first page what is new of each child."""
    found = await _of(visitor, here, since=visitor.now - NEW)
    said = []
    for pupil_id in here.pupils:
        mine = [one for one in found if one.pupil_id == pupil_id]
        if mine:
            path = f"{AT}?lang={visitor.speaks.code}#enfant-{pupil_id}"
            said.append(Glance(pupil_id, "ack", _news(visitor.speaks, mine), path))
    return said


async def _part(opened: Opened) -> Mapping[str, Any] | None:
    """Show below its notice the assessment that it told of: of the children of the adults here, and no other."""
    found = await results_of(
        opened.session,
        opened.keyring,
        school_id=opened.school_id,
        pupils=list(opened.pupils),
        notice_id=opened.notice_id if opened.subjects is None else None,
        assessments=opened.subjects,
    )
    if not found:
        return None
    shown = [(opened.pupils[one.pupil_id], told(opened.speaks, one)) for one in found]
    return {"children": shown, "whole": opened.subjects is not None}


RESULT_PART = Part("family/part_result.html", _part)


async def _of(visitor: Visitor, here: AtSchool, *, since: datetime = ALWAYS) -> tuple[Outcome, ...]:
    keyring = visitor.house.keyring
    return await results_of(here.session, keyring, school_id=here.school_id, pupils=here.pupils, since=since)


def _children(speaks: Tongue, here: AtSchool, found: Sequence[Outcome], *, several: bool) -> list[OfChild]:
    names = {child.pupil_id: child.first_name for child in here.children}
    shown = []
    for pupil_id, name in names.items():
        mine = [one for one in found if one.pupil_id == pupil_id]
        said = tuple(told(speaks, one) for one in mine)
        school = here.school.name if several else ""
        shown.append(OfChild(pupil_id, name, school, said[:AT_FIRST], said[AT_FIRST:], courses(speaks, mine)))
    return shown


def _is_new(one: Outcome, now: datetime) -> bool:
    return one.published_at > now - NEW


def _news(speaks: Tongue, mine: Sequence[Outcome]) -> str:
    if len(mine) == 1:
        return speaks.gettext("Nouveau résultat : %(title)s") % {"title": mine[0].title}
    sentence = speaks.ngettext("%(count)s nouveau résultat", "%(count)s nouveaux résultats", len(mine))
    return sentence % {"count": len(mine)}
