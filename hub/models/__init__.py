"""The registers: one file a wing, every table with its school, its purpose and how long it is kept."""

from sqlmodel import SQLModel

from hub.models import notices, people, school, threads

metadata = SQLModel.metadata

WINGS = (school, people, notices, threads)
"""All modules that rule a table."""
