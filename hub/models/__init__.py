"""The registers: one file a wing, every table with its school, its purpose and how long it is kept."""

from sqlmodel import SQLModel

from hub.models import answers, notices, people, rolls, school, threads

metadata = SQLModel.metadata

WINGS = (school, people, notices, answers, rolls, threads)
"""All modules that rule a table."""
