"""Reminders that go by themselves: whether they do is kept with each notice and each document."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was pressed before is reminded of too."""
    for table in ("notice", "document"):
        op.add_column(table, sa.Column("reminds", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    """Nobody is reminded by itself any more."""
    for table in ("document", "notice"):
        op.drop_column(table, "reminds")
