"""Where short messages from families are gathered: what comes within a few milliseconds is read and kept together."""

from collections.abc import Sequence
from typing import Final

from hub.replies.keeping import Received, Text
from hub.replies.meaning import Sense
from hub.replies.texts import receive_texts
from web.family import spread_wrong_number
from web.house import House
from web.together import Together

MOST: Final = 50


class Texts:
    """One for each process. A text is answered only once it is committed."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._together = Together(self._commit, name="text", most=MOST)

    async def take(self, text: Text) -> Received:
        """Commit what a family wrote, and what follows from it in other schools. Raises as `Together.put` does."""
        received = await self._together.put(text.school_id, text)
        if received.sense is Sense.WRONG_NUMBER and received.address_id is not None:
            # also on a repeated post: the first may have died here
            await spread_wrong_number(self._house, text.school_id, received.address_id)
        return received

    async def _commit(self, school_id: int, texts: Sequence[Text]) -> list[Received]:
        async with self._house.database.school(school_id) as session:
            connection = await session.connection()
            now = await self._house.database.now(connection)
            return await receive_texts(connection, self._house.keyring, texts, now=now)
