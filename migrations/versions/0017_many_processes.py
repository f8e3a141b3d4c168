"""Many processes: who speaks for a sender, which programs run; and keys are found from what they seal."""

import sqlalchemy as sa
from alembic import op

from hub.walls import open_table

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SEALED = ("guardian", "address", "notice", "sender", "stored_file", "planned_notice")
"""Tables that point at a key: when one is destroyed, each was read from its first row to its last."""


def upgrade() -> None:
    """Add the hold, the list of programs, and the indexes."""
    op.add_column("sender", sa.Column("held_by", sa.BigInteger(), nullable=True))
    op.add_column("sender", sa.Column("held_until", MOMENT, nullable=True))
    op.create_table(
        "process",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('all', 'serve', 'worker', 'clock', 'mail')", name=op.f("ck_process_programrole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
    )
    if op.get_bind().dialect.name == "postgresql":
        open_table(op.get_bind(), "process")
    for table in SEALED:
        op.create_index(op.f(f"ix_{table}_data_key_id_school_id"), table, ["data_key_id", "school_id"])


def downgrade() -> None:
    """Let go of them; one process alone may send then."""
    for table in SEALED:
        op.drop_index(op.f(f"ix_{table}_data_key_id_school_id"), table)
    op.drop_table("process")
    op.drop_column("sender", "held_until")
    op.drop_column("sender", "held_by")
