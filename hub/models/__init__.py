"""The registers: one file a wing, every table with its school, its purpose and how long it is kept."""

from sqlmodel import SQLModel

from hub.models import (
    agenda,
    answers,
    classroom,
    home,
    meetings,
    notices,
    papers,
    people,
    planned,
    rolls,
    school,
    threads,
)

metadata = SQLModel.metadata

WINGS = (school, people, notices, answers, rolls, threads, home, classroom, papers, agenda, planned, meetings)
"""All modules that rule a table."""
