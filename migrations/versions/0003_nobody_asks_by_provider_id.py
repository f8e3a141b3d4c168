"""An index that nobody asks: receipts are matched by our own id, and it cost every message a write."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let go of it."""
    op.drop_index("ix_attempt_provider", table_name="attempt")


def downgrade() -> None:
    """Have it again."""
    op.create_index("ix_attempt_provider", "attempt", ["sender_id", "provider_id"], unique=False)
