"""What was answered to one notice, and by one adult, is found without reading the answers of all the years."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FOUND_BY = (
    ("answer", "notice_id", "guardian_id", "school_id"),
    ("answer", "guardian_id", "school_id"),
    ("call_task", "delivery_id", "school_id"),
    ("reply", "notice_id", "school_id"),
    ("reply", "guardian_id", "school_id"),
    ("reply", "address_id", "school_id"),
    ("thread_notice", "reply_id", "school_id"),
)


def upgrade() -> None:
    """Boards and families' pages ask so, and each notice that is forgotten does."""
    for table, *columns in FOUND_BY:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """They are read one after another again."""
    for table, *columns in reversed(FOUND_BY):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
