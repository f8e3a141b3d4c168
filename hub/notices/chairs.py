"""How many chairs an invitation needs: two parents of the same children who both announce the family count it once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select

from hub.models.answers import AnswerKind
from hub.models.base import BigId
from hub.people.links import told_today
from hub.tables import answer, delivery, delivery_pupil

_COMES = (AnswerKind.YES, AnswerKind.COUNT)


@dataclass(frozen=True, slots=True)
class Coming:
    """An adult who comes: with `number` persons, or (None) alone. `pupils`: the children whom the invitation names."""

    number: int | None
    pupils: frozenset[int]


def chairs(coming: Iterable[Coming], *, by_family: bool = False) -> int:
    """Count chairs by family: the adults who were invited about exactly the same children.

    Of a family the greatest number counts that one of them announced, and at least a chair for each who comes. Nobody
    reads what the other answered: parents who live apart see their own answer alone, and each has a chair. Adults who
    share only some of their children are families of their own: rather a chair too many than one that is missing.
    `by_family`: one answer of either stands for both, so the greatest number alone counts.
    """
    families = defaultdict[frozenset[int], list[Coming]](list)
    for one in coming:
        families[one.pupils].append(one)
    least = (1 if by_family else len(family) for family in families.values())
    return sum(
        max(few, *(one.number or 1 for one in family)) for few, family in zip(least, families.values(), strict=True)
    )


@cache
def who_comes() -> Select[Any]:
    """Ask who comes, a row for each child: parameters school, notice, day."""
    theirs = and_(
        delivery.c.school_id == answer.c.school_id,
        delivery.c.notice_id == answer.c.notice_id,
        delivery.c.guardian_id == answer.c.guardian_id,
    )
    about = and_(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id)
    return (
        select(
            answer.c.id,
            answer.c.guardian_id,
            answer.c.number,
            answer.c.held,
            answer.c.at,
            delivery_pupil.c.pupil_id,
        )
        .join(delivery, theirs)
        .join(delivery_pupil, about)
        .where(
            answer.c.school_id == bindparam("school", type_=BigId()),
            answer.c.notice_id == bindparam("notice", type_=BigId()),
            answer.c.kind.in_(_COMES),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
        )
    )


def by_adult(rows: Iterable[Any]) -> list[Coming]:
    """Gather the rows of `who_comes`."""
    pupils, numbers = defaultdict[int, set[int]](set), dict[int, int | None]()
    for row in rows:
        pupils[row.guardian_id].add(row.pupil_id)
        numbers[row.guardian_id] = row.number
    return [Coming(number, frozenset(pupils[guardian_id])) for guardian_id, number in numbers.items()]
