"""The sheet of a whole-school evening: what its form holds as typed, and what that means."""

from collections.abc import Mapping

from pydantic import Field

from hub.errors import InvalidError
from hub.evenings.opening import EveningDraft, Receives
from i18n.slots import clean, clean_line, whole_number
from web.appointment_form import FIELDS, AppointmentForm, date_in

EVENING_FIELDS: Mapping[str, str] = {**FIELDS, "receive": "recoit"}
"""Where on the sheet a fault of the hub's is shown."""


class EveningForm(AppointmentForm):
    """What the form holds, as typed. `recoit`: « class-person » of each class, in their order, or nothing; `salles`."""

    titre: str = Field(default="Rencontre avec les familles", max_length=1000)
    jour2: str = Field(default="", max_length=10)
    jour3: str = Field(default="", max_length=10)
    de: str = Field(default="17:00", max_length=8)
    a: str = Field(default="20:00", max_length=8)
    duree: str = Field(default="10", max_length=4)
    recoit: list[str] = Field(default_factory=list, max_length=200)
    salles: list[str] = Field(default_factory=list, max_length=200)

    def evening(self) -> EveningDraft:
        """Read it all. Raises InvalidError beside the field at fault."""
        offer = self.offer()
        more = (date_in(words, "day") for words in (self.jour2, self.jour3))
        return EveningDraft(
            title=clean_line(self.titre),
            text=clean(self.mots),
            offer=offer,
            days=(offer.day, *(day for day in more if day is not None)),
            receive=tuple(self._receive()),
            until=date_in(self.jusquau, "until"),
        )

    def _receive(self) -> list[Receives]:
        rooms = [*self.salles, *[""] * len(self.recoit)]
        found = []
        for words, room in zip(self.recoit, rooms, strict=False):
            if not words:
                continue
            class_id, staff_id = map(whole_number, (words.partition("-")[0], words.partition("-")[2]))
            if class_id is None or staff_id is None:
                raise InvalidError("Choisissez qui reçoit dans chaque classe.", field="receive")
            found.append(Receives(class_id, staff_id, clean_line(room)))
        return found
