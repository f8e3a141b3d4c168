"""What is pressed for later: planned notices, and what became of each of their moments."""

import sqlalchemy as sa
from alembic import op

from hub.walls import raise_wall

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
KINDS = (
    *("announcement", "absence", "meeting", "urgent", "crisis", "reminder", "homework", "document", "result"),
    *("digest", "code"),
)


def upgrade() -> None:
    """Rule both tables and raise their walls."""
    op.create_table(
        "planned_notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("data_key_id", BIG, nullable=False),
        sa.Column("key_name", sa.String(64), nullable=False),
        sa.Column("kind", _words(*KINDS, name="noticekind"), nullable=False),
        sa.Column("state", _words("waiting", "cancelled", "ended", name="planstate"), nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("audience", sa.String(2000), nullable=False),
        sa.Column("slots_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("weekdays", sa.String(20), nullable=True),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("in_term", sa.Boolean(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "author_id"],
            ["staff.school_id", "staff.id"],
            name=op.f("fk_planned_notice_school_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "data_key_id"],
            ["data_key.school_id", "data_key.id"],
            name=op.f("fk_planned_notice_school_id_data_key_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planned_notice_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_notice")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_planned_notice_id_school_id")),
        sa.UniqueConstraint("key_name", "school_id", name=op.f("uq_planned_notice_key_name_school_id")),
    )
    op.create_index(op.f("ix_planned_notice_school_id"), "planned_notice", ["school_id"])
    waits = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_planned_notice_due", "planned_notice", ["next_at"], sqlite_where=waits, postgresql_where=waits
    )
    op.create_table(
        "planned_firing",
        sa.Column("id", BIG, nullable=False),
        sa.Column("school_id", BIG, nullable=False),
        sa.Column("planned_id", BIG, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("outcome", _words("left", "missed", "refused", name="fired"), nullable=False),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "notice_id"],
            ["notice.school_id", "notice.id"],
            name=op.f("fk_planned_firing_school_id_notice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "planned_id"],
            ["planned_notice.school_id", "planned_notice.id"],
            name=op.f("fk_planned_firing_school_id_planned_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planned_firing_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_firing")),
        sa.UniqueConstraint("id", "school_id", name=op.f("uq_planned_firing_id_school_id")),
        sa.UniqueConstraint(
            "planned_id", "due_at", "school_id", name=op.f("uq_planned_firing_planned_id_due_at_school_id")
        ),
    )
    op.create_index(op.f("ix_planned_firing_notice_id_school_id"), "planned_firing", ["notice_id", "school_id"])
    if op.get_bind().dialect.name == "postgresql":
        for name in ("planned_notice", "planned_firing"):
            raise_wall(op.get_bind(), name)


def downgrade() -> None:
    """Let go of what was pressed for later: nothing of it leaves."""
    op.drop_table("planned_firing")
    op.drop_table("planned_notice")


def _words(*members: str, name: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=24)
