"""The teacher of CP A offers appointments: Odalys has one, the others may choose; in CE1 B all are taken."""

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from appointments import OFFER, Offered
from factories import TODAY

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
