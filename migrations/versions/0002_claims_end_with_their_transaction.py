"""Claims end with their transaction: no try rests as claimed any more (docs/adr/0006).

The CHECK on attempt.state keeps the old word: it harms nobody, and narrowing it would rewrite the table on SQLite.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was claimed waits again, and the queue's index holds only what waits."""
    walled = op.get_bind().dialect.name == "postgresql"
    if walled:  # the owner is in no school, and would see no row
        op.execute("ALTER TABLE attempt NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE attempt SET state = 'ready', claim = NULL, look_at = due_at WHERE state = 'claimed'")
    if walled:
        op.execute("ALTER TABLE attempt FORCE ROW LEVEL SECURITY")
    op.drop_index("ix_attempt_to_send", table_name="attempt")
    op.create_index(
        "ix_attempt_to_send",
        "attempt",
        ["sender_id", "lane", "look_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )


def downgrade() -> None:
    """Make room for claimed tries again."""
    op.drop_index("ix_attempt_to_send", table_name="attempt")
    op.create_index(
        "ix_attempt_to_send",
        "attempt",
        ["sender_id", "lane", "look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'claimed')"),
        postgresql_where=sa.text("state IN ('ready', 'claimed')"),
    )
