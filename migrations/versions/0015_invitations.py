"""Invitations say how many may come: the largest number that one may announce, and the places of the room."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was pressed before counts no room."""
    for column in ("most", "places"):
        op.add_column("notice", sa.Column(column, sa.Integer(), nullable=True))
    op.add_column("answer", sa.Column("held", sa.Integer(), nullable=True))
    op.add_column("answer", sa.Column("rose_at", sa.DateTime(timezone=True), nullable=True))
    some = sa.text("rose_at IS NOT NULL")
    op.create_index("ix_answer_rose", "answer", ["school_id"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Everybody who answered has a place."""
    op.drop_index("ix_answer_rose", table_name="answer")
    op.drop_column("answer", "rose_at")
    op.drop_column("answer", "held")
    for column in ("places", "most"):
        op.drop_column("notice", column)
