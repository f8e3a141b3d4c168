"""Two small indexes: who is left to call is found among those alone, not among all deliveries of the year."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    for name, table, condition in (
        ("ix_delivery_to_call", "delivery", "state = 'to_call'"),
        ("ix_call_task_open", "call_task", "done_at IS NULL"),
    ):
        op.create_index(
            name, table, ["school_id"], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
        )


def downgrade() -> None:
    """Let go of them."""
    op.drop_index("ix_call_task_open", table_name="call_task")
    op.drop_index("ix_delivery_to_call", table_name="delivery")
