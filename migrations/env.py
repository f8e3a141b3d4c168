"""Alembic's door: runs the numbered migrations as the owner of the tables."""

from alembic import context
from sqlalchemy import Connection

from hub.models import metadata


def migrate() -> None:
    """Run on the connection that `hub.migrating` hands over (there is no other way in)."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


migrate()
