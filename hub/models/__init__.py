"""The registers: one file a wing, every table with its school, its purpose and how long it is kept."""

from sqlmodel import SQLModel

from hub.models import answers, notices, people, school, threads

metadata = SQLModel.metadata

WINGS = (school, people, notices, answers, threads)
"""All modules that rule a table."""
