"""The demo's director has a second factor: her telephone stands on the wall of phones."""

from datetime import UTC, datetime, timedelta

from cli.assembly import Assembly
from cli.demo_school import DIRECTOR
from hub.errors import SettingsError
from hub.models.school import School
from hub.people.second_factor import STEP, begin, begun, confirm
from hub.people.staff import find_staff
from sandbox.authenticator import Authenticator

NAME = "Mme Exemple"


async def give_second_factor(hub: Assembly, opened: School) -> Authenticator:
    """Give the director an authenticator, by the digits of the step before: those of now are hers to use."""
    now = datetime.now(UTC)
    async with hub.database.school(opened.key) as session:
        staff_id = await find_staff(session, hub.keyring, opened.key, DIRECTOR)
        await begin(session, hub.keyring, school_id=opened.key, staff_id=staff_id, now=now)
        secret = await begun(session, hub.keyring, school_id=opened.key, staff_id=staff_id, name=NAME)
        if secret is None:
            raise SettingsError("La directrice de la démonstration a déjà un second facteur.")
        phone = Authenticator(NAME, secret.typed)
        await confirm(
            session,
            hub.keyring,
            school_id=opened.key,
            staff_id=staff_id,
            session_id=0,
            code=phone.shows(now - timedelta(seconds=STEP)),
            now=now,
        )
    return phone
