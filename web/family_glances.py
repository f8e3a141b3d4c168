"""What the family's first page says of each child: a sentence from each room, with the way there."""

from collections.abc import Awaitable, Callable, Sequence

from web.family_agenda import agenda_glances
from web.family_appointments import appointment_glances
from web.family_diary import diary_glances
from web.family_documents import document_glances
from web.family_results import result_glances
from web.family_visit import AtSchool, Glance, Visitor

__all__ = ["GLANCES", "Glance", "Look"]

Look = Callable[[Visitor, AtSchool], Awaitable[Sequence[Glance]]]
"""What a room has to say of the children of one school: at most two short sentences a child."""

GLANCES: tuple[Look, ...] = (document_glances, appointment_glances, diary_glances, result_glances, agenda_glances)
"""Every room that has something to say, in the order in which it is read; a new one is added here.

A room takes `Glance` from `web.family_visit`, for this file knows the rooms.
"""
