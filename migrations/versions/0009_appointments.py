"""Appointments: the times that a teacher offers to the families of a class, what they choose, and who waits."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
STANDS = sa.text("cancelled_at IS NULL")
WALLED = ("meeting_round", "meeting_slot", "booking", "booking_wait")
"""The new tables of a school, in the order in which they are made."""


def upgrade() -> None:
    """Rule the tables and raise their walls."""
    _rounds()
    _bookings()
    if op.get_bind().dialect.name == "postgresql":
        for name in WALLED:
            raise_wall(op.get_bind(), name)


def downgrade() -> None:
    """Let go of every appointment."""
    for name in reversed(WALLED):
        op.drop_table(name)


def _tie(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_school_id_{column}")
    return sa.ForeignKeyConstraint(["school_id", column], [f"{target}.school_id", f"{target}.id"], name=name)


def _rounds() -> None:
    op.create_table(
        "meeting_round",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("class_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("key_name", sa.String(64), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        _tie("meeting_round", "author_id", "staff"),
        _tie("meeting_round", "class_id", "class_group"),
        _tie("meeting_round", "notice_id", "notice"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_meeting_round_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_round")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_meeting_round_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_meeting_round_key_name_school_id")),
    )
    op.create_index(op.f("ix_meeting_round_class_id_school_id"), "meeting_round", ["class_id", "school_id"])
    op.create_index(op.f("ix_meeting_round_notice_id_school_id"), "meeting_round", ["notice_id", "school_id"])
    op.create_table(
        "meeting_slot",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("room", sa.String(60), nullable=False),
        sa.Column("link_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        _tie("meeting_slot", "round_id", "meeting_round"),
        _tie("meeting_slot", "staff_id", "staff"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_meeting_slot_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_slot")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_meeting_slot_id_school_id")),
    )
    op.create_index(op.f("ix_meeting_slot_round_id_starts_at"), "meeting_slot", ["round_id", "starts_at"])
    op.create_index(op.f("ix_meeting_slot_starts_at_school_id"), "meeting_slot", ["starts_at", "school_id"])
    _one_that_stands("uq_meeting_slot_offered", "meeting_slot", ["staff_id", "starts_at", "school_id"])


def _bookings() -> None:
    op.create_table(
        "booking",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("slot_id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("booked_by", BIG, nullable=True),
        sa.Column("booked_at", MOMENT, nullable=False),
        sa.Column("moved_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _tie("booking", "booked_by", "staff"),
        _tie("booking", "guardian_id", "guardian"),
        _tie("booking", "pupil_id", "pupil"),
        _tie("booking", "round_id", "meeting_round"),
        _tie("booking", "slot_id", "meeting_slot"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_booking_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_booking_id_school_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_booking_uid")),
    )
    op.create_index(op.f("ix_booking_guardian_id_school_id"), "booking", ["guardian_id", "school_id"])
    op.create_index(op.f("ix_booking_pupil_id_school_id"), "booking", ["pupil_id", "school_id"])
    _one_that_stands("uq_booking_slot", "booking", ["slot_id"])
    _one_that_stands("uq_booking_adult", "booking", ["round_id", "guardian_id", "pupil_id"])
    op.create_table(
        "booking_wait",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("guardian_id", BIG, nullable=False),
        sa.Column("pupil_id", BIG, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        _tie("booking_wait", "guardian_id", "guardian"),
        _tie("booking_wait", "pupil_id", "pupil"),
        _tie("booking_wait", "round_id", "meeting_round"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_booking_wait_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_wait")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_booking_wait_id_school_id")),
        sa.UniqueConstraint(
            "round_id",
            "guardian_id",
            "pupil_id",
            "school_id",
            name=op.f("uq_booking_wait_round_id_guardian_id_pupil_id_school_id"),
        ),
    )
    op.create_index(op.f("ix_booking_wait_guardian_id_school_id"), "booking_wait", ["guardian_id", "school_id"])
    op.create_index(op.f("ix_booking_wait_pupil_id_school_id"), "booking_wait", ["pupil_id", "school_id"])


def _one_that_stands(name: str, table: str, columns: list[str]) -> None:
    """Let there be one of them that was not cancelled."""
    op.create_index(name, table, columns, unique=True, sqlite_where=STANDS, postgresql_where=STANDS)
