"""The walls between schools in PostgreSQL: who may see a row, decided by the database itself.

Row-level security is FORCEd, so it binds the owner of a table too. The role `passerelle_app` sees the rows of the
school that its transaction named; `passerelle_engine` sees all. Migrations raise a wall for each new table.
"""

from sqlalchemy import Connection, text

from hub.database import APP, ENGINE, Database
from hub.errors import SettingsError


def make_roles(connection: Connection) -> None:
    """Make the two roles where they are missing, and let this login take them."""
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname IN (:app, :engine)"), _ROLES))
    may = connection.scalar(text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"))
    if len(known) < len(_ROLES) and not may:
        raise SettingsError(
            f"This login may not create roles: ask the database's owner to run CREATE ROLE {APP}; "
            f"CREATE ROLE {ENGINE}; GRANT {APP}, {ENGINE} TO this login."
        )
    for role in _ROLES.values():
        if role not in known:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        if not connection.scalar(text("SELECT pg_has_role(current_user, :role, 'MEMBER')"), {"role": role}) or (
            role not in known
        ):
            connection.execute(text(f"GRANT {role} TO CURRENT_USER"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))


def open_table(connection: Connection, table: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Let both roles use a table that belongs to no school."""
    connection.execute(text(f"GRANT {rights} ON {table} TO {APP}, {ENGINE}"))
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{table}_id_seq"}):
        connection.execute(text(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {APP}, {ENGINE}"))


def raise_wall(
    connection: Connection, table: str, *, column: str = "school_id", rights: str = "SELECT, INSERT, UPDATE, DELETE"
) -> None:
    """Let `passerelle_app` see only its school's rows of `table`, and `passerelle_engine` all."""
    open_table(connection, table, rights=rights)
    here = f"{column} = NULLIF(current_setting('passerelle.school', true), '')::bigint"
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY school_wall ON {table} TO {APP} USING ({here}) WITH CHECK ({here})",
        f"CREATE POLICY engine_pass ON {table} TO {ENGINE} USING (true) WITH CHECK (true)",
    ):
        connection.execute(text(statement))


async def may_pass(database: Database) -> bool:
    """Whether the login of this installation passes every wall: a superuser or BYPASSRLS. SQLite has no walls."""
    if database.dialect != "postgresql":
        return False
    asked = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user")
    async with database.engine_reading() as connection:
        return bool((await connection.execute(asked)).scalar_one())


_ROLES = {"app": APP, "engine": ENGINE}
