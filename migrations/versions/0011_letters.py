"""Letters: which notice was printed for which adult, its codes as keyed hashes, and who handed it over."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Rule the table and raise its wall."""
    op.create_table(
        "letter",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("printed_at", MOMENT, nullable=False),
        sa.Column("printed_by", BIG, nullable=False),
        sa.Column("handed_at", MOMENT, nullable=True),
        sa.Column("handed_by", BIG, nullable=True),
        _tie("delivery_id", "delivery"),
        _tie("handed_by", "staff"),
        _tie("printed_by", "staff"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_letter_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("code_hash", "school_id", name=op.f("uq_letter_code_hash_school_id")),
        sa.UniqueConstraint("delivery_id", "school_id", name=op.f("uq_letter_delivery_id_school_id")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_letter_id_school_id")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_letter_link_hash")),
    )
    op.create_index(op.f("ix_letter_school_id"), "letter", ["school_id"])
    if op.get_bind().dialect.name == "postgresql":
        raise_wall(op.get_bind(), "letter")


def downgrade() -> None:
    """Let go of every letter."""
    op.drop_table("letter")


def _tie(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_letter_school_id_{column}")
    return sa.ForeignKeyConstraint(["school_id", column], [f"{target}.school_id", f"{target}.id"], name=name)
