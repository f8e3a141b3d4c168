"""The teacher of CP A offers appointments: Odalys has one, the others may choose; in CE1 B all are taken."""

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from appointments import OFFER, Offered
from factories import NOW, TODAY
from whole_evening import WholeEvening

from hub.evenings.opening import Receives
from hub.evenings.proposing import facts, keep_plan
from hub.evenings.rules import plan_of
from hub.routing import TIME_TO_STOP

if TYPE_CHECKING:
    from lively import Lively


async def offer_appointments(lively: "Lively") -> None:
    """Open a round in each class, and let some choose."""
    small = lively.small
    at = Offered(
        small, offer=replace(OFFER, day=TODAY + timedelta(days=9), ends=time(18), link="https://visio.test/cp")
    )
    await at.open(lively.staff["teacher"], teachers=(lively.staff["teacher"],))
    await lively.leave("appointments")
    slots = await at.slots()
    lively.appointments = {"round": at.round_id, "free": slots[1], "last": slots[3]}
    lively.appointments["booking"] = await at.choose(slots[0], 1)
    ((lively.appointment_uid,),) = await small.rows("SELECT uid FROM booking")
    full = Offered(small, offer=replace(OFFER, day=TODAY + timedelta(days=10), ends=time(17, 15)))
    other = lively.staff["other_teacher"]
    await full.open(other, key="r2", class_id=small.classes["CE1 B"], teachers=(other,), tell=False)
    await full.open(lively.staff["teacher"], key="r3", title="Bilan", teachers=(lively.staff["teacher"],), tell=False)
    lively.appointments["full"] = (await full.slots())[0]
    await _hold_an_evening(lively)


async def _hold_an_evening(lively: "Lively") -> None:
    """Ask both classes when they can come; a plan stands that gives Noureddine an hour, and Isaure none."""
    small, on = lively.small, TODAY + timedelta(days=13)
    at = WholeEvening(small, other=lively.staff["other_teacher"])
    receive = (
        Receives(small.classes["CP A"], lively.staff["teacher"], "Salle 2"),
        Receives(small.classes["CE1 B"], lively.staff["other_teacher"]),
    )
    before = NOW - TIME_TO_STOP  # the minute in which it could be stopped is over
    await at.open(by=lively.staff["director"], receive=receive, days=(on,), now=before)
    await lively.leave("evening")
    lively.appointments |= {"evening": at.evening_id, "evening_on": on}
    for guardian in (2, 4):
        await at.wish(guardian)
    acting = await at.acting()
    async with small.database.school(small.school.key) as session:
        found = await facts(session, **acting, evening_id=at.evening_id, now=NOW)
        first = next(hour for hour in found.hours if hour.class_id == small.classes["CP A"])
        pupil = next(family.wants[0].pupil_id for family in found.comers if family.who == 2)
        plan = plan_of(found, {(2, pupil, first.class_id): first.slot_id}, best=True)
        await keep_plan(session, plan, **acting, evening_id=at.evening_id, found=found, now=NOW)
