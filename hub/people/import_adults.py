"""Who answers for the pupils, as the guardians' file says: recognised, linked and reached, never loosened or guessed.

Pure: it compares lines with the registers and makes a plan; `import_writing` carries it out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.people.adults import AdultTrace, Likeness, Recognition, guardian_key, recognise
from hub.people.difference import File, Findings
from hub.people.import_addresses import Given, reach, read_given
from hub.people.import_registers import KnownAddress, KnownAdult, KnownPupil, Point, Registers
from hub.people.names import name_key
from hub.people.onde import GuardianRow
from hub.sealing import Keyring

Addresses = dict[KnownAdult, dict[bytes, Given]]
"""What the file gives each adult, on all lines together, by lookup hash."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """An adult of the file beside a pupil; `waiting`: it gives no right until the office agrees."""

    adult: KnownAdult
    pupil: KnownPupil
    waiting: bool
    call_order: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line whose adult only the office can tell, and those it may be."""

    row: GuardianRow
    pupils: tuple[KnownPupil, ...]
    candidates: tuple[KnownAdult, ...]


@dataclass(slots=True)
class Plan:
    """What is to be written: rows that do not exist yet, points that move, adults whose title changed."""

    adults: list[KnownAdult] = field(default_factory=list)
    changed: list[KnownAdult] = field(default_factory=list)
    links: list[NewLink] = field(default_factory=list)
    addresses: list[KnownAddress] = field(default_factory=list)
    points: list[tuple[KnownAdult, Point]] = field(default_factory=list)
    moved: list[Point] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)


def plan_adults(
    rows: Iterable[GuardianRow], registers: Registers, keyring: Keyring, *, region: str, findings: Findings
) -> Plan:
    """Hold each line against the registers; the registers grow, so that a second line finds the adult of the first."""
    plan = Plan()
    addresses: Addresses = {}
    for row in rows:
        found, alike = _children(row, registers, findings)
        if not alike:
            findings.refuse(File.GUARDIANS, row.line, "Aucun des enfants de cette ligne n'est un élève connu.")
            continue
        given = read_given(row, keyring, region, findings)
        verdict = _verdict(row, alike, given, registers, addresses)
        if verdict.likeness is Likeness.AMBIGUOUS:
            plan.unclear.append(Unclear(row, tuple(alike.values()), verdict.candidates))
            findings.matters.append(f"{row.family_name} {row.first_name} : est-ce quelqu'un que l'école connaît ?")
            continue
        adult = verdict.who or _new(row, found, registers, plan, findings)
        if adult is not None:
            _retitle(adult, row, plan, findings)
            addresses.setdefault(adult, {}).update((one.lookup, one) for one in given)
            _link(adult, found, plan, findings)
    for adult, theirs in addresses.items():
        _reach(adult, theirs, registers, plan, findings)
    findings.known_adults += sum(adult.id is not None for adult in addresses)
    return plan


def _children(
    row: GuardianRow, registers: Registers, findings: Findings
) -> tuple[list[KnownPupil], dict[int, KnownPupil]]:
    """Find the pupils of a line: those that name and class leave no doubt of, and all whom the names may mean."""
    found: list[KnownPupil] = []
    alike: dict[int, KnownPupil] = {}
    for child in row.children:
        named = registers.called(child)
        here = [known for known in named if known.sits_in(child.classes)]
        alike.update((known.id, known) for known in named)
        if len(here) == 1:
            found.append(here[0])
        elif not named:
            findings.doubt(File.GUARDIANS, row.line, "Un enfant de cette ligne n'est pas parmi les élèves.")
        elif not here:
            findings.doubt(File.GUARDIANS, row.line, "Un enfant de cette ligne n'est pas dans la classe nommée.")
        else:
            findings.doubt(File.GUARDIANS, row.line, "Deux élèves de cette classe portent le nom d'un enfant.")
    return list(dict.fromkeys(found)), alike


def _verdict(
    row: GuardianRow,
    alike: Mapping[int, KnownPupil],
    given: Sequence[Given],
    registers: Registers,
    addresses: Addresses,
) -> Recognition[KnownAdult]:
    """Hold a line against the adults of the same name; children and addresses are compared by id and by hash."""
    name, namesakes = guardian_key(row), registers.adults[guardian_key(row)]
    line = AdultTrace(name, frozenset(map(str, alike)), frozenset(one.lookup.hex() for one in given))
    known = {}
    for adult in namesakes:
        hashes = {*(point.address.lookup for point in adult.points), *addresses.get(adult, {})}
        known[adult] = AdultTrace(name, frozenset(map(str, adult.linked)), frozenset(one.hex() for one in hashes))
    return recognise(line, known)


def _new(
    row: GuardianRow, found: Sequence[KnownPupil], registers: Registers, plan: Plan, findings: Findings
) -> KnownAdult | None:
    """Enter an adult whom nobody knew; only beside a child of whom there is no doubt."""
    if not found:
        findings.refuse(File.GUARDIANS, row.line, "Aucun enfant de cette ligne n'est dans la classe nommée.")
        return None
    adult = KnownAdult(row.civility, row.family_name, row.usage_name, row.first_name)
    registers.adults[guardian_key(row)].append(adult)
    plan.adults.append(adult)
    findings.new_adults.append(adult.name)
    return adult


def _retitle(adult: KnownAdult, row: GuardianRow, plan: Plan, findings: Findings) -> None:
    """Take over a new name of usage or title; the spelling of the names stays as the office has it."""
    usage = row.usage_name if name_key(row.usage_name) != name_key(adult.usage_name) else ""
    civility = row.civility if not adult.civility else ""
    if not usage and not civility:
        return
    adult.usage_name, adult.civility = usage or adult.usage_name, civility or adult.civility
    if adult.id is not None:
        plan.changed.append(adult)
        findings.changed_adults.append(adult.name)


def _link(adult: KnownAdult, pupils: Iterable[KnownPupil], plan: Plan, findings: Findings) -> None:
    """Link an adult to pupils beside whom the registers never had this adult; what stands is not touched.

    Where somebody is barred, from this pupil or by this adult's own link to another, the office must agree first.
    """
    for pupil in pupils:
        if pupil.id in adult.linked:
            continue
        waiting = pupil.barred or adult.barred
        pupil.adults += 1
        adult.linked.add(pupil.id)
        plan.links.append(NewLink(adult, pupil, waiting, pupil.adults))
        findings.new_links.append(f"{adult.name} – {pupil.name}")
        if waiting:
            findings.matters.append(f"{adult.name} – {pupil.name} : une interdiction existe, le bureau décide.")


def _reach(
    adult: KnownAdult, theirs: Mapping[bytes, Given], registers: Registers, plan: Plan, findings: Findings
) -> None:
    """Plan what becomes of an adult's addresses; two adults on one phone share the row."""
    reached = reach(adult, theirs, registers)
    plan.addresses += reached.addresses
    plan.points += [(adult, point) for point in reached.points]
    plan.moved += reached.moved
    findings.new_addresses += [f"{adult.name} : {theirs[point.address.lookup].shown}" for point in reached.points]
    findings.old_addresses += [f"{adult.name} : {old}" for old in reached.old]
