"""Evenings of the whole school: rounds planned together, what families wish, and what the plan proposes."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WALLED = ("meeting_evening", "evening_round", "evening_wish")
"""The new tables of a school, in the order in which they are made."""


def upgrade() -> None:
    """Rule the tables and raise their walls."""
    _evenings()
    _rounds()
    _wishes()
    if op.get_bind().dialect.name == "postgresql":
        for name in WALLED:
            raise_wall(op.get_bind(), name)


def downgrade() -> None:
    """Let go of evenings; their rounds stand, and families choose in them."""
    for name in reversed(WALLED):
        op.drop_table(name)


def _tie(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_school_id_{column}")
    return sa.ForeignKeyConstraint(["school_id", column], [f"{target}.school_id", f"{target}.id"], name=name)


def _evenings() -> None:
    op.create_table(
        "meeting_evening",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("key_name", sa.String(64), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("sought_at", MOMENT, nullable=True),
        sa.Column("best", sa.Boolean(), nullable=False),
        sa.Column("adopted_at", MOMENT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        _tie("meeting_evening", "author_id", "staff"),
        _tie("meeting_evening", "notice_id", "notice"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_meeting_evening_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_evening")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_meeting_evening_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_meeting_evening_key_name_school_id")),
    )
    op.create_index(op.f("ix_meeting_evening_notice_id_school_id"), "meeting_evening", ["notice_id", "school_id"])


def _rounds() -> None:
    op.create_table(
        "evening_round",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("evening_id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        _tie("evening_round", "evening_id", "meeting_evening"),
        _tie("evening_round", "round_id", "meeting_round"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_evening_round_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evening_round")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_evening_round_id_school_id")),
        sa.UniqueConstraint("round_id", "school_id", name=op.f("uq_evening_round_round_id_school_id")),
    )
    op.create_index(op.f("ix_evening_round_evening_id_school_id"), "evening_round", ["evening_id", "school_id"])


def _wishes() -> None:
    op.create_table(
        "evening_wish",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("evening_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("comes", sa.Boolean(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("written_by", BIG, nullable=True),
        sa.Column("slot_id", BIG, nullable=True),
        sa.Column("why", sa.String(24), nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        _tie("evening_wish", "evening_id", "meeting_evening"),
        _tie("evening_wish", "guardian_id", "guardian"),
        _tie("evening_wish", "notice_id", "notice"),
        _tie("evening_wish", "pupil_id", "pupil"),
        _tie("evening_wish", "round_id", "meeting_round"),
        _tie("evening_wish", "slot_id", "meeting_slot"),
        _tie("evening_wish", "written_by", "staff"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_evening_wish_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evening_wish")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_evening_wish_id_school_id")),
        sa.UniqueConstraint(
            "round_id",
            "guardian_id",
            "pupil_id",
            "school_id",
            name=op.f("uq_evening_wish_round_id_guardian_id_pupil_id_school_id"),
        ),
    )
    for column in ("evening_id", "guardian_id", "notice_id", "pupil_id", "slot_id"):
        op.create_index(op.f(f"ix_evening_wish_{column}_school_id"), "evening_wish", [column, "school_id"])
