"""The paper on which the school's registers are ruled: column types and keys that every table shares."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class BigId(TypeDecorator[int]):
    """A 64-bit key; plain INTEGER on SQLite, the only type that counts up by itself there."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type by database."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in, aware UTC out, on both databases. A naive value is refused: it would be somebody's guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (inherited)
        """Refuse what has no time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (inherited)
        """SQLite forgets the zone; it was UTC."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def words(kind: type[StrEnum]) -> Any:  # noqa: ANN401 (SQLModel wants a type here and takes an instance)
    """Give the column type of a closed set of words, held by a CHECK on both databases."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=kind.__name__.lower(),
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


def within_school(
    *targets: str | tuple[str, str], unique: Sequence[tuple[str, ...]] = (), listed: bool = False
) -> tuple[Any, ...]:
    """Tie a row to others of the same school.

    A target is a table (by the column `<table>_id`) or a pair (column, table). Every tie is a composite foreign key
    on (school_id, id): a row cannot point into another school, whatever the code does. What a key sealed is found by
    an index: it is asked for when the key is destroyed. `listed`: whole schools of these rows are read, so there is
    an index by school. All other indexes begin with what tells rows apart: a
    database without statistics (a young SQLite file) takes any index that begins with the school for a good one.
    """
    ties: list[Any] = [UniqueConstraint("id", "school_id"), ForeignKeyConstraint(["school_id"], ["school.id"])]
    for target in targets:
        column, table = (f"{target}_id", target) if isinstance(target, str) else target
        ties.append(ForeignKeyConstraint(["school_id", column], [f"{table}.school_id", f"{table}.id"]))
        if table == "data_key":
            ties.append(Index(None, column, "school_id"))
    ties += [UniqueConstraint(*columns, "school_id") for columns in unique]
    if listed:
        ties.append(Index(None, "school_id"))
    return tuple(ties)


class Kept(StrEnum):
    """Why and until when a table keeps what it knows of a person (purpose and storage limits: RGPD art. 5)."""

    NOTHING_PERSONAL = "nothing personal"
    AS_LONG_AS_ENROLLED = "reaching the family; until three months after the pupil left"
    SCHOOL_YEAR = "proof of what was said and answered; until the end of the school year"
    AS_LONG_AS_EMPLOYED = "running the school; until the right to act ended"
    SHORT = "signing in; days"
    FOR_PROOF = "who did what, ids only; five years"


class InSchool(SQLModel):
    """A row that belongs to one school."""

    __kept__: ClassVar[Kept]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    school_id: int = Field(sa_type=BigId)

    @property
    def key(self) -> int:
        """The id of a row that the database has numbered."""
        if self.id is None:
            raise ValueError("this row has no number yet")
        return self.id
