"""The registers: one file a wing, every table with its school, its purpose and how long it is kept."""

from sqlmodel import SQLModel

from hub.models import (
    agenda,
    answers,
    classroom,
    home,
    ladders,
    meetings,
    notices,
    papers,
    people,
    planned,
    post,
    rolls,
    school,
    senders,
    threads,
)

metadata = SQLModel.metadata

WINGS = (
    *(school, people, senders, notices, answers, rolls, threads, home, classroom, papers, agenda, planned, meetings),
    *(ladders, post),
)
"""All modules that rule a table."""
