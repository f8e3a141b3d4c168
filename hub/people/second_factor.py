"""The second factor: six digits of a telephone beside the password, and ten codes on paper for when it is lost.

Time-based one-time passwords (RFC 6238): thirty seconds a step, one step of tolerance on either side (§5.2), and no
step is taken twice, so that who looks over a shoulder gains nothing.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import ColumnElement, Table, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.people.noting import note
from hub.people.schools import school_key
from hub.people.sign_in import HELD, SESSION, Inside, RefusedError, is_half
from hub.people.tries import counted, forget, network
from hub.people.written_codes import as_typed, grouped, written_code
from hub.sealing import Keyring
from hub.tables import insert_into, recovery_code, staff_factor, staff_session

STEP, DIGITS = 30, 6
RECOVERY, RECOVERY_SIGNS = 10, 10
"""Ten codes of fifty bits each."""
WRONG = "Ce code ne va pas : prenez celui que le téléphone montre maintenant."
_SECRET = b"staff_factor.secret"


class SecondNeededError(NotAllowedError):
    """A mass send asks for a second factor. `enrolled`: there is one, and it was not given."""

    def __init__(self, *, enrolled: bool) -> None:
        how = "donnez d’abord le code de votre téléphone" if enrolled else "activez-le d’abord dans « Mon compte »"
        super().__init__(
            f"Écrire à toute l’école, ou à une grande partie, demande un second facteur : {how}. "
            "Rien n’est parti, rien n’est perdu."
        )
        self.enrolled = enrolled


@dataclass(frozen=True, slots=True)
class Secret:
    """What an authenticator is given: as a link to photograph, and as one types it (groups of four)."""

    link: str = field(repr=False)
    typed: str = field(repr=False)


def needs_second(who: Inside, *, many: bool) -> bool:
    """Whether a press waits for the second factor: words, a document or an event to `many` (`is_to_many`).

    What corrects it or says it again asks as it did. Prepared crisis texts and the alerts of a roll never do: they may
    not wait for a telephone that is charging somewhere. Nor does taking a notice back: a mistake is stopped at once.
    """
    return many and who.second_at is None


def check_second(who: Inside, *, many: bool) -> None:
    """Refuse a mass send without a second factor. Raises SecondNeededError."""
    if needs_second(who, many=many):
        raise SecondNeededError(enrolled=who.enrolled)


async def begin(session: AsyncSession, keyring: Keyring, *, school_id: int, staff_id: int, now: datetime) -> None:
    """Make a secret, which counts once its owner has proved to hold it; one begun before is replaced.

    Raises InvalidError where there is a second factor already.
    """
    seal = await school_key(session, keyring, school_id)
    row = {"secret_sealed": seal.close(secrets.token_bytes(20), _SECRET), "made_at": now}
    made = await session.execute(
        insert_into(staff_factor, session)
        .values(school_id=school_id, staff_id=staff_id, **row)
        .on_conflict_do_update(
            index_elements=["staff_id", "school_id"], set_=row, where=staff_factor.c.confirmed_at.is_(None)
        )
        .returning(staff_factor.c.id)
    )
    if made.scalar_one_or_none() is None:
        raise InvalidError("Votre second facteur est déjà actif.")


async def begun(session: AsyncSession, keyring: Keyring, *, school_id: int, staff_id: int, name: str) -> Secret | None:
    """Show the secret that was begun; None where nothing was, or it counts already and is shown no more."""
    wanted = select(staff_factor.c.secret_sealed).where(
        _of(staff_factor, school_id, staff_id), staff_factor.c.confirmed_at.is_(None)
    )
    sealed = (await session.execute(wanted)).scalar_one_or_none()
    if sealed is None:
        return None
    secret = (await school_key(session, keyring, school_id)).open(sealed, _SECRET)
    link = _totp(secret).get_provisioning_uri(name, "Passerelle")
    typed = link.partition("secret=")[2].partition("&")[0]
    return Secret(link, grouped(typed, 4, " "))


async def confirm(
    session: AsyncSession, keyring: Keyring, *, school_id: int, staff_id: int, session_id: int, code: str, now: datetime
) -> tuple[str, ...]:
    """Let the second factor count, for its owner gave the right digits; gives the codes for paper, this once.

    The session in which this happens has given it; others of the same person are asked when it matters. Raises
    InvalidError.
    """
    connection = await session.connection()
    if not await _digits(connection, keyring, school_id, staff_id, code, now, confirmed=False):
        raise InvalidError(WRONG, field="code")
    mine = _of(staff_factor, school_id, staff_id)
    await session.execute(update(staff_factor).where(mine).values(confirmed_at=now))
    await _given(connection, session_id, now)
    await note(session, school_id, staff_id, "second_factor_on", ("staff", staff_id), now)
    return await new_recovery_codes(session, keyring, school_id=school_id, staff_id=staff_id)


async def new_recovery_codes(
    session: AsyncSession, keyring: Keyring, *, school_id: int, staff_id: int
) -> tuple[str, ...]:
    """Make ten codes in the place of those there were; only their hashes are kept."""
    await session.execute(delete(recovery_code).where(_of(recovery_code, school_id, staff_id)))
    codes = [written_code(RECOVERY_SIGNS) for _ in range(RECOVERY)]
    rows = [
        {"school_id": school_id, "staff_id": staff_id, "code_hash": _hash(keyring, staff_id, code)} for code in codes
    ]
    await session.execute(insert(recovery_code), rows)
    return tuple(grouped(code, 5) for code in codes)


async def check_code(
    database: Database, keyring: Keyring, *, school_id: int, staff_id: int, code: str, where: str
) -> None:
    """Take the six digits, or a code from paper, once; wrong ones count like wrong passwords.

    `where` is the visitor's network address. Raises RefusedError, TooManyTriesError.
    """
    typed = keyring.lookup("second", f"{school_id}:{staff_id}")
    tries = await counted(database, typed, keyring.lookup("from", network(where)))
    async with database.engine() as connection:
        now = await database.now(connection)
        right = await _digits(connection, keyring, school_id, staff_id, code, now)
        if not (right or await _from_paper(connection, keyring, school_id, staff_id, code, now)):
            raise RefusedError(WRONG)
    await forget(database, typed, tries)


async def waits_for_second(database: Database, keyring: Keyring, token: str) -> bool:
    """Whether the session of this token lacks a second factor that its owner has."""
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        row = (await connection.execute(HELD, {"token": keyring.code_hash(token)})).one_or_none()
    return row is not None and row.expires_at > now and row.confirmed_at is not None and row.second_at is None


async def give_second(database: Database, keyring: Keyring, *, token: str, code: str, where: str) -> str:
    """Give the second factor in a session, and give the session's token: a new one where it was half open.

    Raises RefusedError, TooManyTriesError, NotFoundError where no session waits for it.
    """
    if not await waits_for_second(database, keyring, token):
        raise NotFoundError("Entrez d’abord avec votre mot de passe.")
    async with database.engine_reading() as connection:
        row = (await connection.execute(HELD, {"token": keyring.code_hash(token)})).one()
    await check_code(database, keyring, school_id=row.school_id, staff_id=row.staff_id, code=code, where=where)
    new = secrets.token_urlsafe(32) if is_half(row) else token
    async with database.engine() as connection:
        now = await database.now(connection)
        await _given(connection, row.id, now, token_hash=keyring.code_hash(new))
    return new


async def take_off(session: AsyncSession, *, school_id: int, staff_id: int, session_id: int, now: datetime) -> None:
    """Let there be no second factor any more: its owner has just given it (`check_code`). Other sessions end."""
    await _gone(session, school_id, staff_id, keep=session_id)
    await session.execute(update(staff_session).where(staff_session.c.id == session_id).values(second_at=None))
    await note(session, school_id, staff_id, "second_factor_off", ("staff", staff_id), now)


async def reset(session: AsyncSession, *, school_id: int, staff_id: int, by: int | None, now: datetime) -> None:
    """Take the second factor of a colleague who lost telephone and paper; all of that person's sessions end.

    `by`: who did it, None for whoever sits at the machine itself. Raises NotFoundError where there is none.
    """
    confirmed = select(staff_factor.c.id).where(
        _of(staff_factor, school_id, staff_id), staff_factor.c.confirmed_at.is_not(None)
    )
    if (await session.execute(confirmed)).scalar_one_or_none() is None:
        raise NotFoundError("Cette personne n’a pas de second facteur.")
    await _gone(session, school_id, staff_id, keep=None)
    await note(session, school_id, by, "second_factor_reset", ("staff", staff_id), now)


async def _gone(session: AsyncSession, school_id: int, staff_id: int, *, keep: int | None) -> None:
    """Forget secret and codes, and end the sessions: a half open one would otherwise be a whole one."""
    for table in (staff_factor, recovery_code):
        await session.execute(delete(table).where(_of(table, school_id, staff_id)))
    others = staff_session.c.id != keep if keep is not None else staff_session.c.id.is_not(None)
    await session.execute(delete(staff_session).where(_of(staff_session, school_id, staff_id), others))


async def _digits(
    connection: AsyncConnection,
    keyring: Keyring,
    school_id: int,
    staff_id: int,
    code: str,
    now: datetime,
    *,
    confirmed: bool = True,
) -> bool:
    """Take the digits of one step, for which nobody has taken any yet; two at once: one of them is refused."""
    mine = and_(_of(staff_factor, school_id, staff_id), staff_factor.c.confirmed_at.is_not(None) == confirmed)
    sealed = (await connection.execute(select(staff_factor.c.secret_sealed).where(mine))).scalar_one_or_none()
    if sealed is None:
        return False
    step = _step_of(await _secret(connection, keyring, school_id, sealed), as_typed(code), now)
    if step is None:
        return False
    fresh = or_(staff_factor.c.last_step.is_(None), staff_factor.c.last_step < step)
    used = update(staff_factor).where(mine, fresh).values(last_step=step).returning(staff_factor.c.id)
    return (await connection.execute(used)).scalar_one_or_none() is not None


async def _secret(connection: AsyncConnection, keyring: Keyring, school_id: int, sealed: bytes) -> bytes:
    return (await school_key(connection, keyring, school_id)).open(sealed, _SECRET)


def _step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """Say of which step these digits are, the present one or a neighbour."""
    present = int(now.timestamp()) // STEP
    made = {step: _totp(secret).generate(step * STEP) for step in (present - 1, present, present + 1)}
    return next((step for step, digits in made.items() if hmac.compare_digest(digits, code.encode())), None)


def _totp(secret: bytes) -> TOTP:
    """Make the generator that every authenticator knows; SHA-1 is what they all take (RFC 6238 §1.2)."""
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303 (RFC 6238; a MAC, in which its weakness does not matter)


async def _from_paper(
    connection: AsyncConnection, keyring: Keyring, school_id: int, staff_id: int, code: str, now: datetime
) -> bool:
    read = as_typed(code)
    if len(read) != RECOVERY_SIGNS:
        return False
    unused = and_(
        _of(recovery_code, school_id, staff_id),
        recovery_code.c.code_hash == _hash(keyring, staff_id, read),
        recovery_code.c.used_at.is_(None),
    )
    used = update(recovery_code).where(unused).values(used_at=now).returning(recovery_code.c.id)
    return (await connection.execute(used)).scalar_one_or_none() is not None


async def _given(
    connection: AsyncConnection, session_id: int, now: datetime, *, token_hash: bytes | None = None
) -> None:
    values: dict[str, Any] = {"second_at": now, "seen_at": now, "expires_at": now + SESSION}
    if token_hash is not None:
        values["token_hash"] = token_hash
    await connection.execute(update(staff_session).where(staff_session.c.id == session_id).values(values))


def _hash(keyring: Keyring, staff_id: int, code: str) -> bytes:
    return keyring.code_hash(f"recovery:{staff_id}:{code}")


def _of(table: Table, school_id: int, staff_id: int) -> ColumnElement[bool]:
    return and_(table.c.school_id == school_id, table.c.staff_id == staff_id)
