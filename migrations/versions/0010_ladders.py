"""Ladders: how long a school waits for an answer, kept with each notice, and the timer of each delivery."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS = sa.text("look_at IS NOT NULL")
OCCASIONS = ("absence", "urgent", "meeting", "question")
RULED = ("calls", "rings", "patience")


def upgrade() -> None:
    """What was pressed before waits for nobody: its columns say so."""
    op.add_column("notice", sa.Column("patience", sa.Integer(), nullable=True))
    op.add_column("notice", sa.Column("rings", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("notice", sa.Column("calls", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("delivery", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("chased", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_delivery_to_chase", "delivery", ["look_at"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_table(
        "ladder_rule",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column(
            "occasion",
            sa.Enum(*OCCASIONS, name="occasion", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("patience", sa.Integer(), nullable=False),
        sa.Column("rings", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_ladder_rule_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_rule")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_ladder_rule_id_school_id")),
        sa.UniqueConstraint("occasion", "school_id", name=op.f("uq_ladder_rule_occasion_school_id")),
    )
    if op.get_bind().dialect.name == "postgresql":
        raise_wall(op.get_bind(), "ladder_rule")


def downgrade() -> None:
    """Let go of the timers; what was told stays told."""
    op.drop_table("ladder_rule")
    op.drop_index("ix_delivery_to_chase", "delivery")
    for table, column in (*(("delivery", each) for each in ("chased", "look_at")), *(("notice", each) for each in RULED)):
        op.drop_column(table, column)
