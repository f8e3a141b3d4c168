"""Whether the master keys of an installation open what its registers hold: asked before anything is sent or sealed."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.errors import SettingsError
from hub.sealing import UnreadableError, keyring
from hub.settings import Settings
from hub.tables import data_key


async def prove_keys(database: Database, settings: Settings) -> None:
    """Open the oldest and the newest data key of each master version. Raises SettingsError with one sentence.

    Under a wrong key each message would fail one by one, and what is sealed meanwhile would be lost under the right
    one. Nothing is written: a key file that is missing is made only for registers that hold nothing yet.
    """
    async with database.engine_reading() as connection:
        samples = await _samples(connection)
    if not samples:
        return
    if settings.master_keys is None and not settings.key_file.is_file():
        raise SettingsError(f"La clé maîtresse de ces registres manque : remettez {_WHERE}.")
    keys = keyring(settings)
    for wrapped, version in samples:
        try:
            keys.seal(wrapped, version)
        except UnreadableError as error:
            raise SettingsError(
                f"Ces registres sont scellés sous une autre clé maîtresse (version {version}) : remettez {_WHERE}."
            ) from error


_WHERE = "le fichier master.keys dans PASSERELLE_DATA_DIR, ou PASSERELLE_MASTER_KEYS"


async def _samples(connection: AsyncConnection) -> list[tuple[bytes, int]]:
    ends = select(func.min(data_key.c.id), func.max(data_key.c.id)).group_by(data_key.c.master_version)
    ids = {number for pair in await connection.execute(ends) for number in pair}
    asked = select(data_key.c.wrapped, data_key.c.master_version).where(data_key.c.id.in_(ids))
    return [(row.wrapped, row.master_version) for row in await connection.execute(asked)]
