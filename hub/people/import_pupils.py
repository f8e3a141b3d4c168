"""Whom the pupils' file speaks of, and which class they sit in from today."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.school import ClassGroup
from hub.people.adults import child_key
from hub.people.difference import File, Findings
from hub.people.import_registers import KnownPupil, Place, Registers
from hub.people.import_writing import numbered
from hub.people.names import name_key
from hub.people.onde import PupilRow
from hub.sealing import Keyring
from hub.tables import enrolment, pupil


@dataclass(frozen=True, slots=True)
class Pairs:
    """Lines whose pupil is known, lines of new pupils, and the names on lines that could not be told."""

    known: tuple[tuple[PupilRow, KnownPupil], ...]
    new: tuple[PupilRow, ...]
    untold: frozenset[str]


def pair(rows: Sequence[PupilRow], registers: Registers, keyring: Keyring, findings: Findings) -> Pairs:
    """Find the known pupil of each line: by the INE, else by names and birthday, else by names and class.

    Never two lines for one pupil, and never by the names alone: a wrong pair tells one family about another's child.
    """
    lines = _without_repeats(rows, findings)
    hashes = {row.line: keyring.lookup("ine", row.ine) for row in lines if row.ine}
    search = _Search(registers, hashes)
    for sign in (search.by_ine, search.by_birthday, search.by_class):
        search.claim(lines, sign)
    new, untold = [], set()
    for row in lines:
        if row.line in search.found:
            continue
        if search.might_be_known(row):
            findings.refuse(File.PUPILS, row.line, _NAMESAKE)
            untold.add(child_key(row))
        else:
            new.append(row)
    known = tuple((row, search.found[row.line]) for row in lines if row.line in search.found)
    return Pairs(known, tuple(new), frozenset(untold))


_NAMESAKE = "Un élève connu porte ce nom, et rien d'autre ne dit si c'est lui : précisez la date de naissance ou l'INE."


async def take_pupils(
    session: AsyncSession,
    school_id: int,
    pairs: Pairs,
    registers: Registers,
    keyring: Keyring,
    *,
    year_id: int,
    day: date,
    findings: Findings,
) -> None:
    """Write new pupils, what changed of the known, and their class from today; one that is left ended yesterday."""
    rows = [*pairs.new, *(row for row, known in pairs.known if known.left_on is None)]
    await _open_classes(session, school_id, rows, registers, year_id)
    fresh = await _enter(session, school_id, pairs.new, registers, keyring, findings)
    changed = await _change(session, pairs.known, registers, keyring, findings)
    moved = await _seat(session, school_id, [*pairs.known, *fresh], registers, day=day, findings=findings)
    findings.changed_pupils += [known.name for _, known in pairs.known if known.id in changed]
    findings.unchanged_pupils += sum(known.id not in changed | moved for _, known in pairs.known)


def absent(pairs: Pairs, before: Iterable[KnownPupil]) -> list[KnownPupil]:
    """Pupils who sit in a class and whom no line speaks of: perhaps they left, which a human must say."""
    seen = {known.id for _, known in pairs.known}
    return [
        known
        for known in before
        if known.id not in seen and known.places and known.left_on is None and known.key not in pairs.untold
    ]


class _Search:
    def __init__(self, registers: Registers, hashes: Mapping[int, bytes]) -> None:
        self._hashes = hashes
        self._by_ine: dict[bytes, list[KnownPupil]] = defaultdict(list)
        self._by_key: dict[str, list[KnownPupil]] = defaultdict(list)
        self._taken: set[int] = set()
        self.found: dict[int, KnownPupil] = {}
        for known in registers.pupils.values():
            self._by_key[known.key].append(known)
            if known.ine_hash is not None:
                self._by_ine[known.ine_hash].append(known)

    def claim(self, rows: Iterable[PupilRow], sign: Callable[[PupilRow], Iterable[KnownPupil]]) -> None:
        for row in rows:
            if row.line in self.found:
                continue
            free = [known for known in sign(row) if known.id not in self._taken]
            if len(free) == 1:
                self.found[row.line] = free[0]
                self._taken.add(free[0].id)

    def by_ine(self, row: PupilRow) -> Iterable[KnownPupil]:
        """The number decides, unless both the name and the birthday say otherwise (a number typed wrongly)."""
        ours = self._by_ine.get(self._hashes.get(row.line, b""), ())
        return (p for p in ours if p.key == child_key(row) or not _differ(p.born_on, row.born_on))

    def by_birthday(self, row: PupilRow) -> Iterable[KnownPupil]:
        return (p for p in self._alike(row) if row.born_on is not None and p.born_on == row.born_on)

    def by_class(self, row: PupilRow) -> Iterable[KnownPupil]:
        label = name_key(row.class_label)
        return (p for p in self._alike(row) if label and any(name_key(place.label) == label for place in p.places))

    def might_be_known(self, row: PupilRow) -> bool:
        """Whether a known pupil of this name, or of this number, is left over whom the line does not contradict."""
        numbered = self._by_ine.get(self._hashes.get(row.line, b""), ())
        return bool(numbered) or any(p.id not in self._taken for p in self._alike(row))

    def _alike(self, row: PupilRow) -> Iterable[KnownPupil]:
        ine = self._hashes.get(row.line)
        same = self._by_key.get(child_key(row), ())
        return [p for p in same if not _differ(p.ine_hash, ine) and not _differ(p.born_on, row.born_on)]


def _differ(one: object, other: object) -> bool:
    """Say that both are given and not the same."""
    return one is not None and other is not None and one != other


def _without_repeats(rows: Sequence[PupilRow], findings: Findings) -> list[PupilRow]:
    """Refuse a second line about the same pupil; homonyms of another birthday, number or class are others."""
    by_key: dict[str, list[PupilRow]] = defaultdict(list)
    lines = []
    for row in rows:
        again = next((earlier for earlier in by_key[child_key(row)] if _is_again(row, earlier)), None)
        if again is not None:
            findings.refuse(File.PUPILS, row.line, f"Cet élève est déjà à la ligne {again.line}.")
            continue
        by_key[child_key(row)].append(row)
        lines.append(row)
    return lines


def _is_again(row: PupilRow, earlier: PupilRow) -> bool:
    if _differ(row.ine, earlier.ine) or _differ(row.born_on, earlier.born_on):
        return False
    same_birthday = row.born_on is not None and row.born_on == earlier.born_on
    return same_birthday or name_key(row.class_label) == name_key(earlier.class_label)


async def _open_classes(
    session: AsyncSession, school_id: int, rows: Iterable[PupilRow], registers: Registers, year_id: int
) -> None:
    wanted = {name_key(row.class_label): row for row in rows if row.class_label}
    groups = [
        ClassGroup(school_id=school_id, year_id=year_id, label=row.class_label[:60], level=row.level[:40])
        for label, row in wanted.items()
        if label not in registers.classes
    ]
    session.add_all(groups)
    await session.flush()
    registers.classes.update({name_key(group.label): (group.key, group.label) for group in groups})


async def _enter(
    session: AsyncSession,
    school_id: int,
    rows: Sequence[PupilRow],
    registers: Registers,
    keyring: Keyring,
    findings: Findings,
) -> list[tuple[PupilRow, KnownPupil]]:
    """Write pupils whom nobody knew; of the INE only its keyed hash."""
    written: list[dict[str, Any]] = [
        {
            "school_id": school_id,
            "first_name": row.first_name,
            "family_name": row.family_name,
            "usage_name": row.usage_name,
            "name_key": name_key(f"{row.family_name} {row.first_name}"),
            "born_on": row.born_on,
            "ine_hash": keyring.lookup("ine", row.ine) if row.ine else None,
        }
        for row in rows
    ]
    fresh = []
    for row, one, pupil_id in zip(rows, written, await numbered(session, pupil, written), strict=True):
        known = KnownPupil(pupil_id, row.family_name, row.usage_name, row.first_name, row.born_on, one["ine_hash"])
        registers.add_pupil(known)
        fresh.append((row, known))
        findings.new_pupils.append(f"{known.name} ({row.class_label or 'sans classe'})")
    return fresh


async def _change(
    session: AsyncSession,
    known: Sequence[tuple[PupilRow, KnownPupil]],
    registers: Registers,
    keyring: Keyring,
    findings: Findings,
) -> set[int]:
    """Write what the file says otherwise; an empty cell empties nothing, and another spelling changes nothing."""
    rows = []
    for row, one in known:
        if one.left_on is not None:
            findings.doubt(File.PUPILS, row.line, "Le bureau a noté le départ de cet élève ; rien n'est changé.")
            continue
        new = _corrected(row, one, keyring)
        if not new:
            continue
        for name, value in new.items():
            setattr(one, name, value)
        registers.add_pupil(one)
        after = {f"b_{name}": getattr(one, name) for name in _TOLD}
        rows.append({**after, "b_name_key": name_key(one.name), "b_id": one.id})
    if rows:
        await session.execute(_RENAME, rows)
    return {row["b_id"] for row in rows}


_TOLD = ("family_name", "first_name", "usage_name", "born_on", "ine_hash")
_RENAME = (
    update(pupil)
    .where(pupil.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in (*_TOLD, "name_key")})
)


def _corrected(row: PupilRow, one: KnownPupil, keyring: Keyring) -> dict[str, Any]:
    new: dict[str, Any] = {}
    for name in ("family_name", "first_name", "usage_name"):
        said = getattr(row, name)
        if said and name_key(said) != name_key(getattr(one, name)):
            new[name] = said
    if row.born_on is not None and row.born_on != one.born_on:
        new["born_on"] = row.born_on
    if row.ine and one.ine_hash is None:
        new["ine_hash"] = keyring.lookup("ine", row.ine)
    return new


async def _seat(
    session: AsyncSession,
    school_id: int,
    pairs: Iterable[tuple[PupilRow, KnownPupil]],
    registers: Registers,
    *,
    day: date,
    findings: Findings,
) -> set[int]:
    """Move pupils whose class is another than the file's; gives the ids of those who moved or sat down."""
    ended: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    for row, known in pairs:
        if known.left_on is not None:
            continue
        if not row.class_label:
            findings.doubt(File.PUPILS, row.line, "Il manque la classe ; l'élève garde celle qu'il a, s'il en a une.")
            continue
        class_id, label = registers.classes[name_key(row.class_label)]
        if any(place.class_id == class_id for place in known.places):
            continue
        for place in known.places:
            ended.append({"b_id": place.enrolment_id, "b_to": day - timedelta(days=1)})
            findings.ended.append(f"{known.name} ({place.label})")
        begun.append({"school_id": school_id, "pupil_id": known.id, "class_id": class_id, "from_on": day})
        findings.joined.append(f"{known.name} ({label})")
        known.places = [Place(0, class_id, label)]
    if ended:
        await session.execute(_END, ended)
    if begun:
        await session.execute(insert(enrolment), begun)
    return {row["pupil_id"] for row in begun}


_END = update(enrolment).where(enrolment.c.id == bindparam("b_id")).values(to_on=bindparam("b_to"))
