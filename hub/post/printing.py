"""A batch of letters is prepared: each gets its codes, kept as keyed hashes, and it is written down who printed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.notices import Needs
from hub.notices.headlines import Headline, Reader
from hub.people.noting import note
from hub.ports import NoticeKind, SchoolCard
from hub.post import asked
from hub.post.asked import Whom
from hub.post.coupons import as_printed, coupon_code, letter_link
from hub.post.letters import LetterFor, chosen, letters_of, notice_to_print
from hub.routing import NAMING_KINDS, class_order, day_at_school
from hub.sealing import Keyring
from hub.tables import insert_into, letter
from i18n.letters import OnPaper, PaperNotice
from i18n.phrases import names_a_child

MOST_AT_ONCE = 300
"""Letters in one print; the next print has those that follow."""
GOOD_FOR = timedelta(days=30)
"""How long the codes of a letter are good at least: it lies in a schoolbag for a while, and the answer in a drawer."""
_DRAWS = 4
_TITLES = {"MME": "Mme", "MLLE": "Mme", "M": "M."}
"""Titles as a letter writes them, by what ONDE says."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Letters ready to be printed; `left`: how many more there are for the next print; `fresh`: new deliveries' own."""

    notice: PaperNotice
    letters: tuple[OnPaper, ...]
    left: int
    fresh: tuple[int, ...]


async def prepare(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    notice_id: int,
    whom: Whom,
    reader: Reader,
    now: datetime,
    again: bool = False,
    only: int | None = None,
    public_url: str | None = None,
) -> Batch:
    """Make the letters of a notice for some adults, class by class; `again`: also what is printed, with the same codes.

    `only`: one delivery. `public_url`: where a letter's square leads; without it there is none. Raises NotFoundError,
    NotAllowedError, and InvalidError where nobody is left to print for.
    """
    seen = await notice_to_print(session, keyring, school_id=school_id, notice_id=notice_id, reader=reader)
    found = await letters_of(session, school_id=school_id, notice_id=notice_id, reader=reader, now=now)
    wanted = [
        one
        for one in chosen(found, whom)
        if (only is None or one.delivery_id == only) and (again or one.printed_at is None)
    ]
    if not wanted:
        raise InvalidError("Il n’y a pas de lettre à imprimer : tout est imprimé, ou la famille a répondu.")
    these = sorted(wanted, key=lambda one: class_order(one.children[0].class_label))[:MOST_AT_ONCE]
    asks = (await session.execute(asked.question(), {"school": school_id, "notice": notice_id})).one()
    salts = await _kept(
        session, keyring, school_id, these, until=max(asks.expires_at, now + GOOD_FOR), now=now, by=reader
    )
    await note(session, school_id, reader.staff_id, "letters_printed", ("notice", notice_id), now, count=len(these))
    return Batch(
        _notice(seen, asks),
        tuple(_on_paper(keyring, seen, one, salts[one.delivery_id], public_url) for one in these),
        len(wanted) - len(these),
        tuple(one.delivery_id for one in these if one.printed_at is None),
    )


async def not_printed(session: AsyncSession, *, school_id: int, batch: Batch) -> None:
    """Take back that the new letters of a batch are printed: no PDF came. Their codes have been on no paper."""
    fresh = (letter.c.school_id == school_id, letter.c.delivery_id.in_(batch.fresh), letter.c.handed_at.is_(None))
    await session.execute(delete(letter).where(*fresh))


async def _kept(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    letters: Sequence[LetterFor],
    *,
    until: datetime,
    now: datetime,
    by: Reader,
) -> dict[int, int]:
    """Keep the hashes of these letters' codes; gives what each was drawn with. A code that is taken is drawn anew."""
    ids = [one.delivery_id for one in letters]
    mine = (letter.c.school_id == school_id, letter.c.delivery_id.in_(ids))
    for salt in range(_DRAWS):
        known = {row.delivery_id for row in await session.execute(select(letter.c.delivery_id).where(*mine))}
        fresh = [number for number in ids if number not in known]
        if not fresh:
            break
        rows = [
            {
                "school_id": school_id,
                "delivery_id": number,
                "code_hash": coupon_hash(keyring, coupon_code(keyring, number, salt)),
                "link_hash": keyring.code_hash(letter_link(keyring, number, salt)),
                "salt": salt,
                "expires_at": until,
                "printed_at": now,
                "printed_by": by.staff_id,
            }
            for number in fresh
        ]
        await session.execute(insert_into(letter, session).on_conflict_do_nothing(), rows)
    printed = {"expires_at": until, "printed_at": now, "printed_by": by.staff_id}
    await session.execute(update(letter).where(*mine).values(printed))
    salts = await session.execute(select(letter.c.delivery_id, letter.c.salt).where(*mine))
    return {row.delivery_id: row.salt for row in salts}


def coupon_hash(keyring: Keyring, code: str) -> bytes:
    """Hash the code of a coupon, as it is kept."""
    return keyring.code_hash(f"coupon {code}")


def _notice(seen: Headline, asks: Any) -> PaperNotice:  # noqa: ANN401 (a row)
    boxes = seen.kind is NoticeKind.MEETING or asks.needs != Needs.NONE
    card = SchoolCard(asks.name, asks.short_name, asks.phone, asks.timezone)
    return PaperNotice(
        seen.kind, seen.slots, card, seen.author, day_at_school(seen.created_at, asks.timezone), asks=boxes
    )


def _on_paper(keyring: Keyring, seen: Headline, one: LetterFor, salt: int, public_url: str | None) -> OnPaper:
    link = letter_link(keyring, one.delivery_id, salt)
    return OnPaper(
        to=f"{_TITLES.get(one.civility.upper().rstrip('.'), one.civility)} {one.name}".strip(),
        language=one.language,
        pupils=tuple(child.first_name for child in one.children),
        bag=() if one.by_hand else tuple(_placed(child.first_name, child.class_label) for child in one.children),
        named=seen.kind in NAMING_KINDS or names_a_child(seen.slots),
        code=as_printed(coupon_code(keyring, one.delivery_id, salt)),
        link=f"{public_url}/lettre/{link}" if public_url else None,
    )


def _placed(first_name: str, class_label: str) -> str:
    return f"{first_name} ({class_label})" if class_label else first_name
